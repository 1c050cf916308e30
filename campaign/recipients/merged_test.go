package recipients

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mailshot/campaign/recipients/workbook/workbooktest"
)

// sheetOf is a workbook of these rows, with blocks of merged cells and what else may stand behind them.
func sheetOf(t *testing.T, rows string, merged ...string) string {
	t.Helper()
	behind := `<autoFilter ref="A1:C9"><filterColumn colId="0"/></autoFilter>`
	if len(merged) > 0 {
		behind += fmt.Sprintf(`<mergeCells count="%d">`, len(merged))
		for _, ref := range merged {
			behind += `<mergeCell ref="` + ref + `"/>`
		}
		behind += `</mergeCells>`
	}
	return workbooktest.Of(t, "", map[string]string{"xl/worksheets/sheet1.xml": "<worksheet><sheetData>" + rows +
		"</sheetData>" + behind + `<pageMargins left="1"/></worksheet>`})
}

// saidOf is everything that is said of a list, faults first.
func saidOf(t *testing.T, cfg Config, book string) (said []string) {
	t.Helper()
	cfg.File, cfg.Stdin = "-", strings.NewReader(book)
	l, err := Open(cfg)
	if err != nil {
		faults := []error{err}
		if several, ok := err.(interface{ Unwrap() []error }); ok {
			faults = several.Unwrap()
		}
		for _, err := range faults {
			var f *Fault
			if !errors.As(err, &f) {
				t.Fatal(err)
			}
			said = append(said, f.Code+" "+f.Place+": "+f.Text)
		}
		return said
	}
	defer l.Close()
	for row, err := range l.Rows(t.Context()) {
		faults := []error{err}
		if err == nil {
			faults = row.Faults
		}
		for _, err := range faults {
			var f *Fault
			if !errors.As(err, &f) {
				t.Fatal(err)
			}
			said = append(said, f.Code+" "+f.Place+": "+f.Text)
		}
	}
	for _, f := range l.Notes() {
		said = append(said, f.Code+" "+f.Place+": "+f.Text)
	}
	return said
}

// Merged cells are said with their cells: of the header as what they are and not as columns without a name, and of
// the rows where one cell of a block has the value and others that are part of the list have none. Broken once by
// clipping at the sheet's first column in the place of the list's, by which a block beside the list was said.
func TestMergedCells(t *testing.T) {
	t.Parallel()
	head := workbooktest.Inline(1, "email", "name", "city")
	body := workbooktest.Inline(2, "a@example.com", "A", "Oslo") + workbooktest.Inline(3, "b@example.com", "", "") +
		workbooktest.Inline(4, "c@example.com", "C", "Rome") + workbooktest.Inline(5, "d@example.com", "D", "")
	const header = "these cells of the header are merged, so that one name stands over several columns"
	for _, test := range []struct {
		name, rows string
		cfg        Config
		merged     []string
		want       []string
	}{
		{"none", head + body, Config{}, nil, nil},
		{"down", head + body, Config{}, []string{"C2:C3"},
			[]string{"merged-cells - November!C2:C3: the cells C2:C3 are merged: only the first has the value, the " +
				"others are read as empty"}},
		{"several", head + body, Config{}, []string{"C2:C3", "B2:B3", "B5:C5"},
			[]string{"merged-cells - November!C2:C3: 3 blocks of cells are merged: only the first cell of each has " +
				"the value, the others are read as empty: C2:C3, B2:B3, B5:C5"}},
		{"beside and below", head + body + workbooktest.Inline(9, "", "", "", ""), Config{},
			[]string{"D2:E4", "A7:C8"}, nil},
		{"beside, with a column before", workbooktest.Inline(1, "", "email", "name") +
			workbooktest.Inline(2, "", "a@example.com", "A") + workbooktest.Inline(3, "", "b@example.com", "B"),
			Config{}, []string{"A1:A3"}, nil},
		{"title above", workbooktest.Inline(1, "My list", "", "") + workbooktest.Inline(2, "email", "name", "city") +
			workbooktest.Inline(3, "a@example.com", "A", "Oslo"), Config{HeaderRow: 2}, []string{"A1:C1"}, nil},
		{"title for a header", workbooktest.Inline(1, "My list", "", "") +
			workbooktest.Inline(2, "email", "name", "city"), Config{}, []string{"A1:C1"}, []string{
			"merged-header - November!A1:C1: " + header,
			"missing-column - November!1: no column looks like the address",
		}},
		{"header", workbooktest.Inline(1, "email", "name", "", "city") +
			workbooktest.Inline(2, "a@example.com", "A", "B", "Oslo"), Config{}, []string{"B1:C1"},
			[]string{"merged-header - November!B1:C1: " + header}},
		{"header, and another without a name", workbooktest.Inline(1, "email", "name", "", "", "city") +
			workbooktest.Inline(2, "a@example.com", "A", "B", "x", "Oslo"), Config{}, []string{"B1:C1"}, []string{
			"merged-header - November!B1:C1: " + header,
			"empty-header - November!D1: column D has no name",
		}},
		{"the header's last", workbooktest.Inline(1, "email", "name", "") +
			workbooktest.Inline(2, "a@example.com", "A", "B"), Config{}, []string{"B1:C1"}, []string{
			"ragged-row - November!2: a cell beyond the header's last column (3 cells, the header has 2)",
			"merged-header - November!B1:C1: " + header,
		}},
		{"the header's last, with nothing below",
			workbooktest.Inline(1, "email", "name", "") + workbooktest.Inline(2, "a@example.com", "A"), Config{},
			[]string{"B1:C1"}, nil},
		{"twice the same name", workbooktest.Inline(1, "email", "name", "name") +
			workbooktest.Inline(2, "a@example.com", "A", "B"), Config{}, nil,
			[]string{`duplicate-header - November!C1: columns B and C are both named "name"`}},
		{"empty rows", head + workbooktest.Inline(2, "a@example.com", "A", "Oslo") +
			workbooktest.Inline(4, "", " ", "") + workbooktest.Inline(6, "b@example.com", "B", "Rome") +
			workbooktest.Inline(8, "", ""), Config{}, nil, []string{
			"empty-rows - November!3: 3 rows are empty in the middle of the list, the first here; the rows below " +
				"are read as well",
		}},
		{"a blank", head + workbooktest.Inline(2, "a@example.com", "\u00A0A", "Oslo"), Config{}, nil, []string{
			"odd-blank - November!B2: name: \"\u00A0A\" holds the no-break space U+00A0 at its start, which people " +
				"do not see but filters do",
		}},
	} {
		got := saidOf(t, test.cfg, sheetOf(t, test.rows, test.merged...))
		for i := range got {
			got[i] = strings.ReplaceAll(got[i], `\u00a0`, "\u00A0")
		}
		if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
			t.Errorf("%s:\n%s\nwant\n%s", test.name, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
	var many []string
	for i := range 12 {
		many = append(many, fmt.Sprintf("C%d:C%d", 2*i+2, 2*i+3))
	}
	rows := head
	for i := range 30 {
		rows += workbooktest.Inline(i+2, fmt.Sprintf("p%d@example.com", i), "x", "")
	}
	if got := saidOf(t, Config{}, sheetOf(t, rows, many...)); len(got) != 1 ||
		!strings.HasSuffix(got[0], "C20:C21 and 2 more") {
		t.Error(got)
	}
}

// An inspection shows the same.
func TestInspectMergedHeader(t *testing.T) {
	t.Parallel()
	book := sheetOf(t, workbooktest.Inline(1, "email", "name", "", "city")+
		workbooktest.Inline(2, "a@example.com", "A", "x", "Oslo")+workbooktest.Inline(3, "b@example.com", "B", "", ""),
		"B1:C1", "D2:D3")
	in, err := Inspect(t.Context(), Config{File: "-", Stdin: strings.NewReader(book)})
	if err != nil || len(in.Faults) != 1 || in.Faults[0].Code != "merged-header" || len(in.Notes) != 1 ||
		in.Notes[0].Code != "merged-cells" {
		t.Errorf("%v\n%v\n%v", err, in.Faults, in.Notes)
	}
}
