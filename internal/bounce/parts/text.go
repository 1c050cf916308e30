package parts

import (
	"bytes"
	"encoding/base64"
	"html"
	"strings"
	"unicode/utf8"
)

// Decode returns the body without its transfer encoding (RFC 2045 section 6), at most most octets of it. What is broken
// is decoded as far as it goes.
func (p *Part) Decode(most int) []byte {
	var out []byte
	switch encoding := strings.ToLower(p.Header.Get("Content-Transfer-Encoding")); {
	case strings.HasPrefix(encoding, "quoted-printable"):
		out = cut(unquoted(p.Raw, most), most)
	case strings.HasPrefix(encoding, "base64"):
		raw := bytes.Map(base64Only, cut(p.Raw, 2*most))
		out = make([]byte, base64.RawStdEncoding.DecodedLen(len(raw)))
		n, _ := base64.RawStdEncoding.Decode(out, raw)
		out = cut(out[:n], most)
	default:
		out = cut(p.Raw, most)
	}
	return out
}

// unquoted decodes quoted-printable (RFC 2045 section 6.7) until there are most octets. An escape that is none stays.
func unquoted(b []byte, most int) []byte {
	out := make([]byte, 0, min(len(b), most))
	for len(b) > 0 && len(out) < most {
		line, rest, _ := bytes.Cut(b, []byte{'\n'})
		line = bytes.TrimRight(line, " \t\r")
		soft := bytes.HasSuffix(line, []byte{'='})
		line = bytes.TrimSuffix(line, []byte{'='})
		for i := 0; i < len(line); i++ {
			if line[i] == '=' && i+2 < len(line) && hex(line[i+1]) >= 0 && hex(line[i+2]) >= 0 {
				out = append(out, byte(hex(line[i+1])<<4|hex(line[i+2])))
				i += 2
				continue
			}
			out = append(out, line[i])
		}
		if !soft {
			out = append(out, '\n')
		}
		b = rest
	}
	return out
}

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

func base64Only(r rune) rune {
	switch {
	case r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '+', r == '/':
		return r
	}
	return -1
}

func cut(b []byte, most int) []byte { return b[:min(len(b), most)] }

func identity(encoding string) bool {
	encoding = strings.ToLower(encoding)
	return !strings.HasPrefix(encoding, "base64") && !strings.HasPrefix(encoding, "quoted-printable")
}

// Text returns the body as UTF-8 with LF as line end, HTML without its tags, at most about most octets of it.
func (p *Part) Text(most int) string {
	s := p.Source(most)
	if p.Type == "text/html" {
		s = plain(s)
	}
	return strings.ReplaceAll(s, "\u00a0", " ")
}

// Source is Text with the tags of HTML.
func (p *Part) Source(most int) string {
	s := strings.ReplaceAll(toUTF8(p.Decode(most), p.Params["charset"]), "\r\n", "\n")
	return strings.ReplaceAll(s, "\r", "\n")
}

// valid makes a text of bytes: UTF-8 where it is, and else Latin-1. NUL is left out.
func valid(b []byte) string {
	if bytes.IndexByte(b, 0) >= 0 {
		b = bytes.ReplaceAll(b, []byte{0}, nil)
	}
	// The end may be cut within a character.
	if utf8.Valid(b) || len(b) > utf8.UTFMax && utf8.Valid(b[:len(b)-utf8.UTFMax]) {
		return strings.ToValidUTF8(string(b), "")
	}
	var s strings.Builder
	for _, c := range b {
		s.WriteRune(rune(c))
	}
	return s.String()
}

// blocks are the tags that end a line.
var blocks = map[string]bool{
	"br": true, "p": true, "div": true, "tr": true, "li": true, "table": true, "h1": true, "h2": true, "h3": true,
	"h4": true, "pre": true, "hr": true, "ul": true, "ol": true, "blockquote": true, "title": true, "body": true,
}

// plain returns the text of HTML. Styles, scripts and comments are left out.
func plain(s string) string {
	var b strings.Builder
	for s != "" {
		text, rest, found := strings.Cut(s, "<")
		b.WriteString(strings.ReplaceAll(text, "\n", " "))
		if !found {
			break
		}
		if strings.HasPrefix(rest, "!--") {
			_, s, _ = strings.Cut(rest, "-->")
			continue
		}
		tag, after, _ := strings.Cut(rest, ">")
		name := strings.ToLower(strings.TrimLeft(tag, "/"))
		if end := strings.IndexAny(name, " \t\n/"); end >= 0 {
			name = name[:end]
		}
		switch {
		case name == "style" || name == "script":
			if tag[0] != '/' {
				after = closing(after, name)
			}
		case blocks[name]:
			b.WriteByte('\n')
		case name == "td" || name == "th":
			b.WriteByte(' ')
		case strings.Contains(name, "@"):
			b.WriteString("<" + tag + ">") // an address that was not escaped
		}
		s = after
	}
	return html.UnescapeString(b.String())
}

// closing returns s from the tag that ends an element; "" if there is none.
func closing(s, name string) string {
	for {
		i := strings.Index(s, "</")
		if i < 0 {
			return ""
		}
		s = s[i:]
		if len(s) >= 2+len(name) && strings.EqualFold(s[2:2+len(name)], name) {
			return s
		}
		s = s[2:]
	}
}
