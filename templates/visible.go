package templates

import (
	"bytes"
	"strings"
	"sync"
	"sync/atomic"
	texttemplate "text/template"
	"text/template/parse"

	"mailshot/templates/function"
	"mailshot/templates/guards"
	"mailshot/templates/markup"
)

// alwaysChecked is how many different paths through a template are checked one and all. Of those after them every
// sometimesChecked-th is.
const (
	alwaysChecked    = 500
	sometimesChecked = 50
)

// mostSaid is how many times longer than the longest document a source may become for a row. html/template leaves
// comments out, and it writes a blank as it is.
const mostSaid = 2

// visibleGuard compares what a reader sees of a finished document with what the author's source says for the same row.
// The source is executed by text/template for that, with the cells escaped and nothing else done to it.
//
// The comparison takes several times as long as the document itself. But a cell cannot change what html/template makes
// of the text around it, so documents that took the same branches differ from their source alike, or not at all. The
// guard therefore compares the first document of each path.
type visibleGuard struct {
	faded atomic.Bool // a document differed: each one is compared from now on

	mu   sync.Mutex
	run  *function.Execution
	t    *texttemplate.Template
	seen map[string]bool // paths
	more int             // paths seen when seen was full
}

func newVisibleGuard(s *set, entry string) (*visibleGuard, error) {
	g := &visibleGuard{run: s.functions(), seen: map[string]bool{}}
	g.t = texttemplate.New(entry).Funcs(g.run.Map()).Option("missingkey=error")
	for name, t := range s.meant {
		show(t.tree.Root)
		if _, err := g.t.AddParseTree(name, t.tree); err != nil {
			return nil, t.unit.raw.ErrorAt(0, "template", err.Error(), "")
		}
	}
	return g, nil
}

// show makes each action of a tree that prints write HTML.
func show(l *parse.ListNode) {
	guards.EachAction(l, func(n *parse.ActionNode) {
		if len(n.Pipe.Decl) == 0 {
			n.Pipe.Cmds = append(n.Pipe.Cmds, guards.Call(function.Shown, n.Pipe.Pos))
		}
	})
}

// due says whether a document that took a path is to be compared.
func (g *visibleGuard) due(path []byte) bool {
	switch {
	case g.faded.Load():
		return true
	case g.seen[string(path)]:
		return false
	case len(g.seen) < alwaysChecked:
		g.seen[string(path)] = true
		return true
	}
	g.more++
	return g.more%sometimesChecked == 0
}

// check compares a document that was made for a row with the source, if that is due. It takes no lock for the path of
// the row before.
func (g *visibleGuard) check(p *template, path []byte, dot func() map[string]any, doc []byte, last *recent) error {
	if last.known && bytes.Equal(path, last.path) && !g.faded.Load() {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.due(path) {
		if last.known = g.seen[string(path)]; last.known {
			last.path = append(last.path[:0], path...)
		}
		return nil
	}
	var b bytes.Buffer
	row := dot()
	g.run.Begin(row)
	err := g.t.ExecuteTemplate(&limited{&b, mostSaid * p.set.c.cfg.Limit}, p.entry, row)
	g.run.Begin(nil)
	if err != nil {
		return err
	}
	said, err := markup.Visible(b.String())
	if err != nil {
		return err
	}
	made, err := markup.Visible(string(doc))
	if err != nil {
		return err
	}
	if inSource, inMade, ok := markup.Differ(said, made); !ok {
		g.faded.Store(true)
		return p.faded(inSource, inMade)
	}
	return nil
}

// faded is the error about a document whose visible text is not that of its source.
func (p *template) faded(inSource, inMade string) error {
	const code = "html-differs"
	const hint = "a comment or a tag near it is not closed as mail programs expect: write it more simply"
	quote := func(s string) string {
		if s == "" {
			return "nothing more"
		}
		return `"` + s + `"`
	}
	text := "the HTML does not show what its template says: the template has " + quote(inSource) +
		" where the message has " + quote(inMade)
	for word := range strings.FieldsSeq(inSource) {
		for _, u := range p.set.units {
			if len(word) > 1 && !p.set.nobodys(u) && strings.Count(u.raw.Source.Text, word) == 1 {
				return u.raw.ErrorAt(strings.Index(u.raw.Source.Text, word), code, text, hint)
			}
		}
	}
	return p.whole(code, text, hint)
}
