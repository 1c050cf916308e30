package ledger

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger/repair"
)

// absent checks that no file below dir has any of the texts in it.
func absent(t *testing.T, dir string, texts ...string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, text := range texts {
			if bytes.Contains(bytes.ToLower(b), []byte(text)) {
				t.Errorf("%s still has %q", path, text)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// forgetful is a ledger and accounts, with the folder of the accounts' file.
func forgetful(t *testing.T) (*Ledger, *accounts.Accounts, string) {
	t.Helper()
	l, dir := open1(t), filepath.Join(t.TempDir(), "a")
	a, err := accounts.Open(filepath.Join(dir, "accounts.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	if l.KeyHash, err = a.KeyHash(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l, a, dir
}

// personal is a row of somebody with a name.
func personal(n int, key string) Row {
	r := row(n)
	r.Key, r.Address, r.AddressKey, r.Fields = key, "Wanda@secret.example", "wanda@secret.example",
		[]byte("Wanda Secretive, 12 Privet Road")
	return r
}

// Whoever is forgotten is in no byte of any file any more, the sums are as they were, and nobody mails them again:
// neither this campaign's rest nor a list that is planned again. Proven without the VACUUM (state.db still had
// "wanda"), without emptying the log (state.db-wal still had it), and with the hash emptied instead of replaced (the
// re-plan said "Added:2": they were new).
func TestForget(t *testing.T) {
	t.Parallel()
	l, a, dir := forgetful(t)
	ctx := t.Context()
	for _, id := range []string{"one", "two"} {
		rows := append(rowsOf(30), personal(31, "W-31"))
		plan(t, l, id, rows)
	}
	k, err := l.Lock("one")
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Run(ctx, "one", RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for range 31 {
		d := next(t, r, time.Now())
		begin(t, r, d)
		if err := r.Settle(ctx, d, Result{State: Refused, Stage: "rcpt", Code: 550, Enhanced: "5.1.1",
			Text: "no " + d.Address, Server: "mx.example"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := a.Suppress(ctx, accounts.Entry{Domain: "acme.example", Key: "wanda@secret.example",
		Reason: "refused: 550 no Wanda@secret.example"}); err != nil {
		t.Fatal(err)
	}
	var locked *LockedError
	other, err := Open(l.db.Path)
	if err != nil {
		t.Fatal(err)
	}
	other.KeyHash = l.KeyHash
	if _, err := other.Forget(ctx, "wanda@secret.example"); !errors.As(err, &locked) {
		t.Fatalf("forgotten while it runs: %v", err)
	}
	if err := errors.Join(k.Close(), other.Close()); err != nil {
		t.Fatal(err)
	}
	d, err := l.Draft(ctx, Campaign{ID: "three"}) // never frozen
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Add(ctx, []Row{personal(1, "x")}); err != nil {
		t.Fatal(err)
	}

	was := identity(t, l, "one")
	f, err := l.Forget(ctx, "wanda@secret.example")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Forget(ctx, "wanda@secret.example"); err != nil {
		t.Fatal(err)
	}
	if len(f.Campaigns) != 2 || f.Rows != 2 || f.Stopped != 1 || len(f.Mentions) != 0 {
		t.Errorf("%+v", f)
	}
	for _, dir := range []string{filepath.Dir(l.db.Path), dir} {
		absent(t, dir, "wanda", "privet", "secret.example", "w-31")
	}
	if now := identity(t, l, "one"); now[Refused] != was[Refused] {
		t.Errorf("%v, were %v", now, was)
	}
	if now := identity(t, l, "two"); now[Suppressed] != 1 || now[Pending] != 30 {
		t.Error(now)
	}
	if faults, err := repair.Examine(ctx, l.db.Path); err != nil || len(faults) > 0 {
		t.Error(faults, err)
	}
	// What nobody can make a message for is not taken up again, and stops nobody else's. Proven without looking: "31
	// pending again, <nil>; want 30", and the campaign could not be gone on with.
	if n, _, err := l.Retry(ctx, "one", Filter{}); err != nil || n != 30 {
		t.Errorf("%d pending again, %v; want 30", n, err)
	}
	lock(t, l, "one")
	if err := l.Verify(ctx, "one"); err != nil {
		t.Error(err)
	}
	if _, hit, err := a.Suppressed(ctx, accounts.Mail{Domain: "any.example"}, "wanda@secret.example"); err != nil || !hit {
		t.Error("not suppressed", err)
	}
	if _, hit, _ := a.Suppressed(ctx, accounts.Mail{Domain: "any.example"}, "wanda2@secret.example"); hit {
		t.Error("somebody else is suppressed")
	}

	// The list still has them.
	lock(t, l, "two")
	re, err := l.Replan(ctx, Campaign{ID: "two"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := re.Add(ctx, append(rowsOf(30), personal(31, "W-31"), row(32))); err != nil {
		t.Fatal(err)
	}
	if c, err := re.Counts(ctx); err != nil || c.Added != 1 || c.Cancelled != 0 {
		t.Errorf("%+v %v", c, err)
	}
	if err := re.Discard(ctx); err != nil {
		t.Fatal(err)
	}
	if ok, err := a.Unsuppress(ctx, "", "", "wanda@secret.example"); err != nil || !ok {
		t.Error("cannot be lifted", err)
	}
}

// What ended long ago is erased, its numbers stay, and it sends nothing; what has not ended stays as it is.
func TestPurge(t *testing.T) {
	t.Parallel()
	l := open1(t)
	ctx := t.Context()
	for _, id := range []string{"done", "open", "doubt"} {
		plan(t, l, id, append(rowsOf(5), personal(6, id+"-W")))
		lock(t, l, id)
		r := run(t, l, id, RunOptions{})
		for i := range 6 {
			if id == "open" && i == 5 {
				break
			}
			d := next(t, r, time.Now())
			begin(t, r, d)
			s := Sent
			if id == "doubt" && i == 3 {
				s = Unknown
			}
			settle(t, r, d, s)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := l.Ended(ctx, time.Now().Add(-time.Hour)); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
	soon := time.Now().Add(time.Hour)
	done, err := l.Purge(ctx, soon)
	if err != nil || len(done) != 1 || done[0].ID != "done" || done[0].Rows != 6 {
		t.Fatal(done, err)
	}
	absent(t, filepath.Dir(l.db.Path), "done-w")
	if now := identity(t, l, "done"); now[Sent] != 6 {
		t.Error(now)
	}
	for _, id := range []string{"open", "doubt"} {
		if now := identity(t, l, id); now[Sent] != 5 {
			t.Error(id, now)
		}
	}
	c, err := l.Campaign(ctx, "done")
	if err != nil || c.Purged.IsZero() || c.Rows != 6 {
		t.Errorf("%+v %v", c, err)
	}
	if _, err := l.Replan(ctx, Campaign{ID: "done"}); !errors.Is(err, ErrState) {
		t.Errorf("re-planned: %v", err)
	}
	if _, err := l.Draft(ctx, Campaign{ID: "done"}); !errors.Is(err, ErrFrozen) {
		t.Errorf("planned anew: %v", err)
	}
	r := run(t, l, "done", RunOptions{})
	none(t, r, time.Now())
	if acts, err := l.Audit(ctx, "done"); err != nil || len(acts) != 1 || acts[0].Act != "purge" || acts[0].Who == "" {
		t.Error(acts, err)
	}
	if list, err := l.Purge(ctx, soon); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
	if faults, err := repair.Examine(ctx, l.db.Path); err != nil || len(faults) > 0 {
		t.Error(faults, err)
	}
}
