package markup

import (
	"strings"

	xhtml "golang.org/x/net/html"

	"mailshot/templates/source"
)

// Brackets finds the angle brackets of a text that stand before an action, as in <{{.email}}>. A parser of HTML takes
// them for the beginning of an element and the value for its name; people mean an address in angle brackets. It returns
// the offsets of the brackets, which the caller replaces by &lt;. If an action does name an element, as in
// <{{.tag}} class="x"> and </{{.tag}}>, it returns the action, else -1. prints returns the action that prints and whose
// place in the text begins at an offset, or -1.
func Brackets(text string, prints func(off int) int) (offsets []int, names int) {
	for from := 0; ; {
		at, action := nextBracket(text[from:], func(off int) int { return prints(from + off) })
		if at < 0 {
			return offsets, -1
		}
		at += from
		tag := text[at:]
		if i := strings.IndexByte(tag, '>'); i >= 0 {
			tag = tag[:i]
		}
		if tag[1] == '/' || strings.Contains(tag, "=") {
			return nil, action
		}
		offsets = append(offsets, at)
		from = at + 1
	}
}

// nextBracket returns the offset of the first bracket before an action, and the action, or -1.
func nextBracket(text string, prints func(off int) int) (at, action int) {
	z := xhtml.NewTokenizer(strings.NewReader(text))
	for at = 0; ; {
		tt := z.Next()
		raw := len(z.Raw())
		if tt == xhtml.StartTagToken || tt == xhtml.SelfClosingTagToken || tt == xhtml.ErrorToken {
			if strings.HasPrefix(text[at:], "<") {
				if i := prints(at + 1); i >= 0 {
					return at, i
				}
			}
		}
		if tt == xhtml.EndTagToken {
			if i := prints(at + 2); i >= 0 {
				return at, i
			}
		}
		if tt == xhtml.ErrorToken {
			return -1, -1
		}
		at += raw
	}
}

// Text takes an author's HTML as it is, but for the angle brackets before an action, which become text.
func Text(src *source.Source) (*source.Form, error) {
	actions, _ := source.Scan(src.Text)
	at := map[int]int{}
	for i, a := range actions {
		if a.Kind == source.Output {
			at[a.Start] = i
		}
	}
	offsets, names := Brackets(blot(src.Text, actions), func(off int) int {
		if i, ok := at[off]; ok {
			return i
		}
		return -1
	})
	if names >= 0 {
		return nil, nameError(src, actions[names].Start)
	}
	spans := make([][]int, len(offsets))
	for i, off := range offsets {
		spans[i] = []int{off, off + 1}
	}
	return source.Verbatim(src).Replace(spans, func(string) string { return "&lt;" }), nil
}

// HiddenText is Text for a document whose actions are hidden behind tokens.
func HiddenText(t *source.Tokens, doc string) (string, error) {
	offsets, names := Brackets(doc, func(off int) int {
		i := t.At(doc[min(off, len(doc)):])
		if i < 0 || i < len(t.Actions) && t.Actions[i].Kind != source.Output {
			return -1
		}
		return i
	})
	if names >= 0 {
		start := 0
		if names < len(t.Actions) {
			start = t.Actions[names].Start
		}
		return "", nameError(t.Source, start)
	}
	var b strings.Builder
	from := 0
	for _, off := range offsets {
		b.WriteString(doc[from:off] + "&lt;")
		from = off + 1
	}
	b.WriteString(doc[from:])
	return b.String(), nil
}

func nameError(src *source.Source, off int) error {
	return src.ErrorAt(off, "template-html", "an action cannot be the name of an element",
		"write each element in its own {{if}}; for a bracket that people read write &lt;")
}
