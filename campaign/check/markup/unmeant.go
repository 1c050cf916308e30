package markup

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"mailshot/campaign/check/calendar"
	"mailshot/campaign/check/target"
	"mailshot/internal/ellipsis"
)

var (
	// latin matches two words of the Latin that stands in for a text. No living language has them so near.
	latin = regexp.MustCompile(`(?i)\b(?:` + latinWord + `)\b[^.!?<>]{1,80}?\b(?:` + latinWord + `)\b`)
	// unnamed matches a greeting that ends where the name should stand. "Hello," is a whole greeting, and "Hello ,"
	// is not.
	unnamed = regexp.MustCompile(`(?im)^[\s>*_]*((?:(?:dear|liebe[r]?|sehr geehrte[r]?(?: frau| herr)?|ch[eè]re?|estimad[oa]|` +
		`gentile|geachte|beste|szanown[yae]|k[äj]ære?|kära|dear mr\.?|dear mrs\.?|dear ms\.?)[ \t\x{a0}]*` +
		`|(?:hello|hi|hey|hallo|hola|ciao)[ \t\x{a0}]+),)[ \t\r*_]*(?:$|<)`)
	// greets matches words that are nothing but a greeting.
	greets = regexp.MustCompile(`(?i)^\s*(?:(dear|hello|hi|hey)|(sehr geehrte[r]?|liebe[r]?|hallo|guten tag))\b[^,!.]{0,60}[,!]\s*$`)
	// lost matches a word in which a question mark stands for a letter.
	lost = regexp.MustCompile(`^\p{Lu}?\p{Ll}+\?{1,2}\p{Ll}+$|^\p{Lu}\?{1,2}\p{Ll}+$`)
	// twice matches an entity whose & was escaped once more.
	twice = regexp.MustCompile(`&amp;(?:amp|nbsp|lt|gt|quot|apos|copy|reg|euro|pound|[aouAOU]uml|szlig|[aeiouAEIOU](?:acute|grave|circ)|` +
		`ccedil|ntilde|[lr][sd]quo|[nm]dash|hellip|bull|middot|shy|zwnj|#[0-9]{2,5}|#x[0-9a-fA-F]{2,4});`)
	// entityLeft matches what HTML reads as a character, and a text does not.
	entityLeft = regexp.MustCompile(`&(?:amp|nbsp|lt|gt|quot|copy|reg|euro|pound|[aouAOU]uml|szlig|[aeiouAEIOU](?:acute|grave|circ)|` +
		`[lr][sd]quo|[nm]dash|hellip|bull|middot|#[0-9]{2,5}|#x[0-9a-fA-F]{2,4});`)
	// untitled matches a title that a program has given to a document.
	untitled = regexp.MustCompile(`(?i)^(?:untitled(?: document| page)?|document|new document|title|page title|your title(?: here)?|` +
		`(?:html )?e?-?mail template|template|unbenanntes dokument|ohne titel|sans titre|sin título)$`)
)

const latinWord = `dolor sit amet|consectetur|adipiscing|pellentesque|vestibulum|ullamcorper|maecenas|curabitur|sollicitudin|` +
	`suspendisse|tincidunt|vivamus|fermentum|condimentum|vulputate|malesuada|faucibus|posuere|bibendum|elementum|` +
	`eiusmod|incididunt|exercitation|reprehenderit`

// unmeant looks at words for what was to be replaced, or was lost.
func (l *looker) unmeant(from int, text string, skip map[int]bool) {
	if m := latin.FindStringIndex(text); m != nil && !skip[from+m[0]] {
		l.once(from+m[0], "filler-text", fillerText, fillerHint)
	}
	for _, d := range calendar.Wrong(text) {
		if !skip[from+d.At] {
			l.once(from+d.At, "date-wrong", d.Text, "look it up in a calendar")
		}
	}
	for at := 0; at < len(text); {
		end := at
		for end < len(text) && text[end] != ' ' && text[end] != '\n' && text[end] != '\t' && !stands(text[end]) {
			end++
		}
		word := strings.Trim(text[at:end], `.,:;!()"`)
		at0 := from + at + max(strings.Index(text[at:end], word), 0)
		switch {
		case skip[at0]:
		case strings.ContainsRune(word, unicode.ReplacementChar):
			l.once(at0, "text-mojibake", fmt.Sprintf("%s has U+FFFD in the place of a letter", ellipsis.Quote(word, 41)),
				"write the letter again: it was lost when the file was saved")
		case strings.Contains(word, "?") && lost.MatchString(word):
			l.once(at0, "text-mojibake", fmt.Sprintf("%s has ? in the place of a letter", ellipsis.Quote(word, 41)),
				"write the letter again: it was lost when the file was saved")
		}
		at = end + 1
	}
}

// unnamed finds a greeting without a name.
func (l *looker) unnamed(from int, text string) {
	if strings.IndexByte(text, ',') < 0 {
		return
	}
	if m := unnamed.FindStringSubmatchIndex(text); m != nil {
		l.once(from+m[2], "greeting-no-name", fmt.Sprintf("the greeting %q has no name", text[m[2]:m[3]]),
			"write {{.name}} before the comma")
	}
}

// greetings finds a second greeting in the language of the first. An action between them may choose one of the two, and
// then nothing is said.
func (l *looker) greetings() {
	first := [2]int{-1, -1} // by language
	for i := range l.tags {
		t := &l.tags[i]
		if t.kind != words {
			continue
		}
		m := greets.FindStringSubmatchIndex(loud(t.text))
		if m == nil {
			continue
		}
		language := 0
		if m[2] < 0 {
			language = 1
		}
		if was := first[language]; was < 0 {
			first[language] = t.at
		} else if strings.IndexByte(l.text[was:t.at], silent) < 0 {
			l.once(t.at+m[2+2*language], "greeting-twice", "this is the second greeting", "remove one of the two")
		}
	}
}

// escapedTwice finds an entity whose & was escaped once more, in words and in links.
func (l *looker) escapedTwice(from int, text string) {
	if m := twice.FindStringIndex(text); m != nil {
		l.once(from+m[0], "escaped-twice", fmt.Sprintf("%s is escaped twice, and readers see %s", text[m[0]:m[1]],
			unescaped(text[m[0]:m[1]])), "write &"+text[m[0]+len("&amp;"):m[1]])
	}
}

// entitiesLeft finds entities of HTML in a text that is not HTML.
func (l *looker) entitiesLeft(what, text string) {
	if m := entityLeft.FindStringIndex(text); m != nil {
		l.say(m[0], "text-html", fmt.Sprintf("%s has %s of HTML in it, and readers see it as it stands", what, text[m[0]:m[1]]),
			"write "+ellipsis.Quote(unescaped(text[m[0]:m[1]]), 10)+" itself")
	}
}

// repeated finds an attribute that an element has twice with two values: only the first counts. One that an action
// chooses is left alone.
func (l *looker) repeated(t *tag) {
	for i, a := range t.attrs {
		if target.Dynamic(a.name) || !a.given || strings.IndexByte(l.text[t.at:a.named], silent) >= 0 {
			continue
		}
		if slices.ContainsFunc(t.attrs[:i], func(b attr) bool { return b.name == a.name && b.given && b.value != a.value }) {
			l.say(a.named, "attribute-twice", fmt.Sprintf("<%s> has %s twice, and only the first counts", t.name, a.name),
				"write one of them")
		}
	}
}

// wears says whether words have the colour that an element gives itself. Elements in it may have one of their own, and
// links always do. Signs such as · and → decorate, and may be pale.
func (l *looker) wears(i int, rules sheet) bool {
	t := &l.tags[i]
	if t.void || isAlone(t.name) {
		return false
	}
	depth, other := 1, 0 // other: how deep an element with another colour is, 0 = in none
	for j := i + 1; j < len(l.tags) && depth > 0; j++ {
		switch in := &l.tags[j]; {
		case j > i+mostWithin:
			return true
		case in.kind == words && other == 0 && isRead(in.text):
			return true
		case in.kind == opens && !in.void && !isAlone(in.name):
			depth++
			if is := rules.of(in); other == 0 && (in.name == "a" || is.unsure || is.style["color"] != "" ||
				is.style["background"]+is.style["background-color"]+in.value("bgcolor") != "") {
				other = depth
			}
		case in.kind == closes && !isAlone(in.name):
			if depth == other {
				other = 0
			}
			depth--
		}
	}
	return false
}

// mostWithin bounds how many tags wears looks at.
const mostWithin = 500

// isRead says whether a text has letters or digits, or something of an action.
func isRead(text string) bool {
	return strings.IndexByte(text, printed) >= 0 || strings.ContainsFunc(unescaped(text), func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsNumber(r)
	})
}
