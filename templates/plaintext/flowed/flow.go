package flowed

import (
	"bytes"
	"encoding/binary"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// columns is how long a line gets, with the blank at its end and the blank that stuffs it.
const columns = 76

// Signature is what stands on the line before a signature, without the blank at its end (RFC 3676 section 4.3).
const Signature = "--"

// flow writes one line of the text, wrapped. It returns the columns of the longest line that it made of a heading.
func (l *layout) flow(s shape, line []byte) (longest int) {
	if s.sign && s.quotes == 0 && string(line) == Signature {
		l.b = append(l.b, Signature+" \n"...)
		return 0
	}
	room := columns
	if s.quotes > 0 {
		room -= s.quotes + 1
	}
	flowed := len(s.lead) == 0 && s.kind == 0
	for first := true; len(line) > 0; first = false {
		most := room - Width(s.lead)
		if s.quotes == 0 && stuffed(s.lead, line) {
			most--
		}
		n, wide := len(line), 0
		if n > most && !s.fixed {
			n, wide = wrap(line, max(most, 1), flowed, s.right)
		} else if s.kind != 0 {
			wide = Width(line)
		}
		l.begin(&s, line[:n])
		if first && s.right && numbered(s.lead) && ends(line, false) > 0 {
			l.b = append(l.b, rlm...)
		}
		l.b = append(l.b, bytes.TrimRight(line[:n], " ")...)
		if line = bytes.TrimLeft(line[n:], " "); len(line) > 0 && flowed {
			l.b = append(l.b, ' ')
		}
		l.b = append(l.b, '\n')
		if longest = max(longest, wide); len(line) > 0 {
			s.lead = hanging(s.lead)
		}
	}
	return longest
}

// wrap returns how many octets of a line go onto the next line of the text, and the columns that they take if it does
// not flow. A line that flows goes on after a blank, and must not be the one before a signature by that.
func wrap(line []byte, most int, flowed, right bool) (n, wide int) {
	if !flowed {
		n, wide = fit(line, most, 0)
		before := kept(line, n, most)
		if right {
			before = apart(line, before, most)
		}
		if before != n {
			return before, Width(line[:before])
		}
		return n, wide
	}
	n, wide = fit(line, most, 1)
	if n = kept(line, n, most-1); right {
		n = apart(line, n, most-1)
	}
	if string(line[:n]) != Signature {
		return n, wide
	}
	for n < len(line) && line[n] == ' ' {
		n++
	}
	if word := bytes.IndexByte(line[n:], ' '); word >= 0 {
		return n + word, 0
	}
	return len(line), 0
}

// underline writes the line below a heading.
func (l *layout) underline(s shape, long int) {
	sign := byte('-')
	if s.kind == 'H' {
		sign = '='
	}
	l.begin(&s, []byte{sign})
	for range max(long, 3) {
		l.b = append(l.b, sign)
	}
	l.b = append(l.b, '\n')
}

// begin begins a line that is laid out, with the signs of its quotes, what it is stuffed with, and its lead.
func (l *layout) begin(s *shape, line []byte) {
	for range s.quotes {
		l.b = append(l.b, '>')
	}
	right := s.right && (bytes.ContainsAny(s.lead, letters) || !rightward(line))
	if s.quotes > 0 || !right && stuffed(s.lead, line) {
		l.b = append(l.b, ' ')
	}
	if right {
		l.b = append(l.b, rlm...)
	}
	l.b = append(l.b, s.lead...)
}

// stuffed says whether a line with a lead is to be stuffed (RFC 3676 section 4.4).
func stuffed(lead, line []byte) bool {
	if len(lead) > 0 {
		return lead[0] == ' ' || lead[0] == '>'
	}
	return line[0] == ' ' || line[0] == '>' || line[0] == 'F' && bytes.HasPrefix(line, []byte("From "))
}

// mostHanging is how far to the right an item goes on at most.
const mostHanging = 24

// indent is what most items go on with. It is only read.
var indent = bytes.Repeat([]byte(" "), mostHanging)

// hanging is what an item goes on with that begins with a lead: blanks, and the signs of the quotes in it. It may be
// the lead itself.
func hanging(lead []byte) []byte {
	if len(lead) == 0 || len(lead) <= mostHanging && len(bytes.Trim(lead, " >")) == 0 {
		return lead
	}
	if bytes.IndexByte(lead, '>') < 0 {
		return indent[:min(utf8.RuneCount(lead), mostHanging)]
	}
	var b []byte
	for _, c := range string(lead) {
		if c != '>' {
			c = ' '
		}
		b = append(b, byte(c))
	}
	return b[:min(len(b), mostHanging)]
}

// fit returns how many octets of a line fit into so many columns, and the columns that they take: all of it, or up to a
// blank, with so much room left after it as blank says. One word always fits.
func fit(line []byte, most, blank int) (n, wide int) {
	if len(line) > most && plain(line[:most+1]) {
		if n = bytes.LastIndexByte(line[:most-blank+1], ' '); n > 0 {
			if n = len(bytes.TrimRight(line[:n], " ")); n > 0 {
				return n, n
			}
		}
	}
	n = 0
	at, seen := 0, false // columns so far, whether there was a word
	for i := 0; i < len(line); {
		if c := line[i]; c == ' ' {
			if seen && (n == 0 || at <= most-blank) {
				n, wide = i, at
			}
			at++
			i++
		} else if seen = true; c < utf8.RuneSelf {
			at++
			i++
		} else {
			r, size := utf8.DecodeRune(line[i:])
			at += runeWidth(r)
			i += size
		}
		if at > most && n > 0 {
			return n, wide
		}
	}
	return len(line), at
}

// plain says whether all octets are ASCII, each of which takes one column.
func plain(s []byte) bool {
	for ; len(s) >= 8; s = s[8:] {
		if binary.NativeEndian.Uint64(s)&0x8080808080808080 != 0 {
			return false
		}
	}
	for _, c := range s {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Width is how many columns a text takes on a screen where all letters are equally wide.
func Width(s []byte) int {
	if plain(s) {
		return len(s)
	}
	n := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			n++
			i++
			continue
		}
		r, size := utf8.DecodeRune(s[i:])
		n += runeWidth(r)
		i += size
	}
	return n
}

func runeWidth(r rune) int {
	switch {
	case r < 0x300, r >= 0x370 && r < 0x483, r >= 0x620 && r < 0x64b, r >= 0x660 && r < 0x670, r >= 0x671 && r < 0x6d6:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}
