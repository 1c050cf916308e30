package templates

import (
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// positions puts a cell wherever an author can.
const positions = `# Head {{.x}}

Text {{.x}} **bold {{.x}}** ~~{{.x}}~~ ` + "`code {{.x}}`" +
	` [link {{.x}}](https://example.com/{{.x}}?q={{.x}}#{{.x}} "title {{.x}}") ![alt {{.x}}](cid:logo)
{{.x}} https://example.com/{{.x}}

{{.x}}

- item {{.x}}
{{range list .x}}
- {{.}}
{{end}}

1. {{.x}}

> quote {{.x}}

| a {{.x}} | b |
|---|---|
| {{.x}} | c |

` + "```\n{{.x}}\n```" + `

    code {{.x}}

<div title="{{.x}}" class={{.x}}>raw {{.x}} <a href="https://example.com/{{.x}}">x</a></div>

<!-- {{.x}} -->

<!--[if mso]><p>{{.x}}</p><![endif]-->
`

// shapeOf lists a document's elements with the names of their attributes, and its comments.
func shapeOf(t *testing.T, doc string) []string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for n := range root.Descendants() {
		switch n.Type {
		case html.ElementNode:
			s := n.Data
			for _, a := range n.Attr {
				s += " " + a.Key
			}
			all = append(all, s)
		case html.CommentNode:
			all = append(all, "<!--")
		}
	}
	// A conditional comment is HTML to Outlook. It is taken from the source, as the parser resolves entities in comments.
	for _, m := range conditional.FindAllStringSubmatch(doc, -1) {
		all = append(all, shapeOf(t, m[1])...)
	}
	return all
}

var conditional = regexp.MustCompile(`(?s)<!--\[if mso\]>(.*?)<!\[endif\]-->`)

// No cell adds an element, an attribute or a comment, wherever it is. Proven by returning template.HTML for a cell in
// function.Row: 228 of the strings then change the document.
func TestNaughtyCells(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../shared/corpora/strings/blns.json")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the corpus of naughty strings is not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	var cells []string
	if err := json.Unmarshal(b, &cells); err != nil {
		t.Fatal(err)
	}
	cells = append(cells, "[x](https://evil.example)", "![x](https://evil.example/x.png)", "</p><script>alert(1)</script>",
		"| a | b |\n|---|---|\n",
		"\n\n# Head\n\n- item\n", "**bold**", "`code`", "<!--", "-->", "<![endif]-->", "]]>", "{{.name}}", "{{", "}}",
		"https://evil.example", "www.evil.example",
		"a@evil.example", "\x00", "\" onclick=\"x", "' onclick='x", "x onclick=x", "&lt;b&gt;", "xqzjaaaaaa", "\u2028",
		"#ZgotmplZ")
	cells = some(cells)
	for _, layout := range Layouts() {
		body, err := New(Config{Columns: []string{"x"}}).Body(BodySource{Markdown: &Source{File: "body.md", Text: positions},
			Layout:  layout,
			Subject: &Source{Text: "Subject {{.x}} & <b>"}})
		if err != nil {
			t.Fatal(diagnose(err))
		}
		want := shapeOf(t, run1(t, body.HTML.Execute, Data{Text: map[string]string{"x": "x"}}))
		for _, cell := range cells {
			d := Data{Text: map[string]string{"x": cell}}
			var out strings.Builder
			if err := body.HTML.Execute(&out, d); err != nil {
				if !strings.Contains(cell, "ZgotmplZ") && cell != "" { // nothing cannot stand in an attribute without quotes
					t.Errorf("%q: %v", cell, err)
				}
				continue
			}
			if got := shapeOf(t, out.String()); !slices.Equal(got, want) {
				t.Errorf("%q changes the document: %q", cell, got)
			}
			var text strings.Builder
			if err := body.Text.Execute(&text, d); err != nil {
				t.Errorf("%q: text: %v", cell, err)
			}
		}
	}
}

// some is a ninth of the cells in the short form, which the race detector looks at.
func some[T any](cells []T) (few []T) {
	if !testing.Short() {
		return cells
	}
	for i := 0; i < len(cells); i += 9 { // neither even nor a tenth, since cells may repeat in fours or tens
		few = append(few, cells[i])
	}
	return few
}

// A link that is only a cell is a link for a message or an error, in both parts.
func TestAddressCells(t *testing.T) {
	t.Parallel()
	body, err := New(Config{Columns: []string{"x"}}).Body(BodySource{Markdown: &Source{File: "body.md",
		Text: "[a]({{.x}})"}})
	if err != nil {
		t.Fatal(err)
	}
	for cell, ok := range map[string]bool{"https://example.com/a?b=c": true, "HTTP://example.com": true,
		"mailto:a@example.com": true, "tel:+123": true,
		"sms:+123": true, "//example.com": true, "a/b:c": true, "": true, "javascript:alert(1)": false,
		" javascript:x": false, "java\nscript:x": false,
		"JaVaScRiPt:x": false, "data:text/html,x": false, "vbscript:x": false, "file:///etc/passwd": false,
		"\x01javascript:x": false} {
		for _, f := range []string{"html", "text"} {
			d := Data{Text: map[string]string{"x": cell}}
			var out strings.Builder
			execute := body.HTML.Execute
			if f == "text" {
				execute = body.Text.Execute
			}
			if err := execute(&out, d); (err == nil) != ok {
				t.Errorf("%s: %q: %v", f, cell, err)
			}
			if strings.Contains(out.String(), "script:") {
				t.Errorf("%s: %q: %s", f, cell, out.String())
			}
		}
	}
}
