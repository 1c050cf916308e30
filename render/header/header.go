// Package header lays out header fields. [Folder] writes them, folded; a value comes as pieces, which the functions
// here cut by the syntax of its kind: [Text], [Mailbox], [URIs], [ListID], [IDs], [Token], and the names of files
// ([FileName], [OldFileName]). [CheckName] says which fields a campaign may add.
package header

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"mailshot/render/naming"
)

const (
	lineLength  = 76  // where headers fold, RFC 2047 section 2 and good manners
	pieceLength = 900 // what cannot be folded may be this long; a line then stays under 998, RFC 5322 section 2.1.1
)

// Folder writes header fields. A value comes as its pieces, which must not be broken. Pieces are joined by one space,
// and the field folds at such spaces only. So the way a header is cut into pieces makes its folding legal for its kind.
type Folder struct {
	B      []byte // what is written
	Column int    // how many octets its last line has
	within bool   // a piece is written
}

// Begin writes the name of a field.
func (f *Folder) Begin(name string) {
	f.B = append(append(f.B, name...), ':')
	f.Column, f.within = len(name)+1, false
}

// Room makes room for a piece of n octets, which are written next.
func (f *Folder) Room(n int) {
	if f.within && f.Column+1+n > lineLength {
		f.B = append(f.B, "\r\n"...)
		f.Column = 0
	}
	f.B = append(f.B, ' ')
	f.Column += 1 + n
	f.within = true
}

// End ends a field.
func (f *Folder) End() { f.B = append(f.B, "\r\n"...) }

// Field writes one header field.
func (f *Folder) Field(name string, pieces ...string) {
	f.Begin(name)
	for _, p := range pieces {
		f.Room(len(p))
		f.B = append(f.B, p...)
	}
	f.End()
}

// firstLine is the room that a field's first line leaves for its value.
func firstLine(name string) int { return lineLength - len(name) - len(": ") }

// Text cuts an unstructured value (RFC 5322 section 3.6.5): ASCII at its single spaces, anything else into
// encoded-words. Like all that cuts, it appends the pieces to those it is given.
func Text(pieces []string, name, value string) []string {
	if cut, ok := cutASCII(pieces, value); ok {
		return cut
	}
	return encodedWords(pieces, value, firstLine(name))
}

// cutASCII cuts printable ASCII at single spaces. A run of spaces stays inside a piece, because a line that starts
// with a run could end up blank. It refuses what a reader could take for an encoded-word, and what cannot be folded.
func cutASCII(pieces []string, value string) ([]string, bool) {
	if !naming.Printable(value) || strings.Contains(value, "=?") {
		return nil, false
	}
	before := len(pieces)
	start := 0
	for i := 1; i < len(value)-1; i++ {
		if value[i] == ' ' && value[i-1] != ' ' && value[i+1] != ' ' {
			pieces = append(pieces, value[start:i])
			start = i + 1
		}
	}
	pieces = append(pieces, value[start:])
	for _, p := range pieces[before:] {
		if len(p) > pieceLength {
			return nil, false
		}
	}
	return pieces, true
}

// cutPhrase cuts a display name (RFC 5322 section 3.2.5) into bare atoms, one quoted string, or encoded-words.
func cutPhrase(pieces []string, name, phrase string) []string {
	if phrase == "" {
		return pieces
	}
	if !naming.Printable(phrase) || strings.Contains(phrase, "=?") {
		return encodedWords(pieces, phrase, firstLine(name))
	}
	before := len(pieces)
	atoms := true
	for w := range strings.SplitSeq(phrase, " ") {
		atoms = atoms && w != "" && len(w) <= lineLength && only(w, &atomSet)
		pieces = append(pieces, w)
	}
	if atoms {
		return pieces
	}
	pieces = pieces[:before]
	if len(phrase) > 60 {
		return encodedWords(pieces, phrase, firstLine(name))
	}
	if strings.ContainsAny(phrase, `"\`) {
		phrase = strings.ReplaceAll(strings.ReplaceAll(phrase, `\`, `\\`), `"`, `\"`)
	}
	return append(pieces, `"`+phrase+`"`)
}

const (
	Alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	atomText     = Alphanumeric + "!#$%&'*+-/=?^_`{|}~" // RFC 5322 section 3.2.3
)

// atomSet are the octets of atomText, and qSet those that stand for themselves in Q: the ones allowed in a phrase (RFC
// 2047 section 5 (3)), which are safe everywhere.
var atomSet, qSet = set(atomText), set(Alphanumeric + "!*+-/")

func set(members string) (in [256]bool) {
	for _, c := range []byte(members) {
		in[c] = true
	}
	return in
}

// only says whether s has no octets but those of a set.
func only(s string, in *[256]bool) bool {
	for i := range len(s) {
		if !in[s[i]] {
			return false
		}
	}
	return true
}

// Mailbox cuts `Name <address>`. angled is the address between its angle brackets.
func Mailbox(pieces []string, header, name, angled string) []string {
	if name == "" {
		return append(pieces, angled[1:len(angled)-1])
	}
	return append(cutPhrase(pieces, header, name), angled)
}

// encodedWords writes text as encoded-words (RFC 2047), in B or Q, whichever is shorter. None is over 75 characters,
// and the first one fits into what its line has left. No character is split between two words. Blanks are inside the
// words, because readers drop the blank between two of them.
func encodedWords(pieces []string, text string, first int) []string {
	const overhead = len("=?utf-8?q??=")
	quoted := 0
	for i := range len(text) {
		quoted += qLength(text[i])
	}
	useQ := quoted <= base64.StdEncoding.EncodedLen(len(text))
	room := first - overhead
	b := make([]byte, 0, 2*len(text)+4*overhead) // all words, which are cut from one string
	ends := make([]int, 0, 16)
	for len(text) > 0 {
		n, used := 0, 0
		for n < len(text) {
			_, size := utf8.DecodeRuneInString(text[n:])
			if useQ {
				for i := range size {
					used += qLength(text[n+i])
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
			b = qEncode(append(b, "=?utf-8?q?"...), text[:n])
		} else {
			b = base64.StdEncoding.AppendEncode(append(b, "=?utf-8?b?"...), []byte(text[:n]))
		}
		b = append(b, "?="...)
		ends = append(ends, len(b))
		text = text[n:]
		room = 75 - overhead
	}
	words, start := string(b), 0
	for _, end := range ends {
		pieces = append(pieces, words[start:end])
		start = end
	}
	return pieces
}

func qLength(c byte) int {
	if c == ' ' || qSet[c] {
		return 1
	}
	return 3
}

const hexDigits = "0123456789ABCDEF"

func qEncode(b []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case c == ' ':
			b = append(b, '_')
		case qSet[c]:
			b = append(b, c)
		default:
			b = append(b, '=', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return b
}

// URIs cuts a list of URIs (RFC 2369 section 2) into its entries, so that it folds between them and nowhere else.
func URIs(pieces []string, value string) ([]string, error) {
	for rest := value; ; {
		rest = strings.TrimLeft(rest, " ")
		end := strings.IndexByte(rest, '>')
		if !strings.HasPrefix(rest, "<") || end < 0 {
			return nil, fmt.Errorf("not a list of <URI>, <URI>: %s", naming.Show(value))
		}
		angled := rest[:end+1]
		uri := angled[1:end]
		scheme, _, ok := strings.Cut(uri, ":")
		if !ok || scheme == "" || !naming.Printable(uri) || strings.ContainsAny(uri, " <\"") {
			return nil, fmt.Errorf("%s is not a URI; write other characters as %%XX", naming.Show(uri))
		}
		if len(uri) > pieceLength-3 {
			return nil, fmt.Errorf("a URI of %d characters; the limit is %d", len(uri), pieceLength-3)
		}
		rest = strings.TrimLeft(rest[end+1:], " ")
		if rest == "" {
			return append(pieces, angled), nil
		}
		if rest[0] != ',' {
			return nil, fmt.Errorf("no comma after <%s>", uri)
		}
		pieces = append(pieces, angled+",")
		rest = rest[1:]
	}
}

// ListID cuts `Description <list.id.example>` (RFC 2919 section 2).
func ListID(pieces []string, name, value string) ([]string, error) {
	phrase, id, ok := strings.Cut(value, "<")
	id, rest, closed := strings.Cut(id, ">")
	if !ok || !closed || rest != "" {
		return nil, fmt.Errorf("%s has no <list.domain> at its end", naming.Show(value))
	}
	if len(id) > 255 || strings.Trim(id, atomText+".") != "" || strings.Contains(id, "..") ||
		!strings.Contains(strings.Trim(id, "."), ".") {
		return nil, fmt.Errorf("<%s> is not a list's name, like <news.example.com>", id)
	}
	phrase = strings.Trim(phrase, " ")
	if n := len(phrase); n > 1 && phrase[0] == '"' && phrase[n-1] == '"' && !strings.ContainsAny(phrase[1:n-1], `"\`) {
		phrase = phrase[1 : n-1] // it is quoted again below where it has to be
	}
	return append(cutPhrase(pieces, name, phrase), "<"+id+">"), nil
}

// IDs cuts a list of message identifiers (RFC 5322 section 3.6.4).
func IDs(pieces []string, value string) ([]string, error) {
	for id := range strings.FieldsSeq(value) {
		left, right, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(id, "<"), ">"), "@")
		if !ok || id[0] != '<' || id[len(id)-1] != '>' || left == "" || right == "" || !naming.Printable(id) ||
			strings.ContainsAny(left, `<>@" `) || strings.ContainsAny(right, `<>@" `) || len(id) > pieceLength {
			return nil, fmt.Errorf("%s is not a message identifier, like <left@right>", naming.Show(id))
		}
		pieces = append(pieces, id)
	}
	return pieces, nil
}

// Token cuts a value that machines read. It is ASCII and never encoded.
func Token(pieces []string, value string) ([]string, error) {
	pieces, ok := cutASCII(pieces, value)
	if !ok {
		return nil, fmt.Errorf("%s has characters that are not ASCII", naming.Show(value))
	}
	return pieces, nil
}

// Kind is how a header's value is written and folded.
type Kind int

const (
	IsText Kind = iota
	IsToken
	IsURIs
	IsListID
	IsIDs
	IsMailbox
)

// KindOf returns the syntax of a header. Most headers are text.
func KindOf(name string) Kind {
	switch strings.ToLower(name) {
	case "list-unsubscribe", "list-help", "list-post", "list-owner", "list-archive", "list-subscribe":
		return IsURIs
	case "list-id":
		return IsListID
	case "in-reply-to", "references":
		return IsIDs
	case "sender", "disposition-notification-to", "return-receipt-to", "errors-to":
		return IsMailbox
	case "list-unsubscribe-post", "auto-submitted", "precedence", "feedback-id", "x-auto-response-suppress",
		"importance", "priority", "x-priority", "sensitivity", "cfbl-address", "cfbl-feedback-id":
		return IsToken
	}
	return IsText
}

// CheckName says why a campaign may not add a header of this name. The reason is empty if it may.
func CheckName(name string) (reason, hint string) {
	if name == "" {
		return "a header without a name", ""
	}
	if strings.Trim(name, Alphanumeric+"-_") != "" {
		return fmt.Sprintf("header name %s", naming.Show(name)), "letters, digits and - only"
	}
	if len(name) > 40 {
		return fmt.Sprintf("header name %s has %d characters; the limit is 40", naming.Show(name), len(name)), ""
	}
	lower := strings.ToLower(name)
	switch lower {
	case "from", "reply-to", "subject":
		return "header " + name + " has its own place in the campaign",
			"write it as " + strings.ReplaceAll(lower, "-", "_") + ":"
	case "to":
		return "header " + name + " cannot be set by a campaign", "it is the row's address"
	case "cc", "bcc":
		return "header " + name + " has its own place in the campaign", "write it as " + lower + ":"
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
