package recipients

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailshot/campaign/recipients/workbook/workbooktest"
)

// TestColumnsWithoutName: delimiters that a spreadsheet leaves behind, at the end of lines and between columns, make no
// column and no longer row. A cell in a column without a name is a fault, once for the column. Before, two delimiters
// at the end of each line were two mistakes, and nobody was mailed.
func TestColumnsWithoutName(t *testing.T) {
	t.Parallel()
	ann, bob := `list.csv:2 ["ann@example.com" "Ann"]`, `list.csv:3 ["bob@example.com" "Bob"]`
	for _, c := range []struct {
		name, list string
		want       []string
	}{
		{"everywhere", "email,name,,\nann@example.com,Ann,,\nbob@example.com,Bob,,\n,,,\n", []string{ann, bob}},
		{"in some rows", "email,name\nann@example.com,Ann,,\nbob@example.com,Bob\n", []string{ann, bob}},
		{"behind the header alone", "email,name,,\nann@example.com,Ann\nbob@example.com,Bob, \n", []string{ann, bob}},
		{"between", "email,,name\nann@example.com,,Ann\nbob@example.com, ,Bob\n", []string{ann, bob}},
		{"a cell", "email,,name\nann@example.com,,Ann\nbob@example.com,x,Bob\ncem@example.com,y,Cem\n", []string{ann,
			`list.csv:3: column 2 has no name, and holds "x" here (give it a name, or delete the column; header_row and delimiter say where the header is)`,
			`list.csv:4 ["cem@example.com" "Cem"]`}},
		{"too few cells", "email,,name\nann@example.com,Ann\n", []string{"list.csv:2: 2 cells, the header has 3 (every " +
			"row needs as many cells as the header; put quotes around a cell that holds the delimiter)"}},
		{"too many", "email,name\nann@example.com,Ann,x\n", []string{"list.csv:2: 3 cells, the header has 2 (every " +
			"row needs as many cells as the header; put quotes around a cell that holds the delimiter)"}},
		{"beyond", "email,name,\nann@example.com,Ann,,x\n", []string{"list.csv:2: 4 cells, the header has 3 (every " +
			"row needs as many cells as the header; put quotes around a cell that holds the delimiter)"}},
	} {
		got, _ := readAll(t, Config{File: "list.csv"}, c.list)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
}

// A sheet's columns that are only space are no columns, wherever they stand. Without dropSpacers each list is refused.
func TestSpacersOfASheet(t *testing.T) {
	t.Parallel()
	row := workbooktest.Inline
	for name, c := range map[string]struct {
		rows string
		cfg  Config
		want string
	}{
		"between": {row(1, "", "email", "", "name") + row(2, "", "a@example.com", "", "Ann") +
			row(3, "", "b@example.com", " ", "Bob"), Config{Key: "name"},
			"email,name: a@example.com,Ann b@example.com,Bob"},
		"at the end, of a range": {row(1, "email", "name") + row(2, "a@example.com", "Ann"), Config{Range: "A1:E9"},
			"email,name: a@example.com,Ann"},
		"title above it": {row(1, "list", "x", "y", "z") + row(2, "email", "", "", "name") +
			row(3, "a@example.com", "", "", "Ann"), Config{HeaderRow: 2}, "email,name: a@example.com,Ann"},
		"a cell in it": {row(1, "email", "", "name") + row(2, "a@example.com", "", "Ann") +
			row(3, "b@example.com", "x", "Bob"), Config{},
			"-: November!B1: column B has no name (give it a name, or delete the column)"},
		"a cell beyond the last column": {row(1, "email", "", "name") + row(2, "a@example.com", "", "Ann", "x"), Config{},
			"email,name: -: November!2: a cell beyond the header's last column (3 cells, the header has 2) (give " +
				"the column a header, or name the list's cells with range)"},
	} {
		cfg := c.cfg
		cfg.File, cfg.Stdin = "-", strings.NewReader(sheetOf(t, c.rows))
		got := ""
		l, err := Open(cfg)
		if err == nil {
			got = strings.Join(l.Header().names(), ",") + ":"
			for row, err := range l.Rows(t.Context()) {
				if err != nil {
					got += " " + err.Error()
					continue
				}
				got += " " + strings.Join(row.Fields, ",")
			}
			l.Close()
		} else {
			got = err.Error()
		}
		if strings.ReplaceAll(got, "- November", "-: November") != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// The hint about quotes mends the line when it is followed.
func TestHintsAboutQuotes(t *testing.T) {
	t.Parallel()
	const header = "name,email,n\n"
	for _, c := range []struct{ wrong, hint, mended string }{
		{`"Ann \"Boss\" Lee","ann@example.com",5`, `the list has \" for a quote inside a cell: write each of them as ""`,
			`"Ann ""Boss"" Lee","ann@example.com",5`},
		{`"Ann,ann@example.com,5"`, "the whole line is in quotes: delete the one at its start", `Ann,ann@example.com,5`},
		{`"""Lee, Ann"",ann@example.com,5"`, "the whole line is in quotes: delete the one at its start",
			`"Lee, Ann",ann@example.com,5`},
		{`"Ann "Boss" Lee",ann@example.com,5`, `double ("") those inside`, `"Ann ""Boss"" Lee",ann@example.com,5`},
	} {
		if _, faults := jsonFaults(header + c.wrong + "\n"); len(faults) != 1 || !strings.Contains(faults[0], c.hint) {
			t.Errorf("%s: %q", c.wrong, faults)
		}
		if n, faults := jsonFaults(header + c.mended + "\n"); n != 1 || len(faults) != 0 {
			t.Errorf("%s: %q", c.mended, faults)
		}
	}
}
