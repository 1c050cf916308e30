package check

import (
	"bytes"
	"cmp"
	"strings"
)

// Compiled looks at the messages of one campaign, and finds the same as [Message]. It has looked at the literals of the
// templates once. So in each message it looks only at what a row can change: the cells, and the text right beside them.
// It is immutable and safe for concurrent use.
type Compiled struct {
	text, html []literal
	known      map[string]bool
}

// Known sets the addresses and texts of links that the author wrote without actions, as [target.Same] makes them.
// LookCells reports nothing about them. Call Known before the first Look; from then on the map is only read.
func (c *Compiled) Known(literal map[string]bool) *Compiled {
	c.known = literal
	return c
}

// Compile looks at the literals of a text template and of an HTML template. Either may be nil.
func Compile(text, html []string) *Compiled {
	c := &Compiled{text: make([]literal, len(text)), html: make([]literal, len(html))}
	for i, s := range text {
		c.text[i] = literal{text: s, bare: strings.Contains(s, "\r"), noValue: strings.Contains(s, noValue)}
	}
	for i, s := range html {
		c.html[i] = compileHTML(s)
	}
	return c
}

// Finished is one message with its texts as its templates made them. R is the caller's type for where a literal stands:
// Text[At:] begins with the literal of that number.
type Finished[R run] struct {
	Subject            string
	Size               int64 // bytes on the wire
	Fields             Fields
	Text, HTML         []byte
	Both               bool // it has HTML
	TextRuns, HTMLRuns []R  // in order, and without overlaps
}

type run interface{ ~struct{ At, Literal int } }

// LookCells looks at the links of a message that contain something from its row. It does not look at links that come
// from the templates alone: they are the same in each message.
func LookCells[R run](c *Compiled, m Finished[R]) []Finding {
	var found findings
	if m.Both {
		lookCells(&found, c, m.HTML, m.HTMLRuns)
	}
	return found
}

// Fields returns the header fields of a message, for i from 0 on until ok is false. A value may come in two pieces.
type Fields interface {
	Field(i int) (name, value, more string, ok bool)
}

// Look looks at one message.
func Look[R run](c *Compiled, m Finished[R]) []Finding {
	var found findings
	found.subject(m.Subject)
	var h fields
	for i := 0; ; i++ {
		name, value, more, ok := m.Fields.Field(i)
		if !ok {
			break
		}
		found.field(&h, name, value, more)
	}
	found.unsubscribe(&h)
	found.reply(m.Subject, h.thread)
	found.large(m.Size)
	lookText(&found, c.text, m.Text, m.TextRuns)
	if m.Both {
		lookHTML(&found, c.html, m.HTML, m.HTMLRuns)
	}
	return found
}

// shortLiteral is the length below which a literal is looked at like a cell. It is longer than anything that the checks
// look for, so that nothing reaches across a literal.
const shortLiteral = 64

// literal is a text that many messages have, with what was found in it.
type literal struct {
	text    string
	bare    bool // it has a CR, so that lines do not all end as a reader sees them
	noValue bool
	blocked bool
	hole    hole
	from    [len(attributes)][3]scan // for each attribute: from its start, from its first ", from its first '
}

// scan is what a search for the targets of one attribute finds in a literal from an offset on.
type scan struct {
	at     int // the offset; -1 if there is none
	found  linksTo
	resume int // where the search goes on when the text after the literal is known
}

func compileHTML(s string) literal {
	l := literal{text: s, bare: strings.Contains(s, "\r"), noValue: strings.Contains(s, noValueHTML),
		blocked: strings.Contains(s, blocked), hole: holeOf(s)}
	for k, name := range attributes {
		for i, at := range []int{0, strings.IndexByte(s, '"'), strings.IndexByte(s, '\'')} {
			l.from[k][i] = scanLiteral(s, name, at)
		}
	}
	return l
}

// scanLiteral searches a literal for the targets of an attribute that are whole in it.
func scanLiteral(s, name string, at int) scan {
	r := scan{at: at}
	if at < 0 {
		return r
	}
	for {
		i := strings.Index(s[at:], name)
		if i < 0 { // a name may begin in the literal and end after it
			r.resume = max(at, len(s)-len(name)+1)
			return r
		}
		start := at + i
		at = start + len(name)
		if at < len(s) && s[at] != '"' && s[at] != '\'' {
			continue
		}
		end := -1
		if at < len(s) {
			end = strings.IndexByte(s[at+1:], s[at])
		}
		if end < 0 {
			r.resume = start
			return r
		}
		r.found.target(s[at+1 : at+1+end])
		at += 1 + end
	}
}

// gaps goes through the parts of a text that are outside long literals.
type gaps[R run] struct {
	literals []literal
	text     []byte
	runs     []R // that are still to come
	beside   int // how much of the neighbouring literals belongs to a gap
	at       int // where the next gap begins
	before   *literal
	over     bool
}

// next returns the next gap, and the literal before it; nil if it is the first. The last gap ends with the text.
func (g *gaps[R]) next() (before *literal, gap []byte, ok bool) {
	if g.over {
		return nil, nil, false
	}
	before = g.before
	start := max(g.at-g.beside, 0)
	for len(g.runs) > 0 {
		r := struct{ At, Literal int }(g.runs[0])
		lit := &g.literals[r.Literal]
		g.runs = g.runs[1:]
		if len(lit.text) < shortLiteral {
			continue
		}
		g.at, g.before = r.At+len(lit.text), lit
		return before, g.text[start:min(r.At+g.beside, len(g.text))], true
	}
	g.over = true
	return before, g.text[start:], true
}

func lookText[R run](fs *findings, l []literal, text []byte, runs []R) {
	says := false
	g := gaps[R]{literals: l, text: text, runs: runs, beside: len(noValue) - 1}
	for before, gap, ok := g.next(); ok; before, gap, ok = g.next() {
		says = says || before != nil && before.noValue ||
			bytes.IndexByte(gap, '<') >= 0 && bytes.Contains(gap, []byte(noValue))
	}
	fs.textSays(len(bytes.TrimSpace(text)) == 0, says)
}

func lookHTML[R run](fs *findings, l []literal, text []byte, runs []R) {
	h := htmlSays{size: len(text)}
	if n := len(text); n == 0 || text[n-1] != '\n' {
		h.size++ // the last line is always ended
	}
	g := gaps[R]{literals: l, text: text, runs: runs, beside: len(noValueHTML) - 1}
	for before, gap, ok := g.next(); ok; before, gap, ok = g.next() {
		if before != nil && before.bare || bytes.IndexByte(gap, '\r') >= 0 {
			fs.html(asLines(text))
			return
		}
		h.noValue = h.noValue || before != nil && before.noValue ||
			bytes.IndexByte(gap, '&') >= 0 && bytes.Contains(gap, []byte(noValueHTML))
		h.blocked = h.blocked || before != nil && before.blocked ||
			bytes.IndexByte(gap, 'Z') >= 0 && bytes.Contains(gap, []byte(blocked))
	}
	for k := range attributes {
		lookTargets(&h.linksTo, k, l, text, runs, nil)
	}
	fs.htmlSays(h)
}

// asLines is a text with each line ended by LF.
func asLines(text []byte) string {
	s := strings.ReplaceAll(strings.ReplaceAll(string(text), "\r\n", "\n"), "\r", "\n")
	if !strings.HasSuffix(s, "\n") {
		s += "\n"
	}
	return s
}

// lookTargets finds the targets of one attribute, as targets does. If the search comes to a literal at an offset from
// which the literal was already searched, it takes over that result, and goes on at the literal's end. each gets the
// offsets of the other targets, unless it is nil.
func lookTargets[R run](found *linksTo, k int, l []literal, text []byte, runs []R, each func(start, end int)) {
	name := []byte(attributes[k])
	for at := 0; ; {
		limit, next := len(text), -1 // next is where the next long literal begins
		for ; len(runs) > 0; runs = runs[1:] {
			r := struct{ At, Literal int }(runs[0])
			lit := &l[r.Literal]
			if len(lit.text) < shortLiteral || r.At+len(lit.text) <= at {
				continue
			}
			if at < r.At {
				limit, next = min(r.At+len(name)-1, len(text)), r.At
				break
			}
			if s := lit.scanned(k, at-r.At); s != nil {
				found.add(s.found)
				at = r.At + s.resume
			} // else nothing is known of the offset, and the literal is searched like a cell
		}
		i := bytes.Index(text[at:limit], name)
		switch {
		case i < 0 && next < 0:
			return
		case i < 0:
			at = next
			continue
		}
		if at += i + len(name); at == len(text) || text[at] != '"' && text[at] != '\'' {
			continue
		}
		end := bytes.IndexByte(text[at+1:], text[at])
		if end < 0 {
			return
		}
		if found.bytes(text[at+1 : at+1+end]); each != nil {
			each(at+1, at+1+end)
		}
		at += 1 + end
	}
}

// bytes looks at one more target. Most targets are addresses with nothing odd.
func (l *linksTo) bytes(target []byte) {
	if bytes.HasPrefix(target, []byte("https:")) && !bytes.Contains(target, []byte("%3d")) &&
		!bytes.Contains(target, []byte("%3D")) {
		return
	}
	l.target(string(target))
}

// scanned returns what was found from an offset on; nil if that was not searched.
func (l *literal) scanned(k, at int) *scan {
	for i := range l.from[k] {
		if s := &l.from[k][i]; s.at == at && at >= 0 {
			return s
		}
	}
	return nil
}

// add adds what was found in a part that comes after.
func (l *linksTo) add(more linksTo) {
	if l.data = cmp.Or(l.data, more.data); l.relative == "" {
		l.relative = more.relative
	}
	if l.escaped == "" {
		l.escaped = more.escaped
	}
}
