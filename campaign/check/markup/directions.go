package markup

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// blocks are elements whose text is laid out separately.
var blocks = strings.Fields("html body p div td th li h1 h2 h3 h4 h5 h6 blockquote center section article header footer dd dt pre " +
	"table tr ul ol")

// flow is an element with the direction of what is in it.
type flow struct {
	name string
	dir  string // ltr, rtl or auto; "" = not known
	cut  bool   // its text is isolated from the text around it, in either direction
}

// paragraph is the text of a block, as far as it was read.
type paragraph struct {
	at          int // of its first letter
	right, left int // letters
	dir         string
	groups      int  // where a number of several groups is + 1
	said        bool // it has marks for the direction of its parts
}

// directions finds blocks with words in both directions, and with nothing that keeps the parts apart. A bracket or a
// number between the parts then goes where the algorithm puts it (Unicode Standard Annex 9).
func (l *looker) directions(whole bool) {
	around := []flow{{}}
	if whole {
		around[0].dir = "ltr"
	}
	var p paragraph
	end := func() {
		l.paragraph(p)
		p = paragraph{}
	}
	for i := range l.tags {
		t := &l.tags[i]
		block := slices.Contains(blocks, t.name)
		if block && t.kind != words {
			end()
		}
		switch {
		case t.kind == opens && !t.void && !isAlone(t.name):
			around = append(around, around[len(around)-1].within(t, block))
		case t.kind == closes:
			if j := slices.IndexFunc(around, func(f flow) bool { return f.name == t.name }); j > 0 {
				for j = len(around) - 1; around[j].name != t.name; j-- {
				}
				around = around[:j]
			}
		case t.kind == words && !around[len(around)-1].cut:
			p.read(t, around[len(around)-1].dir)
		}
	}
	end()
}

// within returns the flow in an element.
func (f flow) within(t *tag, block bool) flow {
	is := flow{name: t.name, dir: f.dir, cut: f.cut && !block}
	if d := lower(strings.TrimSpace(t.value("dir"))); d != "" {
		is.dir, is.cut = d, !block
	} else if d := declarations(t.value("style"))["direction"]; d != "" {
		is.dir = lower(d)
	}
	if t.name == "bdi" || t.name == "bdo" {
		is.cut = true
	}
	if t.name == "style" || t.name == "script" || t.name == "title" {
		is.cut = true
	}
	return is
}

// read counts the letters of a text.
func (p *paragraph) read(t *tag, dir string) {
	p.dir = dir
	if m := grouped.FindStringIndex(t.text); m != nil && p.groups == 0 {
		p.groups = t.at + m[0] + 1
	}
	for i, r := range unescaped(t.text) {
		switch {
		case r == 0x200E, r == 0x200F, r >= 0x2066 && r <= 0x2069, r >= 0x202A && r <= 0x202E:
			p.said = true
		case unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana) && unicode.IsLetter(r):
			p.right++
		case unicode.IsLetter(r):
			p.left++
		default:
			continue
		}
		if p.right+p.left == 1 {
			p.at = t.at + min(i, max(len(t.text)-1, 0))
		}
	}
}

// paragraph says what is wrong with a block.
func (l *looker) paragraph(p paragraph) {
	switch {
	case p.said || p.dir == "" || p.dir == "auto":
	case p.dir == "ltr" && p.right >= 10 && p.right > p.left:
		l.say(p.at, "mixed-direction", "the text runs from right to left, and nothing here says so",
			`write dir="rtl" at its element`)
	case p.right >= 2 && p.left >= 2:
		l.say(p.at, "mixed-direction", "the text runs in both directions, and nothing says which part is which",
			`write <bdi> around the part that runs the other way, so that brackets and numbers stay with it`)
	case p.dir == "rtl" && p.right >= 2 && p.groups > 0:
		l.say(p.groups-1, "mixed-direction", "the groups of this number are shown in the other order",
			`write <bdi dir="ltr"> around it`)
	}
}

// grouped matches a number whose groups have blanks between them, such as a telephone number or an account number.
var grouped = regexp.MustCompile(`\+?\p{Nd}{2,}(?:[ \x{A0}]\p{Nd}{2,})+`)
