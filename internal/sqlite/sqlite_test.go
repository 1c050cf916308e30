package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

var versions = []Version{{Schema: "CREATE TABLE words (no INTEGER PRIMARY KEY, word TEXT NOT NULL);"}}

// open opens a store in a new folder.
func open(t *testing.T) *Store {
	t.Helper()
	path, err := Prepare(filepath.Join(t.TempDir(), "a", "words.db"), Use{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path, versions)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// words are those that were committed.
func words(t *testing.T, s *Store) (all []string) {
	t.Helper()
	err := s.Read("SELECT word FROM words ORDER BY no", nil, func(r *Row) error {
		all = append(all, r.Text())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A transaction is stored whole or not at all, also after a panic, and the store goes on. Without the ROLLBACK in
// Write's deferred function the transaction after the panic failed: "cannot start a transaction within a transaction".
func TestWrite(t *testing.T) {
	t.Parallel()
	s := open(t)
	add := func(word string, then func() error) error {
		return s.Write(func(tx *Tx) error {
			_, err := tx.Exec("INSERT INTO words(word) VALUES (?)", word)
			return errors.Join(err, then())
		})
	}
	fine := func() error { return nil }
	if err := add("one", fine); err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	if err := add("two", func() error { return enough }); !errors.Is(err, enough) {
		t.Error(err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = add("three", func() error { panic("at once") })
	}()
	if err := add("four", fine); err != nil {
		t.Error(err)
	}
	if got, want := words(t, s), []string{"one", "four"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Bulk takes Several records by one prepared statement, and fewer by another.
func TestBulk(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, n := range []int{Several, Several, 3} {
		args := make([]any, n)
		for i := range args {
			args[i] = "word"
		}
		err := s.Write(func(tx *Tx) error {
			if got, err := tx.Bulk("INSERT INTO words(word) VALUES ", "(?)", n, args); err != nil || got != int64(n) {
				t.Errorf("%d records: %d %v", n, got, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := len(words(t, s)); got != 2*Several+3 {
		t.Error(got)
	}
}

// A lock is for one holder, names its process, and is free after Close; its file stays.
func TestLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "locks", "a.lock")
	first, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(path); !errors.Is(err, ErrLocked) {
		t.Error("locked twice:", err)
	}
	if pid := Holder(path); pid != os.Getpid() {
		t.Errorf("the holder is %d", pid)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	second, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
}

// Times come back as they were stored, the zero time too.
func TestStamp(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{{}, time.Unix(1, 2), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)} {
		if got := Moment(Stamp(at)); !got.Equal(at) || got.IsZero() != at.IsZero() {
			t.Errorf("%v came back as %v", at, got)
		}
	}
}
