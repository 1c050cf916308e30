package markdown

import (
	"testing"

	"mailshot/templates/source"
)

// Parts that run from left to right are kept together, and nothing else is. With a sign and a number found within a
// number, 1405-101 became -1011405 on the screen.
func TestIsolate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"مبلغ 5,000 USD است.":                           `مبلغ <span dir="ltr">5,000 USD</span> است.`,
		"با +98 21 5555 0100 تماس":                      `با <span dir="ltr" style="white-space:nowrap">+98 21 5555 0100</span> تماس`,
		"کد 1234 5678 9012 3456 7890 است":               `کد <span dir="ltr">1234 5678 9012 3456 7890</span> است`,
		"کتاب A Garden in Winter (1998)، هم":            `کتاب <span dir="ltr">A Garden in Winter (1998)</span>، هم`,
		"زبان C++ و C#.":                                `زبان <span dir="ltr">C++</span> و <span dir="ltr">C#</span>.`,
		"شرکت Acme &amp; Sons است":                      `شرکت <span dir="ltr">Acme &amp; Sons</span> است`,
		"در 12 روز، ۱۲ ماه و 3.5 سال":                   `در 12 روز، ۱۲ ماه و 3.5 سال`,
		"نشانی a@example.com.":                          `نشانی <span dir="ltr">a@example.com</span>.`,
		"شناسه 1405-101":                                `شناسه <span dir="ltr">1405-101</span>`,
		"شناسه ۱۴۰۵-101":                                `شناسه ۱۴۰۵-101`,
		"تاریخ 2026-11-22، ساعت 10:30-11:45":            `تاریخ <span dir="ltr">2026-11-22</span>، ساعت <span dir="ltr">10:30-11:45</span>`,
		"دما -5.5 است":                                  `دما <span dir="ltr">-5.5</span> است`,
		"دما -5 است":                                    `دما <span dir="ltr">-5</span> است`,
		"سلام {{.name}}،":                               `سلام <span dir="auto">{{.name}}</span>،`,
		"{{if .x}}سلام{{end}}":                          `{{if .x}}سلام{{end}}`,
		"<code>go test ./...</code>":                    `<code>go test ./...</code>`,
		`<a href="https://example.com/a b">به Acme</a>`: `<a href="https://example.com/a b">به <span dir="ltr">Acme</span></a>`,
		"&lt;b&gt;": "&lt;<span dir=\"ltr\">b</span>&gt;",
	} {
		tokens, err := source.New("x", 1, 1, text).Tokens()
		if err != nil {
			t.Fatal(err)
		}
		if got := tokens.Show(Isolate(tokens, tokens.Hide())).Text; got != want {
			t.Errorf("%s\nbecomes\n%s, not\n%s", text, got, want)
		}
	}
}
