package ledger

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger/internal/durable"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// A kill between what is taken over and the end of the journal leaves a file that nobody needs. It has the servers'
// words, and those have the person's address. Who is forgotten is not in it, nor who is purged.
func TestForgottenInAJournalThatIsLeft(t *testing.T) {
	t.Parallel()
	for name, erase := range map[string]func(l *Ledger) error{
		"forget": func(l *Ledger) error {
			_, err := l.Forget(context.Background(), "wanda@secret.example")
			return err
		},
		"purge": func(l *Ledger) error {
			done, err := l.Purge(context.Background(), time.Now().Add(time.Hour))
			if len(done) != 1 {
				t.Error("nothing was purged")
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "s", "state.db")
			l, k := eager(t, path, []Row{personal(1, "wanda"), row(2)})
			r := run(t, l, "c", RunOptions{})
			for range 2 {
				d := next(t, r, t0)
				begin(t, r, d)
				if err := r.Settle(t.Context(), d, Result{State: Refused, Code: 550,
					Text: "<" + d.AddressKey + ">: no such user"}); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.group.Commit(&waiter{}); err != nil { // durable, and not in the file
				t.Fatal(err)
			}
			if err := errors.Join(k.Close(), l.Close()); err != nil { // as a kill ends the run
				t.Fatal(err)
			}
			s, err := sqlite.Open(t.Context(), path, schema.Versions)
			if err != nil {
				t.Fatal(err)
			}
			// TakeOver, and a kill before it removes the journal.
			err = s.Write(func(tx *sqlite.Tx) error { return durable.Replay(tx, 1, l.journalPath("c")) })
			if err := errors.Join(err, s.Close()); err != nil {
				t.Fatal(err)
			}
			l = openAt(t, path)
			a, err := accounts.Open(filepath.Join(t.TempDir(), "a", "accounts.db"))
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			if l.KeyHash, err = a.KeyHash(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := erase(l); err != nil {
				t.Fatal(err)
			}
			absent(t, dir, "wanda@secret.example")
		})
	}
}
