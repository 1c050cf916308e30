// Package document finds mistakes that show when the elements of an HTML text are seen together: an id that two of them
// have, a heading that leaves a step out, a charset that is not the one of the mail, a language that is not the
// campaign's, words that nobody can read. Call [Look] with the elements in their order.
//
// The package is pure, and reads no HTML: its caller has taken the text apart.
package document

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/language"

	"mailshot/internal/ellipsis"
)

// Element is a part of the text.
type Element struct {
	Kind  Kind
	Name  string // of a tag, in small letters
	At    int    // the offset where it begins
	Text  string // of words
	Attrs []Attr // of a tag
}

// Attr is an attribute. At is the offset of its value.
type Attr struct {
	Name, Value string
	At          int
}

// Kind is what an Element is.
type Kind int

// The kinds. Opens is a tag with or without an end tag, and Void one that has none.
const (
	Other Kind = iota
	Opens
	Void
	Closes
	Words
)

// Config is what is known besides the elements.
type Config struct {
	Language string                  // of the messages, BCP 47; "" = not known
	Dynamic  func(text string) bool  // whether a row changes the text
	Parted   func(from, to int) bool // whether a condition or a loop begins or ends between two offsets
}

// Mistake is one at an offset of the text.
type Mistake struct {
	At               int
	Code, Text, Hint string
}

// Look returns what is wrong with the elements.
func Look(all []Element, c Config) []Mistake {
	l := &looker{Config: c, ids: map[string]int{}}
	for i := range all {
		e := &all[i]
		l.tiny(e)
		if e.Kind != Opens && e.Kind != Void {
			continue
		}
		switch e.Name {
		case "meta":
			l.meta(e)
		case "h1", "h2", "h3", "h4", "h5", "h6":
			l.heading(e)
		}
		for _, a := range e.Attrs {
			switch {
			case c.Dynamic(a.Value):
			case a.Name == "id":
				l.id(a)
			case a.Name == "lang" && e.Name == "html":
				l.language(a)
			}
		}
	}
	return l.found
}

type looker struct {
	Config
	found []Mistake
	ids   map[string]int // the offset of the last with an id
	open  []sized        // elements that are open
	level int            // of the last heading; 0 = there was none
}

func (l *looker) say(at int, code, text, hint string) {
	l.found = append(l.found, Mistake{at, code, text, hint})
}

// get returns an attribute that is the same for all rows.
func (l *looker) get(e *Element, name string) (Attr, bool) {
	for _, a := range e.Attrs {
		if a.Name == name {
			return a, !l.Dynamic(a.Value)
		}
	}
	return Attr{}, false
}

// id finds the second element with an id. Two branches of a condition may have one each.
func (l *looker) id(a Attr) {
	if a.Value == "" {
		return
	}
	if before, has := l.ids[a.Value]; has && !l.Parted(before, a.At) {
		l.say(a.At, "id-twice", fmt.Sprintf("two elements have the id %s", ellipsis.Quote(a.Value, 40)),
			"give each its own: a link leads to the first")
	}
	l.ids[a.Value] = a.At
}

// heading finds a heading that leaves a step out.
func (l *looker) heading(e *Element) {
	now := int(e.Name[1] - '0')
	if l.level > 0 && now > l.level+1 {
		l.say(e.At, "heading-order", fmt.Sprintf("<%s> follows <h%d>: a step is left out", e.Name, l.level),
			fmt.Sprintf("write <h%d>; style makes it smaller", l.level+1))
	}
	l.level = now
}

var charset = regexp.MustCompile(`(?i)charset\s*=\s*["']?([\w.:-]+)`)

// meta finds a page that goes elsewhere, or that says it is in another charset than mail is sent in.
func (l *looker) meta(e *Element) {
	if a, _ := l.get(e, "http-equiv"); strings.EqualFold(a.Value, "refresh") {
		l.say(e.At, "html-script", "<meta http-equiv=refresh>: no mail program goes elsewhere, and filters refuse it",
			"remove it")
	}
	a, ok := l.get(e, "charset")
	is := strings.TrimSpace(a.Value)
	if !ok {
		if a, ok = l.get(e, "content"); !ok {
			return
		}
		m := charset.FindStringSubmatch(a.Value)
		if m == nil {
			return
		}
		is = m[1]
	}
	switch strings.ToLower(is) {
	case "", "utf-8", "utf8", "unicode-1-1-utf-8":
	default:
		l.say(a.At, "html-charset", fmt.Sprintf("the page says that it is in %s, and it is sent in UTF-8", ellipsis.Quote(is, 40)),
			`write <meta charset="utf-8">`)
	}
}

// language finds a page in another language than the campaign's, or in none.
func (l *looker) language(a Attr) {
	text := strings.TrimSpace(a.Value)
	is, err := language.Parse(text)
	switch {
	case text == "":
	case err != nil:
		l.say(a.At, "html-lang", fmt.Sprintf("there is no language %q", a.Value),
			`write its code, as lang="en", so that it is read aloud in its own voice`)
	case l.Language != "" && base(is) != base(language.Make(l.Language)):
		l.say(a.At, "html-lang-unlike", fmt.Sprintf("the page says that it is in %s, and the language of the messages is %s", text,
			l.Language), fmt.Sprintf("write lang=%q, or another language into the campaign file", l.Language))
	}
}

// base is the language of a tag without its region and script. Both written forms of Norwegian are one.
func base(tag language.Tag) string {
	is, _ := tag.Base()
	if s := is.String(); s != "nb" && s != "nn" {
		return s
	}
	return "no"
}

// sized is an element that is open, with the size of its words.
type sized struct {
	name   string
	at     int // of its style
	pixels float64
	hidden bool
	said   int // letters of the words in it
}

// A text from unread to unreadable pixels is too small to read. A smaller one is to be out of sight: a spacer, or words
// for the list of mails.
const (
	unread     = 3
	unreadable = 8
	someWords  = 12 // letters; fewer are a sign, as ™
)

var (
	fontSize = regexp.MustCompile(`(?i)(?:^|[;\s])font-size\s*:\s*([0-9]*\.?[0-9]+)\s*(px|pt)\s*(?:!\s*important\s*)?(?:;|$)`)
	anySize  = regexp.MustCompile(`(?i)(?:^|[;\s])font(?:-size)?\s*:`)
	unseen   = regexp.MustCompile(`(?i)display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0*)?\s*(?:;|$)|` +
		`max-height\s*:\s*[01](?:px)?\s*(?:;|$)|(?:^|[;\s])color\s*:\s*transparent`)
)

// tiny goes through the elements, and finds words that are too small.
func (l *looker) tiny(e *Element) {
	switch e.Kind {
	case Opens:
		s := sized{name: e.Name}
		if n := len(l.open); n > 0 {
			s.pixels, s.at, s.hidden = l.open[n-1].pixels, l.open[n-1].at, l.open[n-1].hidden
		}
		l.style(e, &s)
		l.open = append(l.open, s)
	case Closes:
		for i := len(l.open) - 1; i >= 0; i-- {
			if l.open[i].name == e.Name {
				l.open = l.open[:i]
				break
			}
		}
	case Words:
		n := len(l.open) - 1
		if n < 0 || l.open[n].hidden || l.open[n].pixels < unread || l.open[n].pixels >= unreadable {
			return
		}
		s := &l.open[n]
		before := s.said
		s.said += letters(e.Text)
		if before < someWords && s.said >= someWords {
			l.say(s.at, "tiny-text", fmt.Sprintf("the words %s have %s pixels, and few can read them", ellipsis.Quote(
				strings.Join(strings.Fields(strings.ToValidUTF8(e.Text, "…")), " "), 30), strconv.FormatFloat(s.pixels, 'f', -1, 64)),
				"write at least 12px, and 14px on phones")
		}
	}
}

// style reads what an element says of its words. A class may give another size.
func (l *looker) style(e *Element, s *sized) {
	if a, _ := l.get(e, "class"); a.Value != "" {
		s.pixels = 0
	}
	a, static := l.get(e, "style")
	if !static {
		if a.Value != "" {
			s.pixels = 0
		}
		return
	}
	s.hidden = s.hidden || unseen.MatchString(a.Value)
	if anySize.MatchString(a.Value) {
		s.pixels = 0
	}
	if m := fontSize.FindStringSubmatch(a.Value); m != nil {
		s.pixels, _ = strconv.ParseFloat(m[1], 64)
		s.at = a.At
		if strings.EqualFold(m[2], "pt") {
			s.pixels *= 4.0 / 3
		}
	}
}

func letters(text string) (n int) {
	for _, r := range text {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n
}
