package plaintext

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

// leftward says whether what a line begins with, but for signs, is a letter from left to right or a number.
func leftward(line []byte) bool {
	for i := 0; i < len(line); {
		p, size := bidi.Lookup(line[i:])
		switch p.Class() {
		case bidi.L, bidi.EN, bidi.AN:
			return true
		case bidi.R, bidi.AL, bidi.LRI, bidi.RLI, bidi.FSI:
			return false
		}
		i += max(size, 1)
	}
	return false
}

// numbered says whether the mark of an item has a number or a letter, which would belong to a foreign word behind it.
func numbered(mark []byte) bool { return bytes.ContainsAny(mark, "0123456789x") }
