package inline_test

import (
	"path/filepath"
	"strings"
	"testing"

	xhtml "golang.org/x/net/html"

	"github.com/rogpeppe/go-internal/txtar"

	"mailshot/templates"
	"mailshot/templates/markup"
)

// message makes a document from a body's HTML, or "".
func message(html string, noInline bool) (string, error) {
	body, err := templates.New(templates.Config{}).Body(templates.BodySource{
		HTML: &templates.Source{File: "body.html", Text: html}, Text: &templates.Source{Text: "x"}, NoInline: noInline})
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = body.HTML.Execute(&b, templates.Data{Text: map[string]string{"x": "cell", "y": "", "c": "#123456",
		"accent": "red", "kind": "b", "id": "c", "t": "title", "a": "one", "z": "two"}})
	return b.String(), err
}

// skeleton lists the elements of a document with their attributes but for style=, and the values of those.
func skeleton(t *testing.T, doc string) (elements, styles []string) {
	root, err := xhtml.ParseWithOptions(strings.NewReader(doc), xhtml.ParseOptionEnableScripting(false))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != xhtml.ElementNode || n.Data == "style" {
			continue
		}
		e, style := n.Data, ""
		for _, a := range n.Attr {
			if a.Key == "style" {
				style = a.Val
			} else {
				e += " " + a.Key + "=" + a.Val
			}
		}
		elements, styles = append(elements, e), append(styles, style)
	}
	return elements, styles
}

// Whatever the template: if a message can be made without inlining, one can be made with it. Both have the same text
// and the same elements with the same attributes, and the author's style= is the end of what stands there now.
func FuzzStyles(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range a.Files {
			if part.Name == "body.html" {
				f.Add(string(part.Data))
			}
		}
	}
	for _, s := range []string{"<style>p{color:red}</style><p>x", "<style>p{color:{{.c}}}</style><p style=a>x</p>",
		"<style>a{b:c}</style><a <a b>", "<style>{{if .x}}p{color:red}{{end}}</style><p>{{.x}}</p>",
		"<table><style>td{a:b}</style><p>x<td>y", "<style>p{a:b}</style><p {{if .x}}style='q:r'{{else}}id=x{{end}}>",
		"<style>p{a:\"b</style><p>", "<svg><style>p{a:b}</style><title><p></title></svg><p>",
		"<style>/*{{.x}}*/p{a:b}</style><p>{{range list .x .z}}<p style='x:{{.}}'>{{end}}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, html string) {
		before, err := message(html, true)
		if err != nil {
			return
		}
		after, err := message(html, false)
		if err != nil {
			t.Fatalf("%q cannot be made with its styles inlined: %v", html, err)
		}
		a, _ := markup.Visible(before)
		b, _ := markup.Visible(after)
		if a != b {
			t.Fatalf("%q shows %q, and with its styles inlined %q", html, a, b)
		}
		ea, sa := skeleton(t, before)
		eb, sb := skeleton(t, after)
		for i := range ea {
			if i >= len(eb) || ea[i] != eb[i] || !strings.HasSuffix(sb[i], sa[i]) {
				t.Fatalf("%q\nmade %q\nwith its styles inlined %q", html, before, after)
			}
		}
	})
}
