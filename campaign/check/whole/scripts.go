package whole

import (
	"strings"
	"unicode"

	"mailshot/templates/source"
)

// How much of a text is looked at to know its script.
const (
	fewLetters  = 6 // a text with fewer letters is in no script
	mostSubject = 300
	mostLiteral = 20_000
)

// The parts, in hundredths, of a text's letters that have to be of one script.
const (
	all       = 100
	almostAll = 90
)

// scripts are the scripts that tell a language from others. Han, Hiragana and Katakana are one here: Japanese has all
// of them.
var scripts = []struct {
	name  string
	table []*unicode.RangeTable
}{
	{"Latin", []*unicode.RangeTable{unicode.Latin}},
	{"Cyrillic", []*unicode.RangeTable{unicode.Cyrillic}},
	{"Greek", []*unicode.RangeTable{unicode.Greek}},
	{"Arabic", []*unicode.RangeTable{unicode.Arabic}},
	{"Hebrew", []*unicode.RangeTable{unicode.Hebrew}},
	{"Chinese or Japanese", []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana}},
	{"Korean", []*unicode.RangeTable{unicode.Hangul}},
	{"Thai", []*unicode.RangeTable{unicode.Thai}},
	{"Devanagari", []*unicode.RangeTable{unicode.Devanagari}},
	{"Georgian", []*unicode.RangeTable{unicode.Georgian}},
	{"Armenian", []*unicode.RangeTable{unicode.Armenian}},
}

// scriptOf returns the script of a text's first runes; "" if the text has few letters, or if too few of them are of one
// script. part is in hundredths.
func scriptOf(text string, most, part int) string {
	var count [16]int
	n := 0
	for _, c := range text {
		if most--; most < 0 {
			break
		}
		if c < 0x80 {
			if c|0x20 >= 'a' && c|0x20 <= 'z' {
				count[0]++
				n++
			}
			continue
		}
		if !unicode.IsLetter(c) {
			continue
		}
		n++
		for i := range scripts {
			if unicode.In(c, scripts[i].table...) {
				count[i]++
				break
			}
		}
	}
	if n < fewLetters {
		return ""
	}
	for i := range scripts {
		if count[i]*100 >= n*part {
			return scripts[i].name
		}
	}
	return ""
}

// isSentence says whether a text is more than a name: it has three words, or ten letters of a script that has no
// blanks.
func isSentence(text string) bool {
	dense := 0
	for _, c := range text {
		if unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai) {
			dense++
		}
	}
	return dense >= 10 || len(strings.Fields(text)) >= 3
}

// letters is how many letters a text has.
func letters(text string) (n int) {
	for _, c := range text {
		if unicode.IsLetter(c) {
			n++
		}
	}
	return n
}

// usual returns the script in which a language is written, if there is only one; "" for other languages. Serbian,
// Azeri, Uzbek and Punjabi have several.
func usual(language string) string {
	base, rest, _ := strings.Cut(strings.ToLower(language), "-")
	if strings.Contains("-"+rest+"-", "-latn-") {
		return "Latin"
	}
	for _, l := range []struct{ script, languages string }{
		{"Cyrillic", "ru uk bg be mk"},
		{"Greek", "el"},
		{"Arabic", "ar fa ur ps ckb"},
		{"Hebrew", "he iw yi"},
		{"Chinese or Japanese", "zh ja"},
		{"Korean", "ko"},
		{"Thai", "th"},
		{"Devanagari", "hi mr ne"},
		{"Georgian", "ka"},
		{"Armenian", "hy"},
		{"Latin",
			"en de fr es it pt nl sv da nb nn no fi is pl cs sk sl hr hu ro et lv lt tr vi id ms ca eu gl ga cy sq af sw"},
	} {
		if base != "" && strings.Contains(" "+l.languages+" ", " "+base+" ") {
			return l.script
		}
	}
	return ""
}

// plain returns the text of a source without its actions, its tags and the addresses of its links.
func plain(text string) string {
	actions, _ := source.Scan(text)
	var b strings.Builder
	at := 0
	for _, a := range actions {
		if a.Start >= at {
			b.WriteString(text[at:a.Start] + " ")
			at = a.End
		}
	}
	b.WriteString(text[at:])
	words := withoutTags(b.String())
	return strings.Join(strings.FieldsFunc(words, func(c rune) bool { return unicode.IsSpace(c) }), " ")
}

// withoutTags leaves out tags, the contents of <style> and <script>, and addresses.
func withoutTags(s string) string {
	var b strings.Builder
	small := lower(s)
	for s != "" {
		open := strings.IndexByte(s, '<')
		if open < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:open] + " ")
		s, small = s[open:], small[open:]
		end := ">"
		switch {
		case strings.HasPrefix(small, "<style"):
			end = "</style>"
		case strings.HasPrefix(small, "<script"):
			end = "</script>"
		case strings.HasPrefix(small, "<!--"):
			end = "-->"
		}
		i := strings.Index(small, end)
		if i < 0 {
			break
		}
		s, small = s[i+len(end):], small[i+len(end):]
	}
	var words []string
	for word := range strings.FieldsSeq(b.String()) {
		if !strings.Contains(word, "://") && !strings.Contains(word, "@") && !strings.Contains(word, "&") {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}

// lower turns ASCII letters into lower case. Offsets stay the same: strings.ToLower makes some letters longer, such as
// Ⱥ.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}
