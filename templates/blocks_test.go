package templates

import (
	"strings"
	"testing"
)

// What a cell prints stays in the block that the cell stands in, also where it has line ends: HTML shows it there.
func TestCellStaysInItsBlock(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ markdown, x, outside string }{
		{"> {{.x}}\n", "a\nb", "\nb"},
		{"> {{.x}}\n", "a\n\nb", "\nb"},
		{"> > {{.x}}\n", "a\r\nb", "\nb"},
		{"- {{.x}}\n- c\n", "a\nb", "\nb"},
		{"1. {{.x}}\n2. c\n", "a\nb", "\nb"},
		{"# {{.x}}\n", "a\nb", "===\nb"},
	} {
		if text := textOf(t, "en", c.markdown, c.x); strings.Contains(text, c.outside) {
			t.Errorf("%q in %q leaves its block: %q", c.x, c.markdown, text)
		}
	}
}

// A word that is too long for a line stands behind the mark of its item: "one word always fits". A mark alone on a line
// is an item without a text.
func TestLongWordsInItems(t *testing.T) {
	t.Parallel()
	long := "https://example.com/" + strings.Repeat("x", 80)
	for markdown, want := range map[string]string{
		"- {{.x}}\n- b\n": "- " + long, "1. {{.x}}\n2. b\n": "1. " + long, "- [ ] {{.x}}\n": "[ ] " + long} {
		if text := textOf(t, "en", markdown, long); !strings.Contains(text, want) {
			t.Errorf("%q: the mark stands alone: %q", markdown, text)
		}
	}
}

// The text part numbers the items of a list as HTML does.
func TestNumbersOfItems(t *testing.T) {
	t.Parallel()
	for html, want := range map[string]string{
		`<ol start="5"><li>a</li><li value="9">b</li><li>c</li></ol>`: "5. a\n9. b\n10. c\n",
		`<ol reversed><li>a</li><li>b</li></ol>`:                      "2. a\n1. b\n",
		`<ol start="-1"><li>a</li><li>b</li></ol>`:                    "-1. a\n0. b\n",
	} {
		body, err := New(Config{}).Body(BodySource{HTML: &Source{File: "b.html", Text: html}})
		if err != nil {
			t.Fatal(diagnose(err))
		}
		if text := run1(t, body.Text.Execute, Data{}); text != want {
			t.Errorf("%s is %q, not %q", html, text, want)
		}
	}
}

// A heading of two lines is one heading.
func TestHeadingOfTwoLines(t *testing.T) {
	t.Parallel()
	body, err := New(Config{}).Body(BodySource{HTML: &Source{File: "b.html", Text: "<h1>Two<br>lines</h1><p>x</p>"}})
	if err != nil {
		t.Fatal(diagnose(err))
	}
	if text := run1(t, body.Text.Execute, Data{}); strings.Count(text, "===") != 1 {
		t.Errorf("%q", text)
	}
}

// A paragraph that begins with a date as German has it, or with what a cell prints, is no item of a list: it flows.
func TestParagraphsThatBeginAsItems(t *testing.T) {
	t.Parallel()
	for _, x := range []string{"30. November 2026", "3. Mahnung", "- 5 Grad", "1) eins"} {
		text := textOf(t, "de", "{{.x}} ist der letzte Tag, an dem wir Ihre Zahlung annehmen, ohne dass Ihnen dafür weitere Kosten entstehen.\n", x)
		if lines := unflowed(text); len(lines) != 1 || strings.Contains(lines[0], "  ") {
			t.Errorf("%q becomes an item: %q", x, text)
		}
	}
}

// "In a text from right to left, a line that begins with a foreign word or a number begins with U+200F": what a layout
// adds at the end, too.
func TestPostalAddressFromRightToLeft(t *testing.T) {
	t.Parallel()
	postal := Source{File: "c.yaml", Text: "12 Main Street, {{.x}}"}
	body, err := New(Config{Columns: []string{"x"}, Language: "fa"}).Body(BodySource{
		Markdown: &Source{File: "b.md", Text: "سلام\n"}, Layout: "letter", Look: Look{Postal: &postal}})
	if err != nil {
		t.Fatal(diagnose(err))
	}
	if text := run1(t, body.Text.Execute, Data{Text: map[string]string{"x": "Oslo"}}); strings.Contains(text, "\n12 Main") {
		t.Errorf("%q", text)
	}
}
