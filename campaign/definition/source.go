package definition

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"mailshot/internal/suggest"
)

// source is the text of a campaign file by lines, for excerpts. What may be a secret is hidden in every excerpt.
type source struct {
	name   string
	lines  []string
	hidden map[int]bool // lines (1-based) that show nothing
	secret []bool       // by line: it belongs to what is written below a secret key

	shown   map[int]string // excerpts made, by line: a line may have many mistakes and be long
	runes   []rune         // of line runesOf, for the same reason
	runesOf int
}

// mask stands in an excerpt for what may be a secret.
const mask = "‹hidden›"

func newSource(name string, data []byte) *source {
	s := &source{name: name, lines: splitLines(strings.TrimPrefix(string(data), "\ufeff")), hidden: map[int]bool{}, shown: map[int]string{}}
	s.secret = secretLines(s.lines)
	return s
}

// splitLines breaks text where YAML's scanner does, so that its line numbers are ours.
func splitLines(text string) []string {
	var lines []string
	for {
		i := strings.IndexAny(text, "\n\r\u0085\u2028\u2029")
		if i < 0 {
			return append(lines, text)
		}
		lines = append(lines, text[:i])
		_, size := utf8.DecodeRuneInString(text[i:])
		if strings.HasPrefix(text[i:], "\r\n") {
			size = 2
		}
		text = text[i+size:]
	}
}

// checkBytes reports what is not text at all, which the YAML reader would report without a place.
func (s *source) checkBytes(data []byte) error {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		e := s.errorAt(1, 1, "not-utf8", "the file is UTF-16", "save it as UTF-8")
		e.Excerpt, e.Column = "", 0
		return e
	}
	var errs []*Error
	for i, line := range s.lines {
		column := 0
		for at, r := range line {
			column++
			switch {
			case r == utf8.RuneError && !strings.HasPrefix(line[at:], "\ufffd"):
				errs = append(errs, s.errorAt(i+1, column, "not-utf8", fmt.Sprintf("byte 0x%02X is not UTF-8", line[at]), "save the file as UTF-8"))
			case r < ' ' && r != '\t', r == 0x7f, r >= 0x80 && r < 0xa0, r == '\ufeff', r == '\ufffe', r == '\uffff':
				errs = append(errs, s.errorAt(i+1, column, "control-character", fmt.Sprintf("control character %U", r), "remove it"))
			default:
				continue
			}
			break // one of a line is enough
		}
		if len(errs) == maxErrors {
			break
		}
	}
	return join(errs)
}

// errorAt makes an error at a line and a column of the file.
func (s *source) errorAt(line, column int, code, text, hint string) *Error {
	e := &Error{Code: code, Place: fmt.Sprintf("%s:%d:%d", s.name, line, column), Text: text, Hint: hint, line: line, column: column}
	if line < 1 || line > len(s.lines) {
		return e
	}
	e.Excerpt, e.Column = s.excerpt(line), column
	if e.Excerpt != s.lines[line-1] { // the caret stands at the latest where the hidden part begins
		before, _, _ := strings.Cut(e.Excerpt, mask)
		e.Column = min(e.Column, utf8.RuneCountInString(before)+1)
	}
	e.Column = min(e.Column, utf8.RuneCountInString(e.Excerpt)+1)
	return e
}

// A key whose value may be a secret: password, also misspelt, and what people call such things elsewhere.
var (
	keyPattern  = regexp.MustCompile(`["']?([\pL\pN_.-]+)["']?[ \t]*:`)
	barePattern = regexp.MustCompile(`(?:^|[{,#-])[ \t]*["']?([\pL\pN_.-]+)["']?[ \t=]`) // the colon forgotten
)

func secretKey(key string) bool {
	k := plainWord(key)
	if slices.Contains([]string{"oauth", "auth_url", "token_url"}, k) {
		return false // sections and URLs of ours
	}
	for _, w := range []string{"pass", "pwd", "secret", "token", "credential", "apikey", "api_key", "auth", "postgres"} {
		if strings.Contains(k, w) {
			return true
		}
	}
	return suggest.Distance(k, "password", 3) <= 3
}

// afterSecret returns where in line the value of a secret key begins, or -1.
func afterSecret(line string) int {
	first := -1
	for _, p := range []*regexp.Regexp{keyPattern, barePattern} {
		for _, m := range p.FindAllStringSubmatchIndex(line, -1) {
			if secretKey(line[m[2]:m[3]]) && (first < 0 || m[1] < first) {
				first = m[1]
			}
		}
	}
	return first
}

// A reference is shown as it is, unless something is wrong within it.
var referencePattern = regexp.MustCompile(`^[ \t]*(\{[ \t]*(env[ \t]*:[ \t]*[A-Z][A-Z0-9_]*|file[ \t]*:[ \t]*[\w./~-]+|command[ \t]*:[ \t]*\[[\w./~, -]*\])[ \t]*\}[ \t}]*)?$`)

var userinfoPattern = regexp.MustCompile(`://[^\s/]*@`)

// secretLines marks the lines that belong to the value of a secret key above them: those indented deeper than the key,
// and those up to the end of a quoted text that its line leaves open. It works on the text and not on the parsed
// file, because it must also hold for a file that cannot be parsed.
func secretLines(lines []string) []bool {
	secret := make([]bool, len(lines))
	indent, quote := -1, byte(0)
	for i, line := range lines {
		if quote != 0 {
			secret[i] = true
			quote = openQuote(line, quote) // what follows a closing quote on its line stays hidden with it
			continue
		}
		body := strings.TrimLeft(line, " \t")
		depth := len(line) - len(body)
		if strings.HasPrefix(line, "\t") {
			depth = len(line) // not allowed, so its depth is not known: deeper than anything
		}
		if indent >= 0 && (body == "" || depth > indent || depth == indent && body[0] == '-') {
			secret[i] = true
			continue
		}
		indent = -1
		if at := afterSecret(line); at >= 0 {
			indent = len(line) - len(body)
			if value := strings.TrimLeft(line[at:], " \t"); value != "" && (value[0] == '"' || value[0] == '\'') {
				quote = openQuote(value[1:], value[0])
			}
		}
	}
	return secret
}

// openQuote says which quote is still open after text, given the one open before it.
func openQuote(text string, quote byte) byte {
	for i := 0; i < len(text); i++ {
		switch {
		case quote == '"' && text[i] == '\\':
			i++
		case text[i] == quote:
			if quote == '\'' && i+1 < len(text) && text[i+1] == quote {
				i++
				continue
			}
			return 0
		}
	}
	return quote
}

// hide finds the secrets of a parsed file that the text alone does not show: those whose text goes on over lines that
// are not indented, as flow collections allow.
func (s *source) hide(root *yaml.Node) {
	// end is the line of what comes after n; with it, n's last text may share that line.
	var walk func(n *yaml.Node, end int, with bool)
	walk = func(n *yaml.Node, end int, with bool) {
		for i, c := range n.Content {
			next, with := end, with
			if i+1 < len(n.Content) {
				next, with = n.Content[i+1].Line, n.Style&yaml.FlowStyle != 0
			}
			if n.Kind != yaml.MappingNode || i%2 == 0 || !secretKey(n.Content[i-1].Value) {
				walk(c, next, with)
				continue
			}
			if !with {
				next--
			}
			for l := n.Content[i-1].Line + 1; l <= min(next, len(s.lines)); l++ {
				s.hidden[l] = true
			}
		}
	}
	walk(root, len(s.lines)+1, false)
}

// excerpt returns a line as it may be shown.
func (s *source) excerpt(line int) string {
	text, ok := s.shown[line]
	if !ok {
		text = s.mask(line)
		s.shown[line] = text
	}
	return text
}

func (s *source) mask(line int) string {
	text := s.lines[line-1]
	if s.hidden[line] || s.secret[line-1] {
		body := strings.TrimLeft(text, " \t")
		indent := text[:len(text)-len(body)]
		if strings.TrimSpace(body) == "" {
			return text
		}
		if referenceKey(body) && !s.hidden[line] {
			return indent + body[:strings.Index(body, ":")+1] + " " + mask
		}
		return indent + mask
	}
	if at := afterSecret(text); at >= 0 && !referencePattern.MatchString(text[at:]) {
		text = text[:at] + " " + mask
	}
	return userinfoPattern.ReplaceAllString(text, "://"+mask+"@")
}

// syntaxWords says in plain words what the YAML scanner means. Its own words are kept where there are none better; those
// that quote the file are not.
var syntaxWords = []struct{ in, text, hint string }{
	{"found character that cannot start any token", "a text cannot begin with this character", "put the text in quotes"},
	{"mapping values are not allowed in this context", "a second colon in one line", "put a text that holds \": \" in quotes"},
	{"did not find expected key", "this does not fit what stands before it", "check the indentation, and the quotes around texts"},
	{"did not find expected '-' indicator", "this does not fit the list before it", "check the indentation"},
	{"could not find expected ':'", "a key without a colon", "write key: value"},
	{"found unexpected end of stream", "a quote that is not closed", "close it, or write \\\" for a quote within the text"},
	{"found a tab character", "a tab in the indentation", "indent with spaces"},
	{"did not find expected ',' or ']'", "a list that is not closed", "close the [ with ]"},
	{"did not find expected ',' or '}'", "a { that is not closed", "close it with }; put a text that begins with { in quotes"},
	{"unknown anchor", "aliases are not part of a campaign file", "write the value out; put a text that begins with * in quotes"},
	{"exceeded max depth", "nested too deeply", ""},
	{"found incompatible YAML document", "not a version of YAML that is known", "remove the %YAML line"},
	{"undefined tag handle", "tags are not part of a campaign file", "put a text that begins with ! in quotes"},
	{"found unknown escape character", "an unknown escape in a quoted text", "write \\\\ for a backslash, or use single quotes"},
}

// syntax makes the parser's error one of ours.
func (s *source) syntax(err error) error {
	var le *yaml.LoadError
	if !errors.As(err, &le) {
		return &Error{Code: "syntax", Place: s.name, Text: "not YAML"}
	}
	line, column := le.Mark.Line, le.Mark.Column
	text, hint := "not YAML", ""
	for _, w := range syntaxWords {
		if strings.Contains(le.Message, w.in) {
			text, hint = w.text, w.hint
			break
		}
	}
	if strings.Contains(le.ContextMsg, "flow") || strings.Contains(le.ContextMsg, "quoted") || strings.Contains(le.ContextMsg, "simple key") {
		if le.ContextMark.Line > 0 { // where it opened says more than where the parser gave up
			line, column = le.ContextMark.Line, le.ContextMark.Column
		}
	}
	if line < 1 || line > len(s.lines) {
		line, column = len(s.lines), 1
	}
	here := s.lines[line-1]
	switch at := strings.Index(here, "{{"); {
	case s.at(line, column) == '\t':
		text, hint = "a tab in the indentation", "indent with spaces"
	case s.literal(line, column):
		// To mend the YAML would not help: it is refused in quotes too.
		return s.errorAt(line, max(column, 1), "literal-password", "a password does not belong in the campaign file", passwordHint)
	case at >= 0 && bareTemplate.MatchString(here):
		text, hint = "a text that begins with {{ without quotes around it", bareTemplateHint
		column = utf8.RuneCountInString(here[:at]) + 1
	}
	return s.errorAt(line, max(column, 1), "syntax", text, hint)
}

// literal says whether a place lies in what seems to be a password written out, and not in a reference to one.
func (s *source) literal(line, column int) bool {
	text := s.lines[line-1]
	if s.secret[line-1] {
		return !referenceKey(strings.TrimSpace(text))
	}
	at := afterSecret(text)
	return at >= 0 && column > utf8.RuneCountInString(text[:at]) && !strings.HasPrefix(strings.TrimSpace(text[at:]), "{")
}

// referenceKey says whether a line begins as a line of a reference to a secret does.
func referenceKey(line string) bool {
	for _, k := range []string{"env", "file", "command"} {
		if rest, ok := strings.CutPrefix(line, k); ok && strings.HasPrefix(strings.TrimLeft(rest, " \t"), ":") {
			return true
		}
	}
	return false
}

var bareTemplate = regexp.MustCompile(`(:|-|\[|,)[ \t]+\{\{`)

const bareTemplateHint = `put it in quotes: "{{.name}} …"`

// at returns the rune at a place, or 0.
func (s *source) at(line, column int) rune {
	if rest := s.from(line, column); len(rest) > 0 {
		return rest[0]
	}
	return 0
}

// from returns what stands in a line from a column on.
func (s *source) from(line, column int) []rune {
	if line < 1 || line > len(s.lines) || column < 1 {
		return nil
	}
	if s.runesOf != line {
		s.runes, s.runesOf = []rune(s.lines[line-1]), line
	}
	return s.runes[min(column-1, len(s.runes)):]
}
