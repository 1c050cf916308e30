package imap

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// filter looks at the first line of a response. It returns the line in a form that the library surely understands, and
// whether nobody wants the response.
func (g *guard) filter(line []byte) (kept []byte, drop bool) {
	text := strings.TrimRight(string(line), "\r\n")
	word, rest := cut(text)
	switch word {
	case "+":
		return []byte("+ go on\r\n"), false
	case "*":
	default:
		a := statusOf(rest)
		return []byte(word + " " + a.line()), false
	}
	word, rest = cut(rest)
	switch strings.ToUpper(word) {
	case "BYE":
		g.mu.Lock()
		g.said = clean(statusOf("BYE " + rest).text)
		g.mu.Unlock()
		g.over = true // it may leave the connection open for long
		return nil, true
	case "OK":
		return folderCode(rest), !strings.HasPrefix(rest, "[")
	case "LIST":
		return line, !nameable(line)
	}
	if _, err := strconv.ParseUint(word, 10, 32); err != nil {
		return line, true
	}
	what, _ := cut(rest)
	switch strings.ToUpper(what) {
	case "EXISTS", "EXPUNGE":
		return []byte("* " + word + " " + what + "\r\n"), false
	case "FETCH":
		line = fetched(line)
		uid := named.FindSubmatch(line)
		if uid == nil { // or it comes behind the body
			_, more := literal(line)
			return line, !more
		}
		return line, !g.wanted(uid[1])
	}
	return line, true
}

// wanted reports whether a message was asked for and has not come yet. The library would read a message that was not
// asked for in a goroutine of its own, beside the one that reads already when the connection ends.
func (g *guard) wanted(uid []byte) bool {
	n, err := strconv.ParseUint(string(uid), 10, 32)
	g.mu.Lock()
	defer g.mu.Unlock()
	if err != nil || !g.may.uids[uint32(n)] {
		return false
	}
	delete(g.may.uids, uint32(n))
	return true
}

// line is the end of a command without a code's arguments, which servers write in many ways.
func (a answer) line() string {
	s := a.status
	if a.code != "" && !strings.ContainsFunc(a.code, func(r rune) bool { return r != '-' && (r < 'A' || r > 'Z') }) {
		s += " [" + a.code + "-]"
	}
	return s + " " + cmp.Or(strings.TrimLeft(clean(a.text), "[ "), ".") + "\r\n"
}

// folderCode keeps the code of an untagged OK if it is about the folder.
func folderCode(text string) []byte {
	inside, _, _ := strings.Cut(strings.TrimPrefix(text, "["), "]")
	code, value := cut(inside)
	switch code = strings.ToUpper(code); code {
	case "UIDVALIDITY", "UIDNEXT":
		if n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 32); err == nil {
			return []byte("* OK [" + code + " " + strconv.FormatUint(n, 10) + "] .\r\n")
		}
	}
	return []byte("* OK .\r\n")
}

var (
	flagList = regexp.MustCompile(`(?i)\bFLAGS \([^)]*\) ?`)
	dated    = regexp.MustCompile(`(?i)\bINTERNALDATE (?:NIL|"[^"]*")`)
)

// unknownDate takes the place of a date that nobody can read.
const unknownDate = "01-Jan-0001 00:00:01 +0000"

// fetched takes what may make the library stumble out of a FETCH: flags, which nobody asked for and of which servers
// have many kinds, and dates that are not dates. What is in a body stays as it is.
func fetched(line []byte) []byte {
	end := len(line)
	if i := bytes.Index(bytes.ToUpper(line), []byte("BODY[")); i >= 0 {
		end = i
	}
	head := bytes.ReplaceAll(flagList.ReplaceAll(line[:end], nil), []byte(" )"), []byte(")"))
	head = dated.ReplaceAllFunc(head, func(b []byte) []byte {
		date := unknownDate
		if _, quoted, ok := bytes.Cut(b, []byte(`"`)); ok {
			date = internalDate(strings.TrimSuffix(string(quoted), `"`))
		}
		return []byte(`INTERNALDATE "` + date + `"`)
	})
	return append(slices.Clone(head), line[end:]...)
}

// internalDate is a date in the form that the library reads, of one that people write.
func internalDate(s string) string {
	const layout = "_2-Jan-2006 15:04:05 -0700"
	for _, form := range []string{layout, "2-Jan-2006 15:04:05 -0700", "2-Jan-2006 15:04:05 MST", "2-Jan-2006 15:04:05",
		"2-Jan-06 15:04:05 -0700", time.RFC1123Z, time.RFC3339} {
		if t, err := time.Parse(form, strings.TrimSpace(s)); err == nil {
			return t.Format(layout)
		}
	}
	return unknownDate
}

// encoded are the parts of a folder's name that are not ASCII, or an ampersand, in modified UTF-7 (RFC 3501 section
// 5.1.3).
var encoded = regexp.MustCompile(`&([A-Za-z0-9+,]*)-`)

// nameable reports whether a LIST names its folder in a way that the library reads.
func nameable(line []byte) bool {
	for _, part := range encoded.FindAllSubmatch(line, -1) {
		text, err := base64.RawStdEncoding.DecodeString(strings.ReplaceAll(string(part[1]), ",", "/"))
		if err != nil || len(text)%2 != 0 {
			return false
		}
		var units []uint16
		for i := 0; i < len(text); i += 2 {
			units = append(units, uint16(text[i])<<8|uint16(text[i+1]))
		}
		for _, r := range utf16.Decode(units) {
			if r == 0xfffd || r >= ' ' && r <= '~' {
				return false
			}
		}
	}
	rest := encoded.ReplaceAll(line, nil)
	return !bytes.ContainsFunc(rest, func(r rune) bool { return r == '&' || r > '~' })
}
