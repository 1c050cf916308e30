package flowed

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
)

// rlm makes a line that begins with a foreign word or a number one that is written from right to left. Behind the mark
// of an item it keeps the mark apart from such a word.
const rlm = "\u200f"

// rightward says whether the first letter of a line is written from right to left, so that a reader's program sees by
// itself how the line is written.
func rightward(line []byte) bool {
	for i := 0; i < len(line); {
		if c := line[i]; c < utf8.RuneSelf && (c|0x20 < 'a' || c|0x20 > 'z') {
			i++
			continue
		}
		p, size := bidi.Lookup(line[i:])
		switch p.Class() {
		case bidi.R, bidi.AL:
			return true
		case bidi.L, bidi.LRI, bidi.LRE, bidi.LRO, bidi.AN:
			return false
		}
		i += max(size, 1)
	}
	return false
}

// numbered says whether the mark of an item has a number or a letter, which would belong to a foreign word behind it.
func numbered(mark []byte) bool { return bytes.ContainsAny(mark, "0123456789"+letters) }

// letters are those that the mark of an item may have.
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// apart returns where a line from right to left is wrapped that would be wrapped at n: before the part from left to
// right that n is in, if there is something before the part and the part fits into a line. Two halves of it would
// change places in a program that joins the lines again.
func apart(line []byte, n, most int) int {
	first, isolated := begins(line[:n])
	at := bytes.LastIndexByte(line[:first], ' ')
	if at < 0 {
		return n
	}
	before := len(bytes.TrimRight(line[:at], " "))
	if after := ends(line[n:min(len(line), n+4*most)], isolated); before == 0 || after == 0 || Width(line[at+1:n+after]) > most {
		return n
	}
	return before
}

// begins returns where the part from left to right begins that a line ends with, and whether it is within an isolate.
// It is 0 for a line without such a part.
func begins(line []byte) (first int, isolated bool) {
	for i := len(line); i > 0; {
		r, size := utf8.DecodeLastRune(line[:i])
		i -= size
		p, _ := bidi.LookupRune(r)
		switch p.Class() {
		case bidi.R, bidi.AL, bidi.PDI:
			return first, false
		case bidi.LRI, bidi.RLI, bidi.FSI:
			return i, true
		case bidi.L, bidi.EN, bidi.AN:
			first = i
		}
	}
	return first, false
}

// ends returns where the part from left to right ends that a line goes on with, which may be within an isolate. It is 0
// for a line that goes on with something else.
func ends(line []byte, isolated bool) (last int) {
	for i := 0; i < len(line); {
		p, size := bidi.Lookup(line[i:])
		i += max(size, 1)
		switch p.Class() {
		case bidi.PDI:
			if isolated {
				return i
			}
			return last
		case bidi.R, bidi.AL, bidi.LRI, bidi.RLI, bidi.FSI:
			if !isolated {
				return last
			}
		case bidi.L, bidi.EN, bidi.AN:
			last = i
		}
	}
	return last
}
