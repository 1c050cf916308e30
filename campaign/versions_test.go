package campaign_test

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// fixture is a folder as a version of mailshot left it when it was killed: testdata/versions/generate.sh makes them.
func fixture(t *testing.T, name string, s *sink.Server) *folder {
	t.Helper()
	const from = "testdata/versions"
	f := newFolder(t)
	for _, file := range []string{"campaign.yaml", "people.csv", "body.txt", "do-not-mail.csv"} {
		b, err := os.ReadFile(filepath.Join(from, file))
		if err != nil {
			t.Fatal(err)
		}
		f.write(t, file, strings.Replace(string(b), "port: 2525", "port: "+s.Addr()[strings.LastIndexByte(s.Addr(), ':')+1:], 1))
	}
	unpack := func(file, to string) {
		b, err := os.ReadFile(filepath.Join(from, name+"."+file+".gz"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if b, err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	unpack("state.db", filepath.Join(f.dir, ".mailshot", "state.db"))
	unpack("accounts.db", f.accounts)
	return f
}

// The files of every version that there was are opened, brought to this one, and gone on with: nobody is mailed twice, nobody is lost,
// and what an older version began is unknown. Proven by a migration that empties the deliveries' states: "0 messages at the sink",
// and eleven in no state; and by one that makes pending what was sent: "the records of campaign versions contradict each other".
func TestOlderVersionsAreResumed(t *testing.T) {
	t.Parallel()
	found, err := filepath.Glob("testdata/versions/*.state.db.gz")
	if err != nil || len(found) < 3 {
		t.Fatal(found, err)
	}
	for _, file := range found {
		name := strings.TrimSuffix(filepath.Base(file), ".state.db.gz")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, rec := startSink(t, sink.Options{})
			f := fixture(t, name, s)
			was := f.counts(t, "versions")
			// The fixture's machine is another one, and an older program may have taken digests of other things.
			sum := f.send(t, campaign.Options{}, campaign.PlanOptions{AcceptCopy: true, AcceptChanges: true})
			if n := was[ledger.Pending] + was[ledger.Deferred]; n == 0 || int64(len(rec.accepted(t))) != n {
				t.Errorf("%d messages at the sink, were to be sent: %d", len(rec.accepted(t)), n)
			}
			got := map[string]bool{}
			for _, r := range rec.accepted(t) {
				for _, to := range r.To {
					if got[to] || to == "ann@example.com" || to == "dan@example.com" || to == "eve@example.com" || to == "bob@example.com" {
						t.Errorf("%s was mailed again", to)
					}
					got[to] = true
				}
			}
			want(t, sum, map[ledger.State]int64{
				ledger.Invalid: 1, ledger.Duplicate: 1, ledger.Suppressed: 1, ledger.Filtered: 1, ledger.Refused: 1,
				ledger.Unknown: was[ledger.Unknown] + was[ledger.Begun], ledger.Sent: was[ledger.Sent] + was[ledger.Pending] + was[ledger.Deferred],
			})
			if was[ledger.Begun] != 1 {
				t.Errorf("the fixture has %v", was)
			}
			// Once more sends nothing.
			again := f.send(t, campaign.Options{}, campaign.PlanOptions{})
			if again.Sent != 0 {
				t.Errorf("%d sent by a finished campaign", again.Sent)
			}
		})
	}
}

// counts are the campaign's states as the ledger has them.
func (f *folder) counts(t *testing.T, id string) map[ledger.State]int64 {
	t.Helper()
	l, err := ledger.Open(filepath.Join(f.dir, ".mailshot", "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	counts, _, err := l.Counts(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

// An older program refuses the file of a newer one, with words, and leaves it as it is; so does this one with the next version's.
func TestNewerVersionIsRefused(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := fixture(t, "state1-accounts3", s)
	f.counts(t, "versions") // brings it to this version
	path := filepath.Join(f.dir, ".mailshot", "state.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := f.open(t, campaign.Options{})
	defer c.Close()
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err == nil || !strings.Contains(err.Error(), "written by a newer mailshot") || !strings.Contains(err.Error(), "update mailshot") {
		t.Errorf("Plan: %v", err)
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Error("the file was changed", err)
	}
	if n := len(rec.accepted(t)); n != 0 {
		t.Errorf("%d messages at the sink", n)
	}
}
