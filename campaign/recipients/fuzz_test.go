package recipients

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"mailshot/campaign/recipients/workbook/strictxml"
)

func TestUnescape(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a_x000D_b": "a\rb", "_x005F_x000D_": "_x000D_", "_xD800_": "_xD800_", "_x00": "_x00", "_xzzzz_": "_xzzzz_", "__x0041_": "_A", "_x000d": "_x000d",
	} {
		if got := unescape(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// FuzzSheet: whatever a sheet's XML is, it ends in rows or a reason, without a panic, and the same in pieces of one byte.
func FuzzSheet(f *testing.F) {
	f.Add(`<worksheet><sheetData>` + inline(1, "email") + inline(2, "a@b.example") + `</sheetData></worksheet>`)
	f.Add(`<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="ZZ1" s="5"><f>x</f><v>1</v></c></row></sheetData></worksheet>`)
	f.Add(`<x:worksheet xmlns:x="y"><x:sheetData><x:row><x:c t="d"><x:v>2026-01-01</x:v></x:c></x:row></x:sheetData></x:worksheet>`)
	f.Add(`<worksheet><sheetData><row r="3" hidden="1"><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c><c t="str" s="1"><f/><v>_x0041_</v></c></row></sheetData></worksheet>`)
	f.Fuzz(func(t *testing.T, text string) {
		read := func(in io.Reader) (out []string) {
			s := &sheet{
				name: "list.xlsx", title: "November", xml: strictxml.New(in), shared: []string{"email", "name"}, hidden: HiddenAsk,
				styles: &styles{cells: []int{0, 14, 4, 9, 46, 164}, custom: map[int]string{164: `00000;[Red]"x"@`}},
				area:   area{0, maxColumns - 1, 1, maxRows}, clock: &stopwatch{limit: maxTime}, most: maxCells,
			}
			for {
				rec, err := s.next()
				if err == io.EOF {
					return out
				}
				if err != nil {
					if !strings.HasPrefix(err.Error(), "list.xlsx") {
						t.Fatalf("%q: %v", text, err)
					}
					return append(out, err.Error())
				}
				if s.width == 0 {
					rec = s.header(rec)
				}
				if len(rec.cells) != len(rec.fields) {
					t.Fatalf("%q: %d fields, %d cells", text, len(rec.fields), len(rec.cells))
				}
				out = append(out, fmt.Sprintf("%d %q %v", rec.line, rec.fields, rec.faults))
			}
		}
		whole := read(strings.NewReader(text))
		if bytes := read(iotest.OneByteReader(strings.NewReader(text))); !slices.Equal(whole, bytes) {
			t.Fatalf("%q\nwhole %q\nbytes %q", text, whole, bytes)
		}
	})
}

// FuzzWorkbook: whatever stands in the parts around a sheet, opening and reading it as a list ends in rows or reasons with
// the file's name.
func FuzzWorkbook(f *testing.F) {
	parts := []string{"xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml", "xl/sharedStrings.xml", "xl/worksheets/_rels/sheet1.xml.rels", "xl/tables/table1.xml"}
	f.Add(`<workbook xmlns:r="r"><workbookPr date1904="1"/><sheets><sheet name="November" sheetId="1" r:id="rId1"/></sheets><definedNames><definedName name="people">November!$A$1:$C$9</definedName></definedNames></workbook>`,
		`<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="x/styles" Target="styles.xml"/><Relationship Id="rId3" Type="x/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>`,
		`<styleSheet><numFmts><numFmt numFmtId="164" formatCode="00000"/></numFmts><cellXfs><xf numFmtId="14"/><xf numFmtId="164"/></cellXfs></styleSheet>`,
		`<sst><si><t>email</t></si><si><r><t>na</t></r><r><t>me</t></r></si></sst>`,
		`<Relationships><Relationship Id="rId1" Type="x/table" Target="../tables/table1.xml"/></Relationships>`,
		`<table displayName="People" ref="A1:B3" totalsRowCount="1"/>`, "People")
	rows := `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>a@b.example</t></is></c><c r="B2" s="1"><v>46356.5</v></c></row>`
	f.Fuzz(func(t *testing.T, main, relations, styles, shared, tables, table, area string) {
		all := make(map[string]string)
		for i, text := range []string{main, relations, styles, shared, tables, table} {
			all[parts[i]] = text
		}
		book := workbookOf(t, rows, all)
		for _, cfg := range []Config{{}, {Range: area}} {
			lines, _ := readAll(t, cfg, book)
			for _, line := range lines {
				if !strings.HasPrefix(line, "list.xlsx") {
					t.Fatalf("%q", line)
				}
			}
		}
	})
}
