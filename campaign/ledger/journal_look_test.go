package ledger

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/internal/sqlite"
)

// Who only looks at a ledger, as status does, may take over what a run that died has in its journal. A send that begins
// at that moment is not refused for it: nobody runs the campaign, and "wait for it, or stop it with an interrupt" is
// about a look.
func TestLookDoesNotKeepASendFromSending(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // only a sleep takes time, so that no slow machine uses the patience up
		path := filepath.Join(t.TempDir(), "s", "state.db")
		l, k := eager(t, path, rowsOf(6))
		r := run(t, l, "c", RunOptions{})
		begin(t, r, next(t, r, t0))
		begin(t, r, next(t, r, t0))
		send := openAt(t, path)
		if err := errors.Join(k.Close(), l.Close()); err != nil { // as a kill ends the run
			t.Fatal(err)
		}
		name := l.beside("c", ".lock")
		if err := os.Truncate(name, 0); err != nil { // who takes the lock writes its number
			t.Fatal(err)
		}
		other, err := sql.Open("sqlite", sqlite.Name(path))
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		other.SetMaxOpenConns(1)
		if _, err := other.Exec("BEGIN IMMEDIATE"); err != nil { // so that the look takes a moment
			t.Fatal(err)
		}
		looked := make(chan error, 1)
		go func() {
			status, err := Open(path)
			if err == nil {
				err = status.Close()
			}
			looked <- err
		}()
		for sqlite.Holder(name) == 0 {
			runtime.Gosched()
		}
		locked := make(chan error, 1)
		go func() {
			k, err := send.Lock("c")
			if err == nil {
				err = k.Close()
			}
			locked <- err
		}()
		runtime.Gosched()
		if _, err := other.Exec("ROLLBACK"); err != nil {
			t.Fatal(err)
		}
		if err := <-locked; err != nil {
			t.Error(err)
		}
		if err := <-looked; err != nil {
			t.Error(err)
		}
	})
}

// Whoever looks at a ledger beside a run that has a journal does not wait for the run's lock, which is held to its end.
// Seen to fail with takeOver that waits as Lock does: a second passed.
func TestLookBesideARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "s", "state.db")
		l, k := eager(t, path, rowsOf(4))
		defer l.Close()
		defer k.Close()
		r := run(t, l, "c", RunOptions{})
		begin(t, r, next(t, r, t0))
		begin(t, r, next(t, r, t0))
		start := time.Now() // in a bubble only a sleep takes time
		other, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		if waited := time.Since(start); waited != 0 {
			t.Errorf("a look waits for %v", waited)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
