package check

import (
	"strings"
	"unicode"
)

// The limits of a subject.
const (
	wideSubject = 70 // runes; what mail programs show on a screen
	shout       = 10 // letters from which on capitals are shouting; SpamAssassin's SUBJ_ALL_CAPS
)

// subjectSays looks at the words of a subject. Each of a million messages passes here: most subjects have a small
// letter soon, and nothing but letters.
func (fs *findings) subjectSays(s string) {
	if shouts(s) {
		fs.add(Subject, "subject-shouts", Warning, "the subject is in capitals", "filters and people take that for shouting")
	}
	if strings.Contains(s, "://") || strings.Contains(s, "www.") {
		fs.add(Subject, "subject-link", Warning, "the subject has an address of a page in it",
			"nobody can click on it, and filters count it")
	}
	if strings.Contains(s, "!!") {
		fs.add(Subject, "subject-exclaims", Warning, "the subject has several exclamation marks in a row",
			"one says it, and filters count them")
	}
	if mixed(s) {
		fs.add(Subject, "mixed-direction", Note, "the subject runs in both directions, and nothing says which part is which",
			"set body.language or body.direction: mailshot then keeps the parts in their order")
	}
}

// shouts says whether a text has letters, and only large ones.
func shouts(s string) bool {
	n := 0
	for _, r := range s {
		switch {
		case unicode.IsLower(r):
			return false
		case unicode.IsUpper(r):
			n++
		case unicode.IsLetter(r): // of a script without capitals
			return false
		}
	}
	return n >= shout
}

// mixed says whether a text runs from right to left, and has words that run the other way beside marks that belong to
// neither, without a character that keeps them apart. A name that begins a text of the other direction is not enough:
// most of the letters run from right to left.
func mixed(s string) bool {
	right, left, kept, marks := 0, 0, false, false
	for _, r := range s {
		switch {
		case r < 0x80:
			if r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
				if right == 0 {
					return false
				}
				left++
			}
			marks = marks || strings.ContainsRune("()[]!?:.,%/+-0123456789", r)
		case r == 0x200e || r == 0x200f || r >= 0x2066 && r <= 0x2069 || r >= 0x202a && r <= 0x202e:
			kept = true
		case r >= 0x590 && r < 0x900 || r >= 0xfb1d && r < 0xfe00 || r >= 0xfe70 && r < 0xff00:
			if unicode.IsLetter(r) {
				right++
			}
		}
	}
	return right >= left && left > 0 && marks && !kept
}

// replies are words before a colon by which a subject says that it answers or passes on another message.
var replies = []string{"re", "fw", "fwd", "aw", "wg", "antw", "sv", "vs", "tr", "rv"}

// reply finds a subject that says it answers a message, of a message that answers none.
func (fs *findings) reply(subject string, thread bool) {
	word, _, ok := strings.Cut(subject, ":")
	if !ok || thread || len(word) > 5 {
		return
	}
	for _, known := range replies {
		if strings.EqualFold(strings.TrimSpace(word), known) {
			fs.add(Subject, "subject-reply", Warning, "the subject begins with "+known+":, and the message answers none",
				"readers feel deceived, and filters count it")
			return
		}
	}
}
