package render

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"mailshot/internal/ellipsis"
)

const (
	lineLength  = 76  // where headers fold, RFC 2047 section 2 and good manners
	pieceLength = 900 // what cannot be folded may be this long; a line then stays under 998, RFC 5322 section 2.1.1
	valueLength = 8192
)

// appendField writes one header field. A value comes as its pieces, which must not be broken. Pieces are joined by one
// space, and the field folds at such spaces only. So the way a header is cut into pieces makes its folding legal for
// its kind.
func appendField(b []byte, name string, pieces ...string) []byte {
	b = append(b, name...)
	b = append(b, ':')
	column := len(name) + 1
	for i, p := range pieces {
		if i > 0 && column+1+len(p) > lineLength {
			b = append(b, "\r\n"...)
			column = 0
		}
		b = append(b, ' ')
		b = append(b, p...)
		column += 1 + len(p)
	}
	return append(b, "\r\n"...)
}

// firstLine is the room that a field's first line leaves for its value.
func firstLine(name string) int { return lineLength - len(name) - len(": ") }

// textPieces cuts an unstructured value (RFC 5322 section 3.6.5): ASCII at its single spaces, anything else into
// encoded-words.
func textPieces(name, value string) []string {
	if pieces, ok := asciiPieces(value); ok {
		return pieces
	}
	return encodedWords(value, firstLine(name))
}

// asciiPieces cuts printable ASCII at single spaces. A run of spaces stays inside a piece, because a line that starts
// with a run could end up blank. It refuses what a reader could take for an encoded-word, and what cannot be folded.
func asciiPieces(value string) ([]string, bool) {
	if !printable(value) || strings.Contains(value, "=?") {
		return nil, false
	}
	var pieces []string
	start := 0
	for i := 1; i < len(value)-1; i++ {
		if value[i] == ' ' && value[i-1] != ' ' && value[i+1] != ' ' {
			pieces = append(pieces, value[start:i])
			start = i + 1
		}
	}
	pieces = append(pieces, value[start:])
	for _, p := range pieces {
		if len(p) > pieceLength {
			return nil, false
		}
	}
	return pieces, true
}

// phrasePieces cuts a display name (RFC 5322 section 3.2.5) into bare atoms, one quoted string, or encoded-words.
func phrasePieces(name, phrase string) []string {
	if phrase == "" {
		return nil
	}
	if !printable(phrase) || strings.Contains(phrase, "=?") {
		return encodedWords(phrase, firstLine(name))
	}
	words := strings.Split(phrase, " ")
	atoms := true
	for _, w := range words {
		atoms = atoms && w != "" && len(w) <= lineLength && strings.Trim(w, atomText) == ""
	}
	if atoms {
		return words
	}
	if len(phrase) > 60 {
		return encodedWords(phrase, firstLine(name))
	}
	return []string{`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(phrase) + `"`}
}

const (
	alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	atomText     = alphanumeric + "!#$%&'*+-/=?^_`{|}~" // RFC 5322 section 3.2.3
)

// mailboxPieces cuts `Name <address>`.
func mailboxPieces(header, name, address string) []string {
	if name == "" {
		return []string{address}
	}
	return append(phrasePieces(header, name), "<"+address+">")
}

// encodedWords writes text as encoded-words (RFC 2047), in B or Q, whichever is shorter. None is over 75 characters,
// and the first one fits into what its line has left. No character is split between two words. Blanks are inside the
// words, because readers drop the blank between two of them.
func encodedWords(text string, first int) []string {
	quoted := 0
	for i := 0; i < len(text); i++ {
		quoted += qLength(text[i])
	}
	useQ := quoted <= base64.StdEncoding.EncodedLen(len(text))
	const overhead = len("=?utf-8?q??=")
	room := first - overhead
	var words []string
	for len(text) > 0 {
		n, used := 0, 0
		for n < len(text) {
			_, size := utf8.DecodeRuneInString(text[n:])
			if useQ {
				for _, c := range []byte(text[n : n+size]) {
					used += qLength(c)
				}
			} else {
				used = base64.StdEncoding.EncodedLen(n + size)
			}
			if used > room && n > 0 {
				break
			}
			n += size
		}
		if useQ {
			words = append(words, "=?utf-8?q?"+qEncode(text[:n])+"?=")
		} else {
			words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(text[:n]))+"?=")
		}
		text = text[n:]
		room = 75 - overhead
	}
	return words
}

// qSafe says which characters stand for themselves in Q. They are the ones allowed in a phrase (RFC 2047 section 5
// (3)), which are safe everywhere.
func qSafe(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!*+-/", c) >= 0
}

func qLength(c byte) int {
	if c == ' ' || qSafe(c) {
		return 1
	}
	return 3
}

const hexDigits = "0123456789ABCDEF"

func qEncode(s string) string {
	b := make([]byte, 0, 75)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ':
			b = append(b, '_')
		case qSafe(c):
			b = append(b, c)
		default:
			b = append(b, '=', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return string(b)
}

// uriPieces cuts a list of URIs (RFC 2369 section 2) into its entries, so that it folds between them and nowhere else.
func uriPieces(value string) ([]string, error) {
	var pieces []string
	for rest := value; ; {
		rest = strings.TrimLeft(rest, " ")
		end := strings.IndexByte(rest, '>')
		if !strings.HasPrefix(rest, "<") || end < 0 {
			return nil, fmt.Errorf("not a list of <URI>, <URI>: %s", show(value))
		}
		uri := rest[1:end]
		scheme, _, ok := strings.Cut(uri, ":")
		if !ok || scheme == "" || !printable(uri) || strings.ContainsAny(uri, " <\"") {
			return nil, fmt.Errorf("%s is not a URI; write other characters as %%XX", show(uri))
		}
		if len(uri) > pieceLength-3 {
			return nil, fmt.Errorf("a URI of %d characters; the limit is %d", len(uri), pieceLength-3)
		}
		rest = strings.TrimLeft(rest[end+1:], " ")
		if rest == "" {
			return append(pieces, "<"+uri+">"), nil
		}
		if rest[0] != ',' {
			return nil, fmt.Errorf("no comma after <%s>", uri)
		}
		pieces = append(pieces, "<"+uri+">,")
		rest = rest[1:]
	}
}

// listIDPieces cuts `Description <list.id.example>` (RFC 2919 section 2).
func listIDPieces(name, value string) ([]string, error) {
	phrase, id, ok := strings.Cut(value, "<")
	id, rest, closed := strings.Cut(id, ">")
	if !ok || !closed || rest != "" {
		return nil, fmt.Errorf("%s has no <list.domain> at its end", show(value))
	}
	if len(id) > 255 || strings.Trim(id, atomText+".") != "" || strings.Contains(id, "..") ||
		!strings.Contains(strings.Trim(id, "."), ".") {
		return nil, fmt.Errorf("<%s> is not a list's name, like <news.example.com>", id)
	}
	phrase = strings.Trim(phrase, " ")
	if n := len(phrase); n > 1 && phrase[0] == '"' && phrase[n-1] == '"' && !strings.ContainsAny(phrase[1:n-1], `"\`) {
		phrase = phrase[1 : n-1] // it is quoted again below where it has to be
	}
	return append(phrasePieces(name, phrase), "<"+id+">"), nil
}

// idPieces cuts a list of message identifiers (RFC 5322 section 3.6.4).
func idPieces(value string) ([]string, error) {
	ids := strings.Fields(value)
	for _, id := range ids {
		left, right, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(id, "<"), ">"), "@")
		if !ok || id[0] != '<' || id[len(id)-1] != '>' || left == "" || right == "" || !printable(id) ||
			strings.ContainsAny(left, `<>@" `) || strings.ContainsAny(right, `<>@" `) || len(id) > pieceLength {
			return nil, fmt.Errorf("%s is not a message identifier, like <left@right>", show(id))
		}
	}
	return ids, nil
}

// tokenPieces cuts a value that machines read. It is ASCII and never encoded.
func tokenPieces(value string) ([]string, error) {
	pieces, ok := asciiPieces(value)
	if !ok {
		return nil, fmt.Errorf("%s has characters that are not ASCII", show(value))
	}
	return pieces, nil
}

// kind is how a header's value is written and folded.
type kind int

const (
	kindText kind = iota
	kindToken
	kindURIs
	kindListID
	kindIDs
	kindMailbox
)

// kindOf returns the syntax of a header. Most headers are text.
func kindOf(name string) kind {
	switch strings.ToLower(name) {
	case "list-unsubscribe", "list-help", "list-post", "list-owner", "list-archive", "list-subscribe":
		return kindURIs
	case "list-id":
		return kindListID
	case "in-reply-to", "references":
		return kindIDs
	case "sender", "disposition-notification-to", "return-receipt-to", "errors-to":
		return kindMailbox
	case "list-unsubscribe-post", "auto-submitted", "precedence", "feedback-id", "x-auto-response-suppress",
		"importance", "priority", "x-priority", "sensitivity", "cfbl-address", "cfbl-feedback-id":
		return kindToken
	}
	return kindText
}

// checkName says why a campaign may not add a header of this name. The reason is empty if it may.
func checkName(name string) (reason, hint string) {
	if name == "" {
		return "a header without a name", ""
	}
	if strings.Trim(name, alphanumeric+"-_") != "" {
		return fmt.Sprintf("header name %s", show(name)), "letters, digits and - only"
	}
	if len(name) > 40 {
		return fmt.Sprintf("header name %s has %d characters; the limit is 40", show(name), len(name)), ""
	}
	lower := strings.ToLower(name)
	switch lower {
	case "from", "reply-to", "subject":
		return "header " + name + " has its own place in the campaign",
			"write it as " + strings.ReplaceAll(lower, "-", "_") + ":"
	case "to", "cc", "bcc":
		return "header " + name + " cannot be set by a campaign", "each message has one recipient, from the list"
	case "date", "message-id", "mime-version", "return-path", "received", "received-spf",
		"dkim-signature", "domainkey-signature", "authentication-results",
		"delivered-to", "apparently-to", "envelope-to", "x-original-to", "x-envelope-to":
		return "header " + name + " cannot be set by a campaign", "mailshot or the servers on the way write it"
	}
	for _, prefix := range []string{"content-", "resent-", "arc-"} {
		if strings.HasPrefix(lower, prefix) {
			return "header " + name + " cannot be set by a campaign", "mailshot or the servers on the way write it"
		}
	}
	return "", ""
}

// checkText looks for what no header, address or file name may have, and says what it is and where: control characters
// of any kind (CR, LF and NUL first of all), the two Unicode line ends, and bytes that are not UTF-8 (such as half a
// surrogate pair). None of it is ever removed silently.
func checkText(s string) string {
	n := 0
	for i, r := range s {
		n++
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return fmt.Sprintf("text that is not UTF-8 at character %d", n)
			}
		}
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return fmt.Sprintf("%s at character %d", controlName(r), n)
		}
	}
	return ""
}

func controlName(r rune) string {
	name := map[rune]string{0: "NUL", '\t': "tab", '\n': "line feed", '\r': "carriage return",
		0x85: "next line", 0x2028: "line separator", 0x2029: "paragraph separator"}[r]
	if name == "" {
		name = "control character"
	}
	return fmt.Sprintf("%s (U+%04X)", name, r)
}

func printable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// show quotes a text for a message to people, and cuts it if it is long.
func show(s string) string {
	return ellipsis.Quote(s, 61)
}
