package durable

import (
	"context"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"mailshot/campaign/ledger/internal/schema"
	"mailshot/campaign/ledger/internal/steps"
	"mailshot/internal/sqlite"
)

// writer is the writer of a run with n pending deliveries, which begin at 1.
func writer(t *testing.T, n int) *Writer {
	t.Helper()
	path, err := sqlite.Prepare(filepath.Join(t.TempDir(), "s", "state.db"), schema.Use(true))
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(context.Background(), path, schema.Versions)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Write(func(tx *sqlite.Tx) error {
		for i := range n {
			if _, err := tx.Exec(`INSERT INTO deliveries(id, state, lane, due, attempts, first, turn, reason)
				VALUES (?, ?, 1, 0, 0, 0, 0, '')`, i+1, schema.Pending); err != nil {
				return err
			}
		}
		_, err := tx.Exec(`INSERT INTO campaigns(no, id, frozen, created, definition, templates, list, sender, first, run, turn, rows)
			VALUES (1, 'c', 1, 0, '', '', '', '', 0, '', 1, ?)`, n)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return &Writer{DB: s, Steps: steps.Writer{Campaign: 1, Turn: 1}, Path: filepath.Join(t.TempDir(), "c.journal"),
		Run:   "r",
		Eager: true}
}

// held is a group that makes delivery id held, with a reason of this size.
func held(id int64, size int) *steps.Group {
	return &steps.Group{Now: id, Outcomes: []steps.Step{{ID: id, From: schema.Pending, To: schema.Held,
		Reason: strings.Repeat("x", size)}}}
}

// until waits until what is looked at under the writer's mutex is so.
func (w *Writer) until(is func() bool) {
	for yes := false; !yes; runtime.Gosched() {
		w.mu.Lock()
		yes = is()
		w.mu.Unlock()
	}
}

// When Plainly has returned, and no Write is under way, everything is in the database, and nothing goes into the
// journal any more: who asked for it reads and changes the database. So it is also if a Write was waiting for room in
// the journal meanwhile.
func TestPlainlyDuringAWrite(t *testing.T) {
	t.Parallel()
	w := writer(t, 4)
	const third = 200_000 // two have room in a half, three have not
	for id := range int64(3) {
		if err := w.Write(held(id+1, third), func() {}); err != nil {
			t.Fatal(err)
		}
	}
	inside, leave := make(chan struct{}), make(chan struct{})
	other := make(chan error, 1)
	go func() {
		other <- w.DB.Write(func(*sqlite.Tx) error { // nothing is folded meanwhile
			close(inside)
			<-leave
			return nil
		})
	}()
	<-inside
	wrote, plain := make(chan error, 1), make(chan error, 1)
	go func() { wrote <- w.Write(held(4, third), func() {}) }()
	w.until(func() bool { return w.folding != nil })
	go func() { plain <- w.Plainly() }()
	w.until(func() bool { return w.plainly })
	close(leave)
	for _, c := range []chan error{other, wrote, plain} {
		if err := <-c; err != nil {
			t.Fatal(err)
		}
	}
	var n int
	if err := w.DB.Reading.QueryRow("SELECT count(*) FROM deliveries WHERE state = ?",
		schema.Held).Scan(&n); err != nil || n != 4 {
		t.Errorf("%d of 4 are in the database, the journal has %d groups, and %d of them are folded: %v",
			n, w.file.Last(), w.folded, err)
	}
}

// When Close has returned nothing of the run writes any more: the caller gives the campaign's lock back, and the next
// process takes the journal over. That holds also after the journal has failed while a fold was under way.
func TestCloseWaitsForAFold(t *testing.T) {
	t.Parallel()
	w := writer(t, 4)
	for id := range int64(2) {
		if err := w.Write(held(id+1, 1), func() {}); err != nil {
			t.Fatal(err)
		}
	}
	inside, leave := make(chan struct{}), make(chan struct{})
	other := make(chan error, 1)
	go func() {
		other <- w.DB.Write(func(*sqlite.Tx) error { // the fold waits for this
			close(inside)
			<-leave
			return nil
		})
	}()
	<-inside
	settled := make(chan error, 1)
	go func() { settled <- w.Settle() }()
	w.until(func() bool { return w.folding != nil })
	w.Fail()
	if err := w.Write(held(3, 1), func() {}); err == nil {
		t.Fatal("written to a journal that fails")
	}
	under := make(chan bool, 1)
	go func() {
		_ = w.Close()
		w.mu.Lock()
		defer w.mu.Unlock()
		under <- w.folding != nil
	}()
	w.until(func() bool { return w.plainly }) // Close has returned, or waits
	runtime.Gosched()
	close(leave)
	if <-under {
		t.Error("Close has returned, and a fold is still under way")
	}
	<-settled
	if err := <-other; err != nil {
		t.Error(err)
	}
}

// A fold counts the groups of its own journal. Where the database has another run's journal by now, it changes nothing:
// the next takeover of that one would leave out its first groups, and those are sent again.
func TestFoldBesideAnotherJournal(t *testing.T) {
	t.Parallel()
	w := writer(t, 4)
	for id := range int64(3) {
		if err := w.Write(held(id+1, 1), func() {}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.DB.Write(func(tx *sqlite.Tx) error { // the next run, which has one
		_, err := tx.Exec("UPDATE campaigns SET journal = 'the next run', folded = 0 WHERE no = 1")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	err := w.Settle()
	var folded int64
	if e := w.DB.Reading.QueryRow("SELECT folded FROM campaigns").Scan(&folded); e != nil || folded != 0 || err == nil {
		t.Errorf("the next run's first %d groups count as folded: %v %v", folded, err, e)
	}
}

// While a fold is under way no more is gathered than the next one takes: what the database may never get is bounded,
// and so is what leaves before a database is noticed that cannot be written.
//
// Broken: with a log that does not wait, more than two folds' worth was in the journal.
func TestOneFoldAhead(t *testing.T) {
	t.Parallel()
	const all = 600
	w := writer(t, all)
	inside, leave := make(chan struct{}), make(chan struct{})
	other := make(chan error, 1)
	if err := w.Write(held(1, 1), func() {}); err != nil { // makes the journal
		t.Fatal(err)
	}
	go func() {
		other <- w.DB.Write(func(*sqlite.Tx) error { // the fold waits for this
			close(inside)
			<-leave
			return nil
		})
	}()
	<-inside
	wrote := make(chan error, 1)
	go func() {
		var err error
		for id := int64(2); id <= all && err == nil; id++ {
			err = w.Write(held(id, 1), func() {})
		}
		wrote <- err
	}()
	w.until(func() bool { return w.folding != nil && w.net.Len() >= many })
	for range 10_000 {
		runtime.Gosched()
	}
	w.until(func() bool {
		if w.logged > 2*many {
			t.Errorf("%d groups are in the journal beside one fold", w.logged)
		}
		return true
	})
	close(leave)
	for _, c := range []chan error{other, wrote} {
		if err := <-c; err != nil {
			t.Error(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}
