// Command campaign sends a campaign, as mailshot send does: campaign FILE.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"mailshot/campaign"
	"mailshot/campaign/definition"
)

func main() {
	if err := send(context.Background(), os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func send(ctx context.Context, file string) error {
	d, err := definition.Load(file)
	if err != nil {
		return err
	}
	c, err := campaign.Open(ctx, campaign.Options{Definition: d})
	if err != nil {
		return err
	}
	defer c.Close()
	plan, err := c.Plan(ctx, campaign.PlanOptions{})
	if err != nil {
		return err
	}
	sum, err := c.Run(ctx, nil, campaign.RunOptions{})
	if err != nil {
		return err
	}
	fmt.Printf("%d of %d sent\n", sum.Sent, plan.ToSend)
	return nil
}
