package templates

import (
	"strings"
	"testing"
)

// htmlText is the text part of an HTML body for the cells x and y.
func htmlText(t *testing.T, html, x, y string) string {
	t.Helper()
	body, err := New(Config{Columns: []string{"x", "y"}}).Body(BodySource{HTML: &Source{File: "b.html", Text: html}})
	if err != nil {
		t.Fatal(diagnose(err))
	}
	return run1(t, body.Text.Execute, Data{Text: map[string]string{"x": x, "y": y}})
}

// What a condition among attributes hides from the readers of the HTML, the text part does not show them either; and
// what it does not hide they have. Proven by leaving the conditions where they are.
func TestConditionsThatHide(t *testing.T) {
	t.Parallel()
	const (
		whenX  = "without x" // shown unless there is an x
		unless = "with x"
		never  = "never"
		always = "always"
	)
	for html, shown := range map[string]string{
		`<p>a</p><div {{if .x}}hidden{{end}}>Secret</div><p>b</p>`:                                              whenX,
		`<p>a</p><div {{if .x}} hidden {{end}}>Secret</div><p>b</p>`:                                            whenX,
		`<p>a</p><div {{if not .x}}hidden{{end}} class="c">Secret</div>`:                                        unless,
		`<p>a</p><div class="c" {{if .x}}style="display:none"{{end}}>Secret</div>`:                              whenX,
		`<p>a</p><div style="{{if .x}}display:none{{end}}">Secret</div>`:                                        whenX,
		`<p>a <span style="display:{{if .x}}none{{else}}inline{{end}}">Secret</span> b</p>`:                     whenX,
		`<p>a <b style="display:{{if .x}}inline{{else}}none{{end}}">Secret</b> b</p>`:                           unless,
		`<p>a <b style="display:{{if .y}}inline{{else if .x}}inline{{else}}none{{end}}">Secret</b> b</p>`:       unless,
		`<p>a <b {{if .x}}{{if .y}}hidden{{end}}{{end}}>Secret</b> b</p>`:                                       always,
		`<p style="{{if .x}}color:red;{{end}}display:none">Secret</p><p>b</p>`:                                  never,
		`<p style="display:none{{if .x}};color:red{{end}}">Secret</p><p>b</p>`:                                  never,
		`<p style="{{if .x}}display:none{{else}}visibility:hidden{{end}}">Secret</p><p>b</p>`:                   never,
		`<p style="{{if .x}}color:red{{else}}color:blue{{end}}">Secret</p><p>b</p>`:                             always,
		`<style>.off{display:none}</style><div class="a {{if .x}}off{{end}}"><p>Secret</p></div>`:               whenX,
		`<style>.off{display:none}</style><div class="{{if .x}}off{{else}}off{{end}}"><p>Secret</p></div>b`:     never,
		`<ul><li>a</li><li {{if .x}}hidden{{end}}>Secret</li></ul>`:                                             whenX,
		`<table><tr><td>a</td><td>1</td></tr><tr {{if .x}}hidden{{end}}><td>Secret</td><td>2</td></tr></table>`: whenX,
		`<table><tr><td>a</td><td>1</td></tr><tr><td {{if .x}}hidden{{end}}>Secret</td><td>2</td></tr></table>`: whenX,
		`<blockquote><p {{if .x}}hidden{{end}}>Secret</p><p>b</p></blockquote>`:                                 whenX,
		`<div {{if .x}}hidden{{end}}><p {{if .y}}hidden{{end}}>Secret</p></div><p>b</p>`:                        whenX,
		`<a href="https://a.example/{{.x}}" {{if .x}}hidden{{end}}>Secret</a>`:                                  whenX,
	} {
		for x, want := range map[string]bool{"x": shown == unless || shown == always, "": shown == whenX || shown == always} {
			text := htmlText(t, html, x, "")
			if strings.Contains(text, "Secret") != want {
				t.Errorf("%s: %q becomes %q", html, x, text)
			}
			if strings.ContainsAny(text, "{}") || strings.Contains(text, "\n\n\n") {
				t.Errorf("%s: %q becomes %q", html, x, text)
			}
		}
	}
	text := htmlText(t, `<ol><li>a</li><li {{if .x}}hidden{{end}}>b</li><li>c</li></ol>`, "x", "")
	if text != "1. a\n2. c\n" {
		t.Errorf("the numbers are %q", text)
	}
}

// Where nobody can know beforehand whether HTML hides an element, there is no text part with it in it.
func TestHidingThatIsUnknown(t *testing.T) {
	t.Parallel()
	for _, html := range []string{
		`<p style="display:{{.x}}">Secret</p>`,
		`<p style="visibility: {{.x}}">Secret</p>`,
		`<p {{range split "," .x}}hidden{{end}}>Secret</p>`,
		`<p {{if .x}}{{end}}{{if .x}}{{end}}{{if .x}}{{end}}{{if .x}}{{end}}{{if .x}}{{end}}{{if .x}}{{end}}{{if .x}}hidden{{end}}>Secret</p>`,
	} {
		_, err := New(Config{Columns: []string{"x"}}).Body(BodySource{HTML: &Source{File: "b.html", Text: html}})
		if err == nil || !strings.Contains(diagnose(err), "hides the element") {
			t.Errorf("%s: %v", html, err)
		}
	}
}
