package ledger

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/statefile"
	"mailshot/internal/sqlite"
)

// journaled is a ledger whose run died with a journal: three are sent, one is deferred, one refused, one on the wire,
// two begun ahead, one of them after it was put back, and four pending. dead is what the file itself has of it.
func journaled(t *testing.T) (path string, dead map[State]int64) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s", "state.db")
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	l.Eager = true
	plan(t, l, "c", rowsOf(12))
	k, err := l.Lock("c")
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, l, "c", RunOptions{})
	for _, to := range []State{Sent, Sent, Sent, Deferred, Refused} {
		d := next(t, r, t0)
		begin(t, r, d)
		if err := r.Settle(t.Context(), d, Result{State: to, Due: t0.AddDate(9, 0, 0),
			Text: "as the server said"}); err != nil {
			t.Fatal(err)
		}
	}
	begin(t, r, next(t, r, t0)) // takes the outcomes along
	ahead, back := next(t, r, t0), next(t, r, t0)
	if err := errors.Join(r.Begin(t.Context(), ahead), r.Begin(t.Context(), back)); err != nil {
		t.Fatal(err)
	}
	r.PutBack(back)
	if err := r.Begin(t.Context(), next(t, r, t0)); err != nil { // takes that along: it is the same one
		t.Fatal(err)
	}
	dead = identity(t, l, "c")
	if err := errors.Join(k.Close(), l.Close()); err != nil { // as a kill ends the run
		t.Fatal(err)
	}
	if _, err := os.Stat(l.journalPath("c")); err != nil {
		t.Fatal(err)
	}
	return path, dead
}

// What a run has in its journal when it dies is there for whoever opens the file next, and goes on for the next run.
// Broken on purpose: without takeOver in Open 1 was sent; without TakeOver in Lock and in Run the next run handed out
// what the server had.
func TestJournalOfADeadRun(t *testing.T) {
	t.Parallel()
	path, dead := journaled(t)
	if dead[Pending] < 10 {
		t.Errorf("the file had everything: %v", dead)
	}
	l := openAt(t, path)
	if got := identity(t, l, "c"); !nonzero(got,
		map[State]int64{Sent: 3, Deferred: 1, Refused: 1, Begun: 3, Pending: 4}) {
		t.Error(got)
	}
	if _, err := os.Stat(l.journalPath("c")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the journal is still there:", err)
	}
	for rec, err := range l.Deliveries(t.Context(), "c", Filter{States: []State{Refused}}) {
		if err != nil || rec.Attempts != 1 {
			t.Errorf("%+v %v", rec, err)
		}
	}
	lock(t, l, "c")
	r := run(t, l, "c", RunOptions{})
	want := map[State]int64{Sent: 3, Deferred: 1, Refused: 1, Unknown: 3, Pending: 4}
	if marked(t) { // the marks are of the same run
		want = map[State]int64{Sent: 3, Deferred: 1, Refused: 1, Unknown: 1, Pending: 6}
	}
	if got := r.Counts(); !nonzero(got, want) {
		t.Error(got)
	}
}

// Without its journal, nobody knows what a run that died has sent. Whoever would go on is told so, with a way out, and
// nothing is sent. Broken on purpose: with ErrLost taken for an empty journal, the next run handed out 10.
func TestJournalLost(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(t *testing.T, journal string) error{
		"deleted": func(_ *testing.T, journal string) error { return os.Remove(journal) },
		"cut off": func(_ *testing.T, journal string) error { return os.Truncate(journal, 5000) },
		"a damaged byte": func(t *testing.T, journal string) error {
			b, err := os.ReadFile(journal)
			if err == nil {
				b[4096+40] ^= 1
				err = os.WriteFile(journal, b, 0o600)
			}
			return err
		},
		"the folder moved away": func(_ *testing.T, journal string) error {
			return os.Rename(filepath.Dir(journal), filepath.Dir(journal)+".moved")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, _ := journaled(t)
			l := &Ledger{db: &sqlite.Store{Path: path}}
			if err := lose(t, l.journalPath("c")); err != nil {
				t.Fatal(err)
			}
			l, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			_, err = l.Lock("c")
			var bad *statefile.Error
			if !errors.As(err, &bad) || !strings.Contains(bad.Hint, "mailshot state repair") {
				t.Errorf("%v", err)
			}
			if _, err := l.Cancel(t.Context(), "c"); err == nil {
				t.Error("cancelled what may be sent")
			}
		})
	}
}

// Somebody who changes the campaign by hand through the Ledger that runs it meets what the run has done, and the run
// goes on. Broken on purpose: without plainly in holding, those begun were cancelled, and the run's next group failed.
func TestByHandDuringARun(t *testing.T) {
	t.Parallel()
	l := open1(t)
	l.Eager = true
	plan(t, l, "c", rowsOf(8))
	lock(t, l, "c")
	r := run(t, l, "c", RunOptions{})
	first, second := next(t, r, t0), next(t, r, t0)
	begin(t, r, first)
	begin(t, r, second)
	if n, err := l.Cancel(t.Context(), "c"); n != 6 || err != nil {
		t.Error(n, err)
	}
	settle(t, r, first, Sent)
	settle(t, r, second, Sent)
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := identity(t, l, "c"); !nonzero(got, map[State]int64{Sent: 2, Cancelled: 6}) {
		t.Error(got)
	}
}

// A group that no journal has room for goes into the file itself, after those before it; and a journal that is full is
// emptied first. Broken on purpose: without the Settle in Write, the file said that another process had changed it.
func TestLargeGroups(t *testing.T) {
	t.Parallel()
	l := open1(t)
	l.Eager = true
	plan(t, l, "c", rowsOf(30))
	lock(t, l, "c")
	r := run(t, l, "c", RunOptions{})
	for i := range 30 {
		d := next(t, r, t0)
		begin(t, r, d)
		size := 100_000
		if i%7 == 6 {
			size = 1 << 20
		}
		if err := r.Settle(t.Context(), d, Result{State: Sent, Text: strings.Repeat("x", size)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := identity(t, l, "c"); got[Sent] != 30 {
		t.Error(got)
	}
}

// Another process that writes for long stops nobody who begins, for that is in the journal. Broken on purpose: with a
// Busy fold taken for an error of the disk, the run was over.
func TestBusyFold(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s", "state.db")
	l := openAt(t, path)
	l.Eager = true
	plan(t, l, "c", rowsOf(6))
	lock(t, l, "c")
	r := run(t, l, "c", RunOptions{})
	begin(t, r, next(t, r, t0))
	if err := l.db.Write(func(tx *sqlite.Tx) error { return tx.Script("PRAGMA busy_timeout = 0") }); err != nil {
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", sqlite.Name(path))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	if _, err := other.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	d := next(t, r, t0)
	begin(t, r, d)
	settle(t, r, d, Sent)
	begin(t, r, next(t, r, t0))
	if err := r.Flush(t.Context()); !sqlite.Busy(err) {
		t.Error(err)
	}
	if _, err := other.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := r.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	if got := identity(t, l, "c"); !nonzero(got, map[State]int64{Sent: 1, Begun: 2, Pending: 3}) {
		t.Error(got)
	}
}

// A fold that the disk has no room for ends the run, and loses nothing: it is in the journal. Broken on purpose: with
// the journal removed by Close after an error, the file could not be locked any more.
func TestFoldOnAFullDisk(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s", "state.db")
	l := openAt(t, path)
	l.Eager = true
	plan(t, l, "c", rowsOf(6))
	k, err := l.Lock("c")
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, l, "c", RunOptions{})
	begin(t, r, next(t, r, t0))
	if err := l.db.Write(func(tx *sqlite.Tx) error {
		return tx.Script("PRAGMA max_page_count = 1") // the fewest there can be: as many as there are
	}); err != nil {
		t.Fatal(err)
	}
	d := next(t, r, t0)
	begin(t, r, d)
	if err := r.Settle(t.Context(), d, Result{State: Sent, Text: strings.Repeat("x", 200_000)}); err != nil {
		t.Fatal(err)
	}
	begin(t, r, next(t, r, t0))
	if err := r.Flush(t.Context()); err == nil {
		t.Error("there was room")
	}
	if err := r.Begin(t.Context(), next(t, r, t0)); err == nil {
		t.Error("begun on a full disk")
	}
	if err := r.Close(); err == nil {
		t.Error("closed as if all were well")
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	l2 := openAt(t, path)
	if got := identity(t, l2, "c"); !nonzero(got, map[State]int64{Sent: 1, Begun: 2, Pending: 3}) {
		t.Error(got)
	}
}

// The file may still say that one is deferred whom the server has taken, and the lane may be read again from there: if
// one is put off to a time before those read. Nobody is handed out again. Broken on purpose: with the deliveries let go
// when the journal has them, b was handed out twice.
func TestOldRecord(t *testing.T) {
	t.Parallel()
	l := open1(t)
	rows := rowsOf(3)
	for i := range rows {
		rows[i].Lane = "one"
	}
	plan(t, l, "c", rows)
	lock(t, l, "c")
	r := run(t, l, "c", RunOptions{})
	for range 2 {
		d := next(t, r, t0)
		begin(t, r, d)
		if err := r.Settle(t.Context(), d, Result{State: Deferred, Due: t0.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	l.Eager = true
	r = run(t, l, "c", RunOptions{})
	later := t0.Add(2 * time.Hour)
	var late []*Delivery
	for range 3 {
		if d := next(t, r, later); d.State == Deferred {
			late = append(late, d)
		} else { // the third
			begin(t, r, d) // the journal begins behind this group
			settle(t, r, d, Sent)
		}
	}
	begin(t, r, late[0])
	begin(t, r, late[1])
	settle(t, r, late[1], Sent)
	if err := r.Settle(t.Context(), late[0], Result{State: Deferred, Due: t0.Add(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	if err := r.group.Commit(&waiter{}); err != nil { // durable, and not in the file
		t.Fatal(err)
	}
	if d, err := r.Next(t.Context(), nil, later); d != nil || err != nil {
		t.Errorf("%+v %v", d, err)
	}
	again := next(t, r, later) // Next has had it come into the file
	if again.ID != late[0].ID || again.Attempts != 2 {
		t.Errorf("%+v", again)
	}
	none(t, r, later)
}

// Where the journal cannot be written nothing more is begun, and what is in it is there for the next run. Broken on
// purpose: with w.err not set by log, the second begin was in the file, past the journal.
func TestJournalFails(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s", "state.db")
	l := openAt(t, path)
	l.Eager = true
	plan(t, l, "c", rowsOf(6))
	k, err := l.Lock("c")
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, l, "c", RunOptions{})
	begin(t, r, next(t, r, t0))
	begin(t, r, next(t, r, t0))
	later := []*Delivery{next(t, r, t0), next(t, r, t0)}
	r.disk.Fail()
	for _, d := range later {
		if err := r.Begin(t.Context(), d); err == nil || !strings.Contains(err.Error(), "nothing more is begun") {
			t.Error(err)
		}
	}
	if err := r.Close(); err == nil {
		t.Error("closed as if all were well")
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	if got := identity(t, openAt(t, path), "c"); !nonzero(got, map[State]int64{Begun: 2, Pending: 4}) {
		t.Error(got)
	}
}
