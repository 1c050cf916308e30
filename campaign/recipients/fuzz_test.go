package recipients

import (
	"strings"
	"testing"

	"mailshot/campaign/recipients/workbook/workbooktest"
)

// FuzzWorkbook: whatever stands in the parts around a sheet, opening and reading it as a list ends in rows or reasons
// with the file's name.
func FuzzWorkbook(f *testing.F) {
	parts := []string{"xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml", "xl/sharedStrings.xml",
		"xl/worksheets/_rels/sheet1.xml.rels", "xl/tables/table1.xml"}
	f.Add(`<workbook xmlns:r="r"><workbookPr date1904="1"/><sheets><sheet name="November" sheetId="1" r:id="rId1"/>`+
		`</sheets><definedNames><definedName name="people">November!$A$1:$C$9</definedName></definedNames></workbook>`,
		`<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship `+
			`Id="rId2" Type="x/styles" Target="styles.xml"/><Relationship Id="rId3" Type="x/sharedStrings" `+
			`Target="/xl/sharedStrings.xml"/></Relationships>`,
		`<styleSheet><numFmts><numFmt numFmtId="164" formatCode="00000"/></numFmts><cellXfs><xf numFmtId="14"/><xf `+
			`numFmtId="164"/></cellXfs></styleSheet>`,
		`<sst><si><t>email</t></si><si><r><t>na</t></r><r><t>me</t></r></si></sst>`,
		`<Relationships><Relationship Id="rId1" Type="x/table" Target="../tables/table1.xml"/></Relationships>`,
		`<table displayName="People" ref="A1:B3" totalsRowCount="1"/>`, "People")
	rows := `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row r="2"><c r="A2" ` +
		`t="inlineStr"><is><t>a@b.example</t></is></c><c r="B2" s="1"><v>46356.5</v></c></row>`
	f.Fuzz(func(t *testing.T, main, relations, styles, shared, tables, table, area string) {
		all := make(map[string]string)
		for i, text := range []string{main, relations, styles, shared, tables, table} {
			all[parts[i]] = text
		}
		book := workbooktest.Of(t, rows, all)
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
