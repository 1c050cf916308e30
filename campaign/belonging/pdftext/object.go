package pdftext

import (
	"bytes"
	"strconv"
)

// object is a value of a PDF (ISO 32000-1 section 7.3): nil, bool, float64, name, text, array, dict, *stream, ref or,
// in content, operator.
type object any

type (
	name     string
	text     string
	array    []object
	dict     map[name]object
	operator string
	ref      struct{ number, generation int }
	stream   struct {
		dict dict
		raw  []byte
	}
)

// deepest is how deep arrays and dictionaries may lie in each other.
const deepest = 60

// lexer reads objects from bytes.
type lexer struct {
	d     *document
	b     []byte
	at    int
	depth int
	refs  bool // 1 0 R is a reference: not in content
}

var (
	blanks     = [256]bool{0: true, '\t': true, '\n': true, '\f': true, '\r': true, ' ': true}
	delimiters = [256]bool{'(': true, ')': true, '<': true, '>': true, '[': true, ']': true, '{': true, '}': true,
		'/': true,
		'%': true}
)

// skip passes blanks and comments.
func (l *lexer) skip() {
	for l.at < len(l.b) {
		c := l.b[l.at]
		switch {
		case blanks[c]:
			l.at++
		case c == '%':
			for l.at < len(l.b) && l.b[l.at] != '\n' && l.b[l.at] != '\r' {
				l.at++
			}
		default:
			return
		}
	}
}

// closer is what ends an array or a dictionary.
type closer byte

// next reads an object; ok is false at the end.
func (l *lexer) next() (o object, ok bool) {
	l.skip()
	if l.at >= len(l.b) {
		return nil, false
	}
	l.d.step()
	switch c := l.b[l.at]; c {
	case '/':
		return l.name(), true
	case '(':
		return l.literal(), true
	case '<':
		if l.at+1 < len(l.b) && l.b[l.at+1] == '<' {
			l.at += 2
			return l.dict(), true
		}
		return l.hex(), true
	case '[':
		l.at++
		return l.array(), true
	case ']', ')', '{', '}':
		l.at++
		return closer(c), true
	case '>':
		if l.at++; l.at < len(l.b) && l.b[l.at] == '>' {
			l.at++
		}
		return closer('>'), true
	}
	return l.word(), true
}

// word reads a number, a reference or an operator.
func (l *lexer) word() object {
	start := l.at
	for l.at < len(l.b) && !blanks[l.b[l.at]] && !delimiters[l.b[l.at]] {
		l.at++
	}
	w := l.b[start:l.at]
	if n, ok := number(w); ok {
		if l.refs && n >= 0 && n == float64(int(n)) {
			if r, ok := l.reference(int(n)); ok {
				return r
			}
		}
		return n
	}
	switch string(w) {
	case "true":
		return true
	case "false":
		return false
	case "null":
		return nil
	}
	return operator(w)
}

// reference reads what may come after the first number of a reference.
func (l *lexer) reference(of int) (ref, bool) {
	at := l.at
	for at < len(l.b) && blanks[l.b[at]] {
		at++
	}
	start := at
	for at < len(l.b) && at-start < 6 && l.b[at] >= '0' && l.b[at] <= '9' {
		at++
	}
	if at == start {
		return ref{}, false
	}
	generation, _ := strconv.Atoi(string(l.b[start:at]))
	start = at
	for at < len(l.b) && blanks[l.b[at]] {
		at++
	}
	if at == start || at >= len(l.b) || l.b[at] != 'R' ||
		at+1 < len(l.b) && !blanks[l.b[at+1]] && !delimiters[l.b[at+1]] {
		return ref{}, false
	}
	l.at = at + 1
	return ref{of, generation}, true
}

// number reads a number as PDFs write them.
func number(w []byte) (float64, bool) {
	if len(w) == 0 || len(w) > 40 {
		return 0, false
	}
	i, sign := 0, 1.0
	for i < len(w) && (w[i] == '+' || w[i] == '-') {
		if w[i] == '-' {
			sign = -1
		}
		i++
	}
	v, scale, digits, dot := 0.0, 1.0, 0, false
	for ; i < len(w); i++ {
		switch c := w[i]; {
		case c >= '0' && c <= '9':
			digits++
			if v = v*10 + float64(c-'0'); dot {
				scale *= 10
			}
		case c == '.' && !dot:
			dot = true
		case c == '-' && digits > 0: // 12.-5, as some programs write
			return sign * v / scale, true
		default:
			return 0, false
		}
	}
	return sign * v / scale, digits > 0 || dot && len(w) == 1
}

func (l *lexer) name() name {
	l.at++
	start := l.at
	for l.at < len(l.b) && !blanks[l.b[l.at]] && !delimiters[l.b[l.at]] {
		l.at++
	}
	w := l.b[start:l.at]
	if bytes.IndexByte(w, '#') < 0 {
		return name(w)
	}
	var out []byte
	for i := 0; i < len(w); i++ {
		if w[i] == '#' && i+2 < len(w) {
			if v, err := strconv.ParseUint(string(w[i+1:i+3]), 16, 8); err == nil {
				out = append(out, byte(v))
				i += 2
				continue
			}
		}
		out = append(out, w[i])
	}
	return name(out)
}

// literal reads a text in parentheses.
func (l *lexer) literal() text {
	l.at++
	var out []byte
	for open := 1; l.at < len(l.b); l.at++ {
		c := l.b[l.at]
		switch c {
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				l.at++
				return text(out)
			}
		case '\\':
			out = l.escape(out)
			continue
		}
		out = append(out, c)
	}
	return text(out)
}

// escape reads what follows a backslash, to its last byte.
func (l *lexer) escape(out []byte) []byte {
	if l.at++; l.at >= len(l.b) {
		return out
	}
	c := l.b[l.at]
	if i := bytes.IndexByte([]byte("nrtbf"), c); i >= 0 {
		return append(out, "\n\r\t\b\f"[i])
	}
	switch {
	case c == '\r':
		if l.at+1 < len(l.b) && l.b[l.at+1] == '\n' {
			l.at++
		}
	case c == '\n':
	case c >= '0' && c <= '7':
		v := 0
		for i := 0; i < 3 && l.at < len(l.b) && l.b[l.at] >= '0' && l.b[l.at] <= '7'; i++ {
			v = v*8 + int(l.b[l.at]-'0')
			l.at++
		}
		l.at--
		return append(out, byte(v))
	default:
		return append(out, c)
	}
	return out
}

// hex reads a text in angle brackets.
func (l *lexer) hex() text {
	l.at++
	var out []byte
	half, high := false, byte(0)
	for ; l.at < len(l.b) && l.b[l.at] != '>'; l.at++ {
		v, ok := digit(l.b[l.at])
		if !ok {
			continue
		}
		if half = !half; half {
			high = v << 4
		} else {
			out = append(out, high|v)
		}
	}
	l.at++
	if half {
		out = append(out, high)
	}
	return text(out)
}

func digit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// down counts how deep the lexer is.
func (l *lexer) down() {
	if l.depth++; l.depth > deepest {
		panic(stop{ErrTooMuch})
	}
}

func (l *lexer) array() array {
	l.down()
	defer func() { l.depth-- }()
	a := array{}
	for {
		o, ok := l.next()
		if _, end := o.(closer); !ok || end {
			return a
		}
		a = append(a, o)
	}
}

func (l *lexer) dict() dict {
	l.down()
	defer func() { l.depth-- }()
	d := dict{}
	for {
		key, ok := l.next()
		if _, end := key.(closer); !ok || end {
			return d
		}
		n, is := key.(name)
		if !is {
			continue
		}
		value, ok := l.next()
		if _, end := value.(closer); !ok || end {
			return d
		}
		d[n] = value
	}
}
