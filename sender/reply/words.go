package reply

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// What servers say in words is data too. words.json has the meanings of words in many languages. The
// rules and the veto of suppression name meanings, and no rule for all servers has words of its own.

//go:embed words.json
var wordsJSON []byte

// meaning is one thing that a server's words can mean.
type meaning struct {
	ID     string `json:"id"`
	Says   string `json:"says"`  // in plain words
	About  About  `json:"about"` // what it is about
	Vetoes bool   `json:"vetoes"`
	// Links reports that the words also count in addresses of pages and hosts. Elsewhere a
	// name such as full.example.com means nothing.
	Links bool               `json:"links"`
	In    map[string]wording `json:"in"` // by language

	phrases []phrase
}

// wording is how one language says it.
type wording struct {
	Words   []string `json:"words"`
	Example string   `json:"example"` // a reply that says it
}

// phrase is one entry of the table, ready for use: parts that follow each other, with at most maxGap
// bytes between them. In the table an ellipsis stands for the gap, and an asterisk for the rest of a
// word. Letters have no accents and no case, and what is neither a letter nor a digit is a blank.
type phrase []string

const maxGap = 48

// parseWords reads the table of words.
func parseWords(b []byte) ([]meaning, error) {
	var all []meaning
	if err := strict(b, &all); err != nil {
		return nil, err
	}
	var errs []error
	for i := range all {
		m := &all[i]
		if m.ID == "" || m.Says == "" || m.About == "" || len(m.In) == 0 ||
			slices.ContainsFunc(all[:i], func(o meaning) bool { return o.ID == m.ID }) {
			return nil, fmt.Errorf("meaning %d, %q, is empty or comes twice", i+1, m.ID)
		}
		for _, language := range slices.Sorted(maps.Keys(m.In)) {
			own := meaning{Links: m.Links}
			for _, s := range m.In[language].Words {
				p := newPhrase(s)
				if slices.ContainsFunc(p, func(part string) bool { return strings.TrimSpace(part) == "" }) {
					errs = append(errs, fmt.Errorf("%s, %s: %q is not a phrase", m.ID, language, s))
					continue
				}
				own.phrases = append(own.phrases, p)
			}
			if example := m.In[language].Example; !own.says(heard(example)) {
				errs = append(errs, fmt.Errorf("%s, %s: the example %q does not say it", m.ID, language, example))
			}
			m.phrases = append(m.phrases, own.phrases...)
		}
	}
	return all, errors.Join(errs...)
}

// newPhrase reads an entry of the table.
func newPhrase(s string) phrase {
	var p phrase
	for _, part := range strings.Split(s, "…") {
		part = strings.TrimSpace(part)
		before, after := strings.HasPrefix(part, "*"), strings.HasSuffix(part, "*")
		part = strings.TrimSpace(fold(strings.Trim(part, "*")))
		// Scripts without blanks between words have no ends of words to look for.
		if r := []rune(part); len(r) > 0 {
			if !before && spaced(r[0]) {
				part = " " + part
			}
			if !after && spaced(r[len(r)-1]) {
				part += " "
			}
		}
		p = append(p, part)
	}
	return p
}

// spaced reports whether the script of r puts blanks between words, each of them ending there.
// Korean has blanks, but its endings hang on the words.
func spaced(r rune) bool {
	return !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

// in reports whether a folded text has the phrase.
func (p phrase) in(text string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], p[0])
		if i < 0 {
			return false
		}
		at += i + 1
		if follow(p[1:], text[at-1+len(p[0]):]) {
			return true
		}
	}
}

// follow reports whether the rest of a phrase comes soon enough in the rest of a text.
func follow(rest phrase, text string) bool {
	for _, part := range rest {
		// The blank that ends one part may begin the next one.
		i := strings.Index(" "+text, part)
		if i < 0 || i > maxGap {
			return false
		}
		text = (" " + text)[i+len(part):]
	}
	return true
}

// spoken is a server's text as the table is asked about it.
type spoken struct{ plain, whole string } // without and with addresses, links and host names

var (
	addresses = regexp.MustCompile(`<[^<>\s]*@[^<>\s]*>|[^\s<>()\[\]:;,"']+@[^\s<>()\[\]:;,"']+`)
	links     = regexp.MustCompile(`(?i)\b(?:https?://|www\.)\S+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)+\.[a-z]{2,6}\b`)
)

// heard prepares a text.
func heard(text string) spoken {
	text = addresses.ReplaceAllString(text, " ")
	return spoken{plain: fold(links.ReplaceAllString(text, " ")), whole: fold(text)}
}

func (m *meaning) says(s spoken) bool {
	text := s.plain
	if m.Links {
		text = s.whole
	}
	return slices.ContainsFunc(m.phrases, func(p phrase) bool { return p.in(text) })
}

// letters are those that Unicode does not take apart into a plain letter and its marks.
var letters = strings.NewReplacer("ß", "ss", "ı", "i", "ł", "l", "ø", "o", "æ", "ae", "œ", "oe", "đ", "d",
	"'", "", "’", "", "`", "", "´", "")

// fold takes case, accents and punctuation away, and puts a blank around what is left.
func fold(s string) string {
	s = letters.Replace(strings.ToLower(s))
	var b strings.Builder
	b.WriteByte(' ')
	blank := true
	for _, r := range norm.NFKD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
			blank = false
		case !blank:
			b.WriteByte(' ')
			blank = true
		}
	}
	if !blank {
		b.WriteByte(' ')
	}
	return b.String()
}

// meanings are those of one text, asked for when a rule needs them.
type meanings struct {
	text  string
	heard *spoken
	known map[string]bool
}

// are reports whether the text has one of the meanings.
func (m *meanings) are(ids ...string) bool {
	for _, id := range ids {
		said, known := m.known[id]
		if !known {
			if m.heard == nil {
				s := heard(m.text)
				m.heard, m.known = &s, map[string]bool{}
			}
			said = data().meaning(id).says(*m.heard)
			m.known[id] = said
		}
		if said {
			return true
		}
	}
	return false
}

// vetoed reports whether the text says something that a dead mailbox does not: that it is full, that
// the trouble passes, that the recipient chose so, or that the sender is to blame. Whoever may be
// alive stays off the suppression list, whatever the codes say.
func (m *meanings) vetoed() bool {
	return slices.ContainsFunc(data().meanings, func(o meaning) bool { return o.Vetoes && m.are(o.ID) })
}

// Meanings returns what a text says, in the order of the table in words.json: "gone" (there is no such mailbox, or it is
// closed for good), "full", "later", "relay", "reputation" and so on. It is for texts that are not an answer to this
// client, such as those in a report. It is pure and safe for concurrent use.
func Meanings(text string) []string {
	said := meanings{text: text}
	var ids []string
	for _, m := range data().meanings {
		if said.are(m.ID) {
			ids = append(ids, m.ID)
		}
	}
	return ids
}
