package templates

import (
	"strings"
	"testing"
	"testing/fstest"
)

// What a cell prints stays in the block that the cell stands in, also where it has line ends: HTML shows it there.
func TestCellStaysInItsBlock(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ markdown, x, outside string }{
		{"> {{.x}}\n", "a\nb", "\nb"},
		{"> {{.x}}\n", "a\n\nb", "\nb"},
		{"> > {{.x}}\n", "a\r\nb", "\nb"},
		{"- {{.x}}\n- c\n", "a\nb", "\nb"},
		{"1. {{.x}}\n2. c\n", "a\nb", "\nb"},
		{"# {{.x}}\n", "a\nb", "===\nb"},
	} {
		if text := textOf(t, "en", c.markdown, c.x); strings.Contains(text, c.outside) {
			t.Errorf("%q in %q leaves its block: %q", c.x, c.markdown, text)
		}
	}
}

// A word that is too long for a line stands behind the mark of its item: "one word always fits". A mark alone on a line
// is an item without a text.
func TestLongWordsInItems(t *testing.T) {
	t.Parallel()
	long := "https://example.com/" + strings.Repeat("x", 80)
	for markdown, want := range map[string]string{
		"- {{.x}}\n- b\n": "- " + long, "1. {{.x}}\n2. b\n": "1. " + long, "- [ ] {{.x}}\n": "[ ] " + long} {
		if text := textOf(t, "en", markdown, long); !strings.Contains(text, want) {
			t.Errorf("%q: the mark stands alone: %q", markdown, text)
		}
	}
}

// The text part numbers the items of a list as HTML does.
func TestNumbersOfItems(t *testing.T) {
	t.Parallel()
	for html, want := range map[string]string{
		`<ol start="5"><li>a</li><li value="9">b</li><li>c</li></ol>`: "5. a\n9. b\n10. c\n",
		`<ol reversed><li>a</li><li>b</li></ol>`:                      "2. a\n1. b\n",
		`<ol start="-1"><li>a</li><li>b</li></ol>`:                    "-1. a\n0. b\n",
		`<ol start="{{len "four"}}"><li>a</li><li>b</li></ol>`:        "4. a\n5. b\n",
		`<ol start="x"><li>a</li><li>b</li></ol>`:                     "1. a\n2. b\n",
		`<ol reversed start=9>{{range split "," "a,b"}}<li>{{.}}</li>{{end}}<li value="{{len "four"}}">c</li></ol>`: "" +
			"9. a\n8. b\n4. c\n",
		`<ol reversed><li>a</li><li value="10">b</li><li>c</li></ol>`:                             "3. a\n10. b\n9. c\n",
		`<ol type="A" start="26"><li>a</li><li>b</li></ol>`:                                       "Z. a\nAA. b\n",
		`<ol style="list-style: lower-roman">{{if true}}<li>a</li>{{end}}<li value=9>b</li></ol>`: "i. a\nix. b\n",
		`<ol type="i" start="0"><li>a</li><li>b</li></ol>`:                                        "0. a\ni. b\n",
	} {
		body, err := New(Config{}).Body(BodySource{HTML: &Source{File: "b.html", Text: html}})
		if err != nil {
			t.Fatal(diagnose(err))
		}
		if text := run1(t, body.Text.Execute, Data{}); text != want {
			t.Errorf("%s is %q, not %q", html, text, want)
		}
	}
}

// A heading of two lines is one heading.
func TestHeadingOfTwoLines(t *testing.T) {
	t.Parallel()
	body, err := New(Config{}).Body(BodySource{HTML: &Source{File: "b.html", Text: "<h1>Two<br>lines</h1><p>x</p>"}})
	if err != nil {
		t.Fatal(diagnose(err))
	}
	if text := run1(t, body.Text.Execute, Data{}); strings.Count(text, "===") != 1 {
		t.Errorf("%q", text)
	}
}

// A paragraph that begins with a date as German has it, or with what a cell prints, is no item of a list: it flows.
func TestParagraphsThatBeginAsItems(t *testing.T) {
	t.Parallel()
	for _, x := range []string{"30. November 2026", "3. Mahnung", "- 5 Grad", "1) eins"} {
		text := textOf(t, "de",
			"{{.x}} ist der letzte Tag, an dem wir Ihre Zahlung annehmen, ohne dass Ihnen dafür weitere Kosten entstehen.\n", x)
		if lines := unflowed(text); len(lines) != 1 || strings.Contains(lines[0], "  ") {
			t.Errorf("%q becomes an item: %q", x, text)
		}
	}
}

// "In a text from right to left, a line that begins with a foreign word or a number begins with U+200F": what a layout
// adds at the end, too.
func TestPostalAddressFromRightToLeft(t *testing.T) {
	t.Parallel()
	postal := Source{File: "c.yaml", Text: "12 Main Street, {{.x}}"}
	body, err := New(Config{Columns: []string{"x"}, Language: "fa"}).Body(BodySource{
		Markdown: &Source{File: "b.md", Text: "سلام\n"}, Layout: "letter", Look: Look{Postal: &postal}})
	if err != nil {
		t.Fatal(diagnose(err))
	}
	if text := run1(t, body.Text.Execute, Data{Text: map[string]string{"x": "Oslo"}}); strings.Contains(text,
		"\n12 Main") {
		t.Errorf("%q", text)
	}
}

// A quote within a line has the quotation marks that HTML puts around it, by its language.
func TestQuotesWithinALine(t *testing.T) {
	t.Parallel()
	for language, want := range map[string]string{"": "She said “one ‘two’ three”.\n",
		"de": "She said „one ‚two‘ three“.\n",
		"fa": "\u200f\u2066She said «one ‹two› three»\u2069.\n"} {
		body, err := New(Config{Language: language}).Body(BodySource{HTML: &Source{File: "b.html",
			Text: "<p>She said <q>one <q>two</q> three</q>.</p>"}})
		if err != nil {
			t.Fatal(diagnose(err))
		}
		if text := run1(t, body.Text.Execute, Data{}); text != want {
			t.Errorf("%s: %q, not %q", language, text, want)
		}
	}
	text := htmlText(t, `<p><q lang="en">{{.x}}</q> <span lang="de"><q>{{.y}}</q></span></p>`, "a", "b")
	if text != "“a” „b“\n" {
		t.Errorf("%q", text)
	}
}

// Every block keeps what a cell or an included template prints in it: its depth of quotes, its indent, its one
// underline. Proven by ending a line with marks at its line end.
func TestBlocksKeepWhatIsPrinted(t *testing.T) {
	t.Parallel()
	for html, want := range map[string]string{
		`<blockquote><blockquote>{{.x}}</blockquote>b</blockquote>`: ">> one\n>> two\n>\n> b\n",
		`<blockquote><ul><li>{{.x}}</li></ul></blockquote>`:         "> - one\n>   two\n",
		`<ul><li>a<ol><li>{{.x}}</li><li>b</li></ol></li></ul>`:     "- a\n  1. one\n     two\n  2. b\n",
		`<ul><li>a<blockquote>{{.x}}</blockquote></li></ul>`:        "- a\n\n  > one\n  > two\n",
		`<dl><dt>t</dt><dd>{{.x}}</dd></dl>`:                        "t\n  one\n  two\n",
		`<pre>a {{.x}}</pre>`:                                       "    a one\n    two\n",
		`<blockquote><pre>{{.x}}</pre></blockquote>`:                ">     one\n>     two\n",
		`<h2>{{.x}}</h2>`:      "one\ntwo\n---\n",
		`<h1>a<br>{{.x}}</h1>`: "a\none\ntwo\n===\n",
		`<table><caption>{{.x}}</caption><tr><td>a</td><td>1</td></tr></table>`: "one\ntwo\n\na  1\n",
		`<table><tr><th>{{.x}}</th><th>n</th></tr><tr><td>a</td><td>1</td></tr></table>`: "one  n\ntwo\n" +
			"---  -\na    1\n",
		`<blockquote>{{template "part.html" .}}</blockquote><p>c</p>`:             "> p one\n> two\n>\n> - q\n\nc\n",
		`<ul><li>{{template "part.html" .}}</li><li>c</li></ul>`:                  "- p one\n  two\n\n  - q\n- c\n",
		`{{define "unused"}}{{end}}<ul><li>{{.x}}{{if .x}}<br>c{{end}}</li></ul>`: "- one\n  two\n  c\n",
	} {
		files := fstest.MapFS{"part.html": {Data: []byte("<p>p {{.x}}</p><ul><li>q</li></ul>")}}
		body, err := New(Config{Columns: []string{"x"}, FS: files}).Body(BodySource{HTML: &Source{File: "b.html",
			Text: html}})
		if err != nil {
			t.Fatal(html, diagnose(err))
		}
		text := run1(t, body.Text.Execute, Data{Text: map[string]string{"x": "one\ntwo"}})
		if got := seenText(text); strings.TrimSpace(got) != strings.TrimSpace(want) {
			t.Errorf("%s is\n%s\nnot\n%s", html, got, want)
		}
	}
}

// A condition at the beginning of a block decides about what is in the block, and not about the block. Proven by
// putting the mark of a block before the condition that its first line begins with, and by reading on into the next
// block.
func TestConditionsAtTheBeginningOfBlocks(t *testing.T) {
	t.Parallel()
	for html, want := range map[string][2]string{
		`<blockquote>{{if .x}}<p>a</p>{{end}}<p>b</p></blockquote><ul><li>z</li></ul>`: {"> b\n\n- z\n",
			"> a\n>\n> b\n\n- z\n"},
		`<ul><li>{{if .x}}<p>a</p>{{end}}<p>b</p></li><li>c</li></ul>`: {"- b\n\n- c\n",
			"- a\n\n  b\n\n- c\n"},
		`<ul><li>{{if .x}}<p>a</p>{{end}}</li><li>c</li></ul>`: {"-\n- c\n", "- a\n- c\n"},
		`<blockquote><ol><li>{{if .x}}<p>a</p>{{end}}</li><li>c</li></ol></blockquote>`: {"> 1.\n> 2. c\n",
			"> 1. a\n> 2. c\n"},
		`<ul><li>o<ul><li>{{if .x}}<p>a</p>{{end}}<p>b</p></li></ul></li><li>d</li></ul>`: {"- o\n\n  - b\n- d\n",
			"- o\n\n  - a\n\n    b\n- d\n"},
		`<blockquote>q{{if .x}}<blockquote>{{if .x}}<p>i</p>{{end}}j</blockquote>{{end}}</blockquote>`: {"> q\n",
			"> q\n>\n>> i\n>>\n>> j\n"},
		`<dl><dd>{{if .x}}<p>a</p>{{end}}<p>b</p></dd></dl>`: {"  b\n", "  a\n\n  b\n"},
	} {
		for i, x := range []string{"", "x"} {
			if got := seenText(htmlText(t, html, x, "")); strings.TrimSpace(got) != strings.TrimSpace(want[i]) {
				t.Errorf("%s, %q is\n%s\nnot\n%s", html, x, got, want[i])
			}
		}
	}
}

// Literals that are laid out beforehand are whole lines, also in a template that is included within a block: there the
// block is around them. Each of these texts is also made by the template engine, which lays out all of it at once (see
// TestMain). Proven by laying out literals as if no line with marks had begun before them.
func TestLongLiteralsWithinBlocks(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("<p>"+strings.TrimSpace(strings.Repeat("word ", 20))+"</p>\n", 4)
	part := long + "<ul><li>q</li><li>{{.x}}</li></ul>" + long + "<table><tr><td>a</td><td>1</td></tr></table>" + long
	for _, html := range []string{`<blockquote>%</blockquote>`, `<ul><li>%</li><li>b</li></ul>`, `<p>a %</p>`,
		`<h1>%</h1>`,
		`<table><tr><th>a</th><th>b</th></tr><tr><td>%</td><td>1</td></tr></table>`, `<dl><dd>%</dd></dl>`,
		`{{range split "," "1,2,3"}}<blockquote>{{.}} {{if eq . "2"}}{{break}}{{end}} b</blockquote>{{end}}` + long + `%`,
		`<blockquote>{{if .x}}a<br>b{{else}}c{{end}}</blockquote>%`} {
		html = long + strings.ReplaceAll(html, "%", `{{template "part.html" $}}`) + long
		for _, language := range []string{"en", "fa"} {
			files := fstest.MapFS{"part.html": {Data: []byte(part)}}
			body, err := New(Config{Columns: []string{"x"}, FS: files, Language: language}).Body(
				BodySource{HTML: &Source{File: "b.html", Text: html}})
			if err != nil {
				t.Fatal(html, diagnose(err))
			}
			text := run1(t, body.Text.Execute, Data{Text: map[string]string{"x": "one\n\ntwo"}})
			if n := strings.Count(text, "word"); n != strings.Count(html+part, "word") {
				t.Errorf("%s, %s: %d words: %s", html, language, n, text)
			}
		}
	}
}

// Where the text part cannot know the numbers that HTML gives the items, there is none.
func TestNumbersThatAreUnknown(t *testing.T) {
	t.Parallel()
	for _, html := range []string{`<ol reversed>{{range split "," .x}}<li>{{.}}</li>{{end}}</ol>`,
		`<ol start="{{if .x}}2{{end}}"><li>a</li></ol>`, `<ol><li value="1{{.x}}">a</li></ol>`} {
		_, err := New(Config{Columns: []string{"x"}}).Body(BodySource{HTML: &Source{File: "b.html", Text: html}})
		if err == nil || !strings.Contains(diagnose(err), "cannot number") {
			t.Errorf("%s: %v", html, err)
		}
	}
}
