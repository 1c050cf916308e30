package campaign_test

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // to write the database

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// A list from a database, from several files or from a packed one is mailed once, and only what changed in it is a
// change.
func TestSources(t *testing.T) {
	t.Parallel()
	packed := func(text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, err := z.Write([]byte(text))
		if err := errors.Join(err, z.Close()); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for _, c := range []struct {
		name, recipients string
		list, add        func(t *testing.T, f *folder)
	}{
		{"SQLite", `{ file: people.db, query: "SELECT email, name, 't' AS token FROM people ORDER BY email" }`,
			func(t *testing.T, f *folder) {
				f.write(t, "people.db", "")
				alter(t, f, "CREATE TABLE people (email TEXT, name TEXT)",
					"INSERT INTO people VALUES ('ann@example.com', 'Ann'), ('bob@example.com', 'Bob')")
			},
			func(t *testing.T, f *folder) { alter(t, f, "INSERT INTO people VALUES ('zoe@example.com', 'Zoe')") }},
		{"several files", `{ file: [a.csv, b.csv], file_column: from }`,
			func(t *testing.T, f *folder) {
				f.write(t, "a.csv", "email,name\nann@example.com,Ann\n")
				f.write(t, "b.csv", "name,email\nBob,bob@example.com\n")
			},
			func(t *testing.T, f *folder) {
				f.write(t, "b.csv", "name,email\nBob,bob@example.com\nZoe,zoe@example.com\n")
			}},
		{"packed", `{ file: people.csv.gz }`,
			func(t *testing.T, f *folder) {
				f.write(t, "people.csv.gz", packed("email,name\nann@example.com,Ann\nbob@example.com,Bob\n"))
			},
			func(t *testing.T, f *folder) {
				f.write(t, "people.csv.gz", packed("email,name\nann@example.com,Ann\nbob@example.com,Bob\nzoe@example.com,Zoe\n"))
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, rec := startSink(t, sink.Options{})
			f := newFolder(t)
			f.write(t, "campaign.yaml", strings.Replace(base, "{ file: people.csv }", c.recipients, 1)+server(s, ""))
			f.write(t, "body.txt", "Dear {{.name}}\n")
			c.list(t, f)
			want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 2})
			want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}),
				map[ledger.State]int64{ledger.Sent: 2}) // nothing changed
			c.add(t, f)
			again := f.open(t, campaign.Options{})
			_, err := again.Plan(t.Context(), campaign.PlanOptions{})
			var changed *campaign.ChangedError
			if !errors.As(err, &changed) || len(changed.What) != 1 || !strings.HasPrefix(changed.What[0], "the list ") {
				t.Errorf("a row more: %v", err)
			}
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
			want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{AcceptChanges: true}),
				map[ledger.State]int64{ledger.Sent: 3})
			if n := len(rec.accepted(t)); n != 3 {
				t.Errorf("%d messages, want 3", n)
			}
		})
	}
}

// A column that templates could not name is refused, and one of several words is a cell like all others.
func TestColumnNames(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", strings.Replace(base, `"Hello {{.name}}"`, `'Hello {{col "Full name"}}'`, 1)+server(s, ""))
	f.write(t, "body.txt", "Dear {{col \"Full name\"}}\n")
	f.write(t, "people.csv", "email,Full name,mailshot\nann@example.com,Ann Able,x\n")
	c := f.open(t, campaign.Options{})
	_, err := c.Plan(t.Context(), campaign.PlanOptions{})
	var found *campaign.CheckError
	if !errors.As(err, &found) || len(found.Report.Findings) != 1 || found.Report.Findings[0].Code != "column-clash" {
		t.Errorf("a column named mailshot: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	f.write(t, "people.csv", "email,Full name\nann@example.com,Ann Able\n")
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 1})
	if got := rec.accepted(t); len(got) != 1 || got[0].To[0] != "ann@example.com" {
		t.Errorf("%+v", got)
	}
}

// alter changes the folder's people.db.
func alter(t *testing.T, f *folder, statements ...string) {
	t.Helper()
	path := filepath.Join(f.dir, "people.db")
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		_, e := db.Exec(s)
		err = errors.Join(err, e)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}
