package plaintext

import (
	"strings"

	xhtml "golang.org/x/net/html"

	"mailshot/templates/function"
	"mailshot/templates/source"
)

// link writes a link as its text and its address, or as the address alone if both say the same.
func (w *writer) link(n *xhtml.Node) {
	href := strings.TrimSpace(attr(n, "href"))
	sub := w.sub()
	sub.children(n)
	text := strings.TrimSpace(sub.b.String())
	bare := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(href, "mailto:"), "https://"), "http://")
	switch {
	case href == "" || strings.HasPrefix(href, "#"), w.isNumber(href, text):
		tokens(w.t, href, w.spared)
		w.children(n)
	case text == href:
		w.words(w.href(href))
	case text == bare, text == strings.TrimSuffix(bare, "/"):
		w.children(n)
	default:
		w.children(n)
		w.space = true
		w.words("<" + w.href(href) + ">")
	}
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
