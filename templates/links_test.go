package templates

import (
	"slices"
	"strings"
	"testing"
)

// The text part says what the links of the HTML say, and nothing that the HTML hides. Proven on the code before: the
// number of the first is lost, blanks in the mailto: are +, and what is hidden otherwise than by "display:none" is
// read.
func TestTextOfLinks(t *testing.T) {
	t.Parallel()
	for html, want := range map[string]string{
		`<a href="tel:+15550100">Call us</a>`:                                                   "Call us <tel:+15550100>",
		`<a href="tel:+15550100">+1 555-0100</a>`:                                               "+1 555-0100",
		`<a href="tel:+15550100">Call +1 (555) 0100 now</a>`:                                    "Call +1 (555) 0100 now",
		`<a href="TEL:+15550100">+1 555-0199</a>`:                                               "+1 555-0199 <TEL:+15550100>",
		`<a href="sms:+15550100">Text us</a>`:                                                   "Text us <sms:+15550100>",
		`<a href="geo:1,2">Map</a>`:                                                             "Map <geo:1,2>",
		`<a href="{{tel .phone}}">your adviser</a>`:                                             "your adviser <tel:+15550109999>",
		`<a href="{{tel .phone}}">{{.phone}}</a>`:                                               "+1 555 010 9999",
		`<a href="tel:{{.phone}}">{{substr 0 2 .phone}}</a>`:                                    "+1 <tel:+1%20555%20010%209999>",
		`<a href="mailto:a@b.example?subject=Hello {{.x}}">a</a>`:                               "a <mailto:a@b.example?subject=Hello%20x%20y>",
		`<a href="mailto:a@b.example?subject={{urlescape .x}}">a</a>`:                           "a <mailto:a@b.example?subject=x%20y>",
		`<a href="https://a.example"><img src="i" alt=""></a>`:                                  "<https://a.example>",
		`<p style="Display: None">a</p>b`:                                                       "b",
		`<p style="color:red; display : none !important">a</p>b`:                                "b",
		`<p style="visibility:hidden">a</p>b`:                                                   "b",
		`<p style="max-height:0px;overflow:hidden">a</p>b`:                                      "b",
		`<p style="opacity:0">a</p>b<p style="opacity:0.5">c</p>`:                               "b\n\nc",
		`<p hidden>a</p>b`:                                                                      "b",
		`<style>.pre, p.x { DISPLAY: none }</style><p class="y pre">a b`:                        "",
		`<style>.pre{display:none}</style><p class=pre style=display:block>a`:                   "a",
		`<style>@media print { .x { display:none } } .y{color:red}</style><p class="x y">a</p>`: "a",
		`<style media="print">.x{display:none}</style><p class=x>a</p>`:                         "a",
		`<td style="font-size:0"><b style="font-size:16px">a</b></td>`:                          "a",
	} {
		b, err := New(Config{}).Body(BodySource{HTML: &Source{File: "b.html", Text: html}})
		if err != nil {
			t.Errorf("%s: %v", html, err)
			continue
		}
		d := Data{Text: map[string]string{"phone": "+1 555 010 9999", "x": "x y"}}
		if got := strings.TrimSpace(run1(t, b.Text.Execute, d)); got != want {
			t.Errorf("%s: got %q, want %q", html, got, want)
		}
	}
}

// An image is what an address begins with, not what a query or a text mentions. Proven on the code before: the query
// and the alt text give two more names.
func TestImageNames(t *testing.T) {
	t.Parallel()
	b, err := New(Config{}).Body(BodySource{HTML: &Source{Text: `<a href="https://x.example/?cid:a&amp;y=cid:b">cid:z</a>
<img src=" CID:logo" alt="cid:c" srcset="cid:small 1x, cid:large 2x"><td background="cid:back" style="background:url('cid:paper')">
<style>p { background: url(cid:sheet) }</style><!--[if mso]><v:fill src="cid:fill" /><![endif]-->`}})
	want := []string{"back", "fill", "large", "logo", "paper", "sheet", "small"}
	if err != nil || !slices.Equal(b.Images, want) {
		t.Errorf("got %q, %v", b.Images, err)
	}
}
