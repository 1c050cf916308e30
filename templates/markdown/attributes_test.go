package markdown

import (
	"strings"
	"testing"

	"mailshot/templates/source"
)

var options = Options{Link: func(t *source.Tokens, action int) string { return t.Token(action) }}

// rendered is the HTML of a Markdown source with its actions.
func rendered(t *testing.T, text string) string {
	t.Helper()
	hidden, out, err := Render(source.New("b.md", 1, 1, text), options)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return hidden.Show(out).Text
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{"[Pay now](https://x.example/{{.id}}){.button}", ButtonTable + "<tr>" + ButtonCell +
			`<a href="https://x.example/{{.id}}" class="button">Pay now</a></td></tr></table>`},
		{"[Pay *now*][1]{.button .wide #pay} today\n\n[1]: {{.url}}",
			`<p><a href="{{.url}}" class="button wide" id="pay">Pay <em>now</em></a> today</p>`},
		{"**[Pay {{.x}}](u){.button}**", `<p><strong><a href="u" class="button">Pay {{.x}}</a></strong></p>`},
		{"![Logo](cid:logo){width=120 .logo}", `<p><img src="cid:logo" alt="Logo" width="120" class="logo"></p>`},
		{"`code`{.wide}", `<p><code class="wide">code</code></p>`},
		{"# Head {{.x}} {.big}", `<h1 class="big">Head {{.x}}</h1>`},
		{"A paragraph\nof two\n{.note}", "<p class=\"note\">A paragraph<br>\nof two</p>"},
		{"- a\n- b\n{.plain}", "<ul class=\"plain\">\n<li>a</li>\n<li>b</li>\n</ul>"},
		{"- a\n  {.first}\n- b", "<ul>\n<li class=\"first\">a</li>\n<li>b</li>\n</ul>"},
		{"> q\n{.note title=\"a & b\"}", "<blockquote class=\"note\" title=\"a &amp; b\"><p>q</p>\n</blockquote>"},
		{"| a |\n|--|\n| b |\n{.sum}",
			"<table class=\"data sum\">\n<thead>\n<tr>\n<th scope=\"col\" class=\"first last start\">a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n" +
				"<td class=\"first last\">b</td>\n</tr>\n</tbody>\n</table>"},
		{"{{if .x}}\n- a\n{.c}\n{{end}}", "{{if .x}}\n<ul class=\"c\">\n<li>a</li>\n</ul>\n{{end}}"},
		// What is not attributes is text.
		{"[a](b) {.c}", `<p><a href="b">a</a> {.c}</p>`},
		{"[a](b){{.c}}", `<p><a href="b">a</a>{{.c}}</p>`},
		{"[a](b){name}", `<p><a href="b">a</a>{name}</p>`},
		{"a{.c}", `<p>a{.c}</p>`},
		{"{.c}", `<p>{.c}</p>`},
		{"a\n\n{.c}", "<p>a</p>\n<p>{.c}</p>"},
		{"a\n{.c} d", "<p>a<br>\n{.c} d</p>"},
	} {
		if got := strings.TrimSpace(rendered(t, c[0])); got != c[1] {
			t.Errorf("%q becomes\n%s\nnot\n%s", c[0], got, c[1])
		}
	}
}

// No action stands in the braces of attributes, so no cell becomes an attribute: the braces are a mistake, or they stay
// text. Proven by leaving out check: the cell is then the class.
func TestAttributesWithoutActions(t *testing.T) {
	t.Parallel()
	for text, shown := range map[string]string{
		"[a](b){.c{{.x}}}":              "",
		"[a](b){.{{.x}}}":               "",
		"[a](b){title={{.x}}}":          "",
		"# a {.c{{.x}}}":                "",
		"a\n{.c {{.x}}=1}":              "",
		"a\n{#i title=\"{{.x}}\"}":      "",
		"[a](b){.c {{if .x}}.d{{end}}}": `<p><a href="b">a</a>{.c {{if .x}}.d{{end}}}</p>`,
	} {
		hidden, out, err := Render(source.New("b.md", 1, 1, text), options)
		switch {
		case shown == "" && (err == nil || !strings.Contains(err.Error(), "braces of attributes")):
			t.Errorf("%q: %v: %s", text, err, out)
		case shown != "" && (err != nil || strings.TrimSpace(hidden.Show(out).Text) != shown):
			t.Errorf("%q: %v: %s", text, err, out)
		}
	}
}

// A line of attributes after a footnote, which Markdown moves to the end before the attributes are given: it is the
// footnote's, or it is text. It is not another block's, and whoever writes it has no panic.
func TestAttributesAfterFootnotes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"[^1]: foo\n{.c}", "a[^1]\n\n[^1]: foo\n{.c}\n\nb", "> [^1]: foo\n> {.c}"} {
		func() {
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("%q: panic: %v", text, p)
				}
			}()
			if out := rendered(t, text); strings.Contains(out, `<p class="c">a`) {
				t.Errorf("%q: the paragraph before the footnote has its class: %s", text, out)
			}
		}()
	}
}

// A line of attributes after code is the code's, as after any other block.
func TestAttributesAfterCode(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"```\na\n```\n{.c}", "```sh\na\n```\n{.c}", "    a\n{.c}"} {
		if out := rendered(t, text); !strings.Contains(out, `class="c"`) && !strings.Contains(out, "{.c}") {
			t.Errorf("%q: the class is lost: %s", text, out)
		}
	}
}
