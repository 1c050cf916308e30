package flowed

import (
	"strings"
	"testing"
)

// A line with marks that is laid out the short way is what block makes of it, with what comes before and after it.
// Proven by a short way that keeps no lead, and by one that forgets in how many quotes the line stood.
func TestSimpleLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("some words of 12 pieces ", 12)
	for inner, simple := range map[string]bool{
		Head + "A head":                                             true,
		Right + Under + "یک عنوان":                                  true,
		Head + long:                                                 true,
		Head + "two" + Break + "lines":                              false,
		Item + "- " + Hang + long:                                   true,
		Item + "12. " + Hang + "tea ":                               true,
		Quote + Item + "- " + Hang + long:                           true,
		Item + "- " + Hang + "> " + Hang + "tea":                    false,
		Item + "- " + Hang:                                          false,
		Quote + Quote + long:                                        true,
		Quote:                                                       false,
		Fixed + Item + "    " + Hang + long:                         true,
		Sign + Signature:                                            true,
		Top + Cell + "a1what" + Cell + "a1price":                    true,
		Quote + Row + Cell + "a1 tea " + Cell + "r22.50":            true,
		Row + Cell + "a1tea" + Break + "milk" + Cell + "a12.50":     false,
		Row + strings.Repeat(Cell+"a1x", mostColumns+1):             false,
		Item + "- " + Hang + Row + Cell + "a1tea" + Cell + "a12.50": false,
		Row + "x" + Cell + "a1tea":                                  false,
		Row + Cell + "a" + Cell + "a1tea":                           false,
	} {
		made := func(lay func(l *layout)) string {
			l := &layout{}
			for _, around := range []string{Line + Quote + Row + Cell + "a1before" + End + "\n", Line + Quote + "after" + End +
				"\n"} {
				l.block(shape{}, []byte(around[len(Line):len(around)-len(End)-1]))
				if lay != nil {
					l.empty = true
					lay(l)
					l.empty = true
				}
				lay = nil
			}
			l.table()
			return string(l.b)
		}
		taken := 0
		text := []byte(Line + inner + End + "\n")
		short := made(func(l *layout) { taken = l.simple(text) })
		if whole := taken == len(text); whole != simple || taken > 0 && !whole {
			t.Errorf("%q: simple took %d of %d", inner, taken, len(text))
		}
		if want := made(func(l *layout) { l.block(shape{}, []byte(inner)) }); simple && short != want {
			t.Errorf("%q becomes\n%q\nrather than\n%q", inner, short, want)
		}
	}
}
