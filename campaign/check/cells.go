package check

import (
	"bytes"
	"html"
	"strings"

	"mailshot/campaign/check/target"
)

// This file checks the links that a row changes. Package markup looks once at the template's own links, at their place.
// Here are the addresses that contain a cell: they differ in each message. So that a million messages pass quickly,
// only two kinds of places are looked at: places outside long literals, and places where a long literal ends within the
// text of a link. An address that the author wrote without a cell may also be outside long literals, and is known: see
// [Compiled.Known].

// hole is where a literal ends within the text of a link.
type hole struct {
	text int    // the offset in the literal where the text begins; -1 = it does not end in one
	to   string // where that link leads
}

// holeOf finds where a literal of HTML leaves a link.
func holeOf(s string) hole {
	h := hole{text: -1}
	open := strings.LastIndexByte(s, '<')
	if open < 0 {
		return h
	}
	tag := s[open:]
	if end := strings.IndexByte(tag, '>'); end >= 0 {
		if to, ok := hrefOf(tag[:end]); ok {
			h.text, h.to = open+end+1, html.UnescapeString(to)
		}
	}
	return h
}

// hrefOf is the address of a link that is whole in a tag.
func hrefOf(tag string) (string, bool) {
	if len(tag) < 3 || tag[1]|0x20 != 'a' || tag[2] > ' ' {
		return "", false
	}
	for to := range targets(tag) {
		return to, true
	}
	return "", false
}

// lookCells looks at the links that contain something from the row.
func lookCells[R run](fs *findings, c *Compiled, text []byte, runs []R) {
	for _, r := range runs {
		at := struct{ At, Literal int }(r)
		lit := &c.html[at.Literal]
		if h := &lit.hole; len(lit.text) >= shortLiteral && h.text >= 0 && at.At+h.text <= len(text) {
			fs.cellText(h.to, text[at.At+h.text:], c.known)
		}
	}
	for k := range attributes {
		lookTargets(&linksTo{}, k, c.html, text, runs, func(start, end int) {
			fs.cellTarget(text[start:end], text[end+1:], k == 1, c.known)
		})
	}
}

// cellTarget looks at an address outside long literals, and at the text of its link, which comes after its tag.
func (fs *findings) cellTarget(to, after []byte, image bool, known map[string]bool) {
	if !target.Plain(to) {
		if whole := html.UnescapeString(string(to)); !known[target.Same(whole)] {
			fs.cellSays(whole, image)
		}
	}
	if image {
		return
	}
	if i := bytes.IndexByte(after, '>'); i >= 0 {
		if shown := after[i+1:]; mayBeAddress(shown) {
			fs.cellText(html.UnescapeString(string(to)), shown, known)
		}
	}
}

// cellSays adds what is wrong with an address that contains a cell. It leaves out what the row's other checks report.
func (fs *findings) cellSays(to string, image bool) {
	of, what := Part(address+to), "a cell makes a link"
	if image {
		what = "a cell makes an image's address"
	}
	says := target.Of(to)
	if _, rest, ok := strings.Cut(to, ":"); ok && rest == "" { // the cell is empty
		return
	}
	switch says.Code {
	case "", "relative-link", "data-image", "link-scheme":
		if strings.HasSuffix(to, "%20") || strings.HasPrefix(to, "%20") {
			fs.add(of, "link-blank", Warning, what+" with a blank at its beginning or end", "delete it in the list")
		}
	case "link-http":
		if image {
			fs.add(of, "image-http", Note, what+" that is not encrypted", says.Hint)
		} else {
			fs.add(of, "link-http", Note, what+" that is not encrypted", says.Hint)
		}
	default:
		text := map[string]string{
			"link-local": " to a machine that readers cannot reach", "link-ip": " to a server by its number, as spam does",
			"link-shortener": " that hides where it leads", "link-blank": " with a blank in it",
			"link-mailto": " to a mailbox that is no address", "link-tel": " to a telephone that is no number",
			"link-script": " to a script", "link-field": " with a field that nothing fills",
			"link-homograph":     " to a host with letters of another script that look like Latin ones",
			"placeholder-domain": " to a domain that was to be replaced",
		}[says.Code]
		fs.add(of, says.Code, Warning, what+text, says.Hint)
	}
}

// mayBeAddress says whether a text of a link may be an address: it has a dot and neither a blank nor a tag before it.
func mayBeAddress(text []byte) bool {
	i := bytes.IndexAny(text[:min(len(text), 300)], "< .")
	return i >= 0 && text[i] == '.'
}

// cellText looks at a link with a cell in its address or its text.
func (fs *findings) cellText(to string, text []byte, known map[string]bool) {
	end := bytes.IndexByte(text, '<')
	if end < 0 || end > 300 || !mayBeAddress(text) {
		return
	}
	shown := strings.TrimSpace(html.UnescapeString(string(text[:end])))
	if target.Elsewhere(to, shown) != "" && (!known[target.Same(to)] || !known[target.Same(shown)]) {
		fs.add(Part(address+to), "link-elsewhere", Warning, "a cell makes a link whose text is the address of another host",
			"filters take that for fraud: show the address itself, or words")
	}
}
