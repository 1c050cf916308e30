package standing_test

import (
	"context"
	"testing"

	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/campaign/standing"
	"mailshot/sender/mx/mxtest"
)

// A DNS that knows none of the recipients' domains says nothing of the sender's either: it has no way to the Internet.
// Seen to fail with the records looked at whatever was answered: the sender's domain did not exist.
func TestClosedNetwork(t *testing.T) {
	t.Parallel()
	d, err := definition.Parse("campaign.yaml",
		[]byte("id: one\nfrom: A <a@acme.example>\nsubject: x\nrecipients: { file: l.csv }\n"+
			"body: { text: b.txt }\n"), "")
	if err != nil {
		t.Fatal(err)
	}
	found, dropped, err := standing.Look(t.Context(), standing.Config{
		Definition: d, Rows: 2, List: "l.csv", Most: 10, DNS: true, Resolver: mxtest.New(nil),
		Domains: func(_ context.Context, fn func(ledger.Domain) error) error {
			for _, name := range []string{"good.example", "well.example"} {
				if err := fn(ledger.Domain{Name: name, Place: "l.csv:2", Rows: 1}); err != nil {
					return err
				}
			}
			return nil
		},
	})
	if err != nil || dropped != 0 || len(found) != 1 || found[0].Code != "dns-failed" {
		t.Errorf("%v, %d, %v", found, dropped, err)
	}
}
