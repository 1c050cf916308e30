package answer

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"mailshot/internal/bounce/answer/day"
	"mailshot/internal/bounce/answer/words"
)

// dateAt is a date that stands in the words.
type dateAt struct {
	from, to int           // tokens
	options  []day.Written // what it can mean; two for 7/12
	weekday  int           // the day of the week beside it, -1 if there is none
	only     bool          // it is a day of the week, or a word such as "tomorrow", and no date: at holds it
	at       time.Time
	back     bool // the person is back on it
}

// scanner finds dates.
type scanner struct {
	all   string
	words []words.Token
	names *dateWords
	lang  string
}

// find returns the dates of the words, in their order.
func (s *scanner) find() []dateAt {
	var list []dateAt
	for i := 0; i < len(s.words); {
		d, ok := s.dateAt(i, list)
		if !ok {
			i++
			continue
		}
		list = append(list, d)
		i = max(d.to, i+1)
	}
	return s.withWeekdays(list)
}

// dateAt reads a date that begins at token i.
func (s *scanner) dateAt(i int, before []dateAt) (dateAt, bool) {
	for _, read := range []func(int) (dateAt, bool){s.ideographic, s.yearFirst, s.dayMonth, s.monthDay, s.numeric} {
		if d, ok := read(i); ok {
			d.weekday = -1
			return d, true
		}
	}
	if len(before) > 0 {
		return s.sameMonth(i, before[len(before)-1])
	}
	return dateAt{}, false
}

// between is what stands between tokens i and i+1.
func (s *scanner) between(i int) string {
	switch {
	case i < 0 || i >= len(s.words):
		return "\n\n"
	case i+1 == len(s.words):
		return s.all[s.words[i].End:] + "\n\n"
	}
	return s.all[s.words[i].End:s.words[i+1].Start]
}

// number is the value of token i if it has at most four digits, and nothing that makes it a part of something longer.
func (s *scanner) number(i int) (n, digits int) {
	if i < 0 || i >= len(s.words) || !s.words[i].Number || len(s.words[i].Text) > 4 {
		return -1, 0
	}
	n, err := strconv.Atoi(s.words[i].Text)
	if err != nil {
		return -1, 0
	}
	return n, len(s.words[i].Text)
}

// dayNumber is the day of the month at token i, or -1.
func (s *scanner) dayNumber(i int) int {
	n, digits := s.number(i)
	if n < 1 || n > 31 || digits > 2 {
		return -1
	}
	return n
}

// skipLinks goes over "of", "de", "th" and the like, at most three of them, in the same sentence and line.
func (s *scanner) skipLinks(i int) int {
	for range 3 {
		if i >= len(s.words) || s.words[i].First || !s.names.link[s.words[i].Text] {
			break
		}
		i++
	}
	return i
}

// month reads the name of a month at token i and returns where it ends.
func (s *scanner) month(i int) (m monthName, to int, ok bool) {
	if i >= len(s.words) {
		return m, i, false
	}
	text := s.words[i].Text
	names := s.names.months[text]
	if names == nil { // Hebrew writes the preposition on the word, Turkish and Finnish the ending
		if cut, found := strings.CutPrefix(text, "ב"); found {
			names = s.names.months[cut]
		} else if cut, found := strings.CutPrefix(text, "ל"); found {
			names = s.names.months[cut]
		}
	}
	for _, m := range names {
		if i+1+len(m.lastWord) > len(s.words) {
			continue
		}
		same := true
		for k, w := range m.lastWord {
			same = same && s.words[i+1+k].Text == w
		}
		if same {
			return m, i + 1 + len(m.lastWord), true
		}
	}
	return m, i, false
}

// year reads a year at token i: of four digits, or of two behind an apostrophe. It returns 0 if there is none.
func (s *scanner) year(i int, jalali bool) (year, to int) {
	k := s.skipLinks(i)
	n, digits := s.number(k)
	if k >= len(s.words) || s.words[k].First && s.between(k-1) != " " || len(s.between(k-1)) > 8 {
		return 0, i
	}
	if next := s.between(k); digits == 4 && strings.HasPrefix(next, ":") {
		return 0, i
	}
	switch {
	case digits == 4 && jalali && n >= 1300 && n <= 1500, digits == 4 && !jalali && n >= 1900 && n <= 2120:
		return n, k + 1
	case digits == 4 && !jalali && n >= 2500 && n <= 2600: // Thailand
		return n - 543, k + 1
	case digits == 2 && strings.ContainsAny(s.between(k-1), "'’"):
		return 2000 + n, k + 1
	}
	return 0, i
}

// dayMonth reads "7 December 2026", "7. Dezember", "7th of Dec.", "le 7 décembre", "۷ دسامبر".
func (s *scanner) dayMonth(i int) (dateAt, bool) {
	d := s.dayNumber(i)
	if d < 0 || s.partOfNumber(i) {
		return dateAt{}, false
	}
	k := s.skipLinks(i + 1)
	if k >= len(s.words) || s.words[k].First && strings.Count(s.between(k-1), "\n") > 1 || len(s.between(k-1)) > 6 {
		return dateAt{}, false
	}
	m, to, ok := s.month(k)
	if !ok {
		return dateAt{}, false
	}
	y, to := s.year(to, m.jalali)
	return dateAt{from: i, to: to, options: []day.Written{dated(y, m.month, d, m.jalali)}}, true
}

// monthDay reads "December 7th, 2026", "Dec 7".
func (s *scanner) monthDay(i int) (dateAt, bool) {
	m, k, ok := s.month(i)
	if !ok || k >= len(s.words) || len(s.between(k-1)) > 3 {
		return dateAt{}, false
	}
	k = s.skipLinks(k)
	d := s.dayNumber(k)
	if d < 0 || strings.HasPrefix(s.between(k), ":") {
		return dateAt{}, false
	}
	if s.names.link["th"] && k+1 < len(s.words) && !s.words[k+1].First && ordinals[s.words[k+1].Text] {
		k++
	}
	y, to := s.year(k+1, m.jalali)
	return dateAt{from: i, to: to, options: []day.Written{dated(y, m.month, d, m.jalali)}}, true
}

// ordinals are what English writes behind the number of a day.
var ordinals = map[string]bool{"st": true, "nd": true, "rd": true, "th": true}

// yearFirst reads "2026. december 7." and "2026 m. gruodžio 7 d.".
func (s *scanner) yearFirst(i int) (dateAt, bool) {
	n, digits := s.number(i)
	if digits != 4 || n < 1300 || n > 2120 || i+2 >= len(s.words) {
		return dateAt{}, false
	}
	k := s.skipLinks(i + 1)
	m, k, ok := s.month(k)
	if !ok || m.jalali != (n < 1600) || s.words[i+1].First && strings.Contains(s.between(i), "\n\n") {
		return dateAt{}, false
	}
	k = s.skipLinks(k)
	d := s.dayNumber(k)
	if d < 0 {
		return dateAt{}, false
	}
	return dateAt{from: i, to: k + 1, options: []day.Written{dated(n, m.month, d, m.jalali)}}, true
}

// eras are the years of Japan and of Taiwan: what is added to the number of the year.
var eras = map[string]int{"令和": 2018, "平成": 1988, "民國": 1911, "民国": 1911}

// ideographic reads "2026年12月7日", "令和8年12月7日", "12월 7일", "12月7号".
func (s *scanner) ideographic(i int) (dateAt, bool) {
	k, year := i, 0
	if k+2 < len(s.words) {
		if base, ok := eras[s.words[k].Text+s.words[k+1].Text]; ok {
			year, k = base, k+2
		}
	}
	is := func(k int, marks string) bool {
		return k < len(s.words) && len(s.words[k].Text) >= 3 && strings.Contains(marks, " "+s.words[k].Text+" ")
	}
	if n, to := s.figure(k); is(to, " 年 년 ") && (n >= 0 || year > 0 && s.words[k].Text == "元") {
		switch {
		case n < 0:
			n, to = 1, k+1
			fallthrough
		case year > 0:
			year += n
		case n > 1900:
			year = n
		case n < 100:
			year = 2000 + n
		}
		k = to + 1
	} else if year > 0 {
		return dateAt{}, false
	}
	m, to := s.figure(k)
	if m < 1 || m > 12 || !is(to, " 月 월 ") {
		return dateAt{}, false
	}
	d, to := s.figure(to + 1)
	if d < 1 || d > 31 || to >= len(s.words) || !is(to, " 日 号 號 일 ") && !strings.HasPrefix(s.words[to].Text, "일") {
		return dateAt{}, false
	}
	end := to + 1
	if !is(to, " 日 号 號 일 ") {
		end = to // "7일까지": the ending says what it is
	}
	return dateAt{from: i, to: end, options: []day.Written{dated(year, m, d, false)}}, true
}

// hanDigits are the numbers of Chinese up to ten.
var hanDigits = map[string]int{"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}

// figure reads a number of digits or of Chinese characters up to 99; -1 if there is none.
func (s *scanner) figure(i int) (n, to int) {
	if n, digits := s.number(i); digits > 0 {
		return n, i + 1
	}
	n, to = 0, i
	for to < len(s.words) && to < i+3 {
		v, ok := hanDigits[s.words[to].Text]
		switch {
		case !ok:
			return figureEnd(n, i, to)
		case v == 10:
			n = max(n, 1) * 10
		default:
			n += v
		}
		to++
	}
	return figureEnd(n, i, to)
}

// figureEnd is -1 if no character was read.
func figureEnd(n, from, to int) (int, int) {
	if to == from {
		return -1, from
	}
	return n, to
}

// numeric reads "7.12.2026", "07/12/26", "2026-12-07", "7.12.".
func (s *scanner) numeric(i int) (dateAt, bool) {
	a, ad := s.number(i)
	b, bd := s.number(i + 1)
	if ad == 0 || bd == 0 || bd > 2 || s.partOfNumber(i) {
		return dateAt{}, false
	}
	sep := strings.ReplaceAll(s.between(i), " ", "")
	if sep != "." && sep != "/" && sep != "-" && sep != "‐" && sep != "−" && sep != "．" {
		return dateAt{}, false
	}
	c, cd := s.number(i + 2)
	three := cd > 0 && strings.ReplaceAll(s.between(i+1), " ", "") == sep && len(s.between(i+1)) < 4
	switch {
	case three && ad == 4 && cd <= 2:
		return s.written(i, i+3, sep, []day.Written{dated(a, b, c, false)})
	case three && ad <= 2 && (cd == 4 || cd == 2):
		if cd == 2 {
			c += 2000
		}
		list := []day.Written{dated(c, b, a, false), dated(c, a, b, false)}
		if cd == 2 && s.lang == "ja" {
			list = []day.Written{dated(2000+a, b, c-2000, false)}
		}
		return s.written(i, i+3, sep, list)
	case ad <= 2 && (sep == "/" || sep == "." && s.dotted(i+1)):
		return s.written(i, i+2, sep, []day.Written{dated(0, b, a, false), dated(0, a, b, false)})
	}
	return dateAt{}, false
}

// partOfNumber says whether token i goes on to the left: a telephone number, a version, a time, an amount.
func (s *scanner) partOfNumber(i int) bool {
	if i < 1 {
		return strings.ContainsAny(s.all[:s.words[i].Start], "+$€£#")
	}
	before := s.between(i - 1)
	if len(before) > 0 && strings.ContainsAny(before[len(before)-1:], "+$#:") || strings.HasSuffix(before, "€") {
		return true
	}
	return s.words[i-1].Number && (before == "." || before == "/" || before == "-" || before == ":" || before == ",")
}

// dotted says whether "7.12" at tokens i-1 and i is a date and not a time or an amount: a full stop follows, or the
// language writes dates so and no unit follows.
func (s *scanner) dotted(i int) bool {
	next := s.between(i)
	if i+1 < len(s.words) && (s.words[i+1].Text == "uhr" || s.words[i+1].Text == "h" || s.words[i+1].Text == "am" ||
		s.words[i+1].Text == "pm" || s.words[i+1].Text == "eur") || strings.Contains(next, "%") {
		return false
	}
	return strings.HasPrefix(next, ".") || s.lang != "en" && s.lang != ""
}

// written keeps of the meanings of a numeric date those that its separator and the language allow.
func (s *scanner) written(from, to int, sep string, list []day.Written) (dateAt, bool) {
	var kept []day.Written
	for k, d := range list {
		if d.Year >= 1300 && d.Year < 1500 {
			if s.lang != "fa" {
				continue
			}
			d.Jalali = true
		}
		if d.Year >= 2500 && d.Year < 2600 {
			d.Year -= 543
		}
		monthFirst := k == 1
		switch {
		case d.Month < 1 || d.Month > 12 || d.Day < 1 || d.Day > 31:
		case d.Year > 0 && d.Year < 1300:
		case len(list) > 1 && monthFirst && (sep == "." || sep == "．") && s.lang != "ja" && s.lang != "zh":
		case len(list) > 1 && monthFirst && s.lang != "en" && s.lang != "" && !eastAsian(s.lang):
		case len(list) > 1 && !monthFirst && eastAsian(s.lang):
		default:
			kept = append(kept, d)
		}
	}
	if len(kept) == 2 && kept[0] == kept[1] {
		kept = kept[:1]
	}
	return dateAt{from: from, to: to, options: kept}, true
}

// eastAsian says whether a language writes the month before the day.
func eastAsian(lang string) bool { return lang == "ja" || lang == "zh" || lang == "ko" }

// sameMonth reads the second day of a range whose first has the month: "July 10-31", "12月1日〜4日".
func (s *scanner) sameMonth(i int, before dateAt) (dateAt, bool) {
	d := s.dayNumber(i)
	if d < 0 || len(before.options) != 1 || before.options[0].Day > d || before.only {
		return dateAt{}, false
	}
	first := s.words[before.from].Text
	_, named := s.names.months[first]
	wide := strings.ContainsAny(first, "年月") || before.to > 0 && strings.Contains("日号號일", s.words[before.to-1].Text)
	if !named && !wide {
		return dateAt{}, false
	}
	gap := i - before.to
	dash := gap == 0 && strings.ContainsAny(s.between(i-1), "-–—~〜～−")
	word := gap >= 1 && gap <= 2 && s.names.connect[s.words[i-1].Text] && (gap == 1 || s.names.connect[s.words[i-2].Text] ||
		s.names.link[s.words[i-2].Text])
	if !dash && !word {
		return dateAt{}, false
	}
	to := i + 1
	if wide {
		if to >= len(s.words) || !strings.Contains("日号號일", s.words[to].Text) {
			return dateAt{}, false
		}
		to++
	} else if to < len(s.words) && ordinals[s.words[to].Text] {
		to++
	}
	o := before.options[0]
	o.Day = d
	if y, end := s.year(to, o.Jalali); y > 0 && !wide {
		o.Year, to = y, end
	}
	return dateAt{from: i, to: to, options: []day.Written{o}, weekday: -1}, true
}

// weekday reads a day of the week at token i.
func (s *scanner) weekday(i int) (n, to int) {
	text := s.words[i].Text
	names := s.names.weekdays[text]
	if names == nil {
		if cut, ok := strings.CutPrefix(text, "ב"); ok {
			names = s.names.weekdays[cut]
		}
	}
	best, end := -1, i
	for _, rest := range names {
		k, same := i+1, true
		for _, w := range rest[:len(rest)-1] {
			same = same && k < len(s.words) && s.words[k].Text == w
			k++
		}
		if same && k > end {
			best, end = int(rest[len(rest)-1][0]-'0'), k
		}
	}
	return best, end
}

// withWeekdays takes the days of the week into the dates beside which they stand, and adds those that stand alone.
func (s *scanner) withWeekdays(list []dateAt) []dateAt {
	var all []dateAt
	next := 0
	for i := 0; i < len(s.words); i++ {
		for next < len(list) && list[next].to <= i {
			all, next = append(all, list[next]), next+1
		}
		if next < len(list) && i >= list[next].from {
			continue
		}
		n, to := s.weekday(i)
		if n < 0 {
			if s.names.tomorrow[s.words[i].Text] {
				all = append(all, dateAt{from: i, to: i + 1, only: true, weekday: 7})
			}
			continue
		}
		switch {
		case short(s.all[s.words[i].Start:s.words[to-1].End]) && !strings.HasPrefix(strings.Trim(s.between(to-1), " "), ".") &&
			!strings.HasPrefix(s.between(to-1), ","):
			// "do" may be Thursday, and is "until" elsewhere
		case next < len(list) && list[next].from-to <= 2 && !s.newSentence(i, list[next].from) && len(s.words[i].Text) > 0:
			list[next].weekday, list[next].from = n, i
			i = to - 1
		case len(all) > 0 && !all[len(all)-1].only && i-all[len(all)-1].to <= 1 && all[len(all)-1].weekday < 0 &&
			!s.newSentence(all[len(all)-1].to-1, i):
			all[len(all)-1].weekday, all[len(all)-1].to = n, to
		case short(s.all[s.words[i].Start:s.words[to-1].End]):
		default:
			all = append(all, dateAt{from: i, to: to, only: true, weekday: n})
			i = to - 1
		}
	}
	return append(all, list[next:]...)
}

// short says whether a day of the week is written in so few letters that it may be another word: "so", "do", "mar".
func short(s string) bool {
	n := 0
	for _, r := range s {
		n++
		if r >= 0x600 && !unicode.Is(unicode.Cyrillic, r) {
			n += 3
		}
	}
	return n < 4
}

// newSentence says whether a sentence begins behind token i and up to token k.
func (s *scanner) newSentence(i, k int) bool {
	for i++; i <= k; i++ {
		if s.words[i].First && !strings.HasPrefix(s.between(i-1), ".") {
			return true
		}
	}
	return false
}
