package plaintext

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	decimal "golang.org/x/text/number"

	"mailshot/templates/locale"
	"mailshot/templates/plaintext/flowed"
	"mailshot/templates/plaintext/marks"
	"mailshot/templates/source"
)

// Blanks and octets that nobody sees, as mail pads its preheaders with.
const (
	noBreak = '\u00a0'
	spaces  = " \t\r\n\f\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
	joiners = "\u200c\u200d"
	ghosts  = "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060\ufeff"
)

// words writes text. A run of blanks becomes one blank. A blank that does not break a line stays one if it is alone,
// and so does a joiner within a word; what nobody sees is left out.
func (w *writer) words(s string) {
	for s != "" {
		i := strings.IndexAny(s, spaces+joiners+ghosts)
		word := s
		if i >= 0 {
			word = s[:i]
		}
		w.word(word)
		if i < 0 {
			return
		}
		run := s[i : len(s)-len(strings.TrimLeft(s[i:], spaces+joiners+ghosts))]
		s = s[i+len(run):]
		blank := strings.Trim(run, joiners+ghosts)
		switch only := strings.Trim(run, ghosts); {
		case blank == "" && (only == "\u200c" || only == "\u200d"):
			if w.dirty && w.gap == 0 {
				w.b.WriteString(only)
			}
		case blank == "":
		case run == "\u00a0" && w.gap == 0:
			w.gap = noBreak
		default:
			w.gap = ' '
		}
	}
}

// word writes one word, after the blank that is due.
func (w *writer) word(word string) {
	if word == "" {
		return
	}
	w.start()
	switch {
	case w.gap != 0 && w.dirty:
		w.b.WriteRune(w.gap)
	case w.seam && w.dirty && w.joins(word):
		w.b.WriteByte(' ')
	}
	w.b.WriteString(word)
	w.dirty, w.gap, w.seam = true, 0, false
}

// joins says whether a word would be taken for a part of what the line ends with.
func (w *writer) joins(word string) bool {
	before, _ := utf8.DecodeLastRuneInString(w.b.String())
	after, _ := utf8.DecodeRuneInString(word)
	switch {
	case unicode.In(before, unicode.Ps, unicode.Pi, unicode.Sc, unicode.Z), strings.ContainsRune("\"'/-–—#@&+=~", before):
		return false
	}
	return unicode.In(after, unicode.L, unicode.N, unicode.Sc, unicode.Ps, unicode.Pi)
}

// apartFrom writes what stands in the place of something that is drawn, apart from the words beside it.
func (w *writer) apartFrom(text string) {
	w.seam = true
	w.words(text)
	w.seam = true
}

// spaced matches the style of an element within a line that keeps what the element shows apart from what is beside it.
// A letter that floats is mostly the first of a word.
var spaced = regexp.MustCompile(`(?:^|[;\s])(?:(?:padding|margin)(?:-left|-right)?\s*:[^;]*[1-9]|float\s*:\s*right|` +
	`display\s*:\s*table-cell)`)

// field is what a field or a button of a form says.
func field(n *xhtml.Node) string {
	switch strings.ToLower(attr(n, "type")) {
	case "", "text", "search", "email", "tel", "url", "number", "date", "submit", "button", "reset":
		if value := attr(n, "value"); value != "" {
			return value
		}
		return attr(n, "placeholder")
	case "image":
		return picture(n)
	}
	return ""
}

// raised writes what stands above or below the line. A number there is kept apart from one before it: ten to the sixth
// is not 106, and the cents above the line of a price are behind a decimal sign.
func (w *writer) raised(n *xhtml.Node) {
	sub := w.sub()
	sub.children(n)
	text := strings.ReplaceAll(sub.b.String(), flowed.Right, "")
	before := w.b.String()
	base := w.unfigured(before)
	if c := n.FirstChild; !w.dirty || w.gap != 0 || base == before || text == "" ||
		c.Type == xhtml.TextNode && strings.TrimLeft(c.Data, spaces) != c.Data {
		w.children(n)
		return
	}
	at, i := w.t.Next(text)
	switch {
	case at != 0 && !unicode.IsDigit([]rune(text)[0]), at == 0 && w.kind(i) != source.Output:
	case n.DataAtom == atom.Sub:
		w.b.WriteString("_")
	case (at == 0 && len(text) == w.t.Width() || utf8.RuneCountInString(text) == 2) && (priced(base) || currency(n.NextSibling)):
		half := []rune(message.NewPrinter(language.Make(w.language)).Sprint(decimal.Decimal(0.5)))
		w.b.WriteRune(half[1])
	default:
		w.b.WriteString("^")
	}
	w.seam = false
	w.children(n)
}

// unfigured is a text without the digits or the action that it ends with.
func (w *writer) unfigured(s string) string {
	if last := len(s) - w.t.Width(); last >= 0 {
		if at, i := w.t.Next(s[last:]); at == 0 && w.kind(i) == source.Output {
			return s[:last]
		}
	}
	return strings.TrimRightFunc(s, unicode.IsDigit)
}

// priced says whether a text ends with the sign of a currency, before the rest of a number.
func priced(s string) bool {
	sign, _ := utf8.DecodeLastRuneInString(strings.TrimRight(s, "0123456789.,'’ \u00a0\u202f"))
	return unicode.Is(unicode.Sc, sign)
}

// currency says whether what comes next begins with the sign of a currency.
func currency(n *xhtml.Node) bool {
	if n == nil || n.Type != xhtml.TextNode {
		return false
	}
	sign, _ := utf8.DecodeRuneInString(strings.TrimLeft(n.Data, spaces))
	return unicode.Is(unicode.Sc, sign)
}

// quoted writes a quote within a line, between the quotation marks that HTML puts around it.
func (w *writer) quoted(n *xhtml.Node) {
	language, within := "", 0
	for p := range n.Ancestors() {
		if lang := attr(p, "lang"); language == "" && !strings.Contains(lang, w.t.Prefix()) {
			language = lang
		}
		if p.DataAtom == atom.Q {
			within = 2 - within
		}
	}
	if language == "" {
		language = w.language
	}
	marks := locale.Quotation(language)
	if !w.tiny {
		w.word(marks[within])
	}
	w.children(n)
	if !w.tiny {
		w.word(marks[within+1])
	}
}

// struck writes what is struck through between two tildes on either side, as Markdown does.
func (w *writer) struck(n *xhtml.Node) {
	sub := w.sub()
	sub.children(n)
	text := strings.TrimSpace(strings.ReplaceAll(sub.b.String(), flowed.Right, ""))
	if text == "" || strings.ContainsAny(text, "\n"+marks.Block) {
		w.children(n)
		return
	}
	if c := n.FirstChild; c.Type == xhtml.TextNode && strings.HasPrefix(c.Data, " ") {
		w.gap = ' '
	}
	w.words("~~" + text + "~~")
	if sub.gap != 0 {
		w.gap = sub.gap
	}
}

// picture is what a picture says: what stands in its place, and its title if that says something else. One that nobody
// sees says nothing.
func picture(n *xhtml.Node) string {
	for _, size := range []string{attr(n, "width"), attr(n, "height")} {
		if size = strings.TrimSuffix(size, "px"); size == "0" || size == "1" {
			return ""
		}
	}
	alt, title := strings.TrimSpace(attr(n, "alt")), strings.TrimSpace(attr(n, "title"))
	switch {
	case alt == "" || title == "" || strings.EqualFold(alt, title):
		return alt
	}
	return alt + " (" + title + ")"
}
