// Package condition has the conditions of selectors on attributes. Read reads one on style=, as
// [style*="margin: 16px 0"], and Selector.Differs says whether it may see what is written into style=.
package condition

import (
	"regexp"
	"slices"
	"strings"

	"github.com/andybalholm/cascadia"
	xhtml "golang.org/x/net/html"
)

// Condition is a condition on style=.
type Condition struct {
	operator string // "*=" and the like; "" if it asks whether there is a style=, or is not understood
	text     string // in small letters, with one kind of quotes and without blanks at its ends
}

var written = regexp.MustCompile(`(?s)^\[\s*[sS][tT][yY][lL][eE]\s*([*^$~|]?=)\s*(?:"([^"\\]*)"|'([^'\\]*)'|([\w-]+))\s*[iIsS]?\s*\]$`)

// Read reads a condition on style=, from bracket to bracket.
func Read(text string) Condition {
	m := written.FindStringSubmatch(text)
	if m == nil {
		return Condition{}
	}
	return Condition{m[1], plain(m[2] + m[3] + m[4])}
}

// plain makes texts comparable that may be written in several ways.
func plain(text string) string {
	return strings.ToLower(strings.TrimSpace(strings.ReplaceAll(text, `"`, "'")))
}

// Selector is one compound of a selector: the elements that it is about, whatever is in their style=, and what it asks
// of that.
type Selector struct {
	Element cascadia.Sel
	Style   []Condition
}

// Differs says whether the selector may match another one of the nodes once declarations are written into style=,
// before what is there, with semicolons between them. It may say so where it does not. What has word in it is not
// known.
func (s Selector) Differs(nodes []*xhtml.Node, declarations []string, word string) bool {
	for _, n := range nodes {
		if s.Element.Match(n) && slices.ContainsFunc(s.Style, func(c Condition) bool { return c.differs(n, declarations, word) }) {
			return true
		}
	}
	return false
}

func (c Condition) differs(n *xhtml.Node, declarations []string, word string) bool {
	has := func(text string) bool { return strings.Contains(text, word) || strings.Contains(plain(text), c.text) }
	if c.operator == "" || c.text == "" || strings.Contains(c.text, ";") || slices.ContainsFunc(declarations, has) {
		return true
	}
	if c.operator == "*=" { // what is there stays there
		return false
	}
	known := false
	for _, a := range n.Attr {
		if a.Key == "style" {
			known = true
			if has(a.Val) {
				return true
			}
		}
	}
	return !known // an action may decide on it
}

// Caseless are attributes whose value browsers compare whatever its case, and those that are posed in another way.
var Caseless = []string{"class", "id", "align", "valign", "bgcolor", "color", "text", "link", "alink", "vlink", "face",
	"dir", "lang", "type", "rel", "rules", "frame", "shape", "scope", "clear", "target", "method", "media", "nowrap",
	"noshade", "compact", "checked", "disabled", "selected", "multiple", "readonly", "charset", "http-equiv", "hreflang"}
