package templates

import (
	"errors"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"mailshot/templates/markup"
)

// ofName is the row of somebody.
func ofName(name string) Data { return Data{Text: map[string]string{"name": name}} }

// htmlBody compiles an HTML body and makes it for a row.
func htmlBody(t *testing.T, text string, d Data) (made string, err error) {
	t.Helper()
	b, err := New(Config{}).Body(BodySource{HTML: &Source{File: "body.html", Text: text}})
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = b.HTML.Execute(&out, d)
	return out.String(), err
}

// However people write conditional comments, a browser shows what it shows of the source, and Outlook gets a spelling
// that it reads. Proven on the regular expression there was: nine of them show less or more.
func TestConditionalComments(t *testing.T) {
	t.Parallel()
	const shown, end = "<!--[if !mso]><!-->", "<!--<![endif]-->"
	for _, test := range []struct{ open, close, wantOpen, wantEnd string }{
		{shown, end, shown, end},
		{"<!--[if !mso]><!-- -->", end, "<!--[if !mso]><!-- -->", end},
		{"<!--[if !mso]> <!-->", end, shown, end},
		{"<!--[if !mso]>\n<!-->", end, shown, end},
		{"<!--[if !mso]>-->", end, shown, end},
		{"<!--[if !mso]><!---->", end, shown, end},
		{"<!--[if !mso]> <!-- -- -->", end, shown, end},
		{"<!--[if !mso]><!--!>", end, shown, end},
		{"<!--[IF !MSO]><!-->", "<!--<![ENDIF]-->", shown, end},
		{"<!-- [ if\n!mso ] ><!-->", "<!--<![ endif ]-->", shown, end},
		{"<!--[if (gte mso 9)|(IE)]><!-->", "<!--<![endif]--!>", "<!--[if (gte mso 9)|(IE)]><!-->", end},
		{shown, "<!-- <![endif]-->", shown, end},
		{shown, "<!--\n<![endif] -->", shown, end},
		{shown, "<!--<! [EndIf]>-->", shown, end},
		{shown, "<![endif]-->", shown, "<![endif]-->"},
		{"<![if !mso]>", "<![endif]>", "<![if !mso]>", "<![endif]>"},
		{"<![IF !mso ]>", "<![ endif ]>", "<![if !mso]>", "<![endif]>"},
		{"<!--[if !mso]><!--//-->", end, "<!--[if !mso]><!--//-->", end},
	} {
		src := "<p>BEFORE</p>\n" + test.open + "\n<p><a href=\"https://shop.example/buy\">INSIDE {{.name}}</a></p>\n" +
			test.close + "\n<p>AFTER</p>\n<!-- footer --><!--[if mso]></td></tr></table><![endif]-->\n<p>LAST</p>"
		got, err := htmlBody(t, src, ofName("Ann"))
		if err != nil {
			t.Errorf("%q %q: %v", test.open, test.close, err)
			continue
		}
		seen, _ := markup.Visible(got)
		if want, _ := markup.Visible(strings.ReplaceAll(src, "{{.name}}", "Ann")); seen != want {
			t.Errorf("%q %q: a browser shows %q", test.open, test.close, seen)
		}
		want := "<p>BEFORE</p>\n" + test.wantOpen + "\n<p><a href=\"https://shop.example/buy\">INSIDE Ann</a></p>\n" +
			test.wantEnd + "\n<p>AFTER</p>\n<!--[if mso]></td></tr></table><![endif]-->\n<p>LAST</p>"
		if got != want {
			t.Errorf("%q %q: got\n%s\nwant\n%s", test.open, test.close, got, want)
		}
	}
}

// What Outlook alone reads stays as it is, whatever is in it, and its cells are escaped.
func TestConditionalContent(t *testing.T) {
	t.Parallel()
	for _, src := range []string{
		"<!--[if mso]><p>{{.name}}</p><![endif]-->x",
		"<!--[if mso]><!--[if gte mso 9]><xml><o:x/></xml><![endif]--><![endif]-->x",
		"<!--[if mso]><![if gte mso 9]>a<![endif]>b<![endif]-->x",
		"<!--[if mso]>a<!-- b -->c<![endif]-->x",
		`<!--[if mso]><?xml:namespace prefix="v" /><![endif]-->x`,
		"<style><!-- b { color: red } --></style><p>x</p>",
		"<!--[if mso]><style>p{}</style><![endif]--><p>x</p>",
		`<p title="<!-- x">x</p>`,
	} {
		got, err := htmlBody(t, src, ofName("<b>"))
		if want := strings.ReplaceAll(src, "{{.name}}", "&lt;b&gt;"); err != nil || got != want {
			t.Errorf("%q: got %q, %v", src, got, err)
		}
	}
	// Either branch may begin what ends after both.
	b, err := New(Config{}).Body(BodySource{Text: &Source{Text: "x"}, HTML: &Source{File: "body.html",
		Text: "{{if .name}}<!--[if mso]>{{else}}<!--[if gte mso 9]>{{end}}<b>x</b><![endif]-->y"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"": "<!--[if gte mso 9]><b>x</b><![endif]-->y", "Ann": "<!--[if mso]><b>x</b><![endif]-->y",
	} {
		if got := run1(t, b.HTML.Execute, ofName(name)); got != want {
			t.Errorf("%q: got %q", name, got)
		}
	}
}

// A conditional comment without its other half is an error at its line, and so is a comment that never ends. Proven by
// leaving out scanner.pair: the first six are made.
func TestConditionalPairs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ src, place, text string }{
		{"a\n<!--[if !mso]><!-->b", "body.html:2:1", "has no end"},
		{"a\n<!--[if mso]>b-->", "body.html:2:1", "has no end"},
		{"a\nb<![endif]-->", "body.html:2:2", "none is open"},
		{"a\n\n<!--<![endif]-->", "body.html:3:1", "none is open"},
		{"<!--[if mso]>a<![endif]-->\n<![endif]>", "body.html:2:1", "none is open"},
		{"{{if .name}}<!--[if mso]>{{end}}", "body.html:1:13", "has no end"},
		{"<!--[if !mso]><!-->b\n<!--[endif]-->", "body.html:2:1", "does not read this as the end"},
		{"<!--[if !mso]><!-->b\n<!-- ![endif] -->", "body.html:2:1", "does not read this as the end"},
		{"a\n<!--[if mso>b<![endif]-->", "body.html:2:1", "no ]> after its condition"},
		{"<!--[if mso]>a\n<![endif]><p>b</p><!-- c -->", "body.html:2:1", "the comment goes on"},
		{"a\n<!-- b <p>c</p>", "body.html:2:1", "hides all that comes after it"},
		{"<!--[if {{.name}}]>b<![endif]-->", "body.html:1:1", "cannot hold an action"},
	} {
		_, err := htmlBody(t, test.src, ofName("Ann"))
		var e *Error
		if !errors.As(err, &e) || e.Place() != test.place || !strings.Contains(e.Text, test.text) || e.Hint == "" {
			t.Errorf("%q: got %v, want %s: … %s", test.src, err, test.place, test.text)
		}
	}
}

// What a browser takes for a comment is one. Proven by leaving Conditionals out: html/template shows the first three as
// text, and loses AFTER in the next four.
func TestOddComments(t *testing.T) {
	t.Parallel()
	for _, src := range []string{
		`<?xml version="1.0"?><p>AFTER</p>`, "<!x><p>AFTER</p>", "</ x><p>AFTER</p>", "<!--><p>AFTER</p><!-- x -->",
		"<!---><p>AFTER</p><!-- x -->", "<!-- x --!><p>AFTER</p><!-- x -->", "<!----!><p>AFTER</p>",
		"<!-- {{if .name}} --><p>AFTER</p><!-- {{end}} -->", "<!-- {{.name}} --><p>AFTER</p>",
	} {
		got, err := htmlBody(t, src, ofName("Ann"))
		if seen, _ := markup.Visible(got); err != nil || seen != "AFTER" {
			t.Errorf("%q: %q, %v", src, got, err)
		}
	}
}

// Where html/template and a browser disagree on what is text, no message is made: the template is at fault, at its
// line. Proven by leaving visibleGuard.check out: each of them is made.
func TestVisibleGuard(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ src, place, inSource string }{
		{"<p>a</p>\n<xmp><!-- SHOWN --></xmp><p>b</p>", "body.html:2:6", `"<!-- SHOWN --> b"`},
		{"<p>a</p>\n<? {{.name}} ?><p>LATER</p>", "body.html:2:19", `"LATER"`},
	} {
		_, err := htmlBody(t, test.src, ofName("Ann"))
		var e *Error
		if !errors.As(err, &e) || e.Code != "html-differs" || e.Place() != test.place ||
			!strings.Contains(e.Text, test.inSource) {
			t.Errorf("%q: got %v", test.src, err)
		}
	}
	// A layout and a partial are guarded too, and so is each branch, whenever a row first takes it. After that each row
	// that takes it is at fault, not only the first.
	files := fstest.MapFS{
		"l.html": {Data: []byte(`<p>top</p>{{template "content" .}}`)},
		"p.html": {Data: []byte("<p>x</p><xmp><!-- PARTIAL --></xmp>")},
	}
	b, err := New(Config{FS: files}).Body(BodySource{Layout: "l.html",
		HTML: &Source{File: "body.html", Text: `<p>a</p>{{if eq .name "Bob"}}{{template "p.html" .}}{{end}}`}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Ann", "Bob", "Ann", "Bob"} {
		var e *Error
		err := b.HTML.Execute(&strings.Builder{}, ofName(name))
		if bad := errors.As(err, &e) && e.File == "p.html"; bad != (name == "Bob") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Each body of the corpus shows what its source says, for each of its rows.
func TestVisibleCorpus(t *testing.T) {
	t.Parallel()
	names, _ := filepath.Glob("../../shared/corpora/html/*.html")
	if names == nil {
		t.Skip("the corpus of HTML bodies is not here")
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, cell := range []string{"", "x", "<b>y</b>"} {
			d := Data{Text: map[string]string{}}
			for _, column := range strings.Fields("email name number amount due url image accent city code phone note") {
				d.Text[column] = cell
			}
			d.Text["url"], d.Text["image"], d.Text["accent"] = "https://a.example/"+cell, "https://a.example/i.png", "#ff0000"
			if _, err := htmlBody(t, string(text), d); err != nil {
				t.Errorf("%s: %q: %v", filepath.Base(name), cell, err)
			}
		}
	}
}

// The visible text of what is made is that of the source, for every row: the first of a path, which the guard compares,
// and the later ones, which it does not. § stands for a cell and ¤ for a condition in the source.
func FuzzVisible(f *testing.F) {
	for _, s := range []string{
		"<p>§</p><!--[if !mso]> <!--><p>a</p><!-- <![endif]--><p>b</p>", "<!--[if mso]><p>§</p><![endif]-->b",
		`<a href="https://a.example/§" title=§>§</a><style>p{}</style><!-- § --!>`, "a < b <b>c</b> <? x ?> &lt;§> </ x>",
		"<p>¤x¤</p>", "<table><tr><td>§</td></tr>§</table>", "<xmp><!-- x --></xmp>", "<title>§</title><p>b", "<!-->a<!--->b",
	} {
		f.Add(s, "x", "<b>\"'> --> ")
	}
	f.Fuzz(func(t *testing.T, text, first, second string) {
		if strings.Contains(text, "{{") || len(text) > 1000 || strings.Contains(text, "<§") {
			return // TestBrackets has <{{.x}}>
		}
		parts := strings.Split(text, "¤")
		src := parts[0]
		for i, part := range parts[1:] {
			src += map[bool]string{true: "{{if .c}}", false: "{{end}}"}[i%2 == 0] + part
		}
		b, err := New(Config{}).Body(BodySource{
			HTML: &Source{File: "b.html", Text: strings.ReplaceAll(src, "§", "{{.name}}")}})
		if err != nil {
			return
		}
		for _, cell := range []string{first, second} {
			var out strings.Builder
			d := Data{Text: map[string]string{"name": cell, "c": "y"}}
			if err := b.HTML.Execute(&out, d); err != nil {
				return // refused, with a place
			}
			shown := strings.NewReplacer(" ", "&#32;", "\n", "&#10;", "\t", "&#9;", "\r", "&#13;", "\f", "&#12;", "`", "&#96;",
				"\x00", "\ufffd").Replace(html.EscapeString(cell))
			want, err := markup.Visible(strings.ReplaceAll(strings.ReplaceAll(text, "¤", ""), "§", shown))
			if err != nil {
				return
			}
			if got, err := markup.Visible(out.String()); err != nil || got != want {
				t.Fatalf("%q with %q shows %q, and its source %q (%v)", src, cell, got, want, err)
			}
		}
	})
}
