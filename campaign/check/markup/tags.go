package markup

import (
	"html"
	"strings"
)

// tag is a part of HTML: a tag, a text, a comment, or the text between <style> and </style>.
type tag struct {
	kind  kind
	name  string // of the element, in small letters
	attrs []attr
	at    int    // the offset where it begins
	end   int    // the offset after it
	text  string // of a text, a comment, a style, with its entities
	void  bool   // it ends with />
}

type kind int

const (
	opens kind = iota
	closes
	words
	comment
	doctype
	raw // the text of style, script, title or textarea
)

// attr is an attribute. value has its entities resolved; at is where the value begins, or the name if there
// is none; named is where the name begins.
type attr struct {
	name, value string
	at, named   int
	given       bool // it has a value
}

// get returns an attribute by its name.
func (t *tag) get(name string) (attr, bool) {
	for _, a := range t.attrs {
		if a.name == name {
			return a, true
		}
	}
	return attr{}, false
}

// value is the value of an attribute; "" if it is not there.
func (t *tag) value(name string) string {
	a, _ := t.get(name)
	return a.value
}

// tagsOf takes HTML apart. It follows the HTML Standard as far as mail is written, and reads whatever there is.
func tagsOf(s string) (all []tag) {
	for at := 0; at < len(s); {
		i := strings.IndexByte(s[at:], '<')
		if i < 0 || at+i+1 >= len(s) {
			return append(all, tag{kind: words, at: at, end: len(s), text: s[at:]})
		}
		if i > 0 {
			all = append(all, tag{kind: words, at: at, end: at + i, text: s[at : at+i]})
			at += i
		}
		t := next(s, at)
		all = append(all, t)
		at = t.end
		if t.kind != opens || t.void {
			continue
		}
		switch t.name {
		case "style", "script", "title", "textarea":
			end := strings.Index(lower(s[at:]), "</"+t.name)
			if end < 0 {
				end = len(s) - at
			}
			all = append(all, tag{kind: raw, name: t.name, at: at, end: at + end, text: s[at : at+end]})
			at += end
		}
	}
	return all
}

// lower returns a text with its ASCII letters in lower case. strings.ToLower would change the length of a text that is
// not UTF-8.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// next reads what begins with the < at an offset.
func next(s string, at int) tag {
	rest := s[at:]
	until := func(mark string, from int) int {
		if i := strings.Index(rest[from:], mark); i >= 0 {
			return at + from + i + len(mark)
		}
		return len(s)
	}
	switch {
	case strings.HasPrefix(rest, "<!--"):
		end := until("-->", 4)
		if strings.HasPrefix(rest, "<!-->") {
			end = at + 5
		}
		return tag{kind: comment, at: at, end: end, text: s[at:end]}
	case strings.HasPrefix(rest, "<!"), strings.HasPrefix(rest, "<?"):
		t := tag{kind: comment, at: at, end: until(">", 2)}
		if strings.HasPrefix(lower(rest), "<!doctype") {
			t.kind = doctype
		}
		t.text = s[at:t.end]
		return t
	}
	t := tag{kind: opens, at: at}
	i := at + 1
	if i < len(s) && s[i] == '/' {
		t.kind = closes
		i++
	}
	if i >= len(s) || !isLetter(s[i]) { // a bracket that people read
		return tag{kind: words, at: at, end: at + 1, text: "<"}
	}
	start := i
	for i < len(s) && !strings.ContainsRune(" \t\r\n\f/>", rune(s[i])) {
		i++
	}
	t.name = lower(s[start:i])
	t.attrs, t.void, t.end = attributes(s, i)
	return t
}

// attributes reads the attributes of a tag from an offset on, to its end.
func attributes(s string, i int) (all []attr, void bool, end int) {
	for i < len(s) {
		switch c := s[i]; {
		case c == '>':
			return all, void, i + 1
		case c == '/':
			void = true
			i++
			continue
		case strings.IndexByte(" \t\r\n\f", c) >= 0:
			i++
			continue
		}
		void = false
		start := i
		for i < len(s) && strings.IndexByte(" \t\r\n\f/>=", s[i]) < 0 {
			i++
		}
		a := attr{name: lower(loud(s[start:i])), at: start, named: start}
		if i == start { // a = without a name
			i++
			continue
		}
		j := i
		for j < len(s) && strings.IndexByte(" \t\r\n\f", s[j]) >= 0 {
			j++
		}
		if j < len(s) && s[j] == '=' {
			a.given = true
			a.value, a.at, i = value(s, j+1)
		}
		all = append(all, a)
	}
	return all, void, len(s)
}

// value reads the value of an attribute from the offset after its =.
func value(s string, i int) (text string, at, end int) {
	for i < len(s) && strings.IndexByte(" \t\r\n\f", s[i]) >= 0 {
		i++
	}
	if i >= len(s) {
		return "", i, i
	}
	if q := s[i]; q == '"' || q == '\'' {
		if n := strings.IndexByte(s[i+1:], q); n >= 0 {
			return html.UnescapeString(s[i+1 : i+1+n]), i + 1, i + 2 + n
		}
		return html.UnescapeString(s[i+1:]), i + 1, len(s)
	}
	start := i
	for i < len(s) && strings.IndexByte(" \t\r\n\f>", s[i]) < 0 {
		i++
	}
	return html.UnescapeString(s[start:i]), start, i
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
