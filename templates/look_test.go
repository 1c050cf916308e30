package templates

import (
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/html"
)

// lookPositions puts a cell into buttons, sums and tables.
const lookPositions = `[Pay {{.x}}](https://pay.example/{{.x}}?x={{.x}}){.button}

{{button (print "Pay " .x) (print "https://pay.example/" .x)}}

{{button .x "https://pay.example"}}

Or [pay {{.x}}](https://pay.example/{{.x}}){.button} {{.x}} در {{.x}}

| What | Sum |
|------|----:|
| {{.x}} | 1 |
| **{{.x}}** | **{{.x}}** |
`

// looked is the shape of a document, with the styles, and with the scheme and the host of each address.
func looked(t *testing.T, doc string) []string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	all := shapeOf(t, doc)
	for n := range root.Descendants() {
		for _, a := range n.Attr {
			switch a.Key {
			case "style", "class", "dir", "lang", "bgcolor", "width", "height":
				all = append(all, a.Key+"="+a.Val)
			case "href", "src":
				u, err := url.Parse(a.Val)
				if err != nil {
					t.Errorf("%q is not an address: %v", a.Val, err)
					continue
				}
				all = append(all, u.Scheme+"://"+u.Host)
			}
		}
	}
	return all
}

// naughty are the cells of the corpus, every control character, and what would mean something where layouts put cells.
func naughty(t *testing.T) []string {
	t.Helper()
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
	for c := rune(0); c <= 0x9f; c++ {
		if c < 0x20 || c >= 0x7f {
			cells = append(cells, string(c), "a"+string(c)+"b")
		}
	}
	const invisible = "\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u2028\u2029" +
		"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\ufffd"
	for _, c := range invisible {
		cells = append(cells, string(c), "a"+string(c)+"b")
	}
	return append(cells, `"><script>alert(1)</script>`, `" style="display:none`, "javascript:alert(1)",
		"//evil.example", "@evil.example",
		"[[.Accent]]", "[[", "]]", "{{template \"postal\" .}}", "{.button}", "[x](https://evil.example){.button}",
		"**bold**", "| a |",
		"#000;background:url(https://evil.example)", "../../etc/passwd", "cid:logo", "x{.sum}", "</td></tr></table>", "<![endif]-->")
}

// No cell changes more of a message than "x" would, wherever the layouts and the buttons put it. Proven by writing the
// button's text without escaping: some 180 strings then change the document in each layout.
func TestNaughtyCellsInLooks(t *testing.T) {
	t.Parallel()
	cells := some(naughty(t))
	for _, language := range []string{"en", "fa"} {
		for _, layout := range Layouts() {
			if language == "fa" && layout != "invoice" {
				continue // the layouts put cells in the same places in each language
			}
			source := func(text string) *Source { return &Source{File: "campaign.yaml", Text: text} }
			b := BodySource{Layout: layout, Subject: source("{{.x}}"), Markdown: source(lookPositions), Look: Look{
				Accent: "#00aa55", Sender: source("{{.x}} Co"), Postal: source("{{.x}}, 1 Main Street"),
				Preheader: source("For {{.x}}"), Unsubscribe: source("https://leave.example/{{.x}}?x={{.x}}"),
			}}
			if layout == "letter" {
				b.Look.Logo = Logo{Address: "cid:logo", Width: 10, Height: 10}
			}
			body, err := New(Config{Columns: []string{"x"}, Language: language}).Body(b)
			if err != nil {
				t.Fatal(diagnose(err))
			}
			var h strings.Builder
			if err := body.HTML.Execute(&h, Data{Text: map[string]string{"x": "x"}}); err != nil {
				t.Fatal(err)
			}
			want := looked(t, h.String())
			for _, cell := range cells {
				d := Data{Text: map[string]string{"x": cell}}
				var h, text strings.Builder
				if err := errors.Join(body.HTML.Execute(&h, d), body.Text.Execute(&text, d)); err != nil {
					if strings.TrimSpace(cell) != "" && !strings.Contains(cell, "ZgotmplZ") && !blank(cell) {
						t.Errorf("%s: %q: %v", layout, cell, err)
					}
					continue
				}
				if got := looked(t, h.String()); !slices.Equal(got, want) {
					t.Errorf("%s: %q changes the document: %q", layout, cell, got)
				}
				if n := strings.Count(text.String(), "https://pay.example"); n != 4 {
					t.Errorf("%s: %q: the text has %d of 4 links:\n%s", layout, cell, n, text.String())
				}
			}
		}
	}
}

// blank says whether a cell shows nothing. Nothing is an error as the text of a button.
func blank(cell string) bool {
	return strings.TrimFunc(cell, func(c rune) bool {
		return unicode.IsSpace(c) || strings.ContainsRune("\u200b\u200c\u200d\u200e\u200f\ufeff\u00ad", c)
	}) == ""
}
