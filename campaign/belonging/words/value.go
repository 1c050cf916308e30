package words

import "slices"

// Value is the text of a cell, ready to be searched for.
type Value struct {
	tokens []Token
	whole  Token // all of them together
	drawn  Token // in the order in which a text from right to left is drawn; zero = it runs from left to right
	turned Token // a number as it is drawn in such a text; zero = in no other way
}

// joined is how many letters and digits a value has at least that may stand in a text with other blanks in it than its
// own.
const joined = 6

// Value makes a value from a cell. It reports false for a cell without a letter or a digit, and for a cell too long to
// compare.
func (h *Hasher) Value(cell string) (v Value, ok bool) {
	var all []rune
	each(cell, func(word []rune) {
		v.tokens = append(v.tokens, h.hash(word))
		all = append(all, word...)
	})
	if len(all) == 0 || len(all) > mostRunes {
		return Value{}, false
	}
	v.whole = h.hash(all)
	if v.whole.Right {
		v.drawn = h.hash(drawn(all))
	} else if len(v.tokens) == 1 {
		v.turned = h.hash(turned(all))
	}
	return v, true
}

// Runes returns how many letters and digits the value has.
func (v Value) Runes() int { return int(v.whole.Runes) }

// Key returns a key that is the same for equal values.
func (v Value) Key() Key { return Key{v.whole.Hash, v.words()} }

// words is how many words a text has to have for the value; 0 = any number.
func (v Value) words() uint16 {
	if v.whole.Right {
		return 0
	}
	return uint16(len(v.tokens))
}

// Key is a value, or a run of words in a text. It is comparable.
type Key struct {
	hash  uint64
	words uint16 // 0 = of a text that runs from right to left: any number
}

// inArabic is the words of a number as it is drawn in a text that has letters from right to left.
const inArabic = 0xffff

// Arabic says whether a text has letters that run from right to left.
func Arabic(text []Token) bool {
	return slices.ContainsFunc(text, func(t Token) bool { return t.Right })
}

// Keys returns the keys under which a text may have the value: the key of Key, and the key of the value as it is drawn.
func (v Value) Keys() []Key {
	keys := []Key{v.Key()}
	if v.drawn.Right && v.drawn.Hash != v.whole.Hash {
		keys = append(keys, Key{v.drawn.Hash, 0})
	}
	if v.turned.Runes > 0 {
		keys = append(keys, Key{v.turned.Hash, inArabic})
	}
	return keys
}

// In says whether a text contains the value. A short value must have the same blanks there.
func (v Value) In(h *Hasher, text []Token) bool {
	found := false
	v.Find(h, text, func(int, int) bool {
		found = true
		return false
	})
	return found
}

// Find calls fn with the beginning and the end of the value in a text, for each time that it is there, until fn returns
// false.
func (v Value) Find(h *Hasher, text []Token, fn func(from, to int) bool) {
	arabic := v.turned.Runes > 0 && Arabic(text)
	for i := range text {
		if arabic && text[i] == v.turned && !fn(i, i+1) {
			return
		}
		hash, runes := uint64(0), 0
		for k, t := range text[i:] {
			if runes += int(t.Runes); runes > v.Runes() {
				break
			}
			hash = h.join(hash, t)
			if runes == v.Runes() && v.is(hash, k+1) && !fn(i, i+k+1) {
				return
			}
		}
	}
}

// is says whether so many words whose letters are as many as the value's are the value.
func (v Value) is(hash uint64, words int) bool {
	return hash == v.whole.Hash && (v.whole.Right || v.Runes() >= joined || words == len(v.tokens)) ||
		v.drawn.Right && hash == v.drawn.Hash
}

// Windows calls fn with the key of each run of at most most words in a text, and ends when fn returns false. A run with
// right-to-left letters has two keys.
func (h *Hasher) Windows(text []Token, most, mostRunes int, fn func(Key) bool) {
	arabic := Arabic(text)
	for i := range text {
		if arabic && !fn(Key{text[i].Hash, inArabic}) {
			return
		}
		hash, runes, isRight := uint64(0), 0, false
		for k, t := range text[i:] {
			runes += int(t.Runes)
			if isRight = isRight || t.Right; runes > mostRunes || k >= most && !isRight {
				break
			}
			hash = h.join(hash, t)
			if k < most && !fn(Key{hash, uint16(k + 1)}) || isRight && !fn(Key{hash, 0}) {
				return
			}
		}
	}
}

// Words returns how many words the value has.
func (v Value) Words() int { return len(v.tokens) }
