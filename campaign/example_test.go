package campaign_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"mailshot/campaign"
	"mailshot/campaign/definition"
	"mailshot/campaign/dispatch"
	"mailshot/campaign/transport"
	"mailshot/internal/sink"
)

// A campaign is loaded, opened, planned and run. A second run finds nothing to send.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for name, text := range map[string]string{
		"people.csv": "email,name\nann@example.com,Ann\nbob@example.com,Bob\n",
		"letter.md":  "Dear {{.name}},\n\nthank you for your visit.\n",
		"campaign.yaml": "id: thanks\nfrom: Museum <hello@museum.example>\nsubject: Thank you, {{.name}}\n" +
			"recipients: { file: people.csv }\nbody: { markdown: letter.md }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			log.Fatal(err)
		}
	}
	server, err := sink.Start(sink.Options{}) // takes the place of your mail server
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	for range 2 {
		if err := send(dir, server); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// 2 to send: Thank you, Ann
	// 2 sent, 2 in state sent, exit code 0
	// 0 to send
	// 0 sent, 2 in state sent, exit code 0
}

func send(dir string, server *sink.Server) (err error) {
	ctx := context.Background()
	d, err := definition.Load(filepath.Join(dir, "campaign.yaml"))
	if err != nil {
		return err
	}
	c, err := campaign.Open(ctx, campaign.Options{
		Definition: d,
		Accounts:   filepath.Join(dir, "user", "accounts.db"), // "" is the user's own
		Sink:       &campaign.SinkTarget{Sink: transport.Sink{Host: server.Host(), Port: server.Port(), TLS: "none"}},
		Observe:    func(dispatch.Event) {}, // each event, one at a time
	})
	if err != nil {
		return err
	}
	defer c.Close()
	plan, err := c.Plan(ctx, campaign.PlanOptions{})
	if err != nil {
		return err
	}
	fmt.Printf("%d to send", plan.ToSend)
	if len(plan.Samples) > 0 {
		fmt.Print(": ", plan.Samples[0].Subject)
	}
	fmt.Println()
	sum, err := c.Run(ctx, nil, campaign.RunOptions{})
	if err != nil {
		return err
	}
	fmt.Printf("%d sent, %d in state sent, exit code %d\n", sum.Sent, sum.Counts["sent"], sum.ExitCode())
	return nil
}
