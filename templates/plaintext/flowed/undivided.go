package flowed

import (
	"bytes"
	"slices"
	"unicode"
	"unicode/utf8"
)

// A telephone number, an amount, the number of an account and a date are not divided at the end of a line, although
// there are blanks in them. What they are shows by their shape alone: the text may be in any language.

// kept returns where a line is broken that would be broken at n: before what is not divided and n is in, if there is
// something before that and a line has room for it.
func kept(line []byte, n, most int) int {
	for n < len(line) && !calm(line, n) {
		from, to := undivided(line, n)
		before := len(bytes.TrimRight(line[:from], " "))
		if from == to || before == 0 || Width(line[from:to]) > most {
			return n
		}
		n = before
	}
	return n
}

// calm says whether the words on both sides of a blank at i are of letters of ASCII, and too long for a joint.
func calm(line []byte, i int) bool {
	from, to := i-1, i+1
	for ; from >= 0 && line[from] != ' '; from-- {
		if c := line[from]; c <= '9' && c >= '0' || c >= utf8.RuneSelf {
			return false
		}
	}
	for ; to < len(line) && line[to] != ' '; to++ {
		if c := line[to]; c <= '9' && c >= '0' || c >= utf8.RuneSelf {
			return false
		}
	}
	return i-from > 4 && to-i > 4
}

// widest is how wide the widest part of a line is that is not divided, if it is no wider than most.
func widest(line []byte, most int) (wide int) {
	for i := 0; i < len(line); i++ {
		if line[i] != ' ' {
			continue
		}
		from, to := undivided(line, i)
		if w := Width(line[from:to]); w <= most {
			wide = max(wide, w)
		}
		i = max(i, to)
	}
	return wide
}

// undivided returns what the blank at i stands in that is not divided, or nothing.
func undivided(line []byte, i int) (from, to int) {
	left, right := wordBefore(line, i), wordAfter(line, i)
	if left.empty() || right.empty() {
		return i, i
	}
	figures := figured(line[left.from:left.to]) || figured(line[right.from:right.to])
	if !figures && !joint(left.in(line)) && !joint(right.in(line)) {
		return i, i
	}
	if figures && grouped(line, left) && grouped(line, right) {
		start := left
		for n := 0; n < 9 && !start.empty(); n++ { // an account number has nine words at most
			if end := account(line, start); end > i {
				return start.from, end
			}
			start = wordBefore(line, start.from)
		}
	}
	if year(line, right) {
		start := left
		for n := 0; n < 5 && !start.empty(); n++ { // a date has five
			if end := date(line, start); end > i {
				return start.from, end
			}
			start = wordBefore(line, start.from)
		}
	}
	if !figures || !glued(line, left, right) {
		return i, i
	}
	from, to = left.from, right.to
	for l := wordBefore(line, from); !l.empty() && glued(line, l, wordAfter(line, l.to)); l = wordBefore(line, from) {
		from = l.from
	}
	for r := wordAfter(line, to); !r.empty() && glued(line, wordBefore(line, r.from), r); r = wordAfter(line, to) {
		to = r.to
	}
	return from, to
}

// grouped says whether a word may be a group of an account number.
func grouped(line []byte, w word) bool {
	if w.to-w.from > 5 {
		return false
	}
	for _, c := range line[w.from : w.to-1] {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// year says whether a word or one of the three after it may be a year.
func year(line []byte, w word) bool {
	for n := 0; n < 4 && !w.empty(); n++ {
		if c := line[w.from]; w.to-w.from >= 4 && (c >= '0' && c <= '9' || c >= utf8.RuneSelf) {
			return true
		}
		w = wordAfter(line, w.to)
	}
	return false
}

// word is a word of a line: what stands between two blanks.
type word struct{ from, to int }

func (w word) empty() bool { return w.from == w.to }

// in is the word without what isolates it.
func (w word) in(line []byte) []byte {
	if line = line[w.from:w.to]; len(line) == 0 || line[0] < utf8.RuneSelf && line[len(line)-1] < utf8.RuneSelf {
		return line
	}
	return bytes.TrimFunc(line, invisible)
}

// invisible says whether a rune is one of those that isolate.
func invisible(r rune) bool { return r >= 0x80 && unicode.Is(unicode.Cf, r) }

func wordBefore(line []byte, i int) word {
	to := i
	for to > 0 && line[to-1] == ' ' {
		to--
	}
	from := to
	for from > 0 && line[from-1] != ' ' {
		from--
	}
	return word{from, to}
}

func wordAfter(line []byte, i int) word {
	from := i
	for from < len(line) && line[from] == ' ' {
		from++
	}
	to := from
	for to < len(line) && line[to] != ' ' {
		to++
	}
	return word{from, to}
}

// figured says whether there is a digit in a word.
func figured(word []byte) bool {
	for i := 0; i < len(word); {
		c := word[i]
		if c < utf8.RuneSelf {
			if c >= '0' && c <= '9' {
				return true
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(word[i:])
		if unicode.IsDigit(r) {
			return true
		}
		i += size
	}
	return false
}

// joint says whether a word joins the parts of a date.
func joint(word []byte) bool {
	return string(word) == "de" || string(word) == "del" || string(word) == "of"
}

// glued says whether two words are parts of one number or amount.
func glued(line []byte, left, right word) bool {
	l, r := left.in(line), right.in(line)
	switch {
	case numeral(l) && numeral(r):
		return open(l)
	case numeral(l) && stroke(r):
		return numeral(wordAfter(line, right.to).in(line))
	case stroke(l) && numeral(r):
		return numeral(wordBefore(line, left.from).in(line))
	case numeral(l):
		return open(l) && unit(bytes.TrimRight(r, ".,;:!?)"))
	case numeral(r):
		return unit(bytes.TrimLeft(l, "("))
	}
	return false
}

// stroke says whether a word is the sign between two numbers.
func stroke(word []byte) bool {
	switch string(word) {
	case "-", "–", "/", "×", "x":
		return true
	}
	return false
}

// numeral says whether a word is a number or a part of one: it begins as a number does, and has two letters at most, as
// 2nd has.
func numeral(word []byte) bool {
	digits, letters := 0, 0
	for i, c := range string(word) {
		switch {
		case unicode.IsDigit(c):
			digits++
		case unicode.IsLetter(c):
			if letters++; i == 0 || letters > 2 {
				return false
			}
		}
	}
	return digits > 0
}

// open says whether a number may go on with the next word: it ends with no sign that ends something.
func open(number []byte) bool {
	r, size := utf8.DecodeLastRune(number)
	if r == '.' { // 12. 3. 2026
		return utf8.RuneCount(number) <= 2+size
	}
	return unicode.IsDigit(r) || unicode.IsLetter(r) || r == ')' || r == '/' || r == '-'
}

// units are what stands beside a number, besides the signs and the codes of currencies.
var units = []string{"%", "‰", "kr", "zł", "Kč", "Ft", "lei", "лв", "руб", "грн", "тг", "Rs", "تومان", "ریال", "ريال", "درهم",
	"دينار", "دینار", "جنيه", "ر.س", "ر.ق", "د.إ", "د.ك", "am", "pm", "a.m", "p.m", "Uhr"}

// unit says whether a word is a currency or a unit that stands beside its number.
func unit(word []byte) bool {
	last, _ := utf8.DecodeLastRune(word)
	if unicode.Is(unicode.Sc, last) && utf8.RuneCount(word) <= 3 {
		return true
	}
	if len(word) == 3 && capitals(word) {
		return true
	}
	return slices.Contains(units, string(word))
}

// capitals says whether a word has no letters but A to Z, and no digits.
func capitals(word []byte) bool {
	for _, c := range word {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}

// account returns where an IBAN ends that begins with a word, or 0: two letters, two digits, and groups of four.
func account(line []byte, first word) (end int) {
	w := line[first.from:first.to]
	if len(w) != 4 || !capitals(w[:2]) || w[2] < '0' || w[2] > '9' || w[3] < '0' || w[3] > '9' {
		return 0
	}
	groups := 1
	for next := wordAfter(line, first.to); !next.empty() && groups < 9; next = wordAfter(line, next.to) {
		group := bytes.TrimRight(line[next.from:next.to], ".,;:!?)")
		for _, c := range group {
			if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
				group = nil
				break
			}
		}
		if len(group) == 0 || len(group) > 4 || len(group) < 4 && !figured(group) {
			break
		}
		end = next.to
		if groups++; len(group) < 4 || next.from+4 < next.to {
			break
		}
	}
	if groups < 4 {
		return 0
	}
	return end
}

// date returns where a date ends that begins with a word, or 0: a day, a month and a year, or a month, a day and a
// year.
func date(line []byte, first word) (end int) {
	second := wordAfter(line, first.to)
	day := isDay(first.in(line))
	if day && joint(second.in(line)) {
		second = wordAfter(line, second.to)
	}
	third := wordAfter(line, second.to)
	switch {
	case day && isMonth(second.in(line)):
		if joint(third.in(line)) {
			third = wordAfter(line, third.to)
		}
	case isMonth(first.in(line)) && isDay(second.in(line)):
	default:
		return 0
	}
	if number := bytes.TrimRight(third.in(line), ".,;:!?)"); utf8.RuneCount(number) != 4 || !digits(number) {
		return 0
	}
	return third.to
}

// isDay says whether a word may be the day of a month: 9, 9., 9th or 9,.
func isDay(word []byte) bool {
	word = bytes.TrimRight(word, ".,")
	for _, end := range [...]string{"st", "nd", "rd", "th", "er", "º"} {
		word = bytes.TrimSuffix(word, []byte(end))
	}
	n := utf8.RuneCount(word)
	return n > 0 && n <= 2 && digits(word)
}

// isMonth says whether a word may be the name of a month, or be short for one.
func isMonth(word []byte) bool {
	word = bytes.TrimRight(word, ".,")
	for _, c := range string(word) {
		if !unicode.In(c, unicode.L, unicode.M) {
			return false
		}
	}
	return utf8.RuneCount(word) >= 3
}

func digits(word []byte) bool {
	for _, c := range string(word) {
		if !unicode.IsDigit(c) {
			return false
		}
	}
	return len(word) > 0
}
