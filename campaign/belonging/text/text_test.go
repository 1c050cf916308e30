package text

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"mailshot/campaign/belonging/invoicestest"
)

// Files as the programs of Office, browsers and shells write them say what people see. Each row was seen to fail: words
// were joined, or a file that Word opens was none of Word's.
func TestKinds(t *testing.T) {
	t.Parallel()
	units := func(order binary.AppendByteOrder, s string) string {
		var b []byte
		for _, u := range utf16.Encode([]rune(s)) {
			b = order.AppendUint16(b, u)
		}
		return string(b)
	}
	document := `<w:document><w:p><w:r><w:t>Ann</w:t><w:ptab/><w:t>1001</w:t></w:r></w:p></w:document>`
	sheet := `<worksheet><c t="s"><v>0</v></c><c><v>1001</v></c></worksheet>`
	shared := `<sst><si><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh><r><t> Ann</t></r></si></sst>`
	for _, test := range []struct{ name, file, want string }{
		{"a tab to a margin.docx", invoicestest.Packed(map[string]string{"word/document.xml": document}), "Ann 1001"},
		{"of Word in a browser.docx", invoicestest.Packed(map[string]string{"word/document2.xml": document}), "Ann 1001"},
		{"other slashes.docx", invoicestest.Packed(map[string]string{`word\document.xml`: document}), "Ann 1001"},
		{"how it is spoken.xlsx", invoicestest.Packed(map[string]string{"xl/workbook.xml": "<workbook/>",
			"xl/SharedStrings.xml": shared, "xl/worksheets/Invoice.xml": sheet}), "東京 Ann 1001"},
		{"no mark.csv", units(binary.LittleEndian, "Größe;1001\r\n"), "Größe;1001"},
		{"no mark.txt", units(binary.BigEndian, "Größe 1001"), "Größe 1001"},
	} {
		got, err := Read(test.name, []byte(test.file))
		if words := strings.Join(strings.Fields(got.Words), " "); err != nil || words != test.want {
			t.Errorf("%s: %q (%v), want %q", test.name, words, err, test.want)
		}
	}
	if got, err := Read("a.txt", []byte("a\x00\x01b\x00c")); err == nil {
		t.Errorf("bytes are the text %q", got.Words)
	}
}
