package campaign_test

import (
	"errors"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// A list with other columns is accepted, and what is left is read by them, also where the message stays the same.
// Proven by replacing only the rows whose message changed: the others no longer fitted the header, and no plan was made
// any more.
func TestAcceptedColumns(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{}, "rcpt:p0@example.com,once:550 5.7.1 no")
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(6))
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{Limit: 2}),
		map[ledger.State]int64{ledger.Sent: 1, ledger.Refused: 1, ledger.Pending: 4})

	lines := strings.Split(strings.TrimSpace(people(6)), "\n")
	for i := range lines {
		lines[i] = "x," + lines[i]
	}
	lines[0] = "group" + lines[0][1:]
	f.write(t, "people.csv", strings.Join(lines, "\n")+"\n")
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{AcceptChanges: true, Only: `group == "x"`}),
		map[ledger.State]int64{ledger.Sent: 5, ledger.Refused: 1})

	// The refused one has the columns of its own time; retried and accepted it is made from the new ones.
	f.retry(t, ledger.Refused)
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 5, ledger.Held: 1})
	f.retry(t, ledger.Held)
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{AcceptChanges: true})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 6})
	if n := len(rec.accepted(t)); n != 6 {
		t.Errorf("%d messages at the sink, want 6", n)
	}
}

// retry makes the folder's deliveries in a state pending again, as the command does.
func (f *folder) retry(t *testing.T, from ledger.State) {
	t.Helper()
	l, err := ledger.Open(f.dir + "/.mailshot/state.db")
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = l.Retry(t.Context(), "test", ledger.Filter{States: []ledger.State{from}})
	if err := errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
}

// What was held because its attachment changed is sent with the new one once a person has accepted that. Proven by
// planning again only where a digest of the inputs differs: it was held for ever.
func TestHeldIsPlannedAgain(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+"attachments: [{ file: \"files/{{.token}}.txt\" }]\n"+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(2))
	f.write(t, "files/"+token(0)+".txt", "planned")
	f.write(t, "files/"+token(1)+".txt", "planned")
	c := f.open(t, campaign.Options{})
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	c.Close()
	f.write(t, "files/"+token(0)+".txt", "mended")
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 1, ledger.Held: 1})
	f.retry(t, ledger.Held)
	asked := 0
	accept := campaign.PlanOptions{AcceptChanges: true, Confirm: func(ch campaign.Changes) (bool, error) {
		asked++
		if ch.Edited != 1 || ch.Untouched != 1 || len(ch.What) != 1 {
			t.Errorf("changes: %+v", ch)
		}
		return true, nil
	}}
	for range 2 { // the second time there is nothing to accept, and nobody is asked
		want(t, f.send(t, campaign.Options{}, accept), map[ledger.State]int64{ledger.Sent: 2})
	}
	if asked != 1 {
		t.Errorf("asked %d times, want once", asked)
	}
	if n := len(rec.accepted(t)); n != 2 {
		t.Errorf("%d messages at the sink", n)
	}
}

// Another key column would make everybody new, and mail those again who have their message. Proven by leaving the check
// out: all three were mailed twice.
func TestKeyColumnStays(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newFolder(t)
	yaml := base + server(s, "")
	f.write(t, "campaign.yaml", yaml)
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(3))
	f.send(t, campaign.Options{}, campaign.PlanOptions{})
	f.write(t, "campaign.yaml", strings.Replace(yaml, "{ file: people.csv }", "{ file: people.csv, key: token }", 1))
	c := f.open(t, campaign.Options{})
	defer c.Close()
	_, err := c.Plan(t.Context(), campaign.PlanOptions{AcceptChanges: true})
	var refused *campaign.CheckError
	if !errors.As(err, &refused) {
		t.Errorf("Plan: %v, want a CheckError", err)
	}
	if err == nil {
		if _, err := c.Run(t.Context(), nil, campaign.RunOptions{}); err != nil {
			t.Error(err)
		}
	}
	if n := len(rec.accepted(t)); n != 3 {
		t.Errorf("%d messages at the sink, want 3", n)
	}
}

// duplicates: first holds for a list that is planned again, too. Proven by going on with the frozen setting: the plan
// found a conflict.
func TestAcceptedDuplicates(t *testing.T) {
	t.Parallel()
	s, _ := startSink(t, sink.Options{})
	f := newFolder(t)
	yaml := base + server(s, "")
	f.write(t, "campaign.yaml", yaml)
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(2))
	f.send(t, campaign.Options{}, campaign.PlanOptions{})
	first := strings.Replace(yaml, "{ file: people.csv }", "{ file: people.csv, duplicates: first }", 1)
	f.write(t, "campaign.yaml", first)
	f.write(t, "people.csv", people(2)+"q@example.com,Q,q\nq@example.com,Other,q\n")
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{AcceptChanges: true}),
		map[ledger.State]int64{ledger.Sent: 3, ledger.Duplicate: 1})
}
