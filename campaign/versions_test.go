package campaign_test

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// fixture is a folder as a version of mailshot left it when it was killed: testdata/versions/generate.sh makes them.
func fixture(t *testing.T, name string, s *sink.Server) *folder {
	t.Helper()
	return fixtureIn(t, "testdata/versions", name, s)
}

// fixtureIn is fixture for the campaign of another folder.
func fixtureIn(t *testing.T, from, name string, s *sink.Server) *folder {
	t.Helper()
	f := newFolder(t)
	f.copy(t, from, s, "campaign.yaml", "people.csv", "body.txt", "do-not-mail.csv")
	unpack(t, filepath.Join(from, name+".state.db.gz"), filepath.Join(f.dir, ".mailshot", "state.db"))
	unpack(t, filepath.Join(from, name+".accounts.db.gz"), f.accounts)
	return f
}

// copy puts files of a folder below testdata into f, whose campaign file then sends to s.
func (f *folder) copy(t *testing.T, from string, s *sink.Server, files ...string) {
	t.Helper()
	port := "port: " + s.Addr()[strings.LastIndexByte(s.Addr(), ':')+1:]
	for _, file := range files {
		b, err := os.ReadFile(filepath.Join(from, file))
		if err != nil {
			t.Fatal(err)
		}
		f.write(t, file, strings.Replace(string(b), "port: 2525", port, 1))
	}
}

// unpack writes what is in a packed file.
func unpack(t *testing.T, file, to string) {
	t.Helper()
	b, err := os.ReadFile(file)
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

// fewerKeys are the fixtures of programs whose definition had fewer keys, at a time when all keys that there were had a
// part in the digest.
var fewerKeys = map[string]bool{"state1-accounts1": true, "state1-accounts3": true, "state2-accounts4": true}

// asked plans the folder's campaign, which has to be refused for inputs that changed, with these words.
func (f *folder) asked(t *testing.T, o campaign.PlanOptions, what ...string) {
	t.Helper()
	c := f.open(t, campaign.Options{})
	defer c.Close()
	_, err := c.Plan(t.Context(), o)
	var changed *campaign.ChangedError
	if !errors.As(err, &changed) || !slices.Equal(changed.What, what) {
		t.Errorf("Plan: %v, want that it asks about %s", err, what)
	}
}

// The files of every version that there was are opened, brought to this one, and gone on with: nobody is mailed twice,
// nobody is lost, and what an older version began is unknown. Proven by a migration that empties the deliveries'
// states: "0 messages at the sink", and eleven in no state; and by one that makes pending what was sent: "the records
// of campaign versions contradict each other".
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
			o := campaign.PlanOptions{AcceptCopy: true} // the fixture's machine is another one
			if fewerKeys[name] {
				f.asked(t, o, "campaign.yaml (recipients)")
				o.AcceptChanges = true
			}
			sum := f.send(t, campaign.Options{}, o)
			if n := was[ledger.Pending] + was[ledger.Deferred]; n == 0 || int64(len(rec.accepted(t))) != n {
				t.Errorf("%d messages at the sink, were to be sent: %d", len(rec.accepted(t)), n)
			}
			done := []string{"ann@example.com", "bob@example.com", "dan@example.com", "eve@example.com"}
			got := map[string]bool{}
			for _, r := range rec.accepted(t) {
				for _, to := range r.To {
					if got[to] || slices.Contains(done, to) {
						t.Errorf("%s was mailed again", to)
					}
					got[to] = true
				}
				long := 52                                                   // as plans were made before version 8
				if name >= "state8" || len(name) > len("state8-accounts9") { // state10 and newer
					long = 26
				}
				if n := idLength(r.ID); n != long {
					t.Errorf("Message-ID %s of %d characters, and the plan's have %d", r.ID, n, long)
				}
			}
			want(t, sum, map[ledger.State]int64{
				ledger.Invalid: 1, ledger.Duplicate: 1, ledger.Suppressed: 1, ledger.Filtered: 1, ledger.Refused: 1,
				ledger.Unknown: was[ledger.Unknown] + was[ledger.Begun],
				ledger.Sent:    was[ledger.Sent] + was[ledger.Pending] + was[ledger.Deferred],
			})
			if n := was[ledger.Begun]; n < 1 || n > 2 { // on the wire, and since version 6 one begun ahead
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

// digests is the campaign of testdata/digests, of which an older version sent two of five messages.
func digests(t *testing.T, s *sink.Server) *folder {
	t.Helper()
	const from = "testdata/digests"
	f := newFolder(t)
	f.copy(t, from, s, "campaign.yaml", "north.csv", "south.csv", "notice.txt", "bill.txt")
	unpack(t, filepath.Join(from, "state.db.gz"), filepath.Join(f.dir, ".mailshot", "state.db"))
	unpack(t, filepath.Join(from, "accounts.db.gz"), f.accounts)
	return f
}

// frozen is a campaign as the ledger has it.
func (f *folder) frozen(t *testing.T, id string) *ledger.Campaign {
	t.Helper()
	l, err := ledger.Open(filepath.Join(f.dir, ".mailshot", "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := l.Campaign(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sendLater sends a message as a later version of mailshot does, whose definition has more keys; the file gives the one
// at the path given.
func (f *folder) sendLater(t *testing.T, given string, p campaign.PlanOptions) (*campaign.Summary, error) {
	t.Helper()
	c := f.open(t, campaign.Options{Host: f.frozen(t, "digests").Host}) // no question about the machine
	defer c.Close()
	c.AddLaterKeys(given)
	if _, err := c.Plan(t.Context(), p); err != nil {
		return nil, err
	}
	sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return sum, nil
}

// A campaign that an older version planned goes on without a question where mailshot has got more keys since, and a
// file that gives one of them is another input. So does a campaign that this version planned, which goes on with the
// plan's own version of the digests. Proven by counting all fields of a struct: it asked about recipients, body,
// attachments and headers.
func TestMoreKeysAreNoChange(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := digests(t, s)
	if was := f.frozen(t, "digests").Definition; !strings.HasPrefix(was, "from=") {
		t.Fatalf("the fixture's digests have a version: %s", was)
	}
	sum, err := f.sendLater(t, "nowhere", campaign.PlanOptions{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	want(t, sum, map[ledger.State]int64{ledger.Filtered: 1, ledger.Sent: 3, ledger.Pending: 2})
	refused := func(given, what string) {
		t.Helper()
		_, err := f.sendLater(t, given, campaign.PlanOptions{})
		var changed *campaign.ChangedError
		if !errors.As(err, &changed) || !slices.Equal(changed.What, []string{what}) {
			t.Errorf("Plan: %v, want that it asks about %s", err, what)
		}
	}
	refused("body", "campaign.yaml (body)")
	refused("later", "campaign.yaml (later)")
	if was := f.frozen(t, "digests").Definition; !strings.HasPrefix(was, "from=") {
		t.Errorf("a plan that was not made anew has other digests: %s", was)
	}

	f.replace(t, "campaign.yaml", func(s string) string { return strings.Replace(s, "east.csv", "west.csv", 1) })
	f.asked(t, campaign.PlanOptions{AcceptCopy: true}, "campaign.yaml (recipients)")
	sum, err = f.sendLater(t, "nowhere", campaign.PlanOptions{AcceptChanges: true, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	want(t, sum, map[ledger.State]int64{ledger.Filtered: 1, ledger.Sent: 4, ledger.Pending: 1})
	if is := f.frozen(t, "digests").Definition; !strings.HasPrefix(is, "digests=2 ") {
		t.Errorf("a plan made anew has digests of an older version: %s", is)
	}
	refused("attachments", "campaign.yaml (attachments)")
	if sum, err = f.sendLater(t, "nowhere", campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	want(t, sum, map[ledger.State]int64{ledger.Filtered: 1, ledger.Sent: 5})
	if n := len(rec.accepted(t)); n != 3 {
		t.Errorf("%d messages at the sink, want the 3 that were left", n)
	}
}

// What a newer version's digests cover cannot be compared, so it is asked about.
func TestDigestsOfANewerVersion(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := digests(t, s)
	db, err := sql.Open("sqlite", filepath.Join(f.dir, ".mailshot", "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec("UPDATE campaigns SET definition = 'digests=99 ' || definition")
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	const what = "campaign.yaml (a newer mailshot planned, and this one cannot compare)"
	f.asked(t, campaign.PlanOptions{AcceptCopy: true}, what)
	if n := len(rec.accepted(t)); n != 0 {
		t.Errorf("%d messages at the sink", n)
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

// An older program refuses the file of a newer one, with words, and leaves it as it is; so does this one with the next
// version's.
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
	_, err = c.Plan(t.Context(), campaign.PlanOptions{})
	if err == nil || !strings.Contains(err.Error(), "written by a newer mailshot") ||
		!strings.Contains(err.Error(), "update mailshot") {
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
