package layouts

import (
	"html/template"
	"strings"
	"testing"

	"mailshot/templates/source"
)

// The link leads to the first address of the header's value for the row, those of the web before those of mail; a row
// without one has no link. Proven without the second turn of first: the addresses for mail had no link.
func TestLeaving(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ value, row, want string }{
		{"<https://a.example/{{.x}}>", "1", "https://a.example/1"},
		{"https://a.example/{{.x}}", "1", "https://a.example/1"},
		{"<mailto:a@b.example>, <https://a.example/{{.x}}>", "1", "https://a.example/1"},
		{"<mailto:a@b.example>, <HTTP://a.example/>", "", "HTTP://a.example/"},
		{"<{{.x}}>", "https://a.example/?a=1&b", "https://a.example/?a=1&amp;b"},
		{"<mailto:a@b.example>, <{{ .x }}>", "https://a.example", "https://a.example"},
		{"{{if .x}}<https://a.example/{{.x}}>{{end}}", "1", "https://a.example/1"},
		{"{{if .x}}<https://a.example/{{.x}}>{{end}}", "", ""},
		{"{{if .x}}<https://a.example/{{.x}}>, {{end}}<mailto:a@b.example>", "1", "https://a.example/1"},
		{"{{if .x}}<https://a.example/{{.x}}>, {{end}}<mailto:a@b.example>", "", "mailto:a@b.example"},
		{"<mailto:a@b.example>{{with .x}}, <https://a.example/{{.}}>{{end}}", "1", "https://a.example/1"},
		{"<https://{{if .x}}a{{else}}b{{end}}.example>", "", "https://b.example"},
		{"<{{if .x}}https://a.example{{else}}mailto:b@b.example{{end}}>", "", "mailto:b@b.example"},
		{`{{$x := "5"}}<https://a.example/{{$x}}>`, "", "https://a.example/5"},
		{"{{/* why */}}<https://a.example/{{.x}}>{{.x}}", "1", "https://a.example/1"},
		{"<https://said.example/{{.x}}>", "1", ""},
		{"{{if .x}}<https://said.example/{{.x}}>{{else}}<https://a.example>{{end}}", "1", ""},
		{"{{if .x}}<https://said.example/{{.x}}>{{else}}<https://a.example>{{end}}", "", "https://a.example"},
		{"{{if .x}}<https://said.example/{{.x}}>{{end}}", "1", ""},
		{"<ftp://a.example>, <mailto:a@b.example?subject=a%20b>", "", "mailto:a@b.example?subject=a%20b"},
		{"{{.x}}", "<https://a.example>", "?"},
		{`{{template "x" .}}`, "", "?"},
		{"<{{if .x}}https://a.example>{{else}}https://b.example>{{end}}", "", "?"},
		{"<ftp://a.example>", "", "?"},
		{"", "", "?"},
		{"{{", "", "?"},
	} {
		said := func(address string) bool { return strings.HasPrefix(address, "https://said.example/") }
		f, ok := Leaving(source.New("c.yaml", 0, 0, c.value), said, "| ", "Leave", "color:red")
		got := "?"
		if ok {
			got = ""
		}
		if f != nil {
			made, err := template.New("").Parse(f.Text)
			var b strings.Builder
			if err == nil {
				err = made.Execute(&b, map[string]any{"x": c.row})
			}
			if err != nil {
				t.Errorf("%s: %v", c.value, err)
			}
			if got = b.String(); got != "" {
				got = strings.TrimSuffix(strings.TrimPrefix(got, `| <a href="`), `" style="color:red">Leave</a>`)
			}
		}
		if got != c.want {
			t.Errorf("%s with %q: %q, want %q", c.value, c.row, got, c.want)
		}
	}
}
