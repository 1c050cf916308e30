package templates

import (
	"strings"
)

// kind is what an action does for the shape of the text.
type kind int

const (
	output  kind = iota // prints something
	opener              // if, range, with
	divider             // else
	closer              // end
	silent              // prints nothing, stands alone: comment, assignment, break, continue
	include             // template
	define              // define, block
)

// action is one {{…}} of a source.
type action struct {
	start, end int // in the source
	kind       kind
	opener     int // for divider and closer: index of the action they belong to, -1 none
}

// scan finds the actions of a text, by the same rules as the template parser's lexer: quotes, raw quotes and comments may
// hold the closing mark. It fails at the offset of an action that never ends.
func scan(text string) (actions []action, unclosed int) {
	var open []int
	for at := 0; ; {
		i := strings.Index(text[at:], "{{")
		if i < 0 {
			return actions, -1
		}
		start := at + i
		end := actionEnd(text, start)
		if end < 0 {
			return actions, start
		}
		a := action{start: start, end: end, kind: kindOf(text[start:end]), opener: -1}
		switch a.kind {
		case opener, define:
			open = append(open, len(actions))
		case divider, closer:
			if len(open) > 0 {
				a.opener = open[len(open)-1]
				if a.kind == closer {
					open = open[:len(open)-1]
				}
			}
		}
		actions = append(actions, a)
		at = end
	}
}

// actionEnd is the offset after the closing mark of the action at start, or -1.
func actionEnd(text string, start int) int {
	i := start + 2
	body := text[i:]
	if len(body) >= 2 && body[0] == '-' && isSpace(body[1]) {
		body = body[2:]
	}
	if strings.HasPrefix(body, "/*") {
		j := strings.Index(body, "*/")
		if j < 0 {
			return -1
		}
		rest := body[j+2:]
		if len(rest) >= 2 && isSpace(rest[0]) && rest[1] == '-' {
			rest = rest[2:]
		}
		if !strings.HasPrefix(rest, "}}") {
			return -1
		}
		return len(text) - len(rest) + 2
	}
	for i < len(text) {
		switch c := text[i]; c {
		case '}':
			if strings.HasPrefix(text[i:], "}}") {
				return i + 2
			}
		case '`':
			j := strings.IndexByte(text[i+1:], '`')
			if j < 0 {
				return -1
			}
			i += j + 1
		case '"', '\'':
			for i++; ; i++ {
				if i >= len(text) || text[i] == '\n' {
					return -1
				}
				if text[i] == '\\' {
					i++
				} else if text[i] == c {
					break
				}
			}
		}
		i++
	}
	return -1
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// inner is an action's text without marks, trim marks and blanks.
func inner(text string) string {
	s := strings.TrimSuffix(strings.TrimPrefix(text, "{{"), "}}")
	if len(s) >= 2 && s[0] == '-' && isSpace(s[1]) {
		s = s[1:]
	}
	if n := len(s); n >= 2 && s[n-1] == '-' && isSpace(s[n-2]) {
		s = s[:n-1]
	}
	return strings.TrimSpace(s)
}

func kindOf(text string) kind {
	s := inner(text)
	if strings.HasPrefix(s, "/*") {
		return silent
	}
	word := s
	if i := strings.IndexFunc(s, func(r rune) bool {
		return !(r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9')
	}); i >= 0 {
		word = s[:i]
	}
	switch word {
	case "if", "range", "with":
		return opener
	case "else":
		return divider
	case "end":
		return closer
	case "break", "continue":
		return silent
	case "template", "preheader": // a preheader is a block of its own as well
		return include
	case "define", "block":
		return define
	case "":
		if strings.HasPrefix(s, "$") {
			name := strings.TrimLeft(s[1:], "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
			name = strings.TrimLeft(name, " \t\r\n")
			if strings.HasPrefix(name, ":=") || strings.HasPrefix(name, "=") {
				return silent
			}
		}
	}
	return output
}

// tokens stands for a text whose actions have been replaced by words of small letters, which neither Markdown nor HTML
// gives a meaning.
type tokens struct {
	src     *source
	actions []action
	prefix  string
	made    []made // numbered after the actions
}

// made is an action that the source does not have: a call of a function of ours, around an action's pipeline or alone.
type made struct {
	call   string // the function with its arguments
	action int    // whose pipeline is the last argument; -1 none
}

// call is a token for a made action.
func (t *tokens) call(f string, action int) string {
	t.made = append(t.made, made{f, action})
	return t.token(len(t.actions) + len(t.made) - 1)
}

// tokenLen is the number of letters after the prefix.
const tokenLen = 6

// newTokens chooses a prefix that the source does not contain in any case. Its last letter is not among those of the
// number, and its first one nowhere else in it, so a token is found for certain whatever stands before or behind it.
func newTokens(s *source, actions []action) *tokens {
	low := strings.ToLower(s.Text)
	prefix := "xqzj"
	for strings.Contains(low, prefix) {
		prefix = prefix[:len(prefix)-1] + "vj"
	}
	return &tokens{src: s, actions: actions, prefix: prefix}
}

// token is the word for action i.
func (t *tokens) token(i int) string {
	b := []byte(t.prefix + "aaaaaa")
	for k := len(b) - 1; i > 0; k, i = k-1, i/16 {
		b[k] = 'a' + byte(i%16)
	}
	return string(b)
}

// next finds the first token in s: its offset and action; -1 when there is none.
func (t *tokens) next(s string) (at, i int) {
	for from := 0; ; {
		k := strings.Index(s[from:], t.prefix)
		if k < 0 || from+k+len(t.prefix)+tokenLen > len(s) {
			return -1, -1
		}
		at = from + k
		i = 0
		ok := true
		for _, c := range []byte(s[at+len(t.prefix) : at+len(t.prefix)+tokenLen]) {
			if c < 'a' || c > 'p' {
				ok = false
				break
			}
			i = i*16 + int(c-'a')
		}
		if ok && i < len(t.actions)+len(t.made) {
			return at, i
		}
		from = at + len(t.prefix)
	}
}

// width is the length of a token.
func (t *tokens) width() int { return len(t.prefix) + tokenLen }

// hide is the source with its actions replaced by tokens.
func (t *tokens) hide() string {
	var b strings.Builder
	at := 0
	for i, a := range t.actions {
		b.WriteString(t.src.Text[at:a.start])
		b.WriteString(t.token(i))
		at = a.end
	}
	b.WriteString(t.src.Text[at:])
	return b.String()
}

// show puts the actions back into a text made from hide's, and notes where they went.
func (t *tokens) show(s string) *form {
	f := &form{src: t.src}
	var b strings.Builder
	for {
		at, i := t.next(s)
		if at < 0 {
			break
		}
		before, after := s[:at], s[at+t.width():]
		if strings.HasSuffix(before, "<!--") && strings.HasPrefix(after, "-->") {
			before, after = before[:len(before)-4], after[3:]
		}
		static(&b, before, true)
		s = after
		if i < len(t.actions) {
			a := t.actions[i]
			f.pieces = append(f.pieces, piece{b.Len(), a.end - a.start, a.start})
			b.WriteString(t.src.Text[a.start:a.end])
			continue
		}
		m := t.made[i-len(t.actions)]
		b.WriteString("{{" + m.call)
		if m.action >= 0 {
			a := t.actions[m.action]
			pipe := inner(t.src.Text[a.start:a.end])
			from := a.start + strings.Index(t.src.Text[a.start:a.end], pipe)
			b.WriteString(" (")
			f.pieces = append(f.pieces, piece{b.Len(), len(pipe), from})
			b.WriteString(pipe + ")")
		}
		b.WriteString("}}")
	}
	static(&b, s, false)
	f.text = b.String()
	return f
}

// static writes text that must not be read as an action: Markdown's \{\{ has become {{ by now.
func static(b *strings.Builder, s string, beforeAction bool) {
	last := beforeAction && strings.HasSuffix(s, "{")
	if last {
		s = s[:len(s)-1]
	}
	b.WriteString(strings.ReplaceAll(s, "{{", `{{"{{"}}`))
	if last {
		b.WriteString(`{{"{"}}`)
	}
}
