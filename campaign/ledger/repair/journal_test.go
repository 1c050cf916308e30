package repair_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"mailshot/campaign/ledger"
	"mailshot/campaign/ledger/repair"
	"mailshot/internal/disk"
)

// A file whose last run's journal is gone cannot be relied on: nothing can be sent with it before a repair. So Examine
// finds that.
func TestExamineWithoutTheJournal(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s", "state.db")
	l, err := ledger.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	l.Eager = true
	plan(t, l, "c", rowsOf(4))
	k, err := l.Lock("c")
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Run(t.Context(), "c", ledger.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		d, err := r.Next(t.Context(), nil, t0)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Begin(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(k.Close(), l.Close()); err != nil { // as a kill ends the run
		t.Fatal(err)
	}
	journals, err := disk.Names(path+".locks", func(name string) bool { return filepath.Ext(name) == ".journal" })
	if err != nil || len(journals) != 1 {
		t.Fatal(journals, err)
	}
	if err := os.Remove(journals[0]); err != nil {
		t.Fatal(err)
	}
	if l, err = ledger.Open(path); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Lock("c"); err == nil {
		t.Fatal("there is no fault to be found")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if faults, err := repair.Examine(t.Context(), path); err == nil && len(faults) == 0 {
		t.Error("the file is whole and consistent, and nothing can be sent with it")
	}
}
