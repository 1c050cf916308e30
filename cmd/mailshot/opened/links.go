package opened

import (
	"strings"

	"golang.org/x/net/html"
)

// Link is a link of the HTML.
type Link struct{ Text, Address string }

// Links are the links of the HTML, in their order: what they say, and where they lead.
func (m *Message) Links() []Link {
	var all []Link
	for n := range m.elements() {
		if n.Data != "a" && n.Data != "area" {
			continue
		}
		for _, a := range n.Attr {
			if a.Key == "href" {
				all = append(all, Link{said(n), strings.TrimSpace(a.Val)})
			}
		}
	}
	return all
}

// Addresses are those to which the HTML's links lead, and of its images, in their order.
func (m *Message) Addresses() (all []string) {
	for n := range m.elements() {
		key := map[string]string{"a": "href", "area": "href", "img": "src"}[n.Data]
		for _, a := range n.Attr {
			if key != "" && a.Key == key {
				all = append(all, strings.TrimSpace(a.Val))
			}
		}
	}
	return all
}

// said is the text of an element; where an image stands for it, what the image says.
func said(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data + " ")
		}
		for _, a := range c.Attr {
			if c.Data == "img" && a.Key == "alt" {
				b.WriteString(a.Val + " ")
			}
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// Remote reports whether the HTML shows images, or something else, from elsewhere, so that who reads it would be seen.
func (m *Message) Remote() bool {
	for n := range m.elements() {
		if n.Data == "a" || n.Data == "area" {
			continue
		}
		if n.Data == "style" && n.FirstChild != nil && elsewhere(n.FirstChild.Data) {
			return true
		}
		for _, a := range n.Attr {
			switch a.Key {
			case "src", "srcset", "background", "poster", "style":
				if elsewhere(a.Val) || strings.HasPrefix(strings.TrimSpace(a.Val), "//") {
					return true
				}
			}
		}
	}
	return false
}

func elsewhere(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "http:") || strings.Contains(text, "https:")
}

// elements are those of the HTML, as a browser reads it.
func (m *Message) elements() func(yield func(*html.Node) bool) {
	return func(yield func(*html.Node) bool) {
		doc, err := html.Parse(strings.NewReader(m.HTML))
		if err != nil { // too deep for anybody to show
			return
		}
		for n := range doc.Descendants() {
			if n.Type == html.ElementNode && !yield(n) {
				return
			}
		}
	}
}
