package markup

import (
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// These stand in the text of Visible for what is not text, in the private use area of Unicode.
const (
	linkMark  = "\ue0f0"
	imageMark = "\ue0f1"
)

// Visible returns what a reader sees of a document: its text, with a mark for each link and each image. Runs of blanks
// are one blank. Comments, styles and scripts are left out; what a style hides is not, because the answer is for
// comparing two documents with the same styles.
func Visible(doc string) (string, error) {
	root, err := xhtml.ParseWithOptions(strings.NewReader(doc), xhtml.ParseOptionEnableScripting(false))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	visible(&b, root)
	return strings.Join(strings.Fields(b.String()), " "), nil
}

// visible writes what is below n. The text of an element is set apart from the text around the element, so that words
// of two paragraphs do not become one word.
func visible(b *strings.Builder, n *xhtml.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type == xhtml.TextNode:
			b.WriteString(c.Data)
		case c.Type != xhtml.ElementNode || c.DataAtom == atom.Style || c.DataAtom == atom.Script:
			// doctypes, comments, and what is for programs
		default:
			b.WriteString(" ")
			switch c.DataAtom {
			case atom.A:
				b.WriteString(linkMark)
			case atom.Img:
				b.WriteString(imageMark)
			}
			visible(b, c)
			b.WriteString(" ")
		}
	}
}

// Differ returns the first words in which two results of Visible differ, as one document has them and the other. They
// are empty where the document ends. ok says that the two are the same.
func Differ(a, b string) (inA, inB string, ok bool) {
	if a == b {
		return "", "", true
	}
	as, bs := strings.Fields(a), strings.Fields(b)
	n := 0
	for n < len(as) && n < len(bs) && as[n] == bs[n] {
		n++
	}
	return some(as[n:]), some(bs[n:]), false
}

// some returns the first words of many, for a message.
func some(words []string) string {
	s := strings.Join(words[:min(len(words), 6)], " ")
	s = strings.ReplaceAll(strings.ReplaceAll(s, linkMark, ""), imageMark, "[image]")
	return s
}
