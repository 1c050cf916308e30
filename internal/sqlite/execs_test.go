package sqlite

import (
	"errors"
	"slices"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"
)

// Exec stores arguments of all kinds, as often as it is asked, and keeps none of them. It fails for an argument that
// cannot be stored, and with SQLite's own error where SQLite refuses; afterwards the transaction goes on. (Breakages:
// value passed ints on; run did not clear the arguments.)
func TestArguments(t *testing.T) {
	t.Parallel()
	s := open(t)
	type word string
	args := []any{"text", []byte("bytes"), 7, int64(8), word("named"), true, 1.5}
	err := s.Write(func(tx *Tx) error {
		for i, arg := range args {
			n, err := tx.Exec("INSERT INTO words(no, word) VALUES (?, CAST(? AS TEXT))", i, arg)
			if n != 1 || err != nil {
				t.Errorf("%T: %d %v", arg, n, err)
			}
		}
		_, err := tx.Exec("INSERT INTO words(no, word) VALUES (?, ?)", 0, "again")
		if Code(err) != sqlite3.SQLITE_CONSTRAINT {
			t.Error("a number twice:", err)
		}
		if _, err = tx.Exec("INSERT INTO words(word) VALUES (?)", nil); Code(err) != sqlite3.SQLITE_CONSTRAINT {
			t.Error("no word:", err)
		}
		if _, err = tx.Exec("INSERT INTO words(word) VALUES (?)", struct{}{}); err == nil {
			t.Error("a struct was stored")
		}
		for _, left := range s.execs.args[:cap(s.execs.args)] {
			if left.Value != nil {
				t.Errorf("%v is kept", left.Value)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"text", "bytes", "7", "8", "named", "1", "1.5"}
	if got := words(t, s); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if _, err := (&Tx{s: s}).Exec("no SQL"); Code(err) != sqlite3.SQLITE_ERROR || errors.Unwrap(err) != nil {
		t.Error(err)
	}
}
