package markdown

import (
	"slices"
	"strconv"
	"strings"

	xhtml "golang.org/x/net/html"

	"mailshot/templates/source"
)

// unwrapParagraphs moves the <p> into the condition where a whole paragraph is conditional, so that nothing is left of
// the paragraph when the condition does not hold.
func (t *tokens) unwrapParagraphs(s string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, "<p>"+t.Prefix())
		if i < 0 {
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		end := strings.Index(s, "</p>")
		if end < 0 {
			break
		}
		inside := s[3:end]
		if first, last, ok := t.pair(inside); ok {
			w := t.Width()
			b.WriteString("<!--" + t.Token(first) + "--><p>" + inside[w:len(inside)-w] + "</p><!--" + t.Token(last) + "-->")
		} else {
			b.WriteString(s[:end+4])
		}
		s = s[end+4:]
	}
	b.WriteString(s)
	return b.String()
}

// pair says whether s begins with an opener and ends with the end of it, without an else between.
func (t *tokens) pair(s string) (first, last int, ok bool) {
	at, first := t.Next(s)
	w := t.Width()
	if at != 0 || t.Actions[first].Kind != source.Opener || len(s) < 2*w {
		return 0, 0, false
	}
	at, last = t.Next(s[len(s)-w:])
	if at != 0 || t.Actions[last].Kind != source.Closer || t.Actions[last].Opener != first {
		return 0, 0, false
	}
	for _, a := range t.Actions {
		if a.Kind == source.Divider && a.Opener == first {
			return 0, 0, false
		}
	}
	return first, last, true
}

// voids are the elements without an end.
var voids = []string{
	"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
}

// nesting finds controls that are not in the element in which they were opened. Half of a list item or of a bold word
// cannot be left out.
func (t *tokens) nesting(s string) error {
	var stack []string
	at := map[int]string{} // by opener: the elements around it
	z := xhtml.NewTokenizer(strings.NewReader(s))
	for {
		tt := z.Next()
		if tt == xhtml.ErrorToken {
			return nil
		}
		raw := string(z.Raw())
		name, _ := z.TagName()
		if tt == xhtml.EndTagToken {
			for k := len(stack) - 1; k >= 0; k-- {
				if stack[k] == string(name) {
					stack = stack[:k]
					break
				}
			}
		}
		path := strings.Join(stack, ">")
		if tt == xhtml.StartTagToken || tt == xhtml.SelfClosingTagToken {
			path += ">" + string(name) + " …" // in the tag itself
		}
		for {
			k, i := t.Next(raw)
			if k < 0 {
				break
			}
			raw = raw[k+t.Width():]
			switch a := t.Actions[i]; a.Kind {
			case source.Opener:
				at[i] = path
			case source.Divider, source.Closer:
				if opened, ok := at[a.Opener]; ok && opened != path {
					o := t.Actions[a.Opener]
					line := 1 + strings.Count(t.Source.Text[:o.Start], "\n")
					word, _, _ := strings.Cut(source.Inner(t.Source.Text[o.Start:o.End]), " ")
					return t.Source.ErrorAt(a.Start, "template-nesting",
						"this is not in the same block as the {{"+word+"}} of line "+strconv.Itoa(line+t.Source.Line-1),
						"put both on lines of their own, or both within one paragraph, item or cell")
				}
			}
		}
		if tt == xhtml.StartTagToken && !slices.Contains(voids, string(name)) {
			stack = append(stack, string(name))
		}
	}
}

// maxBlocks is how deep quotes and lists may be nested. The renderer takes time for each level of each line, and an
// HTML parser refuses 512 elements in each other.
const maxBlocks = 200

// deep finds a line that stands in too many quotes and lists. It reads what a line begins with: the mark of a list
// makes a level if it is further to the right than the one before it, and one as far to the left ends the levels in
// between.
func deep(src *source.Source) error {
	var lists []int // the columns of the marks that are open
	off := 0
	for line := range strings.Lines(src.Text) {
		quotes := 0
		for rest := line; rest != ""; {
			column := len(line) - len(rest)
			n := listMark(rest)
			switch c := rest[0]; {
			case n > 0:
				for len(lists) > 0 && lists[len(lists)-1] >= column {
					lists = lists[:len(lists)-1]
				}
				lists = append(lists, column)
			case c == '>':
				quotes, n = quotes+1, 1
			case c == ' ' || c == '\t':
				n = 1
			default:
				n = len(rest)
			}
			rest = rest[n:]
		}
		if quotes > maxBlocks || len(lists) > maxBlocks {
			return src.ErrorAt(off, "template-nesting",
				"this line stands in more than "+strconv.Itoa(maxBlocks)+" quotes or lists", "take some of the > or the indents away")
		}
		off += len(line)
	}
	return nil
}

// listMark is the length of the mark of a list item that s begins with, 0 if it does not.
func listMark(s string) int {
	n := len(s) - len(strings.TrimLeft(s, "0123456789"))
	if n < len(s) && (n == 0 && strings.IndexByte("-+*", s[0]) >= 0 || n > 0 && n < 10 && strings.IndexByte(".)", s[n]) >= 0) {
		if n++; n == len(s) || strings.IndexByte(" \t\n", s[n]) >= 0 {
			return n
		}
	}
	return 0
}
