package sqlite

import (
	"errors"
	"reflect"
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

// Read gives every row with its columns by type, sees what was committed, and keeps nothing of a row in memory. What
// was taken from a row stays as it is when the next one comes.
func TestRead(t *testing.T) {
	t.Parallel()
	s := open(t)
	if err := s.Write(func(tx *Tx) error {
		_, err := tx.Exec("INSERT INTO words(no, word) VALUES (1, 'one'), (2, 'two'), (3, '')")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	type record struct {
		no          int64
		word, other string
		blob, none  []byte
	}
	var got []record
	const query = `SELECT no, word, iif(no = 1, 1, 'not ' || word), CAST(word AS BLOB), NULL FROM words
		WHERE no <= ? ORDER BY no`
	for range 2 { // the second time, the query is prepared
		got = nil
		err := s.Read(query, []any{3}, func(r *Row) error {
			no, word := r.Int(), r.Text()
			got = append(got, record{no, word, r.Or(word), r.Bytes(), r.Bytes()})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	want := []record{{1, "one", "one", []byte("one"), nil}, {2, "two", "not two", []byte("two"), nil},
		{3, "", "not ", nil, nil}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, left := range s.reads.row.values[:cap(s.reads.row.values)] {
		if left != nil {
			t.Errorf("%v is kept", left)
		}
	}
	if err := s.Read("SELECT 'a', CAST('b' AS BLOB)", nil, func(r *Row) error {
		if blob, text := r.Bytes(), r.Text(); string(blob) != "a" || text != "b" {
			t.Errorf("%q %q", blob, text)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// Read fails for a column of another type or too many, with the query's own error, and with the caller's. Afterwards it
// goes on, and what it reads is not kept as of the moment of an error.
func TestReadErrors(t *testing.T) {
	t.Parallel()
	s := open(t)
	enough := errors.New("enough")
	for name, c := range map[string]struct {
		query string
		fn    func(*Row) error
		want  string
	}{
		"null as integer": {"SELECT 1, NULL", func(r *Row) error { r.Int(); r.Int(); return nil },
			"column 2: <nil> in place of an integer"},
		"null as text":  {"SELECT NULL", func(r *Row) error { r.Text(); return nil }, "column 1: <nil> in place of a text"},
		"null or text":  {"SELECT NULL", func(r *Row) error { r.Or("x"); return nil }, "column 1: <nil> in place of a text"},
		"integer, blob": {"SELECT 5", func(r *Row) error { r.Bytes(); return nil }, "column 1: int64 in place of a blob"},
		"the first": {"SELECT 'a', 1, 'b'", func(r *Row) error { r.Int(); r.Int(); r.Int(); return nil },
			"column 1: string in place of an integer"},
		"too many":       {"SELECT 1", func(r *Row) error { r.Int(); r.Int(); return r.Err() }, "column 1: there are fewer"},
		"the caller's":   {"SELECT 1", func(r *Row) error { return enough }, "enough"},
		"no such table":  {"SELECT 1 FROM absent", nil, "SQL logic error: no such table: absent (1)"},
		"one that fails": {"SELECT abs(-9223372036854775808)", nil, "SQL logic error: integer overflow (1)"},
		"an argument":    {"SELECT 1", nil, "argument 1: unsupported type struct {}, a struct"},
	} {
		var args []any
		if name == "an argument" {
			args = []any{struct{}{}}
		}
		if err := s.Read(c.query, args, c.fn); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	count := func(stop error) (n int64) {
		err := s.Read("SELECT count(*) FROM words UNION ALL SELECT 0", nil, func(r *Row) error {
			n = max(n, r.Int())
			return stop
		})
		if !errors.Is(err, stop) {
			t.Error(err)
		}
		return n
	}
	count(enough)
	if err := s.Write(func(tx *Tx) error {
		_, err := tx.Exec("INSERT INTO words(word) VALUES ('later')")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if n := count(nil); n != 1 {
		t.Errorf("%d words are seen", n)
	}
	closed, err := Open(t.Context(), s.Path, versions)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(closed.Read("SELECT 1", nil, func(*Row) error { return nil }), closed.Close()); err != nil {
		t.Fatal(err)
	}
	if err := closed.Read("SELECT 1", nil, nil); err == nil {
		t.Error("a closed store was read")
	}
}
