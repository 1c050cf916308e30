package ledger_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"mailshot/campaign/ledger"
)

// A campaign of three rows is planned and sent: the first message is accepted, the second is refused before its body,
// and of the third no reply comes.
func Example() {
	dir, err := os.MkdirTemp("", "ledger-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := example(context.Background(), filepath.Join(dir, ".mailshot", "state.db")); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 1: ann@example.com
	// 2: bob@example.com
	// 3: eve@example.com
	// of 3 rows: sent 1, refused 1, unknown 1
	// eve@example.com: unknown after 1 try
}

func example(ctx context.Context, path string) error {
	l, err := ledger.Open(path)
	if err != nil {
		return err
	}
	defer l.Close()
	lock, err := l.Lock("news") // no other process may run this campaign now
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := plan(ctx, l, "ann@example.com", "bob@example.com", "eve@example.com"); err != nil {
		return err
	}
	if err := send(ctx, l); err != nil {
		return err
	}
	counts, rows, err := l.Counts(ctx, "news")
	if err != nil {
		return err
	}
	fmt.Printf("of %d rows: sent %d, refused %d, unknown %d\n",
		rows, counts[ledger.Sent], counts[ledger.Refused], counts[ledger.Unknown])
	for d, err := range l.Deliveries(ctx, "news", ledger.Filter{States: []ledger.State{ledger.Unknown}}) {
		if err != nil {
			return err
		}
		fmt.Printf("%s: %s after %d try\n", d.Address, d.State, d.Attempts)
	}
	return nil
}

// plan makes the campaign's list. Nothing of it can be seen before Freeze.
func plan(ctx context.Context, l *ledger.Ledger, addresses ...string) error {
	draft, err := l.Draft(ctx, ledger.Campaign{ID: "news"})
	if err != nil {
		return err
	}
	var rows []ledger.Row
	for i, a := range addresses {
		digest := sha256.Sum256([]byte("Hello " + a))
		rows = append(rows, ledger.Row{
			Number: int64(i + 1), Place: fmt.Sprintf("people.csv:%d", i+2), Key: a, Address: a, AddressKey: a,
			Lane: "relay", Fields: []byte(a), Digest: digest[:], State: ledger.Pending,
		})
	}
	if _, err := draft.Add(ctx, rows); err != nil { // rows that share a key would come back as conflicts
		return err
	}
	return draft.Freeze(ctx, ledger.Campaign{ID: "news"})
}

// send is a run of the campaign.
func send(ctx context.Context, l *ledger.Ledger) error {
	run, err := l.Run(ctx, "news", ledger.RunOptions{})
	if err != nil {
		return err
	}
	for {
		d, err := run.Next(ctx, nil, time.Now())
		if err != nil {
			return err
		}
		if d == nil {
			return run.Close()
		}
		fmt.Printf("%d: %s\n", d.Number, d.Address)
		outcome := ledger.Result{State: ledger.Refused, Stage: "rcpt", Code: 550, Text: "no such mailbox"}
		if d.Number != 2 {
			if err := run.Begin(ctx, d); err != nil { // this may come long before there is a connection
				return err
			}
			if err := run.Start(ctx, d); err != nil { // no byte of the body goes out before this has returned nil
				return err
			}
			outcome = ledger.Result{State: ledger.Sent, Stage: "dot", Code: 250, Text: "queued"}
		}
		if d.Number == 3 {
			outcome = ledger.Result{State: ledger.Unknown, Stage: "dot", Text: "connection lost"}
		}
		if err := run.Settle(ctx, d, outcome); err != nil {
			return err
		}
	}
}
