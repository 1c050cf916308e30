package campaign_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/accounts"
	"mailshot/campaign/history"
	"mailshot/campaign/ledger"
	"mailshot/campaign/ledger/repair"
	"mailshot/campaign/report"
	"mailshot/internal/sink"
)

// groupedFixture is a folder with groups and copies as a version of mailshot left it when it was killed: ann is sent,
// bob refused, cat put off, dan unknown and eve begun; fay and gus are pending. Each has two rows and cat three, but
// gus one. joe is on the suppression list, hal has no address, and one row of ann's is filtered.
func groupedFixture(t *testing.T, rules ...string) (*folder, *record) {
	t.Helper()
	s, rec := startSink(t, sink.Options{}, rules...)
	return fixtureIn(t, "testdata/grouped", "state10-accounts10", s), rec
}

// goOn sends what is left; the fixture's machine is another one.
func (f *folder) goOn(t *testing.T) *campaign.Summary {
	t.Helper()
	return f.send(t, campaign.Options{}, campaign.PlanOptions{AcceptCopy: true})
}

// mend damages a page of the ledger's file, and repairs it: all records are carried over into a new file.
func (f *folder) mend(t *testing.T) {
	t.Helper()
	f.counts(t, "grouped") // brings it to this version
	db, err := sql.Open("sqlite", f.state())
	if err != nil {
		t.Fatal(err)
	}
	var root, size int64
	err = db.QueryRow("SELECT rootpage FROM sqlite_schema WHERE name = 'members_carrier'").Scan(&root)
	for _, next := range []func() error{
		func() error { return db.QueryRow("PRAGMA page_size").Scan(&size) },
		func() error { _, err := db.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); return err },
		db.Close,
	} {
		err = errors.Join(err, next())
	}
	file, opened := os.OpenFile(f.state(), os.O_WRONLY, 0)
	if err = errors.Join(err, opened); err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteAt(bytes.Repeat([]byte{0xa5}, int(size)), (root-1)*size)
	if err = errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	r, err := repair.File(t.Context(), f.state(), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", *r)
}

// messages are those that came, by subject: to whom.
func (r *record) messages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, m := range r.accepted(t) {
		if all[m.Subject] != "" {
			t.Errorf("%q came twice", m.Subject)
		}
		all[m.Subject] = strings.Join(m.To, " ")
	}
	return all
}

// threeOf are the recipients of the message to a customer.
func threeOf(customer string) string {
	return customer + "@example.com desk-" + customer + "@copies.example late@copies.example"
}

// What was left of a campaign with groups and copies is gone on with: cat, fay and gus get their message, each with all
// rows of their group, and so do those who get copies. Nobody else gets anything. A repair of the ledger changes
// nothing about that.
func TestGroupedFixtureIsResumed(t *testing.T) {
	t.Parallel()
	for _, repaired := range []bool{false, true} {
		t.Run(fmt.Sprintf("repaired %t", repaired), func(t *testing.T) {
			t.Parallel()
			f, rec := groupedFixture(t)
			if repaired {
				f.mend(t)
			}
			was := f.counts(t, "grouped")
			if was[ledger.Grouped] != 8 || was[ledger.Begun]+was[ledger.Unknown] != 2 {
				t.Errorf("the fixture has %v", was)
			}
			sum := f.goOn(t)
			want(t, sum, map[ledger.State]int64{ledger.Invalid: 1, ledger.Suppressed: 1, ledger.Filtered: 1, ledger.Grouped: 8,
				ledger.Sent: 4, ledger.Refused: 1, ledger.Unknown: 2})
			wanted := map[string]string{"News for cat: 4 9 14": threeOf("cat"), "News for fay: 8 17": threeOf("fay"),
				"News for gus: 10": threeOf("gus")}
			if got := rec.messages(t); !maps.Equal(got, wanted) {
				t.Errorf("%q, want %q", got, wanted)
			}
			if again := f.goOn(t); again.Sent != 0 || len(rec.accepted(t)) != 3 {
				t.Errorf("%d sent by a finished campaign", again.Sent)
			}
		})
	}
}

// asking opens the campaign's history.
func (f *folder) asking(t *testing.T, id string) *history.Campaign {
	t.Helper()
	h, err := history.Open(t.Context(), f.state(), id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// A report of the fixture counts its copies and says of each what the server said; every row of a group has a line.
// After a repair it is the same report.
//
// Seen to fail: with copied left out of the tables that a repair salvages. Which row carries which is made anew from
// the frozen rows, also where the table of it is lost.
func TestGroupedFixtureIsReported(t *testing.T) {
	t.Parallel()
	var texts []string
	for _, repaired := range []bool{false, true} {
		f, _ := groupedFixture(t)
		if repaired {
			f.mend(t)
		}
		h := f.asking(t, "grouped")
		sum, err := h.Summary(t.Context())
		if err != nil || !sum.Exact() || sum.Copies != (report.Copies{Accepted: 1, Others: 3}) {
			t.Errorf("%+v, %v", sum, err)
		}
		var csv bytes.Buffer
		if err := report.WriteCSV(&csv, sum, h.Reported(t.Context(), ledger.Filter{})); err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{"1,people.csv:2,ann,ann@example.com,sent,", "3,people.csv:4,", "6,people.csv:7,"} {
			if !strings.Contains(csv.String(), "\n"+line) {
				t.Errorf("no line %s in\n%s", line, csv.String())
			}
		}
		for _, words := range []string{"desk-ann@copies.example: taken; late@copies.example: 450 4.2.1 later"} {
			if !strings.Contains(csv.String(), words) {
				t.Errorf("no %q in\n%s", words, csv.String())
			}
		}
		if n := strings.Count(csv.String(), ",grouped,"); n != 8 {
			t.Errorf("%d grouped in\n%s", n, csv.String())
		}
		var states []string
		for line := range strings.Lines(csv.String()) {
			cells := strings.SplitN(line, ",", 6)
			states = append(states, strings.Join(cells[:5], ","))
		}
		for r, err := range h.Rows(t.Context(), ledger.Filter{States: []ledger.State{ledger.Grouped}}) {
			if err != nil || r.Carrier == 0 {
				t.Errorf("%s is in the message of nobody: %v", r.Place, err)
			}
			states = append(states, fmt.Sprint(r.Place, " in ", r.Carrier))
		}
		texts = append(texts, strings.ReplaceAll(strings.Join(states, "\n"), "begun", "unknown"))
	}
	if texts[0] != texts[1] {
		t.Errorf("%s\nrepaired:\n%s", texts[0], texts[1])
	}
}

// why knows a person by any of the rows of their group, and whoever was to get a copy.
func TestGroupedFixtureIsKnown(t *testing.T) {
	t.Parallel()
	f, _ := groupedFixture(t)
	f.counts(t, "grouped") // brings it to this version
	a, err := accounts.Open(f.accounts)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for address, want := range map[string]struct {
		rows, copies int
		places       string
	}{
		"ann@example.com":         {3, 0, "people.csv:14 people.csv:2 people.csv:4"},
		"cat@example.com":         {3, 0, "people.csv:10 people.csv:15 people.csv:5"},
		"late@copies.example":     {0, 2, ""},
		"desk-ann@copies.example": {0, 1, ""},
		"desk-bob@copies.example": {0, 0, ""}, // nobody told the server of them: bob was refused
	} {
		p, err := history.Find(t.Context(), address, a, []string{f.state()})
		if err != nil {
			t.Fatal(err)
		}
		var places []string
		for _, r := range p.Rows {
			places = append(places, r.Place)
		}
		slices.Sort(places)
		if len(p.Rows) != want.rows || len(p.Copies) != want.copies || strings.Join(places, " ") != want.places {
			t.Errorf("%s: %d rows (%s), %d copies", address, len(p.Rows), places, len(p.Copies))
		}
	}
}

// Retry takes a message up again by the address, which all its rows have, or by the group's name: whole, once, and
// nobody else's. A row that is grouped is not itself taken up.
//
// Seen to fail: with grouped among the states that Retry takes up when it is told none.
func TestGroupsAreRetried(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]ledger.Filter{"address": {Addresses: []string{"bob@example.com"}},
		"group": {Keys: []string{"bob"}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, rec := groupedFixture(t)
			f.goOn(t)
			l, err := ledger.Open(f.state())
			if err != nil {
				t.Fatal(err)
			}
			n, _, err := l.Retry(t.Context(), "grouped", by)
			if err != nil || n != 1 {
				t.Errorf("%d taken up, %v", n, err)
			}
			if n, _, err := l.Retry(t.Context(), "grouped", ledger.Filter{Addresses: []string{"ann@example.com"}}); n != 0 ||
				err != nil {
				t.Errorf("%d of what was sent, %v", n, err)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			sum := f.goOn(t)
			want(t, sum, map[ledger.State]int64{ledger.Invalid: 1, ledger.Suppressed: 1, ledger.Filtered: 1, ledger.Grouped: 8,
				ledger.Sent: 5, ledger.Unknown: 2})
			if got := rec.messages(t); len(got) != 4 || got["News for bob: 2 6"] != threeOf("bob") {
				t.Errorf("%q", got)
			}
		})
	}
}

// Forget erases a person from all rows of their group: from the frozen rows too, which the group's first row has. No
// byte of the name is left in the ledger, the states add up, and what was to be sent is not.
//
// Seen to fail: with only the first of a person's rows forgotten, and with the fields of a row kept.
func TestGroupsAreForgotten(t *testing.T) {
	t.Parallel()
	for _, who := range []string{"ann", "bob", "cat", "dan", "fay"} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			f, rec := groupedFixture(t)
			f.counts(t, "grouped")
			f.forget(t, who+"@example.com")
			for _, file := range []string{f.state(), f.state() + "-wal"} {
				b, err := os.ReadFile(file)
				if err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
				if bytes.Contains(bytes.ReplaceAll(b, []byte("desk-"+who), nil), []byte(who+"@")) {
					t.Errorf("%s is left in %s", who, filepath.Base(file))
				}
			}
			h := f.asking(t, "grouped")
			empty := 0
			for r, err := range h.Rows(t.Context(), ledger.Filter{}) {
				if err != nil {
					t.Fatal(err)
				}
				if r.Address == "" && r.State != ledger.Invalid {
					if empty++; r.Key != "" || len(r.Fields) > 0 {
						t.Errorf("%s: key %q, fields %q", r.Place, r.Key, r.Fields)
					}
				}
			}
			if rows := map[string]int{"ann": 3, "cat": 3}[who]; empty != max(rows, 2) {
				t.Errorf("%d rows are empty", empty)
			}
			sum := f.goOn(t)
			if sum.Counts[string(ledger.Grouped)] != 8 || sum.Rows != 18 {
				t.Errorf("%v", sum.Counts)
			}
			identity(t, sum)
			for subject := range rec.messages(t) {
				if strings.Contains(subject, who) {
					t.Errorf("%s was sent", subject)
				}
			}
		})
	}
}
