package recipients

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailshot/campaign/recipients/workbook/workbooktest"
)

// TestLongNumbers: a number of more than fifteen digits is shown with the digits that are stored, or is a fault with
// its cell. Without Format.Stored, the first three were shown as 1234567890123456768, 9007199254740992 and
// 10000000000000000, and as a key the second and the third of two customers were one.
func TestLongNumbers(t *testing.T) {
	t.Parallel()
	styles := map[string]string{"xl/styles.xml": `<styleSheet><numFmts>` +
		`<numFmt numFmtId="164" formatCode="00000000000000000000"/><numFmt numFmtId="165" formatCode="#,##0.00"/>` +
		`<numFmt numFmtId="166" formatCode="0;-0"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="1"/>` +
		`<xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="49"/><xf numFmtId="9"/><xf numFmtId="11"/>` +
		`<xf numFmtId="166"/></cellXfs></styleSheet>`}
	long := func(cell, stored string) string {
		return fmt.Sprintf("list.xlsx November!%s: %q has more digits than a number keeps, in a format that would "+
			"show others (store it as text, or give the cell the format General or 0)", cell, stored)
	}
	for _, c := range []struct {
		style  int
		stored string
		want   string // "" is a fault
	}{
		{0, "1234567890123456789", "1234567890123456789"}, {0, "9007199254740993", "9007199254740993"},
		{0, "9999999999999999", "9999999999999999"}, {0, "-9007199254740993", "-9007199254740993"},
		{0, "123456789012345678901234567890", "123456789012345678901234567890"},
		{0, "9007199254740993.0", "9007199254740993"}, {1, "1234567890123456789", "1234567890123456789"},
		{4, "1234567890123456789", "1234567890123456789"},
		{2, "1234567890123456789", "01234567890123456789"}, {1, "10000000000000000000000", "10000000000000000000000"},
		{0, "1E+18", "1000000000000000000"}, {0, "1.23456789012345E+20", "123456789012345000000"},
		{0, "1.2345678901234567E+18", ""}, {1, "1.2345678901234567E+18", ""}, {3, "1234567890123456789", ""},
		{3, "12345678901234567.89", ""}, {3, "12345678901234.56", ""}, {3, "3703.5500000000002", "3,703.55"},
		{3, "1000000000000000000", "1,000,000,000,000,000,000.00"}, {5, "12345678901234567", ""},
		{6, "12345678901234567", ""}, {7, "12345678901234567", ""}, {0, "12345678901234567.5", ""},
		{0, "0.30000000000000004", "0.3"}, {5, "0.30000000000000004", "30%"},
	} {
		rows := workbooktest.Inline(1, "email", "id") + `<row r="2"><c r="A2" t="inlineStr"><is><t>ann@example.com` +
			fmt.Sprintf(`</t></is></c><c r="B2" s="%d"><v>%s</v></c></row>`, c.style, c.stored)
		got, _ := readAll(t, Config{}, workbooktest.Of(t, rows, styles))
		want := []string{fmt.Sprintf(`list.xlsx November!2 ["ann@example.com" %q]`, c.want)}
		if c.want == "" {
			want = []string{fmt.Sprintf(`list.xlsx November!2 ["ann@example.com" %q]`, c.stored), long("B2", c.stored)}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s in style %d:\n%s", c.stored, c.style, diff)
		}
	}
}

// TestLongNumbersTyped: a typed column refuses a number that it cannot keep, in workbooks and text alike.
func TestLongNumbersTyped(t *testing.T) {
	t.Parallel()
	book := workbooktest.Of(t, workbooktest.Inline(1, "email", "id")+`<row r="2"><c r="A2" t="inlineStr"><is><t>`+
		`ann@example.com</t></is></c><c r="B2"><v>9007199254740993</v></c></row>`, nil)
	for name, content := range map[string]string{
		"list.xlsx": book, "list.csv": "email,id\nann@example.com,9007199254740993\n",
		"list.jsonl": `{"email": "ann@example.com", "id": 9007199254740993}`,
	} {
		got, _ := readAll(t, Config{File: name, Columns: map[string]Type{"id": Number}}, content)
		if len(got) != 2 || !strings.Contains(got[1], `id: "9007199254740993" has more digits than a number keeps`) {
			t.Error(name, got)
		}
		got, l := readAll(t, Config{File: name, Key: "id"}, content)
		if len(got) != 1 || l.Digest() == "" || !strings.Contains(got[0], `"9007199254740993"`) {
			t.Error(name, got)
		}
	}
}
