// Package gaps finds the places of a template at which an empty value leaves a gap. Find returns the places of a form.
// Judge says whether an address that was written leads anywhere. A Seen gathers, for one message, which places were
// filled and which stayed empty.
//
// The template decides where an empty value matters, and only the rows decide whether there is one. So the places are
// found once, the executed template notes what it prints there, and whoever counts the notes over all rows knows the
// rest. A template that says itself what happens without a value has no such place: {{.x | default "y"}}, {{if .x}}.
package gaps

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"text/template/parse"
	"unicode/utf8"

	xhtml "golang.org/x/net/html"

	"mailshot/templates/source"
)

// Kind says what an empty value leaves at a place.
type Kind int

// The kinds, from the one that matters least.
const (
	Value   Kind = iota // a text without one of its words, which may be meant
	Hole                // a text that shows that a word is missing: "Dear ,", "Invoice for "
	Link                // a link or an image that leads nowhere
	Garbled             // a link whose address is not what was meant
)

// Place is where a template prints a value that may be empty.
type Place struct {
	Kind     Kind
	At       int    // offset of its action in the form's text
	From, To int    // of a Link: its attribute's value in the form's text
	Name     string // of a Link: the attribute; else the action: {{.name}}
	Left     string // of a Hole: what stands in its line without the value
	Shares   bool   // of a Link: mailto:?subject=… that names nobody on purpose
}

// Error says where in the source of a form a place is, and what is wrong if its value is empty.
func (p Place) Error(f *source.Form) *source.Error {
	switch p.Kind {
	case Link:
		return f.ErrorAt(p.At, "empty-link", "this "+p.Name+" leads nowhere",
			"fill the cells, or write the link within {{if .column}}…{{end}}")
	case Garbled:
		return f.ErrorAt(p.At, "broken-link", "this "+p.Name+" is not a whole address",
			"write https:// and the host, without a dot before it")
	case Hole:
		return f.ErrorAt(p.At, "empty-value", fmt.Sprintf("%s is empty, which leaves %q", p.Name, p.Left),
			"fill the cells, or say what then: {{.column | default \"you\"}}")
	}
	return f.ErrorAt(p.At, "empty-value", p.Name+" is empty", "fill the cells, or say what then: {{if .column}}…{{end}}")
}

// form is a template that is being looked through.
type form struct {
	text    string // with its actions blotted out
	source  string // with its actions
	actions []source.Action
	links   []Place
	fixed   []Place     // links without an action, which lead nowhere
	line    []byte      // the visible text, with \n between blocks and mark for each action
	at      map[int]int // by start of an action: its place in line
}

// mark stands for an action in the visible text.
const mark = '\x01'

// Links finds the links of an HTML form that have an action in their address. nowhere are those without one whose
// address is empty.
func Links(f *source.Form) (links, nowhere []Place) {
	g := read(f, true)
	return g.links, g.fixed
}

// Find finds the places of the form of a tree at which a value may be empty, links aside. isHTML says whether the form
// is HTML. subject says that the form is one line whose end is seen.
func Find(f *source.Form, tree *parse.Tree, isHTML, subject bool) []Site {
	g := read(f, isHTML)
	var found []Site
	for _, s := range sites(tree.Root) {
		at := g.action(s.at)
		if at < 0 {
			continue
		}
		start := g.actions[at].Start
		p := Place{At: s.at, Name: g.source[start:g.actions[at].End]}
		if link := g.linkAt(start); link != nil {
			if link.Name == "style" || bare(g.literal(link.From, start)) {
				continue // the link is a place of its own
			}
			found = append(found, Site{p, s.action})
			continue
		}
		pos, visible := g.at[start]
		if !visible {
			continue
		}
		left, right := g.around(pos)
		switch {
		case !isHTML && bare(lastWord(left)) && lastWord(left) != "":
			p.Kind, p.Name = Link, "link"
		case hole(left, right, subject):
			p.Kind = Hole
			p.Left = strings.TrimRight(strings.ReplaceAll(left+right, string(mark), "…"), " ")
		}
		found = append(found, Site{p, s.action})
	}
	return found
}

// Site is a place with its action in the tree.
type Site struct {
	Place
	Action *parse.ActionNode
}

// read looks through a form.
func read(f *source.Form, isHTML bool) *form {
	actions, _ := source.Scan(f.Text)
	g := &form{source: f.Text, actions: actions, at: map[int]int{}}
	b := []byte(f.Text)
	for _, a := range actions {
		for i := a.Start; i < a.End; i++ {
			b[i] = 'x'
		}
	}
	if g.text = string(b); isHTML {
		g.readHTML()
	} else {
		g.visible(0, len(g.text), false)
	}
	return g
}

// inline are the elements that do not interrupt a line.
var inline = []string{
	"a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "dfn", "em", "font", "i", "ins", "kbd", "label", "mark", "q",
	"s", "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
}

// unseen are the elements whose text is not in the message that a reader sees.
var unseen = []string{"style", "script", "title", "template", "textarea"}

func (g *form) readHTML() {
	z := xhtml.NewTokenizer(strings.NewReader(g.text))
	hidden, at := "", 0
	for tt := z.Next(); tt != xhtml.ErrorToken; tt = z.Next() {
		start := at
		at += len(z.Raw())
		switch tt {
		case xhtml.TextToken:
			if hidden == "" {
				g.visible(start, at, true)
			}
		case xhtml.StartTagToken, xhtml.SelfClosingTagToken, xhtml.EndTagToken:
			b, _ := z.TagName()
			name := string(b)
			switch {
			case tt == xhtml.EndTagToken && name == hidden:
				hidden = ""
			case tt == xhtml.StartTagToken && hidden == "" && slices.Contains(unseen, name):
				hidden = name
			}
			if !slices.Contains(inline, name) {
				g.line = append(g.line, '\n')
			}
			if tt != xhtml.EndTagToken {
				g.tag(start, at)
			}
		}
	}
}

// visible adds a piece of the text that a reader sees.
func (g *form) visible(from, to int, isHTML bool) {
	add := func(s string) {
		if isHTML {
			s = strings.Join(strings.FieldsFunc(" "+s+" ", isBreak), " ")
			s = html.UnescapeString(s[1 : len(s)-1])
		}
		s = strings.ReplaceAll(s, "\u00a0", " ")
		g.line = append(g.line, strings.ReplaceAll(s, string(mark), "")...)
	}
	i, _ := slices.BinarySearchFunc(g.actions, from, func(a source.Action, at int) int { return a.Start - at })
	for ; i < len(g.actions) && g.actions[i].Start < to; i++ {
		a := g.actions[i]
		add(g.text[from:a.Start])
		if from = min(a.End, to); a.Kind == source.Output {
			g.at[a.Start] = len(g.line)
			g.line = append(g.line, mark)
		}
	}
	add(g.text[from:to])
}

func isBreak(r rune) bool { return r == '\n' || r == '\r' || r == '\t' }

// around returns what stands before and after a place of the visible text, in its line.
func (g *form) around(pos int) (left, right string) {
	text := string(g.line)
	left, right = text[:pos], text[pos+1:]
	left = left[strings.LastIndexByte(left, '\n')+1:]
	right, _, _ = strings.Cut(right, "\n")
	return strings.TrimLeft(left, " "), strings.TrimRight(right, " ")
}

// hole says whether the text around an empty value shows that a word is missing: punctuation stands alone, or a subject
// ends after a blank.
func hole(left, right string, subject bool) bool {
	if right == "" {
		return subject && strings.HasSuffix(left, " ")
	}
	if after := strings.TrimLeft(right, " \u202f"); after != "" && strings.ContainsRune("!?:;»", []rune(after)[0]) {
		right = after // French sets a blank before them
	}
	first, _ := utf8.DecodeRuneInString(right)
	return strings.ContainsRune(",!:;?.)»،؛؟。、，！：？", first) &&
		(left == "" || strings.HasSuffix(left, " ") || strings.HasSuffix(left, "("))
}

func lastWord(s string) string {
	return s[strings.LastIndexAny(s, " \t(\"'<>"+string(mark))+1:]
}

// bare says whether what stands before a value in an address is not an address without it: nothing, or a scheme.
func bare(before string) bool {
	s := strings.ToLower(strings.TrimSpace(before))
	return s == "" || strings.HasSuffix(s, "://") || s == "//" ||
		strings.HasSuffix(s, ":") && !strings.ContainsAny(s, "/?# ")
}

// action returns the index of the action that an offset is in, or -1.
func (g *form) action(off int) int {
	i, found := slices.BinarySearchFunc(g.actions, off, func(a source.Action, at int) int { return a.Start - at })
	if !found {
		i--
	}
	if i < 0 || off >= g.actions[i].End {
		return -1
	}
	return i
}

// literal returns the text between two places, without its actions.
func (g *form) literal(from, to int) string {
	var b strings.Builder
	for _, a := range g.actions {
		if a.Start >= from && a.End <= to {
			b.WriteString(g.text[from:a.Start])
			from = a.End
		}
	}
	b.WriteString(g.text[from:to])
	return b.String()
}

func (g *form) linkAt(off int) *Place {
	for i := range g.links {
		if l := &g.links[i]; l.From <= off && off < l.To {
			return l
		}
	}
	return nil
}
