package condition

import (
	"strings"
	"testing"

	"github.com/andybalholm/cascadia"
	xhtml "golang.org/x/net/html"
)

// What a selector may see of what is written into style=. Cascadia is asked before and after, and wherever its answers
// differ, Differs says so. Broken on purpose: without the look for a semicolon, one of the conditions is not told.
func TestDiffers(t *testing.T) {
	t.Parallel()
	conditions := []string{`[style*="margin: 16px 0"]`, `[style*=margin]`, `[style*='MARGIN:1px' i]`, `[style^="color"]`,
		`[style$="red"]`, `[style="color:red"]`, `[style~="0"]`, `[style|=color]`, `[style]`, `[style*="1px;color"]`,
		`[ style *= "margin" ]`, `[style*=""]`, `[style*="font: 'a'"]`}
	div, err := cascadia.Parse("div")
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for _, text := range conditions {
		after := cascadia.MustCompile("div" + text)
		for _, own := range []string{"", ` style=""`, ` style="color:red"`, ` style="margin: 16px 0"`, ` style="x:0 auto"`} {
			for _, declarations := range [][]string{{"padding:0"}, {"margin:1px"}, {"margin:1px", "color:blue"}, {"color:red"},
				{`font:"a"`}, {"top:1px;"}} {
				before := node(t, "<div"+own+">")
				value := strings.Join(declarations, ";")
				if _, there, ok := strings.Cut(own, `"`); ok && there != `"` {
					value += ";" + strings.TrimSuffix(there, `"`)
				}
				inlined := node(t, `<div style="`+strings.ReplaceAll(value, `"`, "&quot;")+`">`)
				s := Selector{div, []Condition{Read(text)}}
				changed := after.Match(before) != after.Match(inlined)
				if said := s.Differs([]*xhtml.Node{before}, declarations, "word"); changed && !said {
					t.Errorf("%s, <div%s>, %q: it differs", text, own, value)
				} else if !said {
					told++
				}
			}
		}
	}
	if told < 60 {
		t.Errorf("only %d are inlined", told)
	}
	s := Selector{div, []Condition{Read(conditions[0])}}
	if d := node(t, "<div>"); s.Differs([]*xhtml.Node{d}, []string{"margin:1px"}, "word") ||
		!s.Differs([]*xhtml.Node{d}, []string{"margin:word"}, "word") {
		t.Error("an action in a declaration may print anything, and a number does not")
	}
}

func node(t *testing.T, html string) *xhtml.Node {
	doc, err := xhtml.Parse(strings.NewReader(html))
	if err != nil {
		t.Fatal(err)
	}
	return cascadia.MustCompile("div").MatchFirst(doc)
}
