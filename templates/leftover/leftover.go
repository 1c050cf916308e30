// Package leftover finds what other tools have left in a template: their placeholders, also those that an editor has
// escaped within the address of a link. Find looks where a reader sees them, and leaves code, styles and scripts alone.
package leftover

import (
	"regexp"
	"slices"
	"strings"

	xhtml "golang.org/x/net/html"

	"mailshot/internal/placeholder"
	"mailshot/templates/source"
)

// Syntax is what a source is written in.
type Syntax int

// The syntaxes.
const (
	Text Syntax = iota
	Markdown
	HTML
)

// Found is a placeholder in a source.
type Found struct {
	At   int    // offset
	Text string // as it was meant: {{name}} for %7B%7Bname%7D%7D
	Name string // the word within; "" if the placeholder is escaped
}

// Find returns the placeholders of a source, in order. columns are those of the list.
func Find(src *source.Source, syntax Syntax, columns []string) []Found {
	actions, _ := source.Scan(src.Text)
	b := []byte(src.Text)
	for _, a := range actions {
		for i := a.Start; i < a.End; i++ {
			b[i] = 0
		}
	}
	s := &search{text: string(b), finder: placeholder.Finder{Columns: columns}}
	switch syntax {
	case HTML:
		s.html()
	case Markdown:
		s.markdown()
	default:
		s.plain(0, len(s.text), nil)
	}
	slices.SortStableFunc(s.found, func(a, b Found) int { return a.At - b.At })
	return s.found
}

// search is a source that is searched.
type search struct {
	text   string // with its actions blotted out
	finder placeholder.Finder
	found  []Found
}

// address matches an address in a text, up to what ends it there.
var address = regexp.MustCompile(`(?i)\b(?:https?://|mailto:)[^\s"'<>()]+`)

// plain looks at a piece of text. refs are the names of its link references.
func (s *search) plain(from, to int, refs []string) {
	text := s.text[from:to]
	urls := address.FindAllStringIndex(text, -1)
	for _, m := range s.finder.Find(text) {
		if text[m.At] == '[' && slices.Contains(refs, strings.ToLower(m.Name)) {
			continue
		}
		name := m.Name
		if name == "" {
			name = text[m.At:m.End]
		}
		s.found = append(s.found, Found{from + m.At, text[m.At:m.End], name})
	}
	for _, u := range urls {
		s.escaped(from+u[0], from+u[1])
	}
}

// escaped looks for an escaped placeholder in an address.
func (s *search) escaped(from, to int) {
	if meant := s.finder.Escaped(strings.ReplaceAll(s.text[from:to], "\x00", "x")); meant != "" {
		at := from + max(0, strings.IndexByte(s.text[from:to], '%'))
		s.found = append(s.found, Found{At: at, Text: meant})
	}
}

// aside are the elements whose text is code, or not text.
var aside = []string{"style", "script", "code", "pre", "kbd", "samp", "textarea", "svg", "math", "template"}

// attribute matches one attribute of a tag with its value.
var attribute = regexp.MustCompile(`(?s)([^\s"'<>/=]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))`)

func (s *search) html() {
	z := xhtml.NewTokenizer(strings.NewReader(s.text))
	var within []string
	at, began := 0, -1 // began: a text that tags have not interrupted
	for tt := z.Next(); ; tt = z.Next() {
		if tt != xhtml.TextToken && began >= 0 {
			s.plain(began, at, nil)
			began = -1
		}
		if tt == xhtml.ErrorToken {
			return
		}
		start := at
		at += len(z.Raw())
		switch tt {
		case xhtml.TextToken:
			if len(within) == 0 && began < 0 {
				began = start
			}
		case xhtml.CommentToken:
			// A tag of PHP is a comment to HTML, and so is what stands between Outlook's marks.
			if strings.HasPrefix(s.text[start:at], "<?") {
				s.plain(start, at, nil)
			}
		case xhtml.StartTagToken, xhtml.SelfClosingTagToken:
			s.tag(start, at)
			name, _ := z.TagName()
			if tt == xhtml.StartTagToken && slices.Contains(aside, string(name)) {
				within = append(within, string(name))
			}
		case xhtml.EndTagToken:
			name, _ := z.TagName()
			if i := slices.Index(within, string(name)); i >= 0 {
				within = within[:i]
			}
		}
	}
}

// seen are the attributes that a reader sees or follows.
var seen = []string{"href", "src", "action", "background", "poster", "alt", "title", "value", "content", "aria-label"}

func (s *search) tag(from, to int) {
	if from > 0 && s.text[from-1] == '<' && strings.HasPrefix(s.text[to:], ">") { // <<name>>
		s.plain(from-1, to+1, nil)
		return
	}
	for _, m := range attribute.FindAllStringSubmatchIndex(s.text[from:to], -1) {
		if !slices.Contains(seen, strings.ToLower(s.text[from+m[2]:from+m[3]])) {
			continue
		}
		for i := 4; i < len(m); i += 2 {
			if m[i] < 0 || m[i] == m[i+1] {
				continue
			}
			start, end := from+m[i], from+m[i+1]
			s.plain(start, end, nil)
			if !address.MatchString(s.text[start:end]) {
				s.escaped(start, end)
			}
		}
	}
}

var (
	reference = regexp.MustCompile(`(?m)^ {0,3}\[([^\]\n]+)\]:`)
	fence     = regexp.MustCompile("^ {0,3}(```+|~~~+)")
	ticks     = regexp.MustCompile("`+")
	comment   = regexp.MustCompile(`(?s)<!--.*?-->`)
)

// markdown looks at Markdown without its code and comments.
func (s *search) markdown() {
	var refs []string
	for _, m := range reference.FindAllStringSubmatch(s.text, -1) {
		refs = append(refs, strings.ToLower(m[1]))
	}
	b := []byte(s.text)
	blot := func(from, to int) {
		for i := from; i < to; i++ {
			if b[i] != '\n' {
				b[i] = 0
			}
		}
	}
	for _, m := range comment.FindAllStringIndex(s.text, -1) {
		blot(m[0], m[1])
	}
	at, open, blank := 0, "", true // blank: the line before is blank, or code
	for line := range strings.Lines(s.text) {
		start, end := at, at+len(line)
		at = end
		mark := fence.FindStringSubmatch(line)
		switch {
		case open != "":
			blot(start, end)
			if mark != nil && strings.HasPrefix(mark[1], open) {
				open = ""
			}
			continue
		case mark != nil:
			open = mark[1]
			blot(start, end)
			continue
		case blank && (strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "\t")):
			blot(start, end)
			continue
		}
		blank = strings.TrimSpace(line) == ""
		for from := 0; from < len(line); { // `code` within a line
			tick := ticks.FindStringIndex(line[from:])
			if tick == nil {
				break
			}
			mark, rest := line[from+tick[0]:from+tick[1]], line[from+tick[1]:]
			close := strings.Index(rest, mark)
			if close < 0 {
				break
			}
			stop := from + tick[1] + close + len(mark)
			blot(start+from+tick[0], start+stop)
			from = stop
		}
	}
	s.text = string(b)
	s.plain(0, len(s.text), refs)
}
