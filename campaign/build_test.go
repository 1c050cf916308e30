package campaign_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// plannedBy makes the folder's frozen plan one of another build of mailshot, which made other messages for those whose
// key is named.
func (f *folder) plannedBy(t *testing.T, build string, others ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(f.dir, ".mailshot", "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(
		"UPDATE campaigns SET definition = substr(definition, 1, instr(definition, 'program=') - 1) || ?", build)
	for _, key := range others {
		_, e := db.Exec("UPDATE deliveries SET digest = randomblob(32) WHERE id = (SELECT id FROM rows WHERE key = ?)", key)
		err = errors.Join(err, e)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// A build of mailshot that makes other messages than the one that planned says so once, before anything is sent, and
// accepting that plans what is left again. Proven by comparing nothing in the resume: it was not refused.
func TestOtherProgram(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(6))
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{Limit: 2})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 2, ledger.Pending: 4})

	f.plannedBy(t, "program=v0.9.0/00000000", "p4@example.com", "p5@example.com")
	c := f.open(t, campaign.Options{})
	_, err := c.Plan(t.Context(), campaign.PlanOptions{})
	c.Close()
	var changed *campaign.ChangedError
	if !errors.As(err, &changed) || len(changed.What) != 1 ||
		!strings.Contains(changed.What[0], "2 of the 4 messages that are left") ||
		!strings.Contains(changed.What[0], "v0.9.0") {
		t.Errorf("Plan: %v, want a ChangedError that says 2 of 4, and who planned", err)
	}
	if n := len(rec.accepted(t)); n != 2 {
		t.Errorf("%d messages at the sink, want 2", n)
	}
	asked := 0
	confirm := func(ch campaign.Changes) (bool, error) {
		asked++
		if ch.Edited != 2 || ch.Untouched != 4 || ch.Added+ch.Cancelled != 0 {
			t.Errorf("changes: %+v", ch)
		}
		return true, nil
	}
	sum = f.send(t, campaign.Options{}, campaign.PlanOptions{AcceptChanges: true, Limit: 1, Confirm: confirm})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 3, ledger.Pending: 3})
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 6})
}

// A build that makes the same messages goes on without a word; so does one that cannot tell who planned.
func TestOtherProgramSameMessages(t *testing.T) {
	t.Parallel()
	builds := map[string]string{"another version": "program=v0.9.0/00000000", "before versions were noted": ""}
	for name, build := range builds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := startSink(t, sink.Options{})
			f := newFolder(t)
			f.write(t, "campaign.yaml", base+server(s, ""))
			f.write(t, "body.txt", "Dear {{.name}}\n")
			f.write(t, "people.csv", people(6))
			f.send(t, campaign.Options{}, campaign.PlanOptions{Limit: 2})
			f.plannedBy(t, build)
			sum := f.send(t, campaign.Options{}, campaign.PlanOptions{Limit: 2})
			want(t, sum, map[ledger.State]int64{ledger.Sent: 4, ledger.Pending: 2})
			f.plannedBy(t, build, "p1@example.com") // sent already: nobody asks what its message was
			want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 6})
		})
	}
}
