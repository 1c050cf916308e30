package plaintext

import (
	"strconv"
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"mailshot/templates/function"
	"mailshot/templates/plaintext/flowed"
	"mailshot/templates/source"
)

// link writes a link as its text and its address, or as the address alone if both say the same. The icons of a
// footer are left out, and a link that shows nothing. An address is written once.
func (w *writer) link(n *xhtml.Node) {
	href := destination(n)
	sub := w.sub()
	sub.children(n)
	said := strings.TrimSpace(strings.ReplaceAll(sub.b.String(), flowed.Right, ""))
	at, _ := w.t.Next(href)
	w.whole(href)
	text, meant, bare := w.written(said), w.written(href), w.written(bare(href))
	bracketed := func() {
		w.gap = ' '
		w.address("<" + href + ">")
		w.seam = true
	}
	switch {
	case href == "" || strings.HasPrefix(href, "#"), w.isNumber(href, said), w.twice[n], said == "" && w.tiny,
		text == bare, text == strings.TrimSuffix(bare, "/"):
		tokens(w.t, href, w.spared)
		w.children(n)
	case text == meant:
		tokens(w.t, said, w.spared)
		w.address(href)
	case at < 0 && (said == "" && !pictured(n) || icon(n)):
	case said == "":
		w.words(attr(n, "aria-label"))
		bracketed()
	default:
		w.children(n)
		bracketed()
	}
}

// destination is the address of a link, without the line ends that browsers leave out.
func destination(n *xhtml.Node) string {
	return strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(strings.TrimSpace(attr(n, "href")))
}

// area writes a link that is a part of a picture, on a line of its own.
func (w *writer) area(n *xhtml.Node) {
	href := destination(n)
	w.whole(href)
	w.begin()
	w.words(picture(n))
	if href == "" || href[0] == '#' || w.twice[n] {
		tokens(w.t, href, w.spared)
	} else {
		w.gap = ' '
		w.address("<" + href + ">")
	}
	w.end(1)
}

// whole makes sure that no part of an address is a template that is included: its cells are escaped as those of a text.
func (w *writer) whole(href string) {
	for {
		at, i := w.t.Next(href)
		if at < 0 {
			return
		}
		if w.kind(i) == source.Include {
			w.fail(w.t.Actions[max(w.t.Action(i), 0)].Start, "the text part cannot have an address from a template that is included",
				"write the address in its place, or write the text part yourself, as body.text")
		}
		href = href[at+w.t.Width():]
	}
}

// bare is an address without what people leave out.
func bare(href string) string {
	return strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(href, "mailto:"), "https://"), "http://")
}

// pictured says whether a link shows a picture.
func pictured(n *xhtml.Node) bool {
	for d := range n.Descendants() {
		if d.DataAtom == atom.Img {
			return true
		}
	}
	return false
}

// written is a text with the actions as their author has written them, to compare it with another.
func (w *writer) written(s string) string {
	var b strings.Builder
	for {
		at, i := w.t.Next(s)
		if at < 0 {
			return b.String() + s
		}
		b.WriteString(s[:at] + "{{" + w.t.Value(i) + "}}")
		s = s[at+w.t.Width():]
	}
}

// address writes an address, with brackets around it or without. In a line from right to left it is isolated, so that
// its signs stay in their order.
func (w *writer) address(s string) {
	bracket := ""
	if inside, ok := strings.CutPrefix(s, "<"); ok {
		bracket, s = "<", strings.TrimSuffix(inside, ">")
	}
	s = w.href(s)
	if bracket != "" {
		s = "<" + s + ">"
	}
	if w.right {
		s = "\u2066" + s + "\u2069"
	}
	w.word(s)
}

// iconSize is how large an icon is at most.
const iconSize = 48

// icon says whether all that a link shows is an icon. One that leads to a number or an address of mail says that.
func icon(n *xhtml.Node) bool {
	switch scheme, _, _ := strings.Cut(strings.ToLower(destination(n)), ":"); scheme {
	case "tel", "sms", "mailto":
		return false
	}
	icons := 0
	for d := range n.Descendants() {
		switch {
		case d.Type == xhtml.TextNode && strings.Trim(d.Data, spaces+ghosts+joiners) != "":
			return false
		case d.DataAtom == atom.Img:
			icons++
			size := attr(d, "width")
			if size == "" {
				size = attr(d, "height")
			}
			if px, err := strconv.Atoi(strings.TrimSuffix(size, "px")); err != nil || px > iconSize {
				return false
			}
		}
	}
	return icons > 0
}

// isNumber says whether a link leads to a telephone number that its text says already.
func (w *writer) isNumber(href, text string) bool {
	scheme, number, _ := strings.Cut(href, ":")
	if at, i := w.t.Next(href); at == 0 && len(href) == w.t.Width() {
		scheme, number = w.t.Function(i), href // {{tel .phone}}
	}
	if scheme = strings.ToLower(scheme); scheme != "tel" && scheme != "sms" {
		return false
	}
	n := w.number(number)
	return n != "" && n == w.number(text)
}

// number returns the digits of a text, and the values that its actions print, whatever functions are around them.
func (w *writer) number(s string) string {
	var b strings.Builder
	digits := func(s string) {
		for _, c := range s {
			if c >= '0' && c <= '9' {
				b.WriteRune(c)
			}
		}
	}
	for {
		at, i := w.t.Next(s)
		if at < 0 {
			digits(s)
			return b.String()
		}
		digits(s[:at])
		b.WriteString("{" + w.t.Value(i) + "}")
		s = s[at+w.t.Width():]
	}
}

// href returns an address whose actions escape what they print, by the part of the address that they are in.
func (w *writer) href(s string) string {
	var b strings.Builder
	for {
		at, i := w.t.Next(s)
		if at < 0 {
			b.WriteString(strings.ReplaceAll(s, " ", "%20"))
			return b.String()
		}
		b.WriteString(strings.ReplaceAll(s[:at], " ", "%20"))
		switch before := b.String(); {
		case i >= len(w.t.Actions) || w.t.Actions[i].Kind != source.Output:
			b.WriteString(w.t.Token(i))
		case strings.ContainsAny(before, "?#"):
			b.WriteString(w.t.Call(function.Query, i))
		case w.static(before):
			b.WriteString(w.t.Call(function.Part, i))
		default:
			b.WriteString(w.t.Call(function.Href, i))
		}
		s = s[at+w.t.Width():]
	}
}

// static says whether there is anything but controls in s.
func (w *writer) static(s string) bool {
	for {
		at, i := w.t.Next(s)
		if at != 0 || i >= len(w.t.Actions) || w.t.Actions[i].Kind == source.Output {
			return s != ""
		}
		s = s[w.t.Width():]
	}
}
