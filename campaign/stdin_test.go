package campaign_test

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// packed is text in a gzip file.
func packed(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// database is an SQLite file with the first n people.
func database(t *testing.T, n int) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "people.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec("CREATE TABLE people (email, name, token)")
	for i, line := range strings.Split(strings.TrimSpace(people(n)), "\n")[1:] {
		cells := strings.Split(line, ",")
		if _, e := db.Exec("INSERT INTO people VALUES (?, ?, ?)", cells[0], cells[1], cells[2]); e != nil {
			t.Fatal(i, e)
		}
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// onFile is what is read from a file, as "< list.csv" gives it.
func onFile(t *testing.T, b []byte) io.Reader {
	t.Helper()
	name := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// onPipe is what comes through a pipe.
func onPipe(_ *testing.T, b []byte) io.Reader { return io.MultiReader(bytes.NewReader(b)) }

// A list on standard input is compared with the frozen one, whatever kind of list it is and whether it comes from a
// file or through a pipe: the same list goes on, another is refused and says what accepting it would do, and accepted
// it gives what is new. Proven by not looking at standard input: "<nil>, want a ChangedError".
func TestListOnStandardInput(t *testing.T) {
	t.Parallel()
	kinds := map[string]struct {
		list  func(t *testing.T, n int) []byte
		query string
	}{
		"csv":      {func(_ *testing.T, n int) []byte { return []byte(people(n)) }, ""},
		"packed":   {func(t *testing.T, n int) []byte { return packed(t, people(n)) }, ""},
		"database": {database, `, query: "SELECT * FROM people"`},
	}
	ways := map[string]func(*testing.T, []byte) io.Reader{"file": onFile, "pipe": onPipe}
	for kind, k := range kinds {
		for way, open := range ways {
			if kind == "database" && way == "file" {
				continue // a database is opened by its name
			}
			t.Run(kind+" "+way, func(t *testing.T) {
				t.Parallel()
				s, rec := startSink(t, sink.Options{})
				f := newFolder(t)
				f.write(t, "campaign.yaml", strings.Replace(base, "people.csv", `"-"`+k.query, 1)+server(s, ""))
				f.write(t, "body.txt", "Dear {{.name}}\n")
				give := func(n int) campaign.Options { return campaign.Options{Stdin: open(t, k.list(t, n))} }

				f.send(t, give(2), campaign.PlanOptions{})
				want(t, f.send(t, give(2), campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 2})
				c := f.open(t, give(3))
				_, err := c.Plan(t.Context(), campaign.PlanOptions{})
				var changed *campaign.ChangedError
				if !errors.As(err, &changed) || changed.Changes == nil || changed.Changes.Added != 1 {
					t.Errorf("%v, want a ChangedError with one person more", err)
				}
				c.Close()
				sum := f.send(t, give(3), campaign.PlanOptions{AcceptChanges: true})
				want(t, sum, map[ledger.State]int64{ledger.Sent: 3})
				if n := len(rec.accepted(t)); n != 3 {
					t.Errorf("%d messages at the sink, want 3", n)
				}
			})
		}
	}
}

// Standard input that is empty, closed or a device gives no list: the frozen one goes on, and the plan says so. Proven
// by taking what is empty for a list: "planned with other inputs".
func TestNoListOnStandardInput(t *testing.T) {
	t.Parallel()
	device, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	closed, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	s, rec := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", strings.Replace(base, "people.csv", `"-"`, 1)+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.send(t, campaign.Options{Stdin: strings.NewReader(people(3))}, campaign.PlanOptions{Limit: 1})
	for name, in := range map[string]io.Reader{
		"empty": strings.NewReader(""), "empty file": onFile(t, nil), "device": device, "closed": closed,
	} {
		for _, accept := range []bool{false, true} {
			c := f.open(t, campaign.Options{Stdin: in})
			plan, err := c.Plan(t.Context(), campaign.PlanOptions{AcceptChanges: accept})
			if err != nil || plan.ToSend != 2 || !strings.Contains(strings.Join(plan.Notes, "\n"), "gives no list") {
				t.Errorf("%s: %+v, %v", name, plan, err)
			}
			c.Close()
		}
	}
	if n := len(rec.accepted(t)); n != 1 {
		t.Errorf("%d messages at the sink, want 1", n)
	}
}
