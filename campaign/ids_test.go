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

// idLength is how many characters of a Message-ID are before the @.
func idLength(id string) int { return strings.IndexByte(id, '@') }

// previewed are the lengths of the Message-IDs that a preview shows.
func (f *folder) previewed(t *testing.T) (lengths []int) {
	t.Helper()
	c := f.open(t, campaign.Options{})
	defer c.Close()
	for m, err := range c.Messages(t.Context(), campaign.Chosen{}) {
		if err != nil {
			t.Fatal(err)
		}
		if m.Message != nil {
			lengths = append(lengths, idLength(m.Message.ID()))
		}
	}
	return lengths
}

// A campaign that is planned now has short Message-IDs. One that an older version planned keeps its long ones: in a
// send that goes on, in a plan made anew, and in a preview. A plan of an older version that nobody said yes to is made
// anew with short ones. Proven by a preview that does not ask the ledger, and by a Renewed that always is the latest.
func TestMessageIDsOfPlans(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(4))
	older := func() {
		t.Helper()
		db, err := sql.Open("sqlite", filepath.Join(f.dir, ".mailshot", "state.db"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.Exec("UPDATE campaigns SET definition = replace(definition, 'digests=4 ', 'digests=2 ')")
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	lengths := func() (n []int) {
		t.Helper()
		for _, r := range rec.accepted(t) {
			n = append(n, idLength(r.ID))
		}
		return n
	}
	same := func(what string, got []int, n, length int) {
		t.Helper()
		if len(got) != n {
			t.Errorf("%s: %d messages, want %d", what, len(got), n)
		}
		for _, l := range got {
			if l != length {
				t.Errorf("%s: Message-IDs of %v characters, want %d", what, got, length)
				break
			}
		}
	}

	c := f.open(t, campaign.Options{}) // a plan that nobody says yes to, of an older version
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	c.Close()
	older()
	f.write(t, "body.txt", "Dear {{.name}}!\n")
	same("before the send", f.previewed(t), 4, 52)
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{Limit: 1}),
		map[ledger.State]int64{ledger.Sent: 1, ledger.Pending: 3})
	same("a new plan", lengths(), 1, 26)
	same("a preview of it", f.previewed(t), 4, 26)

	older()
	same("a preview of an older plan", f.previewed(t), 4, 52)
	f.write(t, "body.txt", "Dear {{.name}}?\n")
	o := campaign.PlanOptions{AcceptChanges: true, Limit: 1}
	want(t, f.send(t, campaign.Options{}, o), map[ledger.State]int64{ledger.Sent: 2, ledger.Pending: 2})
	same("an older plan that is made anew", lengths()[1:], 1, 52)
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 4})
	same("its end", lengths()[1:], 3, 52)
}
