package repeats

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
	"mailshot/campaign/ledger/repair"
)

// died is a run with a journal that began so many and died. It returns their contents.
func died(t *testing.T, n int) (*recording, []uint64) {
	t.Helper()
	r := record(t, true)
	var contents []uint64
	for range n {
		d, content := r.make(t)
		if err := r.Begin(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		contents = append(contents, content)
	}
	return r, contents
}

// known fails unless another campaign is told of the content, or that not all is known.
func (r *recording) known(t *testing.T, content uint64) {
	t.Helper()
	h, err := Load(t.Context(), r.reads, Campaign{ID: "other"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if !h.Lost() && !remembered(t, r.reads)[content] {
		t.Errorf("%d may be with its recipient; it is not remembered, and nobody says so", content)
	}
}

// A repair of a ledger whose journal is gone cannot bring back who got which message: whoever asks afterwards must
// be told so, as before the repair. It is not right that the first who asks has the accounts believe that they have
// all.
func TestRepairWithoutTheJournal(t *testing.T) {
	t.Parallel()
	r, contents := died(t, 4)
	r.kill(t)
	state := filepath.Join(r.dir, "campaign", "state.db")
	journals, err := filepath.Glob(filepath.Join(state+".locks", "*.journal"))
	if err != nil || len(journals) != 1 {
		t.Fatal(journals, err)
	}
	if err := os.Remove(journals[0]); err != nil {
		t.Fatal(err)
	}
	r.known(t, contents[3])
	if _, err := repair.File(t.Context(), state, false); err != nil {
		t.Fatal(err)
	}
	r.known(t, contents[3])
}

// A ledger that was restored from a backup has the campaign's name and none of what its last run began. The accounts
// know by the mark of that run that this is an older copy: so they do not have all, and who asks must be told so.
func TestOlderLedgerThanTheRunThatDied(t *testing.T) {
	t.Parallel()
	r := record(t, true)
	r.kill(t) // nothing was begun
	folder := filepath.Join(r.dir, "campaign")
	backup := filepath.Join(r.dir, "backup")
	if err := os.CopyFS(backup, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	r.begin(t, true)
	c, err := r.l.Campaign(t.Context(), "c")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := r.writes.Claim(t.Context(), c.Run, c.Runs, c.Token); err != nil || !ok { // as each run does
		t.Fatal(ok, err)
	}
	var contents []uint64
	for range 4 {
		d, content := r.make(t)
		if err := r.Begin(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		contents = append(contents, content)
	}
	r.kill(t)
	if err := errors.Join(os.RemoveAll(folder), os.Rename(backup, folder), os.Chmod(folder, 0o700)); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"state.db", "state.db-wal", "state.db-shm"} {
		if err := os.Chmod(filepath.Join(folder, file), 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(folder, "state.db.locks")); err != nil {
		t.Fatal(err)
	}
	r.known(t, contents[3])
}

// A kill, or an error of the ledger, between the accounts' having taken what a ledger keeps and the ledger's
// forgetting it leaves it in both. Who is forgotten after that must not come back into the accounts with the
// campaign's next run.
func TestForgottenAfterHalfATakeOver(t *testing.T) {
	t.Parallel()
	r := record(t, true)
	first, _ := r.make(t) // a group of its own, without a journal
	if err := r.Begin(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	d, content := r.make(t)
	if err := r.Begin(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	r.kill(t)
	list, err := r.reads.Lacking(t.Context(), time.Now())
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	owner, err := ownerOf(t.Context(), r.reads)
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(list[0].Ledger)
	if err != nil {
		t.Fatal(err)
	}
	killed := errors.New("killed")
	err = l.Take(t.Context(), "c", owner, func(kept []ledger.Fingerprint, last bool) error {
		return errors.Join(r.reads.TakeOver(list[0], copies(kept)), killed)
	})
	if !errors.Is(err, killed) || !remembered(t, r.reads)[content] {
		t.Fatal(err)
	}
	if err := errors.Join(l.Close(), r.reads.Forget(t.Context(), d.AddressKey)); err != nil {
		t.Fatal(err)
	}
	if remembered(t, r.reads)[content] {
		t.Fatal("not forgotten")
	}
	r.begin(t, true)
	if remembered(t, r.reads)[content] {
		t.Error("a person who was forgotten is remembered again")
	}
}

// longRun is a run that began days ago and goes on: one message of then, and one of now, which only the journal has.
// It died. It returns the content of the second one.
func longRun(t *testing.T, keep, days int) (*recording, uint64) {
	t.Helper()
	r := record(t, true)
	r.kill(t)
	path := filepath.Join(r.dir, "campaign", "state.db")
	var err error
	if r.l, err = ledger.Open(path); err != nil {
		t.Fatal(err)
	}
	r.l.Eager = true
	if r.lock, err = r.l.Lock("c"); err != nil {
		t.Fatal(err)
	}
	run, err := r.l.Run(t.Context(), "c", ledger.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Close() })
	c, err := r.l.Campaign(t.Context(), "c")
	if err != nil {
		t.Fatal(err)
	}
	clock := time.Now().AddDate(0, 0, -days)
	r.Recorder, err = Record(t.Context(), r.writes, r.l, run, accounts.Mailing{Run: c.Run, ID: "c", Ledger: path}, keep,
		func() time.Time { return clock })
	if err != nil {
		t.Fatal(err)
	}
	var content uint64
	for range 2 {
		var d *ledger.Delivery
		d, content = r.make(t)
		if err := r.Begin(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		clock = time.Now()
	}
	r.kill(t)
	return r, content
}

// A run may take longer than messages are remembered. Its last messages, which only its ledger has, are of today:
// who asks is told of them.
func TestRunLongerThanIsRemembered(t *testing.T) {
	t.Parallel()
	r, content := longRun(t, 1, 3)
	r.known(t, content)
}

// What is taken over from a run that died was sent at any time up to its end. It must be kept for as many days as
// were asked for, not from the day of an earlier message on.
func TestTakenOverIsKeptLongEnough(t *testing.T) {
	t.Parallel()
	r, content := longRun(t, 10, 9)
	r.known(t, content)
	kept := false
	err := r.reads.Copies(context.Background(), time.Now().AddDate(0, 0, 5), func(c *accounts.Copies) {
		c.Each(func(one uint64) { kept = kept || one == content })
	})
	if err != nil {
		t.Fatal(err)
	}
	if !kept {
		t.Error("a message of today that is to be remembered for 10 days is forgotten in 5")
	}
}
