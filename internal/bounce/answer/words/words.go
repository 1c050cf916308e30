// Package words cuts a text of any language into words and sentences, in the form in which texts and rules are compared:
// [Of] is the call. Nothing here uses a network, a clock or a file.
package words

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Token is a word, a number, or one character of a script that writes no spaces.
type Token struct {
	Text       string // as [Fold] writes it
	Start, End int    // where it is in the text, in bytes
	Number     bool
	First      bool // it is the first of a sentence
}

// maxSentence is of how many tokens a sentence is. Longer ones are cut, so that what looks through a sentence costs a
// bounded time.
const maxSentence = 200

// folds are letters that have no decomposition, and letters that people write for one another.
var folds = map[rune]string{
	'ß': "ss", 'ẞ': "ss", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ı': "i", 'æ': "ae", 'œ': "oe",
	'ي': "ی", 'ى': "ی", 'ك': "ک", 'ة': "ه", 'ۀ': "ه", 'ے': "ی", 'ё': "е", 'ґ': "г",
}

// folded appends one character in the form in which texts and rules are compared: in lower case, without accents,
// compatibility forms and marks of direction; digits of all scripts are those of ASCII.
func folded(b []byte, r rune) []byte {
	if r < utf8.RuneSelf {
		return append(b, byte(unicode.ToLower(r)))
	}
	if unicode.Is(unicode.Nd, r) {
		return append(b, byte('0'+digit(r)))
	}
	r = unicode.ToLower(r)
	if s, ok := folds[r]; ok {
		return append(b, s...)
	}
	if unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Arabic, unicode.Hebrew) {
		var buf [utf8.UTFMax]byte
		n := utf8.EncodeRune(buf[:], r)
		for _, d := range string(norm.NFKD.Bytes(buf[:n])) {
			if unicode.Is(unicode.Mn, d) {
				continue
			}
			d = unicode.ToLower(d)
			if s, ok := folds[d]; ok {
				b = append(b, s...)
				continue
			}
			b = utf8.AppendRune(b, d)
		}
		return b
	}
	return utf8.AppendRune(b, r)
}

// digit is the value of a decimal digit: each block of ten begins with its zero.
func digit(r rune) int {
	n := 0
	for n < 9 && unicode.Is(unicode.Nd, r-rune(n)-1) && digitBlock(r-rune(n)-1) {
		n++
	}
	return n % 10
}

// digitBlock says whether the digits before r belong to the same ten: mathematical digits follow one another in fives
// of tens, and are not met here.
func digitBlock(r rune) bool { return r < 0x1D7CE || r > 0x1D7FF }

// Dropped says whether a character is nothing in a word: marks of accents, of direction, soft hyphens, the tatweel.
func Dropped(r rune) bool {
	return r == 0xAD || r == 0x640 || r == 0x200B || r == 0x200D || r == 0x2060 || r == 0xFEFF ||
		r >= 0x200E && r <= 0x200F || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 ||
		unicode.Is(unicode.Mn, r)
}

// spaceless says whether a character is a token of its own.
func spaceless(r rune) bool {
	return r >= 0x0E00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao,
		unicode.Khmer) || r == 'ー' || r == '々'
}

// Of cuts a text into tokens and marks where sentences begin. It takes time in proportion to the text.
func Of(text string) []Token {
	var list []Token
	var word []byte
	var start, end int
	number, gap, run := false, 0, 0 // gap: where the characters between tokens begin; run: tokens of this sentence
	flush := func() {
		if len(word) == 0 {
			return
		}
		first := len(list) == 0 || breaks(text, gap, start, list[len(list)-1].Number)
		if run++; first || run > maxSentence {
			first, run = true, 0
		}
		list = append(list, Token{string(word), start, end, number, first})
		word, gap = word[:0], end
	}
	for i, r := range text {
		size := utf8.RuneLen(r)
		if r == utf8.RuneError {
			size = 1
		}
		r = Narrow(r)
		switch {
		case Dropped(r) && r != 0:
			if len(word) > 0 {
				end = i + size
			}
		case unicode.Is(unicode.Nd, r), unicode.IsLetter(r):
			isNumber := unicode.Is(unicode.Nd, r)
			alone := spaceless(r)
			if len(word) > 0 && (isNumber != number || alone) {
				flush()
			}
			if len(word) == 0 {
				start, number = i, isNumber
			}
			word, end = folded(word, r), i+size
			if alone {
				flush()
			}
		default:
			flush()
		}
	}
	flush()
	return list
}

// Narrow returns the ASCII character that a full-width one stands for.
func Narrow(r rune) rune {
	if r >= 0xFF01 && r <= 0xFF5E {
		return r - 0xFEE0
	}
	return r
}

// breaks says whether a sentence ends in text[from:to], which is what stands between two tokens.
func breaks(text string, from, to int, afterNumber bool) bool {
	between := text[from:to]
	for i, r := range between {
		rest := between[i+utf8.RuneLen(r):]
		if r == utf8.RuneError {
			continue
		}
		switch Narrow(r) {
		case '!', '?', '。', '؟', ';', '؛', '…', '।', '•', '¿', '¡', '●', '■', '◆', '★':
			return true
		case '.':
			if from > 0 && !afterNumber && (rest == "" || strings.ContainsAny(rest, " \n\t\u00a0")) || r != '.' {
				return !abbreviated(text[:from])
			}
			if afterNumber && strings.Contains(rest, "\n\n") {
				return true
			}
			if afterNumber && strings.ContainsAny(rest, " \n") && endsAfterNumber(text[:from], text[to:]) {
				return true
			}
		}
	}
	switch strings.Count(between, "\n") {
	case 0:
		return false
	case 1:
		return softBreak(text, from, to)
	}
	return true
}

// endsAfterNumber says whether a full stop behind a number ends a sentence: a year stands before it, and a capital
// follows. "7. Dezember" goes on.
func endsAfterNumber(before, after string) bool {
	n := 0
	for n < len(before) && before[len(before)-1-n] >= '0' && before[len(before)-1-n] <= '9' {
		n++
	}
	r, _ := utf8.DecodeRuneInString(after)
	if n == 0 { // digits of another script
		last, _ := utf8.DecodeLastRuneInString(before)
		return unicode.Is(unicode.Nd, last) && unicode.IsLetter(r)
	}
	return n >= 4 && unicode.IsLetter(r) && !unicode.IsLower(r)
}

// abbreviated says whether the full stop behind a text belongs to a short word: "Dec. 7", "Dr. Kurz".
func abbreviated(before string) bool {
	n := 0
	for n < len(before) && n < 16 {
		r, size := utf8.DecodeLastRuneInString(before[:len(before)-n])
		if !unicode.IsLetter(r) {
			break
		}
		n += size
	}
	word := strings.ToLower(before[len(before)-n:])
	return n == 1 || shortWords[word]
}

// shortWords are what people write with a full stop in the middle of a sentence.
var shortWords = wordSet(`mr mrs ms dr hr fr prof st no nr tel art bzw ca z.b usw inkl incl excl approx dept ing sig
	sr sra dña mme jan feb febr mar mär apr jun jul aug sep sept oct okt nov dec dez dic déc dis gen ago ott mon tue
	tues wed thu thur thurs fri sat sun mo di mi do sa so lun mar mer jeu ven sam dim dom mié jue vie sáb янв фев
	мар апр июн июл авг сен сент окт ноя нояб дек г гг стр пн вт ср чт пт сб вс evtl ggf vgl`)

// wordSet is a set of the words of a text.
func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(text) {
		set[w] = true
	}
	return set
}

// softBreak says whether the one end of a line in text[from:to] ends a sentence, too: the line is short, and what
// follows does not go on in lower case. Longer lines were wrapped.
func softBreak(text string, from, to int) bool {
	end := from + strings.IndexByte(text[from:to], '\n')
	begin := strings.LastIndexByte(text[:end], '\n') + 1
	if next := text[end+1 : to]; strings.ContainsAny(next, "-*") {
		return true // an item of a list
	}
	width := 0
	for _, r := range text[begin:end] {
		width++
		if r >= 0x1100 {
			width++
		}
		if width > 56 {
			return false
		}
	}
	last, _ := utf8.DecodeLastRuneInString(strings.TrimRight(text[begin:end], " \t\r"))
	r, _ := utf8.DecodeRuneInString(text[to:])
	return !unicode.IsLower(r) || last == ',' && width < 24 || last == ':'
}

// Fold writes a text in the form in which texts and rules are compared: in lower case, without accents, in digits of
// ASCII.
func Fold(s string) string {
	var b []byte
	for _, r := range s {
		if !Dropped(r) {
			b = folded(b, Narrow(r))
		}
	}
	return string(b)
}
