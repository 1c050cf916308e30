package templates

import (
	"html"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	xhtml "golang.org/x/net/html"
)

// conditionalComment are the marks of Outlook's conditional comments. What stands between two of them is HTML like any
// other, so html/template escapes the cells in it.
var conditionalComment = regexp.MustCompile(`<!--\[if [^\]{}]*\]>(?:<!-->|<!-- -->)?|<!--<!\[endif\]-->|<!\[endif\]-->|<!\[if [^\]{}]*\]>|<!\[endif\]>`)

// keepConditional takes an HTML source as it is, but for conditional comments: html/template drops comments, and
// conditional ones are how a message lays itself out in Outlook.
func keepConditional(src *source) (*form, error) { return keepConditionalIn(verbatim(src)), nil }

func keepConditionalIn(f *form) *form {
	marks := conditionalComment.FindAllStringIndex(f.text, -1)
	if marks == nil {
		return f
	}
	g := &form{src: f.src}
	var b strings.Builder
	at := 0
	for _, m := range marks {
		g.move(f, at, m[0], b.Len())
		b.WriteString(f.text[at:m[0]])
		g.pieces = append(g.pieces, piece{b.Len(), 0, f.origin(m[0])})
		b.WriteString("{{" + conditionalFunc + " " + strconv.Quote(f.text[m[0]:m[1]]) + "}}")
		at = m[1]
	}
	g.move(f, at, len(f.text), b.Len())
	b.WriteString(f.text[at:])
	g.text = b.String()
	return g
}

// move adds the pieces of f's text from up to to, which stand at at now.
func (f *form) move(old *form, from, to, at int) {
	for _, p := range old.pieces {
		start, end := max(p.at, from), min(p.at+p.n, to)
		if start < end {
			f.pieces = append(f.pieces, piece{at + start - from, end - start, p.src + start - p.at})
		}
	}
}

// textInHTML is a text source to stand in HTML: what is not an action is escaped here, once.
func textInHTML(src *source) (*form, error) {
	actions, unclosed := scan(src.Text)
	if unclosed >= 0 {
		return nil, src.errorAt(unclosed, "template-syntax", "this action has no end", "add }}")
	}
	t := newTokens(src, actions)
	return t.show(html.EscapeString(t.hide())), nil
}

// unwrapParagraphs takes the <p> into the condition where a whole paragraph is conditional, so that nothing is left of it
// when the condition does not hold.
func (t *tokens) unwrapParagraphs(s string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, "<p>"+t.prefix)
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
			w := t.width()
			b.WriteString("<!--" + t.token(first) + "--><p>" + inside[w:len(inside)-w] + "</p><!--" + t.token(last) + "-->")
		} else {
			b.WriteString(s[:end+4])
		}
		s = s[end+4:]
	}
	b.WriteString(s)
	return b.String()
}

// pair says whether s begins with an opener and ends with its end, and has no else of it.
func (t *tokens) pair(s string) (first, last int, ok bool) {
	at, first := t.next(s)
	w := t.width()
	if at != 0 || t.actions[first].kind != opener || len(s) < 2*w {
		return 0, 0, false
	}
	at, last = t.next(s[len(s)-w:])
	if at != 0 || t.actions[last].kind != closer || t.actions[last].opener != first {
		return 0, 0, false
	}
	for _, a := range t.actions {
		if a.kind == divider && a.opener == first {
			return 0, 0, false
		}
	}
	return first, last, true
}

// voids are the elements without an end.
var voids = []string{"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}

// nesting finds controls that do not stand in the element in which they were opened: half of a list item or of a bold word
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
			k, i := t.next(raw)
			if k < 0 {
				break
			}
			raw = raw[k+t.width():]
			switch a := t.actions[i]; a.kind {
			case opener:
				at[i] = path
			case divider, closer:
				if opened, ok := at[a.opener]; ok && opened != path {
					o := t.actions[a.opener]
					line := 1 + strings.Count(t.src.Text[:o.start], "\n")
					word, _, _ := strings.Cut(inner(t.src.Text[o.start:o.end]), " ")
					return t.src.errorAt(a.start, "template-nesting", "this does not stand in the same block as the {{"+word+"}} of line "+strconv.Itoa(line+t.src.Line-1),
						"put both on lines of their own, or both within one paragraph, item or cell")
				}
			}
		}
		if tt == xhtml.StartTagToken && !slices.Contains(voids, string(name)) {
			stack = append(stack, string(name))
		}
	}
}

var cidName = regexp.MustCompile(`(?i)\bcid:([^"'()<>\s{}]+)`)

// images lists the names of inline images that the set's HTML uses.
func (s *set) images() []string {
	names := map[string]bool{}
	for _, u := range s.units {
		if u.made == nil {
			continue
		}
		text := newSource(Source{Text: u.made.text})
		actions, _ := scan(text.Text)
		z := xhtml.NewTokenizer(strings.NewReader(newTokens(text, actions).hide()))
		style := false
		for tt := z.Next(); tt != xhtml.ErrorToken; tt = z.Next() {
			token := z.Token()
			var texts []string
			if style && tt == xhtml.TextToken {
				texts = append(texts, token.Data) // url(cid:…)
			}
			for _, a := range token.Attr {
				texts = append(texts, a.Val)
			}
			style = tt == xhtml.StartTagToken && token.Data == "style"
			for _, t := range texts {
				for _, m := range cidName.FindAllStringSubmatch(t, -1) {
					names[m[1]] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}
