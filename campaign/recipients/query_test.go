package recipients

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sqliteFile makes an SQLite file.
func sqliteFile(t testing.TB, dir, name string, statements ...string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return path
}

const customers = `CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT, name TEXT, amount REAL, due DATE, ` +
	`vip BOOLEAN, at DATETIME, "Full name" TEXT, blob BLOB)`

// written writes rows down: place, cells, typed values, faults without their hints.
func written(t testing.TB, cfg Config) (string, *List) {
	t.Helper()
	l, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var b strings.Builder
	for row, err := range l.Rows(t.Context()) {
		if err != nil {
			text, _, _ := strings.Cut(err.Error(), " (")
			fmt.Fprintf(&b, "error: %s\n", text)
			continue
		}
		fmt.Fprintf(&b, "%s|%s", row.Place, strings.Join(row.Fields, "|"))
		for i, c := range l.Header().Columns {
			if c.Type != Text {
				fmt.Fprintf(&b, "|%s=%v", c.Name, row.value(i))
			}
		}
		for _, f := range row.Faults {
			text, _, _ := strings.Cut(f.Error(), " (")
			b.WriteString("|fault: " + text)
		}
		b.WriteByte('\n')
	}
	return b.String(), l
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sqliteFile(t, dir, "customers.db", customers,
		`INSERT INTO customers VALUES (1, 'ann@example.com', 'Ann', 12.5, '2026-11-30', 1, '2026-11-30 08:15:00', `+
			`'Ann Able', NULL)`,
		`INSERT INTO customers VALUES (2, 'bob@example.com', 'بابک', 1e9, NULL, 0, NULL, NULL, NULL)`,
		`INSERT INTO customers VALUES (3, 'zoe@example.com', '007', 'n/a', 'soon', 2, NULL, '', NULL)`,
		`INSERT INTO customers VALUES (4, 'kim@example.com', 'Kim', NULL, NULL, NULL, NULL, NULL, x'00ff')`)
	types := map[string]Type{"amount": Number, "due": Date, "vip": Bool}
	got, l := written(t, Config{File: "customers.db", Dir: dir, Columns: types, Query: `
		-- the ones of this month; all of them
		SELECT email, name, amount, due, vip, at, "Full name" FROM customers WHERE id < 4 ORDER BY id; `})
	want := `customers.db row 1 of the query|ann@example.com|Ann|12.5|2026-11-30|1|2026-11-30 08:15:00|Ann Able|amount=12.5|due=2026-11-30 00:00:00 +0000 UTC|vip=true
customers.db row 2 of the query|bob@example.com|بابک|1000000000||0|||amount=1e+09|due=<nil>|vip=false
customers.db row 3 of the query|zoe@example.com|007|n/a|soon|2|||amount=<nil>|due=<nil>|vip=<nil>|fault: customers.db row 3 of the query: amount: "n/a" is not a number|fault: customers.db row 3 of the query: due: "soon" is not a date|fault: customers.db row 3 of the query: vip: "2" is stored as a number, not as true or false
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if d, err := Digest(t.Context(), l.cfg); err != nil || d != l.Digest() || d == "" {
		t.Errorf("digest %s, %v; the list's %s", d, err, l.Digest())
	}
	other := l.cfg
	other.Query = strings.Replace(other.Query, "id < 4", "id < 3", 1)
	if d, err := Digest(t.Context(), other); err != nil || d == l.Digest() {
		t.Errorf("a row less, the same digest: %v", err)
	}
	got, _ = written(t, Config{File: "customers.db", Dir: dir, Query: "SELECT * FROM customers WHERE id = 4"})
	if !strings.Contains(got, "column 9 of the query holds bytes that are not text") {
		t.Errorf("bytes: %s", got)
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 1 {
		t.Errorf("left beside the database: %v", names)
	}
}

// What a query may not be, and what a database does not have.
func TestSQLiteRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := sqliteFile(t, dir, "customers.db", customers, `INSERT INTO customers(email) VALUES ('ann@example.com')`)
	if err := os.WriteFile(filepath.Join(dir, "people.csv"), []byte("email\nann@example.com\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "half.db"), whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{}, "no query says which rows"},
		{Config{Query: "DELETE FROM customers"}, "does not begin with SELECT"},
		{Config{Query: "SELECT 1; DROP TABLE customers"}, "more than one query"},
		{Config{Query: "SELECT 'a' AS email /* open"}, "a comment in the query is never closed"},
		{Config{Query: "SELECT 'a"}, "a quote in the query is never closed"},
		{Config{Query: "WITH x AS (SELECT 1) DELETE FROM customers"}, "attempt to write"},
		{Config{Query: "SELECT email FROM people"}, "no such table: people"},
		{Config{Query: "SELECT name FROM customers"}, "no column looks like the address"},
		{Config{Query: "SELECT email, email FROM customers"}, "columns 1 and 2 are both named"},
		{Config{Query: "SELECT email FROM customers", HeaderRow: 2},
			"header_row is set, but customers.db is a database"},
		{Config{Query: "SELECT email FROM customers", File: "people.csv"}, "people.csv is not a database"},
		{Config{Query: "SELECT email FROM customers", File: "half.db"}, "malformed"},
	} {
		if c.cfg.Dir = dir; c.cfg.File == "" {
			c.cfg.File = "customers.db"
		}
		l, err := Open(c.cfg)
		if err == nil {
			for _, e := range l.Rows(t.Context()) {
				err = errors.Join(err, e)
			}
			l.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.cfg.Query, err, c.want)
		}
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, whole) {
		t.Errorf("the database was changed: %v", err)
	}
}

// A database that another program has open, with rows in its log alone, and one in a folder that nobody can write.
func TestSQLiteLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "live.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range []string{"CREATE TABLE p (email TEXT)", "INSERT INTO p VALUES ('ann@example.com')",
		"INSERT INTO p VALUES ('bob@example.com')"} {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	cfg := Config{File: "live.db", Dir: dir, Query: "SELECT email FROM p"}
	l, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	n := 0
	for _, err := range l.Rows(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 1 { // what comes after the query began is not in it
			if _, err := db.Exec("INSERT INTO p VALUES ('zoe@example.com')"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n != 2 {
		t.Errorf("%d rows of 2", n)
	}
	if got, _ := written(t, cfg); strings.Count(got, "\n") != 3 {
		t.Errorf("now:\n%s", got)
	}
}

// Packed, and on standard input.
func TestSQLitePacked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	whole, err := os.ReadFile(sqliteFile(t, dir, "c.db", customers,
		`INSERT INTO customers(email) VALUES ('ann@example.com')`))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(whole); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "c.db.gz"), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, cfg := range []Config{{File: "c.db.gz", Dir: dir}, {File: "-", Stdin: bytes.NewReader(whole)}} {
		cfg.Query = "SELECT email FROM customers"
		if got, _ := written(t, cfg); got != cfg.File+" row 1 of the query|ann@example.com\n" {
			t.Errorf("%s: %q", cfg.File, got)
		}
	}
}

func TestSeveralFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.csv":    "email,name,amount\nann@example.com,Ann,1\nbob@example.com,Bob,x\n",
		"b.csv":    "Export of today\nname;amount;email\nZoe;3;zoe@example.com\n\nLeo;4\n",
		"c.jsonl":  `{"email": "kim@example.com", "name": "Kim", "amount": 5}` + "\n",
		"less.csv": "email,name\nann@example.com,Ann\n",
		"more.csv": "email,name,amount,phone\nann@example.com,Ann,1,2\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg := Config{Files: []string{"a.csv", "c.jsonl"}, Dir: dir, FileColumn: "source",
		Columns: map[string]Type{"amount": Number}, Where: `source != "nowhere"`}
	got, l := written(t, cfg)
	want := `a.csv:2|ann@example.com|Ann|1|a.csv|amount=1
a.csv:3|bob@example.com|Bob|x|a.csv|amount=<nil>|fault: a.csv:3: amount: "x" is not a number
c.jsonl:1|kim@example.com|Kim|5|c.jsonl|amount=5
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if d, err := Digest(t.Context(), cfg); err != nil || d != l.Digest() || d == "" {
		t.Errorf("digest %s, %v; the list's %s", d, err, l.Digest())
	}
	for _, c := range []struct {
		files []string
		want  string
	}{
		{[]string{"a.csv", "less.csv"}, `less.csv:1: the columns "amount" are missing`},
		{[]string{"a.csv", "more.csv"}, `more.csv:1: the columns "phone" are not in the first file`},
		{[]string{"a.csv", "nowhere.csv"}, "nowhere.csv: there is no such file"},
		{[]string{"a.csv", "-"}, "standard input cannot be one of several files"},
	} {
		if _, err := Open(Config{Files: c.files, Dir: dir}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.files, err, c.want)
		}
	}
	if _, err := Open(Config{Files: []string{"a.csv", "c.jsonl"}, Dir: dir, FileColumn: "name"}); err == nil ||
		!strings.Contains(err.Error(), "both named") {
		t.Errorf("a file column that is there: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "b.csv"), []byte("name;amount;email\nZoe;3;zoe@example.com\n\nLeo;4\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	got, _ = written(t, Config{Files: []string{"a.csv", "b.csv"}, Dir: dir})
	want = "a.csv:2|ann@example.com|Ann|1\na.csv:3|bob@example.com|Bob|x\nb.csv:2|zoe@example.com|Zoe|3\nerror: " +
		"b.csv:4: 2 cells, the header has 3\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
