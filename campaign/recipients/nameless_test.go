package recipients

import (
	"testing"

	"github.com/google/go-cmp/cmp"
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
