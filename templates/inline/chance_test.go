package inline_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// chance writes a document whose rules and elements are put together by chance: rules with !important and without,
// those of @media and :hover among them, for properties that have parts in common, and elements with a style= of
// theirs.
func chance(r *rand.Rand) string {
	one := func(of ...string) string { return of[r.IntN(len(of))] }
	declaration := func() string {
		n := r.IntN(30)
		s := one(fmt.Sprintf("padding: %dpx", n), fmt.Sprintf("padding-left: %dpx", n), fmt.Sprintf("padding-top: %dem", n%4),
			fmt.Sprintf("margin: %dpx %dpx", n, n/2), fmt.Sprintf("margin-bottom: %dpx", n), fmt.Sprintf("color: #%06x", n*4321),
			fmt.Sprintf("background: #%06x", n*54321), fmt.Sprintf("background-color: #%06x", n*4567), "background: none",
			fmt.Sprintf("border: %dpx solid #123456", n%5), fmt.Sprintf("border-left: %dpx dotted red",
				n%5), "border-color: blue",
			fmt.Sprintf("font: %dpx/2 serif", n+8), fmt.Sprintf("font-size: %dpx", n+8), fmt.Sprintf("line-height: %d", 1+n%3),
			fmt.Sprintf("padding-inline-start: %dpx", n), "display: "+one("block", "inline-block"), "padding: 3foo",
			fmt.Sprintf("width: %dpx", 50+n), "padding: inherit")
		return s + one("", "", " !important")
	}
	rule := func() string {
		s := one(".a", ".b", ".c", "p", "div", "p.a", ".a.b", "#i", "p, .c", "div p", ".b:hover", ".c:first-child", ".d") +
			" {"
		for range 1 + r.IntN(3) {
			s += " " + declaration() + ";"
		}
		return s + " }\n"
	}
	b := strings.Builder{}
	b.WriteString("<!doctype html><html lang=\"en\"><head><title>x</title><style>\n")
	for range 4 + r.IntN(10) {
		s := rule()
		if r.IntN(3) == 0 {
			s = one("@media (max-width: 600px)", "@media (min-width: 601px)", "@media (prefers-color-scheme: dark)",
				"@media (min-width: 1px)", "@layer x") + " { " + s + " }\n"
		}
		b.WriteString(s)
	}
	b.WriteString("</style></head><body>\n")
	for range 8 {
		tag := one("p", "div")
		b.WriteString("<div><" + tag)
		if class := one("", "a", "b", "c", "a b", "a c", "b c", "a b c", "d"); class != "" {
			b.WriteString(` class="` + class + `"`)
		}
		if r.IntN(8) == 0 {
			b.WriteString(` id="i"`)
		}
		if r.IntN(4) == 0 {
			b.WriteString(` style="` + declaration() + `"`)
		}
		b.WriteString(">text</" + tag + "></div>\n")
	}
	b.WriteString("</body></html>\n")
	return b.String()
}

// Whatever the rules say, Chromium computes the same styles with them inlined as without. Proven by writing what stays
// with !important into style= with its mark, and by writing there what loses and has no mark.
func TestSameStylesByChance(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "documents") // where templates are
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	var pairs []pair
	texts := map[string]string{}
	for i := range 70 {
		name := fmt.Sprintf("%d.html", i)
		texts[name] = chance(r)
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(texts[name]), 0o666); err != nil {
			t.Fatal(err)
		}
		if before := made(t, file, true); before != "" {
			pairs = append(pairs, pair{name, before, made(t, file, false)})
		}
	}
	for _, r := range chromium(t, "compare", false, pairs) {
		for _, s := range r.Said {
			t.Errorf("%s at %d px: %s (%d in all)\n%s", r.Name, r.Width, s, r.More, texts[r.Name])
		}
	}
	t.Logf("%d documents", len(pairs))
}
