package templates

import (
	"strings"
	"testing"
)

// What the HTML shows, the text part says, and no two amounts become a third one. Each of these was lost, or joined
// with what stands beside it, before it was looked for: it is wrong that a reader of the text pays $1999 for $19.99.
func TestTextKeepsWhatHTMLShows(t *testing.T) {
	t.Parallel()
	for html, want := range map[string]string{
		// Links that are a part of a picture.
		`<img src="https://i.example/m.png" alt="Map" usemap="#m"><map name="m"><area shape="rect" coords="0,0,9,9" ` +
			`href="https://a.example/north" alt="North"><area href="https://a.example/{{.x}}"></map>`: "Map\nNorth <https://a.example/north>\n<https://a.example/1>\n",
		`<p><a href="https://a.example/north">North</a></p><map name="m"><area href="https://a.example/north" alt="N"></map>`: "North <https://a.example/north>\n\nN\n",
		// Numbers above and below the line.
		`<p>It costs $19<sup>99</sup> today</p>`:                        "It costs $19.99 today\n",
		`<p>It costs $1,019<sup><small>99</small></sup></p>`:            "It costs $1,019.99\n",
		`<p>It costs 19<sup>99</sup> € today</p>`:                       "It costs 19.99 € today\n",
		`<p>It costs ${{.x}}<sup>99</sup></p>`:                          "It costs $1.99\n",
		`<p>It costs {{.x}}<sup>{{.y}}</sup></p>`:                       "It costs 1^2\n",
		`<p>10<sup>6</sup> of H<sub>2</sub>O, 20 m<sup>2</sup></p>`:     "10^6 of H2O, 20 m2\n",
		`<p>The 1<sup>st</sup> price<sup>1</sup> of 20<sup>1</sup></p>`: "The 1st price1 of 20^1\n",
		`<p>{{.x}}<sup>th</sup> of 10<sub>2</sub>, 10 <sup>2</sup></p>`: "1th of 10_2, 10 2\n",
		// Blocks by their style, and what is drawn apart.
		`<p><span style="display:block">5</span><span style="display: block">10</span></p>`:                                                            "5\n10\n",
		`<style>.b{display:block}</style><p>5<b class="b">10</b>15</p>`:                                                                                "5\n10\n15\n",
		`<p>Room 2<span style="float:right">150</span></p>`:                                                                                            "Room 2 150\n",
		`<p><span style="padding:2px 8px">NEW</span>Shirt (<i style="margin-left:2px">L</i>)</p>`:                                                      "NEW Shirt (L)\n",
		`<p><span style="float:left;font-size:40px">O</span>nce</p>`:                                                                                   "Once\n",
		`<p>5<img src="https://i.example/1.png" alt="">10 <img src="https://i.example/2.png" alt="A"><img src="https://i.example/3.png" alt="B">.</p>`: "5 10 A B.\n",
		`<a href="https://a.example/1">One</a><a href="https://a.example/2">Two</a>, three`:                                                            "One <https://a.example/1> Two <https://a.example/2>, three\n",
		// Elements that were taken for parts of a line, or for nothing.
		`<details><summary>Terms</summary>30 days</details>`:                                                                 "Terms\n30 days\n",
		`<fieldset><legend>Size</legend>M</fieldset>`:                                                                        "Size\nM\n",
		`<form><select><option>A<option>B</select><input type="submit" value="Send"><input type="hidden" value="no"></form>`: "A\nB\nSend\n",
		`<noscript><p>Read it at <a href="https://a.example/n">our site</a></p></noscript>`:                                  "Read it at our site <https://a.example/n>\n",
		`<object data="https://i.example/x"><p>Terms</p></object>`:                                                           "Terms\n",
		`<p>Call <a href="tel:+15550100"><img src="https://i.example/t.png" width="24" alt="Phone"></a></p>`:                 "Call Phone <tel:+15550100>\n",
		`<p>a<img src="https://i.example/t.gif" width="1" height="1" alt="opened"></p><dialog>b</dialog>`:                    "a\n",
		`<menu><li>Tea<li>Milk</menu>`:                                                                                       "- Tea\n- Milk\n",
		// An address that is written in two lines is one.
		"<a href=\"https://a.example/\n  ?q=1\t&amp;r={{.x}}\">Go</a>": "Go <https://a.example/%20%20?q=1&r=1>\n",
	} {
		if text := htmlText(t, html, "1", "2"); text != want {
			t.Errorf("%s:\n%q\nis not\n%q", html, text, want)
		}
	}
	body, err := New(Config{Language: "de"}).Body(BodySource{HTML: &Source{Text: `Nur 19<sup>99</sup>&nbsp;€`}})
	if err != nil {
		t.Fatal(diagnose(err))
	}
	if text := run1(t, body.Text.Execute, Data{}); text != "Nur 19,99\u00a0€\n" {
		t.Errorf("%q", text)
	}
}

// A condition next to an element within a line decides about a part of the line. It is wrong to begin a new one.
func TestConditionsStayInTheirLine(t *testing.T) {
	t.Parallel()
	const html = `<div>Due {{if .x}}<time datetime="2026-12-01">1 December</time>{{end}} at <nobr>noon</nobr></div>`
	if text := htmlText(t, html, "1", ""); text != "Due 1 December at noon\n" {
		t.Errorf("%q", text)
	}
}

// What the rules of <style> hide is hidden in the text part too, whatever their selectors; and what one shows again is
// shown. Proven by reading the selectors of one class alone, as was done before.
func TestSelectorsThatHide(t *testing.T) {
	t.Parallel()
	for html, shown := range map[string]bool{
		`<style>.c .d{display:none}</style><div class="c"><p class="d">Secret</p></div>`:                            false,
		`<style>.c .d{display:none}</style><div class="e"><p class="d">Secret</p></div>`:                            true,
		`<style>.c > .d{display:none}</style><div class="c"><b><i class="d">Secret</i></b></div>`:                   true,
		`<style>.c.d{display:none}</style><p class="d c">Secret</p>`:                                                false,
		`<style>.c.d{display:none}</style><p class="d">Secret</p>`:                                                  true,
		`<style>*[class=off],td[class~="x"]{display:none}</style><p class="off">Secret</p>`:                         false,
		`<style>#top span{visibility:hidden}</style><div id="top"><span>Secret</span></div>`:                        false,
		`<style>div.c p:first-child{display:none}</style><div class="c"><p>Secret</p><p>b</p></div>`:                false,
		`<style>p:hover{display:none}p::before{display:none}</style><p>Secret</p>`:                                  true,
		`<style>u + .b .c{display:none}</style><div class="b"><p class="c">Secret</p></div>`:                        true,
		`<style>.c{display:none}.d .c{display:block}</style><div class="d"><p class="c">Secret</p></div>`:           true,
		`<style>.c{display:none!important}.d .c{display:block}</style><div class="d"><p class="c">Secret</p></div>`: false,
		`<style>@media screen{.c{display:none}}</style><p class="c">Secret</p>`:                                     false,
		`<style>@media only screen, print {.c{display:none}}</style><p class="c">Secret</p>`:                        false,
		`<style>@media screen and (max-width:9px){.c{display:none}}</style><p class="c">Secret</p>`:                 true,
		`<style>@media print{.c{display:none}}</style><p class="c">Secret</p>`:                                      true,
		`<style>.c{clip-path:inset(50%);position:absolute}</style><p class="c">Secret</p>`:                          false,
		// A condition among the attributes, and rules about its element: its name and what it stands in count.
		`<style>.c{display:none}div.c{display:block}</style><div class="c" {{if .x}}title="t"{{end}}>Secret</div>`: true,
		`<style>.o .c{display:none}</style><div class="o"><p class="{{if .x}}c{{end}}">Secret</p></div>`:           false,
	} {
		if text := htmlText(t, html+"<p>r</p>", "1", ""); strings.Contains(text, "Secret") != shown {
			t.Errorf("%s: %q", html, text)
		}
	}
	// Nobody knows before the message is made whether this hides the paragraph.
	for _, html := range []string{
		`<style>.paid .due{display:none}</style><div class="{{if .x}}paid{{end}}"><p class="due">Pay</p></div>`,
		`<style>.paid .due{display:none}</style><div class="{{if .x}}paid{{end}} o"><div><p class="due">Pay</p></div></div>`,
	} {
		_, err := New(Config{Columns: []string{"x"}}).Body(BodySource{HTML: &Source{File: "b.html", Text: html}})
		if err == nil || !strings.Contains(diagnose(err), "unclear-text") {
			t.Errorf("%s: %v", html, err)
		}
	}
}

// A list whose style shows no numbers has none in the text.
func TestListsWithoutNumbers(t *testing.T) {
	t.Parallel()
	for _, style := range []string{"list-style:none", "list-style-type: square", "padding:0;list-style:none outside"} {
		if text := htmlText(t, `<ol style="`+style+`"><li>Tea<li>Milk</ol>`, "", ""); text != "- Tea\n- Milk\n" {
			t.Errorf("%s: %q", style, text)
		}
	}
}
