package hygiene_test

import (
	"strings"
	"testing"

	"mailshot/campaign/recipients/hygiene"
)

// What a program has left in a cell is named, and what a person writes is not. Seen to fail with leftover not called.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`="01234"`: "spreadsheet-guard", `=""`: "spreadsheet-guard", `="a""b"`: "spreadsheet-guard",
		`=HYPERLINK("https://a.example";"x")`: "spreadsheet-guard", `=SUM(A1:A2)`: "spreadsheet-guard",
		"'+4922112345": "spreadsheet-guard", "'01234": "spreadsheet-guard", "'=1+1": "spreadsheet-guard",
		"'-5": "spreadsheet-guard", "'@ann": "spreadsheet-guard", "'0221 / 123": "spreadsheet-guard",
		`\N`: "word-for-nothing", "NULL": "word-for-nothing", " #N/A ": "word-for-nothing", "#REF!": "word-for-nothing",
		"undefined": "word-for-nothing", "[object Object]": "word-for-nothing", "#BEZUG!": "word-for-nothing",
		"M&uuml;ller": "html-entity", "Tom &amp; Ann": "html-entity", "&#64;": "html-entity", "a&#x40;b": "html-entity",
		"Dear {{name}}": "cell-placeholder", "*|FNAME|*": "cell-placeholder", "%FIRST_NAME%": "cell-placeholder",
		"«Vorname»": "cell-placeholder", "[First Name]": "cell-placeholder", "${name}": "cell-placeholder",
		"Bo\u202enn": "odd-blank", "Bo\u202dnn": "odd-blank", "\u0645\u06cc\u200c\u0631": "",
		"https://a.example/?u=%7B%7Bname%7D%7D": "cell-placeholder",

		"": "", "Null": "", "Nan": "", "N/A": "", "Ann": "", "'90s": "", "'s-Hertogenbosch": "", "O'Neil": "", "'": "",
		"= 5": "", "=": "", "=)": "", "-5": "", "+49": "", "#1": "", "#sale": "", `C:\New`: "",
		"AT&T;": "", "Tom & Ann": "", "R&D; a": "", "https://a.example/?a=1&b=2;c": "", "50%": "", "10% [link]": "",
		"{}": "", `{"name": "x"}`: "", "[1]": "", "https://a.example/%C3%BC": "", "me@example.com": "",
	} {
		var codes []string
		for _, f := range hygiene.Cell(text, false) {
			codes = append(codes, f.Code)
			if f.Hint == "" {
				t.Errorf("%q: no hint", text)
			}
		}
		if got := strings.Join(codes, " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
