package templates

import (
	"errors"
	"strings"
	"testing"

	"mailshot/templates/markup"
)

// A value in angle brackets is text or a link in both parts, and never an element. Proven by leaving out
// markup.HiddenText and tokens.address: the text parts lose the value, and Markdown makes no link.
func TestBrackets(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ md, value, html, text string }{
		{"Open <{{.x}}>.", "https://example.com/a?b=c&d",
			`<p>Open <a href="https://example.com/a?b=c&amp;d">https://example.com/a?b=c&amp;d</a>.</p>`,
			"Open <https://example.com/a?b=c&d>."},
		{"Write to Ann <{{.x}}>.", "ann@example.com",
			`<p>Write to Ann <a href="mailto:ann@example.com">ann@example.com</a>.</p>`, "Write to Ann <ann@example.com>."},
		{"<{{.x}}>", "a?b@example.com", `<p><a href="mailto:a%3Fb@example.com">a?b@example.com</a></p>`, "<a?b@example.com>"},
		{"I am <{{.x}}>.", "Ann & <b>", "<p>I am &lt;Ann &amp; &lt;b&gt;&gt;.</p>", "I am <Ann & <b>>."},
		{"None <{{.x}}>.", "", "<p>None .</p>", "None ."},
		{"Run <{{.x}}>.", "javascript:alert(1)", "<p>Run &lt;javascript:alert(1)&gt;.</p>", "Run <javascript:alert(1)>."},
		{"<{{.x}} {{.x}}>", "Ann", "&lt;Ann Ann>", "<Ann Ann>"},
		{"<{{.x}}@example.com>", "ann", `<p><a href="mailto:ann@example.com">ann@example.com</a></p>`, "ann@example.com"},
		{"`<{{.x}}>`", "Ann", "<p><code>&lt;Ann&gt;</code></p>", "<Ann>"},
		{"    <{{.x}}>", "Ann", "<pre><code>&lt;Ann&gt;\n</code></pre>", "     <Ann>"}, // stuffed
		{`\<{{.x}}>`, "Ann", "<p>&lt;Ann&gt;</p>", "<Ann>"},
		{"[a](<{{.x}}>)", "https://b.example", `<p><a href="https://b.example">a</a></p>`, "a <https://b.example>"},
		{"See https://{{.x}}/b.", "a.example", `<p>See <a href="https://a.example/b">https://a.example/b</a>.</p>`,
			"See https://a.example/b."},
		{"www.{{.x}}/b", "a.example", `<p><a href="http://www.a.example/b">www.a.example/b</a></p>`, "www.a.example/b"},
		{"<div title=\"<{{.x}}>\">a <{{.x}}></div>", "Ann", `<div title="<Ann>">a &lt;Ann></div>`, "a <Ann>"},
	} {
		h, text := body(t, New(Config{}), test.md, Data{Text: map[string]string{"x": test.value}})
		if strings.TrimSpace(h) != test.html || strings.TrimRight(text, "\n") != test.text {
			t.Errorf("%s with %q: got\n%s%s", test.md, test.value, h, text)
		}
	}
	for src, want := range map[string]string{
		"<p>Write to <{{.x}}>.</p>":                          "<p>Write to &lt;Ann>.</p>|Write to <Ann>.",
		"<p>{{if .x}}<{{.x}}{{end}}</p>":                     "<p>&lt;Ann</p>|<Ann",
		"<p><{{.x}} and <b>bold</b></p>":                     "<p>&lt;Ann and <b>bold</b></p>|<Ann and bold",
		"<style>a<{{.x}}{}</style>b <{{/* x */}}i>c</i>":     "",
		"<h{{len .x}}>a</h{{len .x}}> <!-- <{{.x}}> --> a<b": "",
	} {
		if want == "" {
			if _, err := New(Config{}).Body(BodySource{HTML: &Source{Text: src}}); err != nil &&
				strings.Contains(err.Error(), "name of an element") {
				t.Errorf("%s: %v", src, err)
			}
			continue
		}
		b, err := New(Config{}).Body(BodySource{HTML: &Source{File: "b.html", Text: src}})
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		d := Data{Text: map[string]string{"x": "Ann"}}
		if got := run1(t, b.HTML.Execute, d) + "|" + strings.TrimSpace(run1(t, b.Text.Execute, d)); got != want {
			t.Errorf("%s: got %s", src, got)
		}
	}
}

// A value that neither part, or the text part alone, would show is an error at its action. Proven by leaving out both
// functions named lost: each of these compiles.
func TestLostValues(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ md, html, place string }{
		{"a\n\n[{{.x}}]: https://a.example", "", "b:3:2"},
		{"a\n\n[b]: https://a.example/{{.x}}", "", "b:3:24"},
		{"", `<p>a</p><{{.x}} class="b">c</p>`, "b:1:10"},
		{"", "<p>a</{{.x}}>", "b:1:7"},
		{"", "<p>a</p><table><colgroup>{{.x}}</colgroup></table>", ""},
		{"", "<p>a</p><frameset>{{.x}}</frameset>", ""},
	} {
		src := BodySource{HTML: &Source{File: "b", Text: test.html}}
		if test.md != "" {
			src = BodySource{Markdown: &Source{File: "b", Text: test.md}}
		}
		b, err := New(Config{}).Body(src)
		var e *Error
		switch {
		case test.place == "" && err == nil: // it is found
			d := Data{Text: map[string]string{"x": "Ann"}}
			if got := run1(t, b.Text.Execute, d); !strings.Contains(got, "Ann") {
				t.Errorf("%s: got %q", test.html, got)
			}
		case test.place != "" && (!errors.As(err, &e) || e.Place() != test.place || e.Hint == ""):
			t.Errorf("%s%s: got %v", test.md, test.html, err)
		}
	}
}

// Each value that the HTML shows is in the derived text, or the template is refused. § stands for a value of its own.
func FuzzValues(f *testing.F) {
	for _, s := range []string{
		"a <§> b", "[§](https://a.example/§) §", "<table><tr><td>§<li>§</table>§", "- §\n- <§ §>\n\n[§]: §", "§\n===\n\n    §",
		"<select><option>§</select><button>§</button>", `<p hidden>§</p><a href="tel:§">§</a>`, "<svg>§</svg><b <§>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "{{") || len(text) > 500 {
			return
		}
		parts := strings.Split(text, "§")
		d := Data{Text: map[string]string{}}
		var src strings.Builder
		for i, part := range parts {
			src.WriteString(part)
			if i < len(parts)-1 {
				name := "v" + strings.Repeat("i", i)
				d.Text[name] = "VALUE" + name + "END"
				src.WriteString("{{." + name + "}}")
			}
		}
		for _, source := range []BodySource{
			{Markdown: &Source{Text: src.String()}, Layout: "none"}, {HTML: &Source{Text: src.String()}},
		} {
			b, err := New(Config{}).Body(source)
			if err != nil {
				continue
			}
			var h, plain strings.Builder
			if b.HTML.Execute(&h, d) != nil || b.Text.Execute(&plain, d) != nil {
				continue
			}
			shown := readable(t, h.String())
			for _, value := range d.Text {
				if strings.Contains(shown, value) && !strings.Contains(plain.String(), value) {
					t.Fatalf("%q: %s is in the HTML and not in the text %q", src.String(), value, plain.String())
				}
			}
		}
	})
}

// readable returns the text of a document outside the elements that nobody reads.
func readable(t *testing.T, doc string) string {
	t.Helper()
	for _, mark := range []string{"hidden", "style", "<head", "<title", "script", "template", "iframe", "object", "svg"} {
		if strings.Contains(strings.ToLower(doc), mark) {
			return "" // the corpus and the tables have those
		}
	}
	shown, err := markup.Visible(doc)
	if err != nil {
		return ""
	}
	return shown
}
