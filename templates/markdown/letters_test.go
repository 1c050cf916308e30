package markdown

import (
	"strings"
	"testing"

	"mailshot/templates/locale"
	"mailshot/templates/source"
)

// shown is the HTML of a Markdown source with options.
func shown(t *testing.T, text string, o Options) string {
	t.Helper()
	o.Link = options.Link
	hidden, out, err := Render(source.New("b.md", 1, 1, text), o)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return strings.TrimSpace(hidden.Show(out).Text)
}

// A line end is a line break, unless an editor has wrapped the paragraph. Proven by taking every line end for a break:
// the wrapped paragraphs then have breaks, and by taking none: the address is one line.
func TestLineBreaks(t *testing.T) {
	t.Parallel()
	long := "This line has been wrapped by an editor at seventy-two columns, as many"
	for _, c := range []struct{ md, html string }{
		{"Ann\n12 Mill Lane\nLondon", "<p>Ann<br>\n12 Mill Lane<br>\nLondon</p>"},
		{long + "\ndo.", "<p>" + long + "\ndo.</p>"},
		{long + "\n" + long + "\nend", "<p>" + long + "\n" + long + "\nend</p>"},
		{"Hi all,\n" + long + "\nend", "<p>Hi all,<br>\n" + long + "<br>\nend</p>"}, // one line is not full: all stay
		{long + "  \nshort\nend", "<p>" + long + "<br>\nshort<br>\nend</p>"},
		{long + "\nwrapped.\\\n" + long + "\nend", "<p>" + long + "\nwrapped.<br>\n" + long + "\nend</p>"},
		{strings.Repeat("x ", 62) + "\nend", "<p>" + strings.TrimSpace(strings.Repeat("x ", 62)) +
			"<br>\nend</p>"}, // nobody wraps beyond 120
		{"Pay {{money \"EUR\" .a_column_with_quite_a_long_name}} until the end of\nit", // as its author sees it
			"<p>Pay {{money \"EUR\" .a_column_with_quite_a_long_name}} until the end of\nit</p>"},
		{"{{.a}}\n{{if .b}}{{.b}}{{end}}\n{{.c}}", "<p>{{.a}}<br>\n{{if .b}}{{.b}}<br>\n{{end}}{{.c}}</p>"},
		{"{{.a}}\n{{if .b}}{{.b}}{{else}}x{{end}}\n{{.c}}", "<p>{{.a}}<br>\n{{if .b}}{{.b}}{{else}}x{{end}}<br>\n{{.c}}</p>"},
		{"{{.a}}\n{{- if .b}} x{{end}}\n{{.c -}}\nd", "<p>{{.a}}\n{{- if .b}} x{{end}}<br>\n{{.c -}}\nd</p>"},
		{"- a\n  b\n- c", "<ul>\n<li>a<br>\nb</li>\n<li>c</li>\n</ul>"},
		{"*a\nb*", "<p><em>a<br>\nb</em></p>"},
		{"`a\nb`", "<p><code>a b</code></p>"},
	} {
		for _, text := range []bool{false, true} { // the same in both parts
			if got := shown(t, c.md, Options{Text: text}); got != c.html {
				t.Errorf("%q becomes\n%s\nnot\n%s", c.md, got, c.html)
			}
		}
	}
}

func TestTasksAndNotes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ md, html, text string }{
		{"- [ ] {{.a}}\n- [x] b", "<ul>\n<li class=\"task\" style=\"list-style-type:none\">☐ {{.a}}</li>\n" +
			"<li class=\"task\" style=\"list-style-type:none\">☑\ufe0e b</li>\n</ul>", "[ ] {{.a}}"},
		{"a[^1] b[^x] [^no]\n\n[^1]: one {{.n}}\n[^x]: two",
			"<p>a<sup class=\"footnote\">1</sup> b<sup class=\"footnote\">2</sup> " +
				"[^no]</p>\n<div class=\"footnotes\">\n<hr>\n<ol>\n<li><p>one {{.n}}</p>\n</li>\n<li><p>two</p>\n</li>\n</ol>\n</div>",
			"one {{.n}}"},
		{"Deposit\n: {{.x}}", "<dl>\n<dt>Deposit</dt>\n<dd>{{.x}}</dd>\n</dl>", "{{.x}}"},
		{"{{range split \";\" .x}}\n- [ ] {{.}}\n{{end}}", "<ul>\n{{range split \";\" .x}}\n" +
			"<li class=\"task\" style=\"list-style-type:none\">☐ {{.}}</li>\n{{end}}\n</ul>", "[ ] {{.}}"},
	} {
		if got := shown(t, c.md, Options{}); got != c.html {
			t.Errorf("%q becomes\n%s\nnot\n%s", c.md, got, c.html)
		}
		if got := shown(t, c.md, Options{Text: true}); !strings.Contains(got, c.text) {
			t.Errorf("%q becomes\n%s\nwithout %s", c.md, got, c.text)
		}
	}
	// What a note prints that nobody refers to is not lost without a word.
	_, _, err := Render(source.New("b.md", 1, 1, "a\n\n[^1]: {{.x}}"), options)
	if err == nil || !strings.Contains(err.Error(), "b.md:1:") && !strings.Contains(err.Error(), "b.md:3:") {
		t.Errorf("a note without a reference: %v", err)
	}
}

// Quotes, dashes and dots are set by language, and nowhere else than in what the author has written as text. Proven by
// leaving single quotes to goldmark: those of 'two' are then both apostrophes.
func TestTypographer(t *testing.T) {
	t.Parallel()
	const md = "\"One 'two'\" -- it's {{print \"a--b\" .x}}... `\"c\" -- d`\n\n    \"code\"\n\n<b title=\"x--y\">\"{{.z}}\"</b>"
	for language, want := range map[string]string{
		"": "“One ‘two’” – it’s", "en": "“One ‘two’” – it’s", "de": "„One ‚two‘“ – it’s", "de-CH": "«One ‹two›» – it’s",
		"fr": "«\u00a0One “two”\u00a0» – it’s", "fa": "«One ‹two›» – it’s", "sv-SE": "”One ’two’” – it’s",
		"ru": "«One „two“» – it’s", "xx": "“One ‘two’” – it’s",
	} {
		got := shown(t, md, Options{Quotes: true, Language: language})
		q := locale.Quotation(language)
		for _, part := range []string{want, ` {{print "a--b" .x}}… <code>&quot;c&quot; -- d</code>`,
			"<pre><code>&quot;code&quot;\n",
			`<b title="x--y">` + q[0] + "{{.z}}" + q[1] + "</b>"} {
			if !strings.Contains(got, part) {
				t.Errorf("%s:\n%s\nhas no %s", language, got, part)
			}
		}
	}
	if got := shown(t, md, Options{}); !strings.Contains(got, "&quot;One 'two'&quot; -- it's") {
		t.Errorf("nobody asked for it: %s", got)
	}
	if got := shown(t, "Yours\n\n-- \\\nAnn -- Lee",
		Options{Quotes: true}); got != "<p>Yours</p>\n<p>-- <br>\nAnn – Lee</p>" {
		t.Errorf("a signature: %s", got)
	}
}
