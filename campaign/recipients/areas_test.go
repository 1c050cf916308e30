package recipients

import (
	"bytes"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"mailshot/campaign/recipients/workbook/workbooktest"
)

// TestNamedAreas reads lists by the names that a workbook, written by excelize, has for their cells.
func TestNamedAreas(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	defer f.Close()
	try := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := f.NewSheet("Bob's list")
	try(err)
	for cell, text := range map[string]string{
		"A1": "a title", "B3": "email", "C3": "name", "B4": "ann@example.com", "C4": "Ann", "B5": "bob@example.com",
		"C5": "Bob", "B7": "a remark",
	} {
		try(f.SetCellValue("Bob's list", cell, text))
	}
	for cell, text := range map[string]string{"A1": "email", "B1": "sum", "A2": "cem@example.com", "B2": "1",
		"A3": "dora@example.com", "B3": "2", "D9": "a remark"} {
		try(f.SetCellValue("Sheet1", cell, text))
	}
	try(f.SetDefinedName(&excelize.DefinedName{Name: "People", RefersTo: "'Bob''s list'!$B$3:$C$5"}))
	try(f.SetDefinedName(&excelize.DefinedName{Name: "Two", RefersTo: "Sheet1!$A$1:$A$2,Sheet1!$B$1:$B$2"}))
	try(f.AddTable("Sheet1", &excelize.Table{Range: "A1:B3", Name: "Clients"}))
	var book bytes.Buffer
	try(f.Write(&book))
	for _, c := range []struct{ area, sheet, want string }{
		{"People", "", "email,name\nann@example.com,Ann\nbob@example.com,Bob\n"},
		{"people", "Bob's list", "email,name\nann@example.com,Ann\nbob@example.com,Bob\n"},
		{"Clients", "", "email,sum\ncem@example.com,1\ndora@example.com,2\n"},
		{"B3:C5", "Bob's list", "email,name\nann@example.com,Ann\nbob@example.com,Bob\n"},
		{"Cleints", "", `did you mean "Clients"?`},
		{"Two", "", "bad-range"},
		{"Clients", "Bob's list", "bad-range"},
	} {
		got, err := textOf(Config{File: "-", Stdin: bytes.NewReader(book.Bytes()), Range: c.area, Sheet: c.sheet})
		if err != nil {
			got = err.(*Fault).Code + " " + err.Error()
		}
		if got != c.want && (err == nil || !strings.Contains(got, c.want)) {
			t.Errorf("%s of %q: %q", c.area, c.sheet, got)
		}
	}
}

// TestTotals leaves a table's sums out: they are nobody.
func TestTotals(t *testing.T) {
	t.Parallel()
	rows := workbooktest.Inline(1, "email", "sum") + workbooktest.Inline(2, "a@example.com", "1") +
		workbooktest.Inline(3, "Total", "1")
	book := workbooktest.Of(t, rows, map[string]string{
		"xl/worksheets/_rels/sheet1.xml.rels": `<Relationships><Relationship Id="rId1" Type="x/table" ` +
			`Target="../tables/table1.xml"/></Relationships>`,
		"xl/tables/table1.xml": `<table displayName="T" ref="A1:B3" totalsRowCount="1"/>`,
	})
	if got, err := textOf(Config{File: "-", Stdin: strings.NewReader(book), Range: "t"}); err != nil ||
		got != "email,sum\na@example.com,1\n" {
		t.Errorf("%q %v", got, err)
	}
}
