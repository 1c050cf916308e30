// Package words compares the texts of files with the cells of lists. [Hasher.Tokens] makes tokens from a text,
// [Hasher.Value] makes a value from a cell, and [Value.In] says whether a text contains the value as whole words.
//
// A token is a hash of a word, and the length of the word. The hash of two neighbours together follows from their two
// hashes, so a text can be searched for "Ann Lee" and for "AnnLee". The hashes have a key, so that nobody can make a
// file whose words have the hashes of other words. They do not keep a text secret: a caller that stores tokens must
// encrypt them.
//
// Two words are the same if they differ only in capitals, in the form of their letters (NFKC), in the script of their
// digits, or in invisible marks. A word ends at a blank or at a punctuation mark. A mark between two digits does not
// end a word: 12 is not in 2012, 12.50 or 12-11-2026, and 1.234,56 is not 1,234.56. A word ends between an Arabic
// letter and a digit, too, and where an embedding or isolate of bidirectional text begins or ends.
//
// Chinese, Japanese, Korean, Thai, Lao, Khmer and Burmese have no blanks between words, or put another word directly
// after a name (山田様, 김철수님). There each letter is a word.
//
// Arabic and Hebrew are compared without blanks and in both orders, because files have their letters either in reading
// order or in drawing order. Vowel signs and the forms of alef, yeh, kaf and heh do not count, because keyboards and
// fonts differ in them. Alef and lam count as one letter: fonts draw the two as one, and files differ in their order. A
// number such as 1405-12 may appear in such a text as 12-1405, as it is drawn there (Unicode Standard Annex 9, rules W2
// and W4).
package words

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Token is a word of a text.
type Token struct {
	Hash  uint64
	Runes uint16
	Right bool // it has letters that run from right to left
}

// prime is the modulus of the hashes, 2^61-1.
const prime = 1<<61 - 1

// mostRunes is how long a word or a value can be that is compared; longer ones are equal to nothing.
const mostRunes = 400

// Hasher makes tokens. It is safe for concurrent use.
type Hasher struct {
	base   uint64
	powers [mostRunes + 1]uint64
}

// New returns the hasher of a secret. Tokens of different secrets cannot be compared.
func New(secret []byte) *Hasher {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte("mailshot words"))
	h := &Hasher{base: binary.BigEndian.Uint64(m.Sum(nil))%(prime-1<<22) + 1<<21}
	h.powers[0] = 1
	for i := 1; i < len(h.powers); i++ {
		h.powers[i] = multiply(h.powers[i-1], h.base)
	}
	return h
}

func multiply(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return reduce((low & prime) + (low>>61 | high<<3))
}

func reduce(v uint64) uint64 {
	if v >= prime {
		v -= prime
	}
	return v
}

// add appends a letter to a hash.
func (h *Hasher) add(hash uint64, r rune) uint64 {
	return reduce(multiply(hash, h.base) + uint64(r) + 1)
}

// join is the hash of two words together.
func (h *Hasher) join(a uint64, t Token) uint64 {
	return reduce(multiply(a, h.powers[min(int(t.Runes), mostRunes)]) + t.Hash)
}

// hash is the token of a word.
func (h *Hasher) hash(word []rune) Token {
	t := Token{Runes: uint16(min(len(word), mostRunes+1))}
	for _, r := range word {
		t.Hash = h.add(t.Hash, r)
		t.Right = t.Right || right(r)
	}
	return t
}

// right says whether a letter is of a script that runs from right to left.
func right(r rune) bool {
	return r >= 0x590 && (r < 0x900 || r >= 0xfb1d && r < 0xfe00 || r >= 0xfe70 && r < 0xff00 || r >= 0x10800 &&
		r < 0x11000) &&
		unicode.IsLetter(r)
}

// Tokens returns the words of a text, in their order.
func (h *Hasher) Tokens(text string) []Token {
	var all []Token
	each(text, func(word []rune) { all = append(all, h.hash(word)) })
	return all
}

// each calls fn for each word of a text. The word is valid until fn returns.
func each(text string, fn func(word []rune)) {
	if !ascii(text) {
		text = norm.NFKC.String(strings.ReplaceAll(text, "№", " № ")) // "No" of №5001 is no part of the number's word
	}
	var word []rune
	end := func() {
		for len(word) > 0 && !wordy(word[len(word)-1]) { // 12. at the end of a sentence
			word = word[:len(word)-1]
		}
		if len(word) > 0 {
			fn(word)
		}
		word = word[:0]
	}
	open := false // a mark stands behind a digit, and the word goes on if a digit follows
	for _, r := range text {
		if r = fold(r); r < 0 {
			continue
		}
		switch {
		case r >= '0' && r <= '9':
			if n := len(word); n > 0 && right(word[n-1]) {
				end()
			}
			open = false
			word = append(word, r)
		case wordy(r) && alone(r):
			end()
			word = append(word, r)
			end()
			open = false
		case wordy(r):
			if n := len(word); open || n > 0 && digit(word[n-1]) && right(r) {
				end()
				open = false
			}
			if word = append(word, r); r == 'ß' {
				word = append(word[:len(word)-1], 's', 's')
			}
		case joining(r) && !open && len(word) > 0 && digit(word[len(word)-1]):
			word, open = append(word, r), true
		default:
			end()
			open = false
		}
	}
	end()
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func digit(r rune) bool { return r >= '0' && r <= '9' }

// wordy says whether a character is a part of a word.
func wordy(r rune) bool {
	if r < 0x80 {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r)
}

// alone says whether a letter is of a script that sets no blanks between words.
func alone(r rune) bool {
	return r >= 0xe00 && (r < 0xf00 || // Thai, Lao
		r >= 0x1000 && r < 0x10a0 || r >= 0x1780 && r < 0x1800 || // Burmese, Khmer
		r >= 0x2e80 && r < 0xa000 || r >= 0x20000 && r < 0x40000 || // ideographs, kana
		r >= 0xac00 && r < 0xd7b0) // Hangul
}

// joining says whether a mark between two digits keeps them together.
func joining(r rune) bool {
	switch r {
	case '.', ',', ':', '/', '-', '\'', 0x66b, 0x66c:
		return true
	}
	return false
}

// fold makes one character of those that are compared as one; -1 leaves it out.
func fold(r rune) rune {
	if r < 0x80 {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	switch {
	case r == 0xad || r == 0x640 || r >= 0x200b && r <= 0x200f || r >= 0x2060 && r <= 0x2065 ||
		r == 0xfeff || r == 0x61c:
		return -1
	case r >= 0x2010 && r <= 0x2013: // hyphens, and the dash of ranges
		return '-'
	case r == 0x2019: // 1’234.50 is 1'234.50
		return '\''
	case r == 'ı': // I is its capital, and that of i
		return 'i'
	case r >= 0x660 && r <= 0x669:
		return '0' + r - 0x660
	case r >= 0x6f0 && r <= 0x6f9:
		return '0' + r - 0x6f0
	case r >= 0x590 && r < 0x900:
		return foldRight(r)
	}
	if unicode.Is(unicode.Nd, r) {
		return value(r)
	}
	if r == 'ς' {
		return 'σ'
	}
	return unicode.ToLower(r)
}

// value is a decimal digit of any script in ASCII: the digits of a script are ten in a row.
func value(r rune) rune {
	n := rune(0)
	for n < 9 && unicode.Is(unicode.Nd, r-n-1) {
		n++
	}
	return '0' + n
}

func foldRight(r rune) rune {
	switch r {
	case 'أ', 'إ', 'آ', 'ٱ', 'ل':
		return 'ا'
	case 'ي', 'ى', 'ې':
		return 'ی'
	case 'ك':
		return 'ک'
	case 'ة', 'ۀ', 'ہ', 'ە', 'ۂ':
		return 'ه'
	}
	if unicode.Is(unicode.Mn, r) {
		return -1
	}
	return r
}

// turned is a number with its parts between hyphens in the order in which they are drawn in Arabic; nil if it has none.
func turned(word []rune) []rune {
	var out []rune
	for end := len(word); end > 0; {
		start := end
		for start > 0 && word[start-1] != '-' {
			if start--; right(word[start]) || wordy(word[start]) && !digit(word[start]) {
				return nil
			}
		}
		out = append(out, word[start:end]...)
		if end = start - 1; end > 0 {
			out = append(out, '-')
		}
	}
	if slices.Equal(out, word) {
		return nil
	}
	return out
}

// drawn is a text without blanks in the order in which it is drawn from left to right: backwards, but for its numbers
// and what is in other scripts.
func drawn(text []rune) []rune {
	out := slices.Clone(text)
	slices.Reverse(out)
	for i := 0; i < len(out); i++ {
		end := i
		for end < len(out) && !right(out[end]) {
			end++
		}
		slices.Reverse(out[i:end])
		i = max(i, end-1)
	}
	return out
}
