package pdftext_test

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"mailshot/campaign/belonging/invoicestest"
	"mailshot/campaign/belonging/pdftext"
)

// page is a PDF of one page with this content, whose font is Helvetica with TeX's names of accents, and a field of a
// form.
func page(content, field string) string {
	return invoicestest.Objects(
		"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> "+
			"/Annots [6 0 R] >>",
		invoicestest.Stream("", content), "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica "+
			"/Encoding << /Differences [1 /dieresis /acute /cedilla /dotlessi /ring] >> >>",
		"<< /Type /Annot /Subtype /Widget "+field+" /Parent 7 0 R /Rect [0 0 9 9] >>", "<< /FT /Tx /V (F-1001) >>")
}

// A page says what its reader sees. Each row was seen to fail: an accent stood beside its letter, cells of a table were
// one word, and a field that only a reader draws said nothing.
func TestRead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ content, field, want string }{
		{`[(M) (\001) 500 (uller)] TJ`, "/F 2", "Müller"},
		{`[(M) -28 (\001) 528 (uller)] TJ`, "/F 2", "Müller"}, // as pdfTeX does
		{`[(\002) 500 (Etienne)] TJ`, "/F 2", "Étienne"},
		{`[(Fran) (c) 500 (\003) (ois)] TJ`, "/F 2", "François"}, // behind its letter
		{`[(S) (\004) 500 (\002) (n)] TJ`, "/F 2", "Sín"},        // a letter without its dot
		{`[(1001) -120 (12.50)] TJ`, "/F 2", "1001 12.50"},
		{`[(10) -60 (01)] TJ`, "/F 2", "1001"},
		{`(\001 1001) Tj`, "/F 2", "¨ 1001"},
		{`(Form) Tj`, "", "Form F-1001"},
		{`(Form) Tj`, "/V (F-1002)", "Form F-1002"},
	} {
		b := page("BT /F 12 Tf 60 700 Td "+test.content+" ET", test.field)
		got, err := pdftext.Read([]byte(b), pdftext.Limits{})
		if s := norm.NFC.String(strings.Join(strings.Fields(got.Words), " ")); err != nil || s != test.want {
			t.Errorf("%s: %q (%v), want %q", test.content, s, err, test.want)
		}
	}
}
