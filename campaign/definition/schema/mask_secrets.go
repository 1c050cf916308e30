package schema

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"mailshot/internal/suggest"

	"go.yaml.in/yaml/v4"
)

// mask takes the place of what may be a secret in an excerpt.
const mask = "‹hidden›"

// A key whose value may be a secret: password, also misspelt, and what people call such things elsewhere.
var (
	keyPattern  = regexp.MustCompile(`["']?([\pL\pN_.-]+)["']?[ \t]*:`)
	barePattern = regexp.MustCompile(`(?:^|[{,#-])[ \t]*["']?([\pL\pN_.-]+)["']?[ \t=]`) // the colon forgotten
)

func secretKey(key string) bool {
	k := PlainWord(key)
	if slices.Contains([]string{"oauth", "auth_url", "token_url"}, k) {
		return false // sections and URLs of the campaign file
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

// A reference to a secret is shown as it is, unless something is wrong within it.
var referencePattern = regexp.MustCompile(`^[ \t]*(\{[ \t]*(` +
	`env[ \t]*:[ \t]*[A-Z][A-Z0-9_]*` +
	`|file[ \t]*:[ \t]*[\w./~-]+` +
	`|command[ \t]*:[ \t]*\[[\w./~, -]*\]` +
	`)[ \t]*\}[ \t}\]]*)?$`)

var userinfoPattern = regexp.MustCompile(`://[^\s/]*@`)

// A private key, written out: behind a signature's key on its line, or as PEM in one line or in many.
var (
	signingPattern = regexp.MustCompile(`(?:selector|domain|certificate|sign).*[{, \t]key[ \t]*:`) // elsewhere key is a column
	pemPattern     = regexp.MustCompile(`-----BEGIN.*|[A-Za-z0-9+/]{60,}=*`)
)

// privateKey masks what is a private key in a line.
func privateKey(text string) string {
	if at := signingPattern.FindStringIndex(text); at != nil && !referencePattern.MatchString(text[at[1]:]) {
		text = text[:at[1]] + " " + mask
	}
	return pemPattern.ReplaceAllStringFunc(text, func(s string) string {
		if strings.Trim(s, "0123456789abcdefABCDEF") == "" { // a fingerprint
			return s
		}
		return mask
	})
}

// secretLines marks the lines that belong to the value of a secret key above them: those indented deeper than the key,
// and those up to the end of a quoted text that its line leaves open. It works on the text and not on the parsed
// file, because it must also hold for a file that cannot be parsed.
func secretLines(lines []string) []bool {
	secret := make([]bool, len(lines))
	indent, quote := -1, byte(0)
	items := false // a list at the depth of the key is its value
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
		if indent >= 0 && (body == "" || depth > indent || items && depth == indent && body[0] == '-') {
			secret[i] = true
			continue
		}
		indent = -1
		if at := afterSecret(line); at >= 0 {
			indent = len(line) - len(body)
			items = !strings.Contains(line[at:], "{") || !referencePattern.MatchString(line[at:])
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

// hide finds the secrets of a parsed file that the text alone does not show: their text goes on over lines that are not
// indented, as flow collections allow.
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

// excerpt returns a line in the form in which it may be shown.
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
		if reference, _, ok := strings.Cut(text[at:], " #"); ok && strings.Contains(reference, "{") &&
			referencePattern.MatchString(reference) { // the comment may say anything, and is left out
			text = text[:at] + strings.TrimRight(reference, " \t")
		} else {
			text = text[:at] + " " + mask
		}
	}
	return privateKey(userinfoPattern.ReplaceAllString(text, "://"+mask+"@"))
}

// literal reports whether a place lies in what seems to be a password written out, and not in a reference to one.
func (s *source) literal(line, column int) bool {
	text := s.lines[line-1]
	if s.secret[line-1] {
		return !referenceKey(strings.TrimSpace(text))
	}
	at := afterSecret(text)
	return at >= 0 && column > utf8.RuneCountInString(text[:at]) && !strings.HasPrefix(strings.TrimSpace(text[at:]), "{")
}

// referenceKey reports whether a line begins like a line of a reference to a secret.
func referenceKey(line string) bool {
	for _, k := range []string{"env", "file", "command"} {
		if rest, ok := strings.CutPrefix(line, k); ok && strings.HasPrefix(strings.TrimLeft(rest, " \t"), ":") {
			return true
		}
	}
	return false
}
