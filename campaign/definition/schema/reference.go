package schema

import (
	"strings"
	"unicode/utf8"
)

// Reference returns a file that shows every key of the table with an example and what it means.
func Reference(keys []Key) string {
	var b strings.Builder
	writeReference(&b, keys, "", false)
	return b.String()
}

// A comment above a key is broken at commentWidth. A short comment is beside its key, at commentColumn or after it, if
// the line is no wider than besideWidth.
const (
	commentWidth  = 100
	commentColumn = 44
	besideWidth   = 120
)

// writeReference writes keys at a depth. off: they are below a key that is commented out, and so are commented out too.
func writeReference(b *strings.Builder, keys []Key, indent string, off bool) {
	apart := false // the previous key takes several lines
	for _, k := range keys {
		if k.Hidden {
			continue
		}
		line := indent
		if k.Off || off {
			line += "# "
		}
		line += k.Name + ":"
		first, rest, _ := strings.Cut(k.Example, "\n")
		if first != "" {
			line += " " + first
		}
		doc := k.Doc
		if doc != "" && rest == "" && k.Keys == nil {
			gap := max(2, commentColumn-utf8.RuneCountInString(line))
			if beside := line + strings.Repeat(" ", gap) + "# " + doc; utf8.RuneCountInString(beside) <= besideWidth {
				line, doc = beside, ""
			}
		}
		if indent == "" && b.Len() > 0 && (doc != "" || apart) {
			b.WriteString("\n")
		}
		apart = rest != "" || k.Keys != nil
		if doc != "" {
			for _, l := range wrap(doc, commentWidth-len(indent)) {
				b.WriteString(indent + "# " + l + "\n")
			}
		}
		b.WriteString(line + "\n")
		under := indent + "  "
		if k.Off || off {
			under = indent + "#   "
		}
		for l := range strings.Lines(rest) {
			b.WriteString(under + strings.TrimSuffix(l, "\n") + "\n")
		}
		writeReference(b, k.Keys, indent+"  ", k.Off || off)
	}
}

// wrap breaks text at blanks into lines of at most width runes where it can.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, w := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(w) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += w
	}
	return append(lines, line)
}
