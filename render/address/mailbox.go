package address

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"mailshot/internal/ellipsis"
)

// ParseMailbox reads one address with its name: `Ann Example <ann@example.com>`, `"Example, Ann" <ann@example.com>`, or
// the address alone. It is the form of From and Reply-To (RFC 5322 3.4, name-addr). Lists, groups and comments are
// refused. A name with a comma, a semicolon, an @ or angle brackets needs its quotes. The error is always an *[Error].
func ParseMailbox(s string) (Mailbox, error) {
	m, reason, hint := parseMailbox(s)
	if reason != "" {
		return Mailbox{}, &Error{Text: s, Reason: reason, Hint: hint}
	}
	return m, nil
}

// ParseMailboxes reads one or more mailboxes with commas between them (RFC 5322 3.4, mailbox-list), as Reply-To may
// have. A semicolon, as people write it, is a comma. The error is an *[Error] about one of them, or joins several.
func ParseMailboxes(s string) ([]Mailbox, error) {
	one, err := ParseMailbox(s)
	if err == nil {
		return []Mailbox{one}, nil
	}
	if e, ok := err.(*Error); ok && e.Reason == twoAddresses && !strings.ContainsAny(s, ",;") {
		return nil, &Error{Text: s, Reason: "several addresses without commas between them", Hint: "write a comma between them"}
	}
	pieces := commas(s)
	if len(pieces) < 2 || addresses(s) < 2 { // a comma of a name, rather
		return nil, err
	}
	all := make([]Mailbox, len(pieces))
	var errs []error
	for i, piece := range pieces {
		if strings.Trim(piece, " \t") == "" {
			errs = append(errs, &Error{Text: s, Reason: "a comma with no address beside it", Hint: "delete the comma"})
		} else if all[i], err = ParseMailbox(piece); err != nil {
			errs = append(errs, err)
		}
	}
	switch len(errs) {
	case 0:
		return all, nil
	case 1:
		return nil, errs[0]
	}
	return nil, errors.Join(errs...)
}

// commas cuts at the commas and semicolons outside quotes.
func commas(s string) []string {
	var pieces []string
	start, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == ';'):
			pieces = append(pieces, s[start:i])
			start = i + 1
		}
	}
	return append(pieces, s[start:])
}

// Alone returns the reason and the hint in words for a text that is not the cell of a list.
func (e *Error) Alone() (reason, hint string) {
	if reason, hint = e.Reason, e.Hint; reason == twoAddresses {
		return "more than one address", "one address only"
	}
	return reason, strings.TrimSuffix(hint, ownColumn)
}

func parseMailbox(s string) (m Mailbox, reason, hint string) {
	text := strings.Trim(s, " \t")
	if !strings.HasSuffix(text, ">") {
		if m.Address, reason, hint = parse(text, reading{}); reason == "" {
			return m, "", ""
		}
		if name, address, ok := bare(text); ok {
			return m, "a name without angle brackets around the address after it",
				"write " + ellipsis.Cut(name, 60) + " <" + address + ">"
		}
		return m, reason, hint
	}
	open := strings.LastIndexByte(text, '<')
	if open < 0 {
		return m, "a > without its <", ""
	}
	if m.Name, reason, hint = parseName(strings.Trim(text[:open], " \t")); reason != "" {
		return m, reason, hint
	}
	inner := text[open+1 : len(text)-1]
	if inner != strings.Trim(inner, " \t") {
		return m, "a blank inside the angle brackets", "delete it"
	}
	m.Address, reason, hint = parse(inner, reading{})
	return m, reason, hint
}

// bare splits a name and the address that follows it after a blank.
func bare(text string) (name, address string, ok bool) {
	i := strings.LastIndexAny(text, " \t")
	if i < 0 {
		return "", "", false
	}
	a, wrong, _ := parse(text[i+1:], reading{silent: true})
	name = strings.Trim(text[:i], " \t")
	if _, badName, _ := parseName(name); wrong != "" || badName != "" || strings.Contains(name, "@") {
		return "", "", false
	}
	return name, a.Unicode(), true
}

// parseName reads what is before the angle bracket: a quoted string, or words without any sign that would make them
// more than a name.
func parseName(s string) (name, reason, hint string) {
	for _, r := range s {
		// Joiners and marks that are part of how a name is written may stay. Whatever breaks a line or reorders it may not.
		if unicode.IsControl(r) || r == utf8.RuneError || 0x2028 <= r && r <= 0x202E || 0x2066 <= r && r <= 0x2069 {
			return "", "a character that cannot be in a name (" + strings.Trim(quote(string(r)), `"`) + ")", "delete it"
		}
	}
	if strings.HasPrefix(s, `"`) {
		name, ok := unquote(s)
		if !ok {
			return "", "quotes around the name that do not match", ""
		}
		s = name
	} else if i := strings.IndexAny(s, `,;@<>"\`); i >= 0 {
		if addresses(s) > 0 && s[i] != '"' {
			return "", "more than one address", "one address only"
		}
		return "", "a " + quote(s[i:i+1]) + " in a name without quotes", `write it as "Example, Ann" <ann@example.com>`
	}
	if encodedWord(s) {
		return "", "an encoded word (=?…?=) in the name", "write the name itself; it is encoded when the message is made"
	}
	return s, "", ""
}

// unquote reads a whole quoted string (RFC 5322 3.2.4).
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return "", false
	}
	s = s[1 : len(s)-1]
	if !strings.ContainsAny(s, `"\`) {
		return strings.TrimSpace(s), true
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return "", false
		case '\\':
			i++
			if i == len(s) {
				return "", false
			}
		}
		b.WriteByte(s[i])
	}
	return strings.TrimSpace(b.String()), true
}
