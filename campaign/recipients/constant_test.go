package recipients

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/recipients/workbook/workbooktest"
)

// A value for all rows is a column behind the list's own, in every kind of list: with a type where one is given, never
// the address, and kept in the ledger with the row.
//
// Proven by adding the columns before those of people are looked for: with a second address column the list was
// refused.
func TestConstants(t *testing.T) {
	t.Parallel()
	rows := workbooktest.Inline(1, "email", "name") + workbooktest.Inline(2, "a@example.com", "Ann")
	for name, content := range map[string]string{
		"list.csv":   "email,name\na@example.com,Ann\n",
		"list.jsonl": `{"email": "a@example.com", "name": "Ann"}`,
		"list.xlsx":  workbooktest.Of(t, rows, nil),
	} {
		lines, l := readAll(t, Config{
			File: name, Columns: map[string]Type{"due": Date}, Where: `mail2 == "x@example.com" && due != nil`,
			Set: []Constant{{Name: "due", Text: "2026-11-30"}, {Name: "mail2", Text: "x@example.com"}, {Name: "e_mail"}},
		}, content)
		if len(lines) != 1 || !strings.HasSuffix(lines[0], `["a@example.com" "Ann" "2026-11-30" "x@example.com" ""]`) {
			t.Fatalf("%s: %q", name, lines)
		}
		for row, err := range again(t, l).Rows(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			kept, err := l.Header().Decode(row.Place, row.Number, row.Encode())
			if err != nil {
				t.Fatal(err)
			}
			v := kept.Values()
			if v["due"] != time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC) || v["mail2"] != "x@example.com" {
				t.Errorf("%s: %v", name, v)
			}
		}
	}
}

// again opens a list once more.
func again(t *testing.T, l *List) *List {
	t.Helper()
	l, err := Open(l.cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// A name that the list has too names both places. A ragged row is still one.
//
// Proven by not looking the name up, and by counting the columns that are set among those of the list.
func TestConstantIsColumn(t *testing.T) {
	t.Parallel()
	lines, _ := readAll(t, Config{File: "l.csv", Set: []Constant{{"name", "x", "--set name"}}}, "email,name\n")
	want := `--set name: "name" is set here, and is also a column of the list: l.csv:1, column 2 ("name") ` +
		`(one name is one value: rename one of them)`
	if !slices.Equal(lines, []string{want}) {
		t.Errorf("%q", lines)
	}
	lines, _ = readAll(t, Config{File: "l.csv", Set: []Constant{{"x", "x", ""}}}, "email,name\na@example.com,Ann,more\n")
	if len(lines) != 1 || !strings.Contains(lines[0], "3 cells, the header has 2") {
		t.Errorf("%q", lines)
	}
}
