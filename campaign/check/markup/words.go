package markup

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"mailshot/campaign/check/target"
	"mailshot/internal/ellipsis"
	"mailshot/internal/mojibake"
)

// Things that the words of a source may contain by mistake, or that filters count.
var (
	// filler matches what stands in a template until its words are written. Letters in the place of digits, as in the
	// number of a card, are no filler: see masks.
	filler = regexp.MustCompile(`(?i:\blorem ipsum\b)|\b(?:TODO:|FIXME\b|TBD\b)|\b(?:X{4,}|x{5,})\b|\bXX[./]XX[./](?:XX(?:XX)?|20\d\d)\b` +
		`|\[(?i:insert|your|enter|add|hier|ihr[en]*|votre|su|tu) [^\[\]\n]{2,40}\](?:[^(\[]|$)|\b(?:INSERT|ENTER|ADD) [A-Z ]{2,30} HERE\b`)
	masks = regexp.MustCompile(`(?i)^[-– .*x]*\d|\d[-– .*x]*$`)
	// unfilled matches a domain that should have been replaced, alone or in the address of a mailbox.
	unfilled = regexp.MustCompile(`(?i)(?:^|[\s(,;:>"'„“])((?:[\w.+-]+@)?` + target.Placeholders + `)(?:$|[^\w-])`)
	whole    = regexp.MustCompile(`(?i)((?:https?://|mailto:)?(?:[\w.+-]+@)?\b` + target.Placeholders + `)(?:$|[^\w-])`)
	exclaims = regexp.MustCompile(`[!！](?: ?[!！]){2,}`)
	// nobody matches a greeting that names no person: the greetings of SpamAssassin's DEAR_SOMETHING, and some in other
	// languages.
	nobody = regexp.MustCompile(`(?im)^[\s>*_]*(dear (?:sirs?|madam|sir or madam|friends?|customers?|valued customers?|users?|subscribers?|` +
		`members?|recipients?|e-?mail user|account holder|beneficiary|winner|investors?)|to whom it may concern|` +
		`sehr geehrter? (?:kunde|kundin|nutzer|empfänger|abonnent)|chers? (?:client|abonné|utilisateur)s?|` +
		`estimados? (?:cliente|usuario|suscriptor)s?|gentili? clienti?|beste klant)[\s*_]*[,!.:،]`)
)

const (
	fillerText = "this text was to be replaced, and goes out as it stands"
	fillerHint = "write what is meant"
)

// plain looks at a source that is plain text.
func (l *looker) plain(text string) {
	l.saying(0, text, nil)
	if m := whole.FindStringSubmatchIndex(text); m != nil {
		l.unfilled(m[2], text[m[2]:m[3]])
	}
	l.greeting(0, text)
	l.unnamed(0, text)
	if l.Body {
		l.addresses(text)
		l.tagged("this text", text)
	}
}

// typed matches an address in a text that readers can click on, as mail programs find it.
var typed = regexp.MustCompile(`(?i)\b(?:[a-z]{3,8}:/{1,3}|mailto:|www\.)[^\s<>"'\\]+`)

// addresses looks at the addresses in a text.
func (l *looker) addresses(text string) {
	for _, m := range typed.FindAllStringIndex(text, -1) {
		is := strings.TrimRight(text[m[0]:m[1]], ".,:;!?)]»”")
		if strings.HasPrefix(strings.ToLower(is), "www.") {
			continue // programs add the scheme
		}
		l.address(m[0], is)
		if says := target.Of(is); says.Code != "" && says.Code != "link-http" {
			l.say(m[0], says.Code, "the link "+says.Text, says.Hint)
		}
	}
}

// tagged finds HTML in a text: readers see its tags.
func (l *looker) tagged(what, text string) {
	all := htmlTag.FindAllStringIndex(text, 3)
	if len(all) > 1 || len(all) == 1 && sureTag.MatchString(text[all[0][0]:all[0][1]]) {
		l.say(all[0][0], "text-html", what+" has tags of HTML, and readers see them",
			"name the file as body.html, or remove the tags")
		return
	}
	l.entitiesLeft(what, text)
}

var htmlTag = regexp.MustCompile(`(?i)</?(?:p|br|b|i|a|em|strong|div|span|table|tr|td|h[1-6]|ul|ol|li|html|head|body|img|font)` +
	`(?:\s[^<>]*)?/?>`)

// sureTag matches a tag that cannot be a word in angle brackets, so that one such tag is enough.
var sureTag = regexp.MustCompile(`(?i)^<(?:br\s*/?>|/|a\s+href|img\s+src)`)

// enclosed matches words that say that a file goes with the message, in several languages.
var enclosed = regexp.MustCompile(`(?i)\b(?:(?:find|see|have|am|are|is|i've|we've|i|we) (?:\w+ ){0,4}?(?:attached|enclosed)\b` +
	`(?: (?:is|are|you|please|find|to this|herewith)|[.,:;])` +
	`|attached (?:is|are|you will|you'll|please|herewith|to this)|enclosed (?:is|are|you will|you'll|please)|in the attachment|` +
	`attached (?:file|document|invoice|pdf|letter|statement|ticket|form)s?\b|` +
	`im anhang|in der anlage|beigefügte[nrsm]?|liegt bei|anbei|angehängte[nrsm]?|ci-joint|en pièce jointe|pièces? jointes?|` +
	`archivo adjunto|adjunt[oa]s?\b|in allegato|in bijlage|de bijlage|bijgevoegd|w załączniku|i bilagan|i vedlegg)` +
	`|پیوست شده|به پیوست|در پیوست|مرفق (?:طيه|مع|هنا)|المرفقات?`)

// lacking finds words that speak of a file although no file goes with the messages.
func (l *looker) lacking(from int, text string, skip map[int]bool) {
	if m := enclosed.FindStringIndex(text); m != nil && l.Bare && !skip[from+m[0]] {
		l.once(from+m[0], "attachment-none", "this speaks of a file, and none goes with the messages",
			"name it below attachments:, or write where it is")
	}
}

// saying looks at words that begin at an offset. skip says which offsets are not words, but code and the like; it may
// be nil.
func (l *looker) saying(from int, text string, skip map[int]bool) {
	for _, m := range filler.FindAllStringIndex(text, -1) {
		masked := text[m[0]]|0x20 == 'x' &&
			(masks.MatchString(text[m[1]:]) || masks.MatchString(text[:m[0]][strings.LastIndexByte(text[:m[0]], '\n')+1:]))
		if !skip[from+m[0]] && !masked {
			l.once(from+m[0], "filler-text", fillerText, fillerHint)
			break
		}
	}
	l.mangled(from, text)
	l.unmeant(from, text, skip)
	l.lacking(from, text, skip)
	if l.Subject {
		l.trial(text)
		l.tagged("the subject", text)
		if i := strings.Index(text, "!!"); i >= 0 {
			l.say(i, "subject-exclaims", "the subject has several exclamation marks in a row",
				"one says it, and filters count them")
		}
		return
	}
	if m := exclaims.FindStringIndex(text); m != nil && !skip[from+m[0]] {
		l.say(from+m[0], "text-exclaims", "there are several exclamation marks in a row",
			"one says it, and filters count them")
	}
}

// trial finds a subject that was written for a test.
func (l *looker) trial(text string) {
	if trial.MatchString(text) {
		l.say(0, "subject-trial", "the subject is that of a trial", "write what the message is about")
	}
}

var trial = regexp.MustCompile(`^\W*(?i:test(?:ing|e)?(?: ?e?-?mail| message| 1| 2| 123)?|untitled|ohne titel|subject|betreff|` +
	`no subject|kein betreff|asdf\w*|foo|xxx+|(?:your )?subject(?: line)?(?: goes)?(?: here)?)\W*$|^\W*TEST\b\W*[-:–—(]` +
	`|^\s*[\[(](?i:test|draft|entwurf)[\])]|^(?:Copy of|Kopie von|Copie de|Copia de) `)

// mangled finds the first words that were read in the wrong encoding when the source was written.
func (l *looker) mangled(from int, text string) {
	for at := 0; at < len(text); {
		end := at
		for end < len(text) && text[end] != ' ' && text[end] != '\n' && text[end] != '\t' && !stands(text[end]) {
			end++
		}
		word := strings.Trim(text[at:end], `.,:;!?()"`)
		if mended := mojibake.Mended(word); mended != "" {
			l.once(from+at+strings.Index(text[at:], word), "text-mojibake",
				fmt.Sprintf("%s looks like %s read in the wrong encoding", ellipsis.Quote(word, 41), ellipsis.Quote(mended, 41)),
				"save the file again as UTF-8 from where it was right")
			return
		}
		at = end + 1
	}
}

// entities finds a name between & and ; that HTML does not have: readers see it unchanged.
func (l *looker) entities(from int, text string) {
	for _, m := range entity.FindAllStringIndex(text, -1) {
		if is := text[m[0]:m[1]]; unescaped(is) == is {
			l.once(from+m[0], "unknown-entity", fmt.Sprintf("HTML has no %s, and readers see it as it stands", is),
				"write the letter itself")
			return
		}
	}
}

var entity = regexp.MustCompile(`&[A-Za-z][A-Za-z0-9]{1,20};`)

// split finds the first word that an invisible character divides. Words in scripts that need such characters are left
// alone.
func (l *looker) split(from int, text string) {
	if m := divided.FindStringSubmatchIndex(text); m != nil {
		l.once(from+m[2], "hidden-text", fmt.Sprintf("an invisible character divides a word: %s",
			ellipsis.Quote(strings.Map(visible, text[m[0]:m[1]]), 41)),
			"filters take that for spam: remove it, or write &shy; where a word may be broken")
	}
}

// divided matches a zero-width space, a word joiner or a byte order mark within a word.
var divided = regexp.MustCompile(`[\p{Latin}\p{Cyrillic}\p{Greek}]+(\x{200B}|\x{2060}|\x{FEFF}|(?i:&ZeroWidthSpace;|&#8203;|&#x200b;))` +
	`[\p{Latin}\p{Cyrillic}\p{Greek}]+`)

// visible returns a middle dot in place of an invisible character.
func visible(r rune) rune {
	if r == 0x200b || r == 0x2060 || r == 0xfeff {
		return '·'
	}
	return r
}

// unfilled reports a domain that should have been replaced.
func (l *looker) unfilled(at int, domain string) {
	l.say(at, "placeholder-domain", fmt.Sprintf("%q has a domain that was to be replaced", domain),
		"write the domain that is meant")
}

// domains finds the first domain in the words that should have been replaced. Domains of links are found with their
// links.
func (l *looker) domains(from int, text string, skip map[int]bool) {
	if m := unfilled.FindStringSubmatchIndex(text); m != nil && !skip[from+m[2]] {
		l.unfilled(from+m[2], text[m[2]:m[3]])
	}
}

// greeting finds a greeting without a person among the first words.
func (l *looker) greeting(from int, text string) {
	if m := nobody.FindStringSubmatchIndex(text); m != nil {
		l.once(from+m[2], "greeting-nobody", fmt.Sprintf("the greeting %q is to nobody", text[m[2]:m[3]]),
			"write {{.name}}, or greet without a title: filters count this greeting")
	}
}

// once makes a finding that a source gets only once.
func (l *looker) once(at int, code, text, hint string) {
	for _, f := range l.found {
		if f.code == code {
			return
		}
	}
	l.say(at, code, text, hint)
}

// spoken looks at all words of HTML that readers see.
func (l *looker) spoken() {
	l.greetings()
	greeted := false
	linked := 0 // links around the words
	for i := range l.tags {
		t := &l.tags[i]
		switch {
		case t.name == "a" && t.kind == opens:
			linked++
		case t.name == "a" && t.kind == closes:
			linked = max(linked-1, 0)
		case t.kind == words:
			l.saying(t.at, t.text, nil)
			l.entities(t.at, t.text)
			l.escapedTwice(t.at, t.text)
			l.split(t.at, t.text)
			l.unnamed(t.at, t.text+"<")
			if linked == 0 {
				l.domains(t.at, t.text, nil)
			}
			if !greeted {
				l.greeting(t.at, t.text)
				greeted = strings.Count(t.text, ",") > 0
			}
		}
	}
}

// tiny are sizes of letters that nobody reads, in pixels.
const tiny = 1.5

// shadow is how an element and those around it make words invisible.
type shadow struct {
	name         string
	size, opaque float64 // of letters, in pixels, and how much of the colour is seen; -1 = not said
	hidden       bool    // nobody is meant to see it, as a preheader
}

// vanishing finds words that nobody can see, because the letters are too small or transparent. Words before all others
// are a preheader, which many templates hide in this way. Words of an element that says that it is hidden count as a
// preheader, too.
func (l *looker) vanishing() {
	around := []shadow{{opaque: 1, size: -1}}
	seen := false // words were shown
	for i := range l.tags {
		t := &l.tags[i]
		now := around[len(around)-1]
		switch {
		case t.kind == closes:
			for j := len(around) - 1; j > 0; j-- {
				if around[j].name == t.name {
					around = around[:j]
					break
				}
			}
		case t.kind == opens && !t.void && !isAlone(t.name):
			around = append(around, now.within(t))
		case t.kind == words:
			if !strings.ContainsFunc(unescaped(t.text), func(r rune) bool {
				return unicode.IsLetter(r) ||
					unicode.IsNumber(r)
			}) &&
				!strings.Contains(t.text, string([]byte{printed})) {
				continue
			}
			small, clear := now.size >= 0 && now.size < tiny, now.opaque < 0.05
			if seen && !now.hidden && (small || clear) {
				what := "its letters are too small to be seen"
				if clear {
					what = "it is transparent"
				}
				l.once(t.at+len(t.text)-len(strings.TrimLeftFunc(t.text, unicode.IsSpace)), "hidden-text",
					"nobody sees this text: "+what, "filters take that for spam: remove the text, or show it")
			}
			seen = seen || !now.hidden && !small && !clear
		}
	}
}

// within returns the shadow inside an element, given the shadow around it.
func (s shadow) within(t *tag) shadow {
	style := declarations(t.value("style"))
	is := shadow{name: t.name, size: s.size, opaque: s.opaque, hidden: s.hidden}
	if size := style["font-size"]; size != "" {
		is.size = pixels(size)
	}
	if o, ok := number(style["opacity"]); ok {
		is.opaque *= o
	}
	is.hidden = is.hidden || strings.HasPrefix(style["display"], "none") || style["mso-hide"] != "" ||
		style["visibility"] == "hidden" || strings.HasPrefix(style["max-height"], "0") || t.name == "title" ||
		t.name == "head"
	return is
}
