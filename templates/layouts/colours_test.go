package layouts

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Known values of WCAG's formula: white on black, and two greys from its documents.
func TestContrast(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want float64
	}{{"#ffffff", "#000000", 21}, {"#777777", "#ffffff", 4.48}, {"#767676", "#ffffff", 4.54}, {"#ff0000", "#ffffff", 4}} {
		if got := contrast(c.a, c.b); math.Abs(got-c.want) > 0.01 {
			t.Errorf("%s on %s: %.2f, want %.2f", c.a, c.b, got, c.want)
		}
	}
}

// Whatever the accent is, each text of the palette can be read where it stands, on light screens and on dark ones, and
// the edge of a button can be seen. Proven by returning the accent itself from until.
func TestEveryAccent(t *testing.T) {
	t.Parallel()
	for n := range 4096 {
		accent, err := Accent(fmt.Sprintf("#%03X", n))
		if err != nil {
			t.Fatal(err)
		}
		p := lights(accent)
		for _, c := range []struct {
			what, text, on string
			least          float64
		}{
			{"a link", p.Link, lightSheet, least}, {"a link in code", p.Link, lightWell, least},
			{"the sender's name", p.Link, lightDesk, least}, {"a button", p.Label, p.Fill, least},
			{"a button's edge", p.Edge, lightSheet, leastEdge},
			{"a link in the dark", p.DarkLink, darkSheet, least}, {"a link in dark code", p.DarkLink, darkWell, least},
			{"the sender's name in the dark", p.DarkLink, darkDesk, least},
			{"a button in the dark", p.DarkLabel, p.DarkFill, least},
			{"lines in the dark", p.DarkRule, darkSheet, leastEdge},
		} {
			if got := contrast(c.text, c.on); got < c.least {
				t.Errorf("%s: %s: %s on %s is %.2f", accent, c.what, c.text, c.on, got)
			}
		}
	}
}

// The colours that the sheets and the layouts name themselves can be read, too, and there are no others: each is a
// surface or one of these.
func TestFixedColours(t *testing.T) {
	t.Parallel()
	texts := map[string][]string{ // by text: the surfaces that it stands on
		"#1f2328": {lightSheet, lightDesk, lightWell}, "#57606a": {lightSheet, lightDesk},
		"#e8e8ea": {darkSheet, darkDesk, darkWell}, "#a9adb5": {darkSheet, darkDesk},
	}
	lines := []string{"#d8dee4", "#3a3d42"}
	for text, surfaces := range texts {
		for _, on := range surfaces {
			if got := contrast(text, on); got < least {
				t.Errorf("%s on %s is %.2f", text, on, got)
			}
		}
	}
	surfaces := []string{lightDesk, lightSheet, lightWell, darkDesk, darkSheet, darkWell}
	entries, err := files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := files.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b`).FindAllString(string(b), -1) {
			if _, ok := texts[c]; !ok && !slices.Contains(surfaces, c) && !slices.Contains(lines, c) {
				t.Errorf("%s: nobody has looked whether %s can be read", e.Name(), c)
			}
		}
	}
}

func TestAccent(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"#0a5": "#00aa55", "#0A5": "#00aa55", "#1f5fbf": "#1f5fbf", "0a5": "", "#0a": "", "#0a5f": "", "#00aa5g": "", "": "",
		"green": "", "#00aa5": "", "#+aa": "", "#0a5 ": "", "#-12345": "", "#0x1234": "", "#1_2_3_": "",
	} {
		got, err := Accent(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

// Every layout can be written for every look, and its actions are closed.
func TestCompose(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		for _, l := range []Look{
			{}, {Language: "fa", Direction: "rtl"},
			{Language: "de", Accent: "#00aa55", Sender: true, Preheader: true, Postal: true, Unsubscribe: true},
			{Logo: Logo{Address: "cid:x"}}, {Logo: Logo{Address: "cid:x", Width: 1, Height: 2}, Sender: true},
		} {
			text, ok := Compose(name, l)
			if !ok || strings.Contains(text, "[[") || strings.Contains(text, "]]") || strings.Contains(text, "<no value>") ||
				strings.Count(text, `{{template "content" .}}`) != 1 || strings.Contains(text, "%!") {
				t.Errorf("%s %+v: %v\n%s", name, l, ok, text)
			}
			for part, shown := range map[string]bool{"postal": l.Postal, "preheader": l.Preheader,
				"unsubscribe": l.Unsubscribe, "sender": l.Sender && (name != "plain" || l.Logo.Address != "")} {
				if strings.Contains(text, `{{template "`+part+`" .}}`) != shown {
					t.Errorf("%s %+v: %s", name, l, part)
				}
			}
		}
	}
	if _, ok := Compose("../plain", Look{}); ok {
		t.Error("a path is the name of a layout")
	}
}
