package answer

import (
	"strconv"
	"strings"
	"sync"

	"mailshot/internal/bounce/answer/words"
)

// fieldRule says what a value of a header field means.
type fieldRule struct {
	name, value string // value: "*" is any, "!x" is what does not begin with x, "~x" is what contains x
	sure        float64
	away, bulk  bool
}

// holds says whether a value in lower case is the one of the rule.
func (f fieldRule) holds(value string) bool {
	switch {
	case f.value == "*":
		return true
	case f.value[0] == '!':
		return !strings.HasPrefix(value, f.value[1:])
	case f.value[0] == '~':
		return strings.Contains(value, f.value[1:])
	case f.value[0] == '^':
		return strings.HasPrefix(value, f.value[1:])
	}
	return value == f.value
}

// fieldRules are the rules of header fields.
var fieldRules = sync.OnceValue(func() []fieldRule {
	var list []fieldRule
	for _, r := range book().lists["field"] {
		f := fieldRule{name: r.lang, value: r.pattern}
		for i, w := range strings.Fields(r.example) {
			switch {
			case i == 0:
				f.sure, _ = strconv.ParseFloat(w, 64) // the test of the files reads each
			case w == "away":
				f.away = true
			case w == "bulk":
				f.bulk = true
			}
		}
		list = append(list, f)
	}
	return list
})

// labels are the names of header fields in many languages, folded, with what they are.
var labels = sync.OnceValue(func() labelWords {
	names := labelWords{}
	for _, r := range book().lists["label"] {
		for name := range strings.SplitSeq(r.pattern, "|") {
			names[words.Fold(name)] = r.lang
		}
	}
	return names
})

// monthName is a month as a language calls it.
type monthName struct {
	month    int
	jalali   bool
	lastWord []string // further tokens of the name
}

// dateWords are the words of dates in all languages.
type dateWords struct {
	months   map[string][]monthName // by the first token of the name
	weekdays map[string][][]string  // the same; the last element is the number of the day, 0 is Sunday
	link     map[string]bool        // words within a date: "of", "de", "th"
	connect  map[string]bool        // words between the ends of a range
	language map[string]string      // common words that only one language has
	tomorrow map[string]bool
}

// dates returns the words of dates.
var dates = sync.OnceValue(func() *dateWords {
	w := &dateWords{map[string][]monthName{}, map[string][][]string{}, map[string]bool{}, map[string]bool{},
		map[string]string{}, map[string]bool{}}
	lists := book().lists
	for _, r := range lists["month"] {
		w.addMonths(r.pattern, false)
	}
	for _, r := range lists["jalali"] {
		w.addMonths(r.pattern, true)
	}
	for _, r := range lists["weekday"] {
		for i, names := range strings.Fields(r.pattern) {
			for name := range strings.SplitSeq(names, "|") {
				var rest []string
				list := words.Of(strings.ReplaceAll(name, "_", " "))
				for _, t := range list[1:] {
					rest = append(rest, t.Text)
				}
				rest = append(rest, strconv.Itoa((i+1)%7))
				w.weekdays[list[0].Text] = append(w.weekdays[list[0].Text], rest)
			}
		}
	}
	for set, known := range map[string]map[string]bool{"link": w.link, "connect": w.connect, "tomorrow": w.tomorrow} {
		for _, r := range lists[set] {
			for _, t := range words.Of(r.pattern) {
				known[t.Text] = true
			}
		}
	}
	for _, r := range lists["language"] {
		for _, t := range words.Of(r.pattern) {
			if known, ok := w.language[t.Text]; ok && known != r.lang {
				w.language[t.Text] = ""
				continue
			}
			w.language[t.Text] = r.lang
		}
	}
	return w
})

// addMonths takes twelve names, each perhaps with other forms behind "|"; "_" is a space.
func (w *dateWords) addMonths(pattern string, jalali bool) {
	for i, names := range strings.Fields(pattern) {
		for name := range strings.SplitSeq(names, "|") {
			list := words.Of(strings.ReplaceAll(name, "_", " "))
			m := monthName{month: i + 1, jalali: jalali}
			for _, t := range list[1:] {
				m.lastWord = append(m.lastWord, t.Text)
			}
			w.months[list[0].Text] = append(w.months[list[0].Text], m)
		}
	}
}
