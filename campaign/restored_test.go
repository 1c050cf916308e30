package campaign_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/campaign/ledger/repair"
	"mailshot/internal/sink"
)

// copied is a folder with the same campaign, user and machine.
func (f *folder) copied(t *testing.T) *folder {
	t.Helper()
	c := &folder{dir: filepath.Join(t.TempDir(), "copy"), accounts: f.accounts}
	if err := os.CopyFS(c.dir, os.DirFS(f.dir)); err != nil {
		t.Fatal(err)
	}
	private(t, filepath.Join(c.dir, ".mailshot"))
	return c
}

// private gives the files below dir the modes of a user's own, which a copy has lost.
func private(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return os.Chmod(path, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// refused checks that the folder's campaign is not gone on with as it is; what is sent all the same counts in the sink.
func (f *folder) refused(t *testing.T, o campaign.Options) *campaign.CopiedError {
	t.Helper()
	c := f.open(t, o)
	defer c.Close()
	_, err := c.Plan(t.Context(), campaign.PlanOptions{})
	if err == nil {
		_, err = c.Run(t.Context(), nil, campaign.RunOptions{})
	}
	var e *campaign.CopiedError
	if !errors.As(err, &e) {
		t.Errorf("%v, want a CopiedError", err)
		return &campaign.CopiedError{}
	}
	return e
}

func started(t *testing.T, n int, rules ...string) (*folder, *record) {
	t.Helper()
	s, rec := startSink(t, sink.Options{}, rules...)
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(n))
	return f, rec
}

// An older copy of the ledger does not know who was mailed since: it is not gone on with by itself, and when a person
// accepts it, what the missing run may have sent is unknown. Proven by not reading the mark: the accepted copy had
// "sent: 4, want 1", three of them for the second time. Without AcceptCopy an accepted copy could not be gone on with:
// its run's mark had been claimed.
func TestOlderCopyOfTheLedger(t *testing.T) {
	t.Parallel()
	f, rec := started(t, 4)
	f.send(t, campaign.Options{}, campaign.PlanOptions{Limit: 1})
	older := f.copied(t)
	f.send(t, campaign.Options{}, campaign.PlanOptions{})

	if e := older.refused(t, campaign.Options{}); e.Missing != 1 || !e.Certain() {
		t.Errorf("%+v", e)
	}
	sum := older.send(t, campaign.Options{}, campaign.PlanOptions{AcceptCopy: true})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 1, ledger.Unknown: 3})
	if sum.ExitCode() != 5 {
		t.Errorf("exit %d", sum.ExitCode())
	}
	// Now the copy is ahead, and the first folder is the one that is behind.
	if e := f.refused(t, campaign.Options{}); e.Missing != 1 {
		t.Errorf("%+v", e)
	}
	sum = older.send(t, campaign.Options{}, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 1, ledger.Unknown: 3})
	if n := len(rec.accepted(t)); n != 4 {
		t.Errorf("%d messages at the sink, want 4", n)
	}
}

// Nor does an older copy know that somebody who was refused was tried again since, and got the message: a retry of
// many leaves out those who had ended before the copy was accepted, and names them. A random walk found it: they had
// the message twice. Broken on purpose: with AcceptCopy leaving their attempts counted, one row was pending again.
func TestOlderCopyOfTheRefused(t *testing.T) {
	t.Parallel()
	f, rec := started(t, 4, "dot:p0@*,1:554 5.6.0 not this")
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}),
		map[ledger.State]int64{ledger.Sent: 3, ledger.Refused: 1})
	older := f.copied(t)
	retry := func(f *folder, filter ledger.Filter) (n, left int64) {
		t.Helper()
		l, err := ledger.Open(filepath.Join(f.dir, ".mailshot", "state.db"))
		if err != nil {
			t.Fatal(err)
		}
		n, left, err = l.Retry(t.Context(), "test", filter)
		if err := errors.Join(err, l.Close()); err != nil {
			t.Fatal(err)
		}
		return n, left
	}
	if n, left := retry(f, ledger.Filter{}); n != 1 || left != 0 {
		t.Errorf("%d rows are pending again, %d left out", n, left)
	}
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 4})
	want(t, older.send(t, campaign.Options{}, campaign.PlanOptions{AcceptCopy: true}),
		map[ledger.State]int64{ledger.Sent: 3, ledger.Refused: 1})
	if n, left := retry(older, ledger.Filter{}); n != 0 || left != 1 {
		t.Errorf("of the copy %d rows are pending again, %d left out", n, left)
	}
	if faults, err := repair.Examine(t.Context(), filepath.Join(older.dir, ".mailshot", "state.db")); err != nil ||
		len(faults) > 0 {
		t.Error(faults, err)
	}
	if n := len(rec.accepted(t)); n != 4 {
		t.Errorf("%d messages at the sink, want 4", n)
	}
	if n, _ := retry(older, ledger.Filter{Addresses: []string{"p0@example.com"}}); n != 1 {
		t.Errorf("by name %d rows are pending again", n)
	}
}

// Nor does an older copy know who was added to the list and mailed since: a copy that was accepted takes no new rows.
// Proven by an AcceptCopy that does not note it: "new rows in an older copy: <nil>".
func TestOlderCopyTakesNoNewRows(t *testing.T) {
	t.Parallel()
	f, rec := started(t, 2)
	f.send(t, campaign.Options{}, campaign.PlanOptions{Limit: 1})
	older := f.copied(t)
	f.write(t, "people.csv", people(3))
	f.send(t, campaign.Options{}, campaign.PlanOptions{AcceptChanges: true})
	older.write(t, "people.csv", people(3))
	c := older.open(t, campaign.Options{})
	defer c.Close()
	accept := campaign.PlanOptions{AcceptCopy: true, AcceptChanges: true}
	var erased *ledger.ErasedError
	if _, err := c.Plan(t.Context(), accept); !errors.As(err, &erased) || erased.Keys != 0 {
		t.Errorf("new rows in an older copy: %v", err)
	}
	if n := len(rec.accepted(t)); n != 3 {
		t.Errorf("%d messages at the sink, want 3", n)
	}
}

// A folder that was copied before the first message left is a copy like any other, and of two that are sent from at the
// same time one sends. Proven by letting a run go on whose mark another copy has claimed: "60 messages at the sink,
// want 20".
func TestTwoCopiesAtOnce(t *testing.T) {
	t.Parallel()
	f, rec := started(t, 20)
	c := f.open(t, campaign.Options{})
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	c.Close()
	folders := []*folder{f, f.copied(t), f.copied(t)}
	open := make([]*campaign.Campaign, len(folders))
	for i, f := range folders { // all have planned before any runs
		open[i] = f.open(t, campaign.Options{})
		defer open[i].Close()
		if _, err := open[i].Plan(t.Context(), campaign.PlanOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	errs := make([]error, len(folders))
	var all sync.WaitGroup
	for i, c := range open {
		all.Go(func() { _, errs[i] = c.Run(t.Context(), nil, campaign.RunOptions{}) })
	}
	all.Wait()
	ran, copies := 0, 0
	for _, err := range errs {
		var e *campaign.CopiedError
		switch {
		case err == nil:
			ran++
		case errors.As(err, &e):
			copies++
		default:
			t.Error(err)
		}
	}
	if ran != 1 || copies != 2 {
		t.Errorf("%d ran, %d were refused: %v", ran, copies, errs)
	}
	for i, f := range folders {
		open[i].Close()
		if errs[i] != nil { // it is as far as the other by number, but not the same
			f.refused(t, campaign.Options{})
		}
	}
	if n := len(rec.accepted(t)); n != 20 {
		t.Errorf("%d messages at the sink, want 20", n)
	}
}

// On another machine nothing tells whether the first one went on: a person says so. Proven by not comparing the
// machine of the last run: the copy was sent from without a word, "7 messages at the sink, want 4".
func TestLedgerFromAnotherMachine(t *testing.T) {
	t.Parallel()
	f, rec := started(t, 4)
	here := campaign.Options{Host: ledger.Host{ID: "1", Name: "desk"}}
	there := campaign.Options{Host: ledger.Host{ID: "2", Name: "laptop"}}
	f.send(t, here, campaign.PlanOptions{Limit: 1})

	moved := f.copied(t)
	moved.accounts = filepath.Join(t.TempDir(), "user", "accounts.db") // the other machine's user has a copy of that, too
	if err := os.CopyFS(filepath.Dir(moved.accounts), os.DirFS(filepath.Dir(f.accounts))); err != nil {
		t.Fatal(err)
	}
	private(t, filepath.Dir(moved.accounts))
	f.send(t, here, campaign.PlanOptions{})
	if e := moved.refused(t, there); e.Certain() || e.Host.Name != "desk" {
		t.Errorf("%+v", e)
	}
	if n := len(rec.accepted(t)); n != 4 {
		t.Errorf("%d messages at the sink, want 4", n)
	}

	// Back where it was, nobody is asked. Accepted once, it is at home on the other machine.
	f, rec = started(t, 4)
	f.send(t, here, campaign.PlanOptions{Limit: 1})
	f.send(t, here, campaign.PlanOptions{Limit: 1})
	f.send(t, there, campaign.PlanOptions{Limit: 1, AcceptCopy: true})
	want(t, f.send(t, there, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 4})
	f.refused(t, here)
	if n := len(rec.accepted(t)); n != 4 {
		t.Errorf("%d messages at the sink, want 4", n)
	}
}
