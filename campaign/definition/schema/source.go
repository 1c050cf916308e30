package schema

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// source is the text of a file by lines, for excerpts. What may be a secret is hidden in every excerpt.
type source struct {
	name   string
	lines  []string
	hidden map[int]bool // lines (1-based) that show nothing
	secret []bool       // by line: it belongs to what is written below a secret key

	shown   map[int]string // excerpts made, by line: a line may have many mistakes and be long
	runes   []rune         // of line runesOf, for the same reason
	runesOf int
}

func newSource(name string, data []byte) *source {
	s := &source{
		name: name, lines: splitLines(strings.TrimPrefix(string(data), "\ufeff")),
		hidden: map[int]bool{}, shown: map[int]string{},
	}
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

// checkBytes reports bytes that are not text, which the YAML reader would report without a place.
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
				text := fmt.Sprintf("byte 0x%02X is not UTF-8", line[at])
				errs = append(errs, s.errorAt(i+1, column, "not-utf8", text, "save the file as UTF-8"))
			case r < ' ' && r != '\t', r == 0x7f, r >= 0x80 && r < 0xa0, r == '\ufeff', r == '\ufffe', r == '\uffff':
				text := fmt.Sprintf("control character %U", r)
				errs = append(errs, s.errorAt(i+1, column, "control-character", text, "remove it"))
			default:
				continue
			}
			break // one a line is enough
		}
		if len(errs) == MaxErrors {
			break
		}
	}
	return join(errs)
}

// errorAt returns an error at a line and a column of the file.
func (s *source) errorAt(line, column int, code, text, hint string) *Error {
	place := fmt.Sprintf("%s:%d:%d", s.name, line, column)
	e := &Error{Code: code, Place: place, Text: text, Hint: hint, line: line, column: column}
	if line < 1 || line > len(s.lines) {
		return e
	}
	e.Excerpt, e.Column = s.excerpt(line), column
	if e.Excerpt != s.lines[line-1] { // the caret is at the latest where the hidden part begins
		before, _, _ := strings.Cut(e.Excerpt, mask)
		e.Column = min(e.Column, utf8.RuneCountInString(before)+1)
	}
	e.Column = min(e.Column, utf8.RuneCountInString(e.Excerpt)+1)
	return e
}

// document parses data into the root mapping's node.
func (s *source) document(data []byte) (*yaml.Node, error) {
	empty := s.errorAt(1, 1, "empty-file", "the file is empty", "mailshot init newsletter DIR writes one to start from")
	empty.Excerpt, empty.Column = "", 0
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := loader.Load(&doc); errors.Is(err, io.EOF) {
		return nil, empty
	} else if err != nil {
		return nil, s.syntax(err)
	}
	var second yaml.Node
	if err := loader.Load(&second); err == nil {
		return nil, s.errorAt(max(second.Line, 1), max(second.Column, 1), "second-document", "a second document begins here",
			"a campaign file holds one; remove the --- line and what follows")
	} else if !errors.Is(err, io.EOF) {
		return nil, s.syntax(err)
	}
	if len(doc.Content) != 1 {
		return nil, empty
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Value == "" {
		return nil, empty
	}
	return root, nil
}

// unfit is said where the YAML reader does not say what is wrong.
const unfit = "this does not fit what comes before it"

// syntaxWords says in plain words what the YAML scanner means. A message that is not here is "not YAML": the scanner's
// own words are not shown, because they may quote the file.
var syntaxWords = []struct{ in, text, hint string }{
	{"found character that cannot start any token", "a text cannot begin with this character", "put the text in quotes"},
	{"mapping values are not allowed in this context", "a second colon in one line",
		"put a text that holds \": \" in quotes"},
	{"did not find expected key", unfit,
		"check the indentation, and the quotes around texts"},
	{"did not find expected '-' indicator", "this does not fit the list before it", "check the indentation"},
	{"could not find expected ':'", "a key without a colon", "write key: value"},
	{"found unexpected end of stream", "a quote that is not closed",
		"close it, or write \\\" for a quote within the text"},
	{"found a tab character", "a tab in the indentation", "indent with spaces"},
	{"did not find expected ',' or ']'", "a list that is not closed", "close the [ with ]"},
	{"did not find expected ',' or '}'", "a { that is not closed",
		"close it with }; put a text that begins with { in quotes"},
	{"unknown anchor", "aliases are not part of a campaign file",
		"write the value out; put a text that begins with * in quotes"},
	{"exceeded max depth", "nested too deeply", ""},
	{"found incompatible YAML document", "not a version of YAML that is known", "remove the %YAML line"},
	{"undefined tag handle", "tags are not part of a campaign file", "put a text that begins with ! in quotes"},
	{"found unknown escape character", "an unknown escape in a quoted text",
		"write \\\\ for a backslash, or use single quotes"},
}

// PasswordHint says what to write instead of a password.
const PasswordHint = "write password: { env: SMTP_PASSWORD }, { file: /run/secrets/smtp } " +
	"or { command: [pass, show, smtp] }"

// syntax makes an *Error of the parser's error.
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
	opened := func(what string) bool { return strings.Contains(le.ContextMsg, what) }
	if le.ContextMark.Line > 0 && (opened("flow") || opened("quoted") || opened("simple key")) {
		// Where it was opened says more than where the parser gave up.
		line, column = le.ContextMark.Line, le.ContextMark.Column
	}
	if line < 1 || line > len(s.lines) {
		line, column = len(s.lines), 1
	}
	here := s.lines[line-1]
	bare, quote := s.withoutColon(line), s.quoteEnds(line, column)
	switch at := strings.Index(here, "{{"); {
	case s.at(line, column) == '\t':
		text, hint = "a tab in the indentation", "indent with spaces"
	case s.literal(line, column):
		// Correct YAML would not help: the password is refused in quotes too.
		return s.errorAt(line, max(column, 1), "literal-password", "a password does not belong in the campaign file",
			PasswordHint)
	case opened("flow") && s.swallowed(&line, &column, le.Mark.Line):
		text = "what begins with # is a comment, to the end of the line: the bracket before it is not closed"
		hint = "put the text in quotes"
	case quote != 0 && text == unfit:
		column--
		text, hint = "the text ends at this quote, and more follows on the line",
			"put all of it in '…', where \" is a character like others"
		if quote == '\'' {
			hint = "put all of it in \"…\", where ' is a character like others, or write '' for each ' within"
		}
	case bare > 0:
		line, column = bare, 1+len(s.lines[bare-1])-len(strings.TrimLeft(s.lines[bare-1], " "))
		word := strings.TrimSpace(s.lines[bare-1])
		text, hint = "a key without a colon", "write "+shown(word)+":"
	case at >= 0 && bareTemplate.MatchString(here):
		text, hint = "a text that begins with {{ without quotes around it", bareTemplateHint
		column = utf8.RuneCountInString(here[:at]) + 1
	}
	return s.errorAt(line, max(column, 1), "syntax", text, hint)
}

// withoutColon returns the line above, or this one, that is a word alone where a key with a colon belongs; 0 if there
// is none. What is below the word is indented deeper.
func (s *source) withoutColon(line int) int {
	depth := func(i int) int { return len(s.lines[i-1]) - len(strings.TrimLeft(s.lines[i-1], " ")) }
	for i := line - 1; i >= 1; i-- {
		body := strings.TrimSpace(s.lines[i-1])
		if body == "" || strings.HasPrefix(body, "#") {
			continue
		}
		if depth(i) < depth(line) && loneWord.MatchString(body) {
			return i
		}
		return 0
	}
	return 0
}

var loneWord = regexp.MustCompile(`^[a-z_]+$`)

// quoteEnds returns the quote that ends just before a place of a line whose value began with it; 0 if none does.
func (s *source) quoteEnds(line, column int) rune {
	if line < 1 || line > len(s.lines) {
		return 0
	}
	before := []rune(s.lines[line-1])
	before = before[:min(max(column-1, 0), len(before))]
	text := strings.TrimRight(string(before), " ")
	m := quotedValue.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	return rune(m[1][0])
}

var (
	quotedValue  = regexp.MustCompile(`^\s*(?:- +)*(?:[\w-]+: +)?(["']).*(["'])$`)
	bareTemplate = regexp.MustCompile(`(:|-|\[|,)[ \t]+\{\{`)
)

const bareTemplateHint = `put it in quotes: "{{.name}} …"`

// at returns the rune at a place, or 0.
func (s *source) at(line, column int) rune {
	if rest := s.from(line, column); len(rest) > 0 {
		return rest[0]
	}
	return 0
}

// from returns the text of a line from a column on.
func (s *source) from(line, column int) []rune {
	if line < 1 || line > len(s.lines) || column < 1 {
		return nil
	}
	if s.runesOf != line {
		s.runes, s.runesOf = []rune(s.lines[line-1]), line
	}
	return s.runes[min(column-1, len(s.runes)):]
}
