package recipients

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailshot/campaign/recipients/workbook/workbooktest"
)

// TestStoredCells: a cell with something stored in it is never read as empty. It has its content, or a fault. Before,
// the first four were empty, so that a row of such cells was "empty" and its person was left out.
func TestStoredCells(t *testing.T) {
	t.Parallel()
	const unread = "list.xlsx November!B2: the cell has content that cannot be read (open the workbook in Excel and " +
		"save it, or write the cell again)"
	for _, c := range []struct {
		cell string
		want []string // the text, then the faults
	}{
		{`<c r="B2" t="inlineStr"><f>x</f><v>Bob</v></c>`, []string{"Bob"}},
		{`<c r="B2" t="inlineStr"><v>Bob</v></c>`, []string{"Bob"}},
		{`<c r="B2" t="str"><is><t>Bob</t></is></c>`, []string{"Bob"}},
		{`<c r="B2"><is><r><t>B</t></r><r><t>ob</t></r></is></c>`, []string{"Bob"}},
		{`<c r="B2" t="inlineStr"><is/><v>Bob</v></c>`, []string{"Bob"}},
		{`<c r="B2" t="inlineStr"><is><t>Bob</t></is><v>Ann</v></c>`, []string{"Bob"}},
		{`<c r="B2" t="inlineStr"><is>Bob</is></c>`, []string{"Bob"}},
		{`<c r="B2" t="inlineStr"><is><x><t>Bob</t></x><rPh><t>no</t></rPh></is></c>`, []string{"Bob"}},
		{`<c r="B2" t="inlineStr"><t>Bob</t></c>`, []string{"", unread}},
		{`<c r="B2" t="str">Bob</c>`, []string{"", unread}},
		{`<c r="B2"><x><v>5</v></x></c>`, []string{"", unread}},
		{`<c r="B2" t="b"><v>x</v></c>`, []string{"x", `list.xlsx November!B2: the stored "x" is neither true nor ` +
			`false (write the value again)`}},
		{`<c r="B2" t="b"/>`, []string{""}}, // and not FALSE
		{`<c r="B2" t="d"><v/></c>`, []string{""}},
		{`<c r="B2" t="inlineStr"/>`, []string{""}},
		{`<c r="B2" s="1"><v>0</v></c>`, []string{"0"}}, // #
		{`<c r="B2" s="1"><v>0.0</v></c>`, []string{"0"}},
		{`<c r="B2"><extLst><ext><t>x</t></ext></extLst></c>`, []string{""}},
	} {
		rows := workbooktest.Inline(1, "email", "name") + `<row r="2"><c r="A2" t="inlineStr"><is><t>` +
			`ann@example.com</t></is></c>` + c.cell + `</row>`
		got, l := readAll(t, Config{}, workbooktest.Of(t, rows, map[string]string{"xl/styles.xml": `<styleSheet>` +
			`<numFmts><numFmt numFmtId="164" formatCode="#"/></numFmts><cellXfs><xf numFmtId="0"/>` +
			`<xf numFmtId="164"/></cellXfs></styleSheet>`}))
		if l == nil {
			t.Errorf("%s: %q", c.cell, got)
			continue
		}
		want := slices.Concat([]string{`list.xlsx November!2 ["ann@example.com" "` + c.want[0] + `"]`}, c.want[1:])
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", c.cell, diff)
		}
	}
}

// TestRowOfOddCells: a person whose every cell is stored in the other element is a person, and no empty row.
func TestRowOfOddCells(t *testing.T) {
	t.Parallel()
	rows := workbooktest.Inline(1, "email", "name") + workbooktest.Inline(2, "ann@example.com", "Ann") +
		`<row r="3"><c r="A3" t="inlineStr"><f>x</f><v>bob@example.com</v></c><c r="B3" t="inlineStr"><f>x</f>` +
		`<v>Bob</v></c></row>` + workbooktest.Inline(4, "cem@example.com", "Cem")
	got, l := readAll(t, Config{}, workbooktest.Of(t, rows, nil))
	if len(got) != 3 || got[1] != `list.xlsx November!3 ["bob@example.com" "Bob"]` || len(l.Notes()) != 0 {
		t.Error(got, l.Notes())
	}
}

// TestSheetWithoutPart: a sheet that the workbook names without a part does not close the others. It is said, and is
// an error for who asks for it. Before, the workbook was "broken".
func TestSheetWithoutPart(t *testing.T) {
	t.Parallel()
	book := func(sheets string) string {
		return workbooktest.Of(t, workbooktest.Inline(1, "email")+workbooktest.Inline(2, "ann@example.com"),
			map[string]string{"xl/workbook.xml": `<workbook xmlns:r="r"><sheets>` + sheets + `</sheets></workbook>`})
	}
	const list, module = `<sheet name="List" r:id="rId1"/>`, `<sheet name="Module" r:id="rId7"/>`
	for _, sheets := range []string{list + module, module + list} {
		got, l := readAll(t, Config{}, book(sheets))
		if len(got) != 1 || got[0] != `list.xlsx List!2 ["ann@example.com"]` || len(l.Notes()) != 1 ||
			l.Notes()[0].Error() != "list.xlsx Module: the workbook names this sheet and does not hold its cells; "+
				"another sheet is read" {
			t.Error(sheets, got, l.Notes())
		}
		if got, l := readAll(t, Config{Sheet: "List"}, book(sheets)); len(got) != 1 || len(l.Notes()) != 0 {
			t.Error(sheets, got)
		}
		got, _ = readAll(t, Config{Sheet: "Module"}, book(sheets))
		if len(got) != 1 || !strings.HasPrefix(got[0], `list.xlsx: the workbook names the sheet "Module"`) {
			t.Error(sheets, got)
		}
		in, err := Inspect(t.Context(), Config{File: "-", Stdin: strings.NewReader(book(sheets))})
		if err != nil || len(in.Sheets) != 2 || len(in.Faults) != 0 {
			t.Error(err, in)
		}
	}
}

// TestConditionalFormats: a number format that a condition may give to cells of the list is a note, since it is not
// known while the rows are read. A rule without a number format is not, nor one beside the list.
func TestConditionalFormats(t *testing.T) {
	t.Parallel()
	styles := map[string]string{"xl/styles.xml": `<styleSheet><cellXfs><xf numFmtId="0"/></cellXfs><dxfs><dxf><font/>` +
		`</dxf><dxf><numFmt numFmtId="9" formatCode="0%"/></dxf></dxfs></styleSheet>`}
	rows := workbooktest.Inline(1, "email", "share") + `<row r="2"><c r="A2" t="inlineStr"><is><t>ann@example.com` +
		`</t></is></c><c r="B2"><v>0.5</v></c></row></sheetData>`
	rule := func(cells, style string) string {
		return `<conditionalFormatting sqref="` + cells + `"><cfRule type="expression" dxfId="` + style +
			`"><formula>1</formula></cfRule></conditionalFormatting>`
	}
	const want = "conditional-format list.xlsx November!B2:B2"
	for after, want := range map[string]string{
		rule("B2:B900", "1"): want, rule("D1 B2", "1"): want, rule("B2", "0"): "", rule("B2", "9"): "",
		rule("D2:D9", "1"): "", rule("B1", "1"): "", rule("B3:B9", "1"): "",
		`<extLst><ext><x14:conditionalFormattings><x14:conditionalFormatting><x14:cfRule><x14:dxf><x14:numFmt ` +
			`numFmtId="9" formatCode="0%"/></x14:dxf></x14:cfRule><xm:sqref>B2:B9</xm:sqref>` +
			`</x14:conditionalFormatting></x14:conditionalFormattings></ext></extLst>`: want,
	} {
		parts := map[string]string{"xl/worksheets/sheet1.xml": `<worksheet xmlns:x14="a" xmlns:xm="b"><sheetData>` +
			rows + after + `</worksheet>`, "xl/styles.xml": styles["xl/styles.xml"]}
		got, l := readAll(t, Config{}, workbooktest.Of(t, "", parts))
		if l == nil || len(got) != 1 {
			t.Error(after, got)
			continue
		}
		said := ""
		for _, f := range l.Notes() {
			said += f.Code + " " + f.Place
		}
		if said != want {
			t.Errorf("%s: %q", after, said)
		}
	}
}

// TestTimeInDateColumn: a time of day has no day, so it is not a date. Before, 12:30 was 30 December 1899.
func TestTimeInDateColumn(t *testing.T) {
	t.Parallel()
	rows := workbooktest.Inline(1, "email", "due") + `<row r="2"><c r="A2" t="inlineStr"><is><t>ann@example.com` +
		`</t></is></c><c r="B2" s="1"><v>0.52083333333333337</v></c></row>`
	styles := map[string]string{"xl/styles.xml": `<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="20"/>` +
		`</cellXfs></styleSheet>`}
	got, _ := readAll(t, Config{Columns: map[string]Type{"due": Date}}, workbooktest.Of(t, rows, styles))
	want := []string{`list.xlsx November!2 ["ann@example.com" "12:30"]`,
		`list.xlsx November!B2: due: "12:30" is stored as a time of day, not as a date (write the day as well)`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, _ := readAll(t, Config{}, workbooktest.Of(t, rows, styles)); len(got) != 1 {
		t.Error(got)
	}
}
