// Package flat writes the HTML of a mail as lines of text, so that what was quoted can be told from what was written:
// [Text] is the call. Nothing here uses a network, a clock or a file.
package flat

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// quoteMarks are what programs write into class and id of the element that holds the quoted text.
var quoteMarks = []string{
	"gmail_quote", "gmail_extra", "yahoo_quoted", "moz-cite-prefix", "protonmail_quote", "tutanota_quote", "zmail_extra",
	"moz-signature", "gmail_signature", "gmail_attr", "outlookmessageheader", "wordsection_quote", "hmmessage_quote",
	"ms-outlook-mobile-signature", "ms-outlook-mobile-reference-message", "replyforwardblock",
}

// cutMarks are the marks behind which all is quoted.
var cutMarks = []string{"divrplyfwdmsg", "appendonsend", "stopspelling", "mail-editor-reference-message-container"}

// Text writes an HTML body as lines. Each line of a quoted part, and of a signature that a program marked, begins with
// "> "; the address of a link that writes mail stands behind its text. It takes any text, and time in proportion to it.
func Text(body string) string {
	p := page{atStart: true}
	z := html.NewTokenizer(strings.NewReader(body))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return p.text.String()
		case html.TextToken:
			if p.skip == 0 {
				writeWords(p.write, string(z.Text()), p.atStart)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			p.begin(z.Token())
		case html.EndTagToken:
			p.end(z.Token())
		}
	}
}

// page is the text so far, and the elements that are open.
type page struct {
	text    strings.Builder
	open    []bool // for each open element that can hold text: whether it is quoted
	names   []atom.Atom
	depth   int // quoted elements that are open
	skip    int // open elements that are not shown
	atStart bool
	address string // of the link that is open
}

// write appends text; a line that is quoted begins with "> ".
func (p *page) write(s string) {
	if p.atStart && p.depth > 0 && s != "\n" {
		p.text.WriteString("> ")
	}
	p.text.WriteString(s)
	p.atStart = strings.HasSuffix(s, "\n")
}

// line begins a line.
func (p *page) line() {
	if !p.atStart {
		p.write("\n")
	}
}

// begin takes a start tag.
func (p *page) begin(t html.Token) {
	if skipped(t.DataAtom) {
		if t.Type == html.StartTagToken {
			p.skip++
		}
		return
	}
	switch {
	case t.DataAtom == atom.Body:
		p.skip = 0 // a head that does not end
	case t.DataAtom == atom.A:
		p.address = mailto(t)
	case t.DataAtom == atom.Br:
		p.write("\n")
	case t.DataAtom == atom.P || t.DataAtom == atom.Hr:
		p.line()
		p.write("\n")
	case block(t.DataAtom):
		p.line()
	}
	quote, cut := marked(t)
	if cut {
		p.line()
		p.write("-----Original Message-----\n")
	}
	if t.Type != html.StartTagToken || void(t.DataAtom) || len(p.open) > 10000 {
		return
	}
	if quote {
		p.line()
		p.depth++
	}
	p.open, p.names = append(p.open, quote), append(p.names, t.DataAtom)
}

// end takes an end tag.
func (p *page) end(t html.Token) {
	if skipped(t.DataAtom) {
		p.skip = max(0, p.skip-1)
		return
	}
	if block(t.DataAtom) || t.DataAtom == atom.P {
		p.line()
	}
	if t.DataAtom == atom.A && p.address != "" {
		said := p.text.String()[max(0, p.text.Len()-len(p.address)-4):]
		if p.skip == 0 && !strings.Contains(said, p.address) {
			p.write(" <" + p.address + "> ")
		}
		p.address = ""
	}
	at := lastOf(p.names, t.DataAtom)
	if at < 0 {
		return
	}
	for _, q := range p.open[at:] {
		if q {
			p.line()
			p.depth--
		}
	}
	p.open, p.names = p.open[:at], p.names[:at]
}

// mailto returns the address of a link that writes mail.
func mailto(t html.Token) string {
	for _, a := range t.Attr {
		if a.Key == "href" && len(a.Val) > 7 && strings.EqualFold(a.Val[:7], "mailto:") {
			address, _, _ := strings.Cut(a.Val[7:], "?")
			if len(address) <= 254 {
				return address
			}
		}
	}
	return ""
}

// lastOf is where the element that an end tag closes is open, within the innermost hundred; -1 if it is not.
func lastOf(names []atom.Atom, a atom.Atom) int {
	for i := len(names) - 1; i >= 0 && i > len(names)-100; i-- {
		if names[i] == a {
			return i
		}
	}
	return -1
}

// writeWords writes text with white space as a browser shows it.
func writeWords(write func(string), text string, atStart bool) {
	space := false
	for i, w := range strings.FieldsFunc(text, blank) {
		if i > 0 || !atStart && startsBlank(text) {
			write(" ")
		}
		write(w)
		space = true
	}
	if space && blank(rune(text[len(text)-1])) || !space && text != "" && !atStart {
		write(" ")
	}
}

// blank says whether HTML takes a character as white space.
func blank(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\f' }

// startsBlank says whether a text begins with white space.
func startsBlank(s string) bool { return s != "" && blank(rune(s[0])) }

// skipped says whether nothing of an element is shown.
func skipped(a atom.Atom) bool {
	switch a {
	case atom.Script, atom.Style, atom.Head, atom.Title, atom.Template, atom.Noscript:
		return true
	}
	return false
}

// void says whether an element has no end tag.
func void(a atom.Atom) bool {
	switch a {
	case atom.Br, atom.Hr, atom.Img, atom.Meta, atom.Link, atom.Input, atom.Base, atom.Col, atom.Wbr, atom.Area:
		return true
	}
	return false
}

// block says whether an element begins a line.
func block(a atom.Atom) bool {
	switch a {
	case atom.Div, atom.Tr, atom.Li, atom.Table, atom.Ul, atom.Ol, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6,
		atom.Blockquote, atom.Pre, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Address, atom.Center,
		atom.Dd, atom.Dt, atom.Body, atom.Tbody:
		return true
	}
	return false
}

// marked says whether an element holds quoted text or a signature, and whether all behind it is quoted.
func marked(t html.Token) (quote, cut bool) {
	if t.DataAtom == atom.Blockquote {
		quote = true
	}
	for _, a := range t.Attr {
		if a.Key == "style" && strings.Contains(strings.ReplaceAll(a.Val, " ", ""), "border-top:solid#") {
			cut = t.DataAtom == atom.Div // Outlook's header of the message that is answered
		}
		if a.Key != "class" && a.Key != "id" {
			continue
		}
		v := strings.ToLower(a.Val)
		for _, m := range quoteMarks {
			quote = quote || strings.Contains(v, m)
		}
		for _, m := range cutMarks {
			cut = cut || strings.HasSuffix(v, m)
		}
	}
	return quote, cut
}
