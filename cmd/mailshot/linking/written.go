package linking

import (
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// written is a link as a template has it.
type written struct {
	place, line string // "body.md:7:12", and the line
	column      int    // in the line, in runes from 1
	is          *regexp.Regexp
	literal     int // octets of it that are not made by actions
}

var schemes = regexp.MustCompile(`(?i)https?://`)

// read returns the links of a template, in their order; none if it cannot be read.
func read(dir, file string) (all []written) {
	b, err := os.ReadFile(filepath.Join(dir, file)) // the messages were made of it
	if err != nil {
		return nil
	}
	text := string(b)
	for _, at := range schemes.FindAllStringIndex(text, -1) {
		w := pattern(text[at[0]:])
		before := text[:at[0]]
		start := strings.LastIndexByte(before, '\n') + 1
		w.line, _, _ = strings.Cut(text[start:], "\n")
		w.line = strings.TrimRight(w.line, "\r")
		w.column = len([]rune(before[start:])) + 1
		w.place = fmt.Sprintf("%s:%d:%d", file, strings.Count(before, "\n")+1, w.column)
		all = append(all, w)
	}
	return all
}

// pattern reads the link with which a text begins: up to what ends one in HTML, Markdown or YAML. An action may make
// anything.
func pattern(text string) (w written) {
	var is strings.Builder
	literal := func(s string) {
		s = html.UnescapeString(s)
		w.literal += len(s)
		is.WriteString(regexp.QuoteMeta(s))
	}
	for text != "" {
		end := strings.IndexAny(text, "\"' \t\r\n<>)]|{#")
		if end < 0 {
			literal(text)
			break
		}
		literal(text[:end])
		_, after, action := strings.Cut(text[end:], "}}")
		if !action || !strings.HasPrefix(text[end:], "{{") {
			break
		}
		is.WriteString(".*")
		text = after
	}
	w.is = regexp.MustCompile("^(?s:" + is.String() + ")$")
	return w
}

// place is where a link stands in the templates, with the line: where most of it is literal. "" = it stands in none, as
// one that a cell holds.
func place(all []written, address string) (at, line string, column int) {
	most := 0
	for _, w := range all {
		if w.literal > most && w.is.MatchString(address) {
			at, line, column, most = w.place, w.line, w.column, w.literal
		}
	}
	return at, line, column
}
