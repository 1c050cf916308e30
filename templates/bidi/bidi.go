// Package bidi keeps what runs from left to right together in a text that runs from right to left. Call [Isolate].
//
// A reader's program orders the parts of a line by the Unicode Bidirectional Algorithm (UAX #9). In a line from right
// to left, a blank or a sign between a number and a Latin word has the line's direction: "5,000 USD" is shown as "USD
// 5,000", +98 21 5555 0100 as its groups in the other order, and 2026-11-30 behind a Persian word as 30-11-2026.
// Around such parts stand isolates: LEFT-TO-RIGHT ISOLATE (U+2066) and POP DIRECTIONAL ISOLATE (U+2069).
//
// Isolates stand only where the order would change. A word, several words, or a word with a number behind it keep their
// order by themselves, and so does a single number with its separators, sign of currency or percent. No isolate is
// within an address of the web or of mail, or touches one: programs that make links would take it for a part of the
// address. What is isolated already is left alone, so that Isolate of its own result changes nothing.
package bidi

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
)

const (
	open  = "\u2066" // LEFT-TO-RIGHT ISOLATE
	close = "\u2069" // POP DIRECTIONAL ISOLATE
)

// Isolate appends a text that runs from right to left to dst, with isolates around the parts that need them. Each
// line is a paragraph of its own, and one without a letter from right to left is left as it is. changed reports
// whether there is an isolate more.
func Isolate(dst, text []byte) (out []byte, changed bool) {
	for len(text) > 0 {
		n := bytes.IndexByte(text, '\n') + 1
		if n == 0 {
			n = len(text)
		}
		line := text[:n]
		text = text[n:]
		if !mixed(line) {
			dst = append(dst, line...)
			continue
		}
		before := len(dst)
		dst = isolateLine(dst, string(line))
		changed = changed || len(dst)-before > len(line)
	}
	return dst, changed
}

// String is Isolate for a text of one line.
func String(text string) string {
	if !mixed([]byte(text)) {
		return text
	}
	return string(isolateLine(nil, text))
}

// mixed reports whether a line has letters from right to left beside something that may need an isolate.
func mixed(line []byte) bool {
	right, other := false, false
	for _, r := range string(line) {
		switch class(r) {
		case bidi.R, bidi.AL:
			right = true
		case bidi.L, bidi.EN:
			other = true
		}
		if right && other {
			return true
		}
	}
	return false
}

func class(r rune) bidi.Class {
	p, _ := bidi.LookupRune(r)
	return p.Class()
}

// isolateLine appends a line.
func isolateLine(dst []byte, line string) []byte {
	start, depth := 0, 0 // of the run; within how many isolates
	flush := func(end int) { dst = isolateWords(dst, line[start:end]) }
	for i := 0; i < len(line); {
		if word := wordAt(line, i); depth == 0 && address(word) {
			flush(i)
			dst = append(dst, word...)
			depth = max(0, strings.Count(word, open)-strings.Count(word, close))
			i += len(word)
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(line[i:])
		breaks := false
		switch c := class(r); {
		case c == bidi.LRI || c == bidi.RLI || c == bidi.FSI:
			if breaks = true; depth == 0 {
				flush(i)
			}
			depth++
		case c == bidi.PDI:
			if breaks = true; depth == 0 { // it closes nothing
				flush(i)
			}
			depth = max(depth-1, 0)
		case depth > 0:
			breaks = true
		case c == bidi.R || c == bidi.AL || r == '\t' || r == '\n' || r == '\r' || r == '|' || c == bidi.LRE || c == bidi.RLE ||
			c == bidi.PDF || c == bidi.LRO || c == bidi.RLO:
			breaks = true
			flush(i)
		case r == ' ' && strings.HasPrefix(line[i+size:], " "): // columns of a table
			for strings.HasPrefix(line[i+size:], " ") {
				size++
			}
			breaks = true
			flush(i)
		case start == i && c == bidi.WS:
			breaks = true
		}
		if breaks {
			dst = append(dst, line[i:i+size]...)
			start = i + size
		}
		i += size
	}
	flush(len(line))
	return dst
}

// wordAt is the word that begins at i, up to a blank; "" where none begins.
func wordAt(line string, i int) string {
	if i > 0 && !strings.ContainsRune(blanks, rune(line[i-1])) {
		return ""
	}
	if n := strings.IndexAny(line[i:], blanks); n >= 0 {
		return line[i : i+n]
	}
	return line[i:]
}

const blanks = " \t\r\n"

// address reports whether a word is an address of the web or of mail.
func address(word string) bool {
	return strings.Contains(word, "://") || strings.Contains(word, "@") || strings.HasPrefix(word, "www.") ||
		strings.HasPrefix(word, "mailto:") || strings.HasPrefix(word, "tel:") || strings.HasPrefix(word, "(www.")
}

// isolateWords appends words, with isolates around all of them if their order would change. A bracket whose other half
// is not among the words stays outside: what is before it and what is after it have isolates of their own.
func isolateWords(dst []byte, words string) []byte {
	first, last := ends(words)
	if !unsteady(words[first:last]) {
		return append(dst, words...)
	}
	from := 0
	var room [8]int
	for _, at := range halves(room[:0], words) {
		_, size := utf8.DecodeRuneInString(words[at:])
		dst = append(isolatePart(dst, words[from:at]), words[at:at+size]...)
		from = at + size
	}
	return isolatePart(dst, words[from:])
}

// isolatePart is isolateWords for words with no half of a pair of brackets.
func isolatePart(dst []byte, words string) []byte {
	first, last := ends(words)
	part := words[first:last]
	if !unsteady(part) {
		return append(dst, words...)
	}
	dst = append(append(dst, words[:first]...), open...)
	return append(append(append(dst, part...), close...), words[last:]...)
}

// Those that open a pair, and those that close it. Quotation marks of this kind are mirrored as brackets are.
const (
	openers = "([{«‹"
	closers = ")]}»›"
)

// halves appends to at where the brackets are whose other half is missing, and those around such a bracket.
func halves(at []int, s string) []int {
	var room [8]int
	opened := room[:0]
	for i, r := range s {
		if strings.ContainsRune(openers, r) {
			opened = append(opened, i)
		} else if strings.ContainsRune(closers, r) {
			if n := len(opened) - 1; n >= 0 && pair(s[opened[n]:], r) {
				opened = opened[:n]
				continue
			}
			at = append(append(at, opened...), i)
			opened = opened[:0]
		}
	}
	return append(at, opened...)
}

// pair reports whether s begins with what opens the pair that r closes.
func pair(s string, r rune) bool {
	opener, _ := utf8.DecodeRuneInString(s)
	return strings.IndexRune(openers, opener) == strings.IndexRune(closers, r)
}

// ends leaves out of a part what belongs to the sentence around it: blanks, and signs that are not the part's own.
func ends(s string) (first, last int) {
	first, last = len(s), 0
	for i, r := range s {
		if c := class(r); c == bidi.L || number(c) {
			first = min(first, i)
			last = i + utf8.RuneLen(r)
		} else if c == bidi.NSM && last == i {
			last = i + utf8.RuneLen(r)
		}
	}
	if first >= last {
		return 0, 0
	}
	var room [8]int
	if len(halves(room[:0], s[first:last])) > 0 {
		if i := strings.IndexAny(s, openers); i >= 0 {
			first = min(first, i)
		}
		if i := strings.LastIndexAny(s, closers); i >= 0 {
			_, size := utf8.DecodeRuneInString(s[i:])
			last = max(last, i+size)
		}
	}
	for first > 0 {
		r, size := utf8.DecodeLastRuneInString(s[:first])
		if !strings.ContainsRune("+-−#~±", r) && !unicode.Is(unicode.Sc, r) {
			break
		}
		first -= size
	}
	for last < len(s) {
		r, size := utf8.DecodeRuneInString(s[last:])
		if !strings.ContainsRune("+#%°", r) && !unicode.Is(unicode.Sc, r) {
			break
		}
		last += size
	}
	return first, last
}

func number(c bidi.Class) bool { return c == bidi.EN || c == bidi.AN }

// unsteady reports whether a part's order would change in a line from right to left.
func unsteady(part string) bool {
	first, _ := utf8.DecodeRuneInString(part)
	last := bidi.ON
	latin, signs := false, false
	for i, r := range part {
		c := class(r)
		switch {
		case c == bidi.L:
			latin = true
		case c == bidi.ES && !(i > 0 && last == bidi.L), c == bidi.WS, c == bidi.ON:
			signs = true
		}
		if c != bidi.NSM {
			last = c
		}
	}
	switch {
	case part == "":
		return false
	case class(first) == bidi.L: // what follows a letter has its direction, up to the last letter or digit
		return last != bidi.L && !number(last)
	case latin:
		return true
	}
	return signs && strings.ContainsAny(part, "0123456789")
}
