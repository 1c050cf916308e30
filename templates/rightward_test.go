package templates

import (
	"strings"
	"testing"
)

// textOf is the text part of a Markdown body for one cell, x.
func textOf(t *testing.T, language, markdown, x string) string {
	t.Helper()
	body, err := New(Config{Columns: []string{"x"}, Language: language}).Body(BodySource{Markdown: &Source{File: "b.md",
		Text: markdown}})
	if err != nil {
		t.Fatal(diagnose(err))
	}
	return run1(t, body.Text.Execute, Data{Text: map[string]string{"x": x}})
}

// The line before a signature is "-- " and nothing else (RFC 3676 section 4.3), in a text from right to left, too.
// With a mark before it, it is a line that flows: programs that know the format show the signature behind it.
func TestSignatureFromRightToLeft(t *testing.T) {
	t.Parallel()
	text := textOf(t, "fa", "سلام {{.x}}\n\n--\nآنا\nAcme\n", "x")
	if !strings.Contains(text, "\n-- \n") {
		t.Errorf("no line before the signature: %q", text)
	}
	for _, markdown := range []string{"a {{.x}}\n\n{{if .x}}\n--\nAnn\n{{end}}\n", "a\n\n{{if .x}}--{{end}}\\\n{{.x}}\n"} {
		if text := textOf(t, "en", markdown, "x"); !strings.Contains(text, "\n-- \n") {
			t.Errorf("%q: no line before the signature: %q", markdown, text)
		}
	}
}

// A cell is never the line before a signature: programs show what is below it in grey, or not at all, and leave it out
// of answers. Nor is it one by the blank after which a wrapped line goes on.
func TestCellIsNoSignature(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 80)
	for _, x := range []string{"--", "-- ", "a\n--\nb", "-- " + long, "--  " + long + " b", long + " -- " + long} {
		for _, markdown := range []string{"Your remark:\n\n{{.x}}\n\nPlease pay by Friday.\n", "Ann\n{{.x}}\nOslo\n",
			"Ann\n\n> {{.x}}\n"} {
			text := textOf(t, "en", markdown, x)
			if strings.Contains(text, "\n-- \n") || strings.Contains(text, "\n> -- \n") {
				t.Errorf("%q in %q: what follows is a signature: %q", x, markdown, text)
			}
		}
	}
}

// The number of an item stands at the line's beginning, which is on the right, whatever the item is. Within an isolate
// it would be on the left of the item.
func TestMarksOfItemsFromRightToLeft(t *testing.T) {
	t.Parallel()
	for markdown, want := range map[string]string{
		"سلام\n\n1. one {{.x}}\n2. دو\n":              "1. \u200fone 5,000 USD",
		"سلام\n\n1. {{.x}} سلام\n":                    "1. \u200f\u20665,000 USD\u2069",
		"سلام[^1]\n\n[^1]: foot {{.x}} سلام\n":        "[1] \u200ffoot 5,000 USD",
		"سلام\n\n- [x] {{.x}} سلام\n":                 "[x] \u200f\u20665,000 USD\u2069",
		"سلام\n\n1. | one |\n   |-|\n   | {{.x}} |\n": "1. \u200fone",
		"سلام\n\n1. سلام {{.x}}\n":                    "1. سلام \u20665,000 USD\u2069",
	} {
		if text := textOf(t, "fa", markdown, "5,000 USD"); !strings.Contains(text, want) {
			t.Errorf("%q: the mark is not apart, as in %q: %q", markdown, want, text)
		}
	}
}

// A part that runs from left to right is in one piece, also where a line is wrapped in it and a program joins the lines
// again. In two pieces its halves change places: +98 21 5555 0100 becomes 5555 0100 +98 21.
func TestPartsAtTheEndsOfLines(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"+98 21 5555 0100", "5,000 USD", "the quick brown fox", "(021) 5555-0100",
		"\u206612 a b 34\u2069"} {
		torn, first := 0, ""
		for n := range 16 {
			text := strings.Join(unflowed(textOf(t, "fa", strings.Repeat("سلام ", 10)+strings.Repeat("و",
				n)+" {{.x}} "+strings.Repeat("سلام ", 20)+"\n", part)), "\n")
			if !strings.Contains(text, part) {
				if torn++; first == "" {
					first = text
				}
			}
		}
		if torn > 0 {
			t.Errorf("%s is torn at %d places, as in %q", part, torn, first)
		}
	}
}

// Nor is such a part in two pieces where a line of an item is wrapped, which no program joins again. Proven by wrapping
// items without a look at their parts.
func TestPartsAtTheEndsOfItems(t *testing.T) {
	t.Parallel()
	for _, item := range []string{"- ", "12. ", "> - "} {
		torn, first := 0, ""
		for n := range 16 {
			text := textOf(t, "fa", item+strings.Repeat("سلام ", 10)+strings.Repeat("و", n)+" {{.x}} "+strings.Repeat("سلام ",
				20)+"\n",
				"+98 21 5555 0100")
			if !strings.Contains(text, "+98 21 5555 0100") {
				if torn++; first == "" {
					first = text
				}
			}
		}
		if torn > 0 {
			t.Errorf("%s: it is torn at %d places, as in %q", item, torn, first)
		}
	}
}
