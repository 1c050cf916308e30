package source

import (
	"strings"
)

// Kind says how an action shapes the text around it.
type Kind int

// The kinds of actions.
const (
	Output  Kind = iota // prints something
	Opener              // if, range, with
	Divider             // else
	Closer              // end
	Silent              // prints nothing, stands alone: comment, assignment, break, continue
	Include             // template
	Define              // define, block
)

// Action is one {{…}} of a source.
type Action struct {
	Start, End int // in the source
	Kind       Kind
	Opener     int // for Divider and Closer: index of the action they belong to, -1 none
}

// Scan finds the actions of a text by the same rules as the template parser's lexer: quotes, raw quotes and comments
// may hold the closing mark. unclosed is the offset of an action that never ends, or -1.
func Scan(text string) (actions []Action, unclosed int) {
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
		a := Action{Start: start, End: end, Kind: kindOf(text[start:end]), Opener: -1}
		switch a.Kind {
		case Opener, Define:
			open = append(open, len(actions))
		case Divider, Closer:
			if len(open) > 0 {
				a.Opener = open[len(open)-1]
				if a.Kind == Closer {
					open = open[:len(open)-1]
				}
			}
		}
		actions = append(actions, a)
		at = end
	}
}

// actionEnd returns the offset after the closing mark of the action at start, or -1.
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

// Inner returns an action's text without its marks, trim marks and blanks.
func Inner(text string) string {
	s := strings.TrimSuffix(strings.TrimPrefix(text, "{{"), "}}")
	if len(s) >= 2 && s[0] == '-' && isSpace(s[1]) {
		s = s[1:]
	}
	if n := len(s); n >= 2 && s[n-1] == '-' && isSpace(s[n-2]) {
		s = s[:n-1]
	}
	return strings.TrimSpace(s)
}

func kindOf(text string) Kind {
	s := Inner(text)
	if strings.HasPrefix(s, "/*") {
		return Silent
	}
	word := s
	if i := strings.IndexFunc(s, func(r rune) bool {
		return !(r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9')
	}); i >= 0 {
		word = s[:i]
	}
	switch word {
	case "if", "range", "with":
		return Opener
	case "else":
		return Divider
	case "end":
		return Closer
	case "break", "continue":
		return Silent
	case "template", "preheader", "button": // the last two are blocks of their own as well
		return Include
	case "define", "block":
		return Define
	case "":
		if strings.HasPrefix(s, "$") {
			name := strings.TrimLeft(s[1:], "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
			name = strings.TrimLeft(name, " \t\r\n")
			if strings.HasPrefix(name, ":=") || strings.HasPrefix(name, "=") {
				return Silent
			}
		}
	}
	return Output
}
