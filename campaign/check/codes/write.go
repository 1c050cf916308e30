package codes

import (
	"fmt"
	"io"
	"strings"
)

// Write writes what a code means for a person at a terminal.
func (c Code) Write(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s (%s)\n  %s\n  why:    %s\n  fix:    %s\n  source: %s\n%s", c.Code, c.Severity, c.What,
		c.Why,
		c.Fix, c.Source, c.may())
	return err
}

// may says in a line what a campaign file can do with the code.
func (c Code) may() string {
	if c.Fixed {
		return "  It is fixed: a campaign file can neither lower nor ignore it.\n"
	}
	return "  A campaign file can give it another severity (check.severities) or leave it out (check.ignore).\n"
}

// WriteList writes a line for each code, by groups.
func WriteList(w io.Writer) error {
	var b strings.Builder
	group := ""
	width := 0
	for _, c := range All() {
		width = max(width, len(c.Code))
	}
	for _, c := range All() {
		if c.Group != group {
			if group != "" {
				b.WriteString("\n")
			}
			b.WriteString(c.Group + "\n")
			group = c.Group
		}
		fmt.Fprintf(&b, "  %-*s  %-7s  %s\n", width, c.Code, c.Severity, c.What)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown returns the table as a part of a document: a heading for each group, and one for each code.
func Markdown() string {
	var b strings.Builder
	group := ""
	for _, c := range All() {
		if c.Group != group {
			group = c.Group
			b.WriteString("## " + group + "\n\n")
		}
		severity := string(c.Severity)
		if c.Fixed {
			severity += ", fixed"
		}
		fmt.Fprintf(&b, "### %s\n\n", c.Code)
		for _, line := range []string{c.What + " (" + severity + ")", "Why: " + c.Why, "Fix: " + c.Fix, "Source: " +
			c.Source} {
			b.WriteString(wrap("- ", line))
		}
		b.WriteString("\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// wide is the most columns of a line of the document.
const wide = 118

// wrap writes an item of a list in lines. What Markdown would read as markup is escaped.
func wrap(mark, text string) string {
	text = strings.NewReplacer("*", `\*`, "<", "&lt;", "|", `\|`, "_", `\_`).Replace(text)
	var b strings.Builder
	line := mark
	for i, word := range strings.Fields(text) {
		if i > 0 && len([]rune(line))+1+len([]rune(word)) > wide {
			b.WriteString(line + "\n")
			line = strings.Repeat(" ", len(mark)) + word
			continue
		}
		if i > 0 {
			line += " "
		}
		line += word
	}
	b.WriteString(line + "\n")
	return b.String()
}
