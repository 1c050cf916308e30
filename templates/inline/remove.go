package inline

import (
	"slices"
	"strings"

	"github.com/tdewolff/parse/v2/css"
	xhtml "golang.org/x/net/html"

	"mailshot/templates/inline/syntax"
	"mailshot/templates/source"
)

// remove takes the rules out of <style> whose declarations are all in style=, wherever they may be needed.
func (d *document) remove(edits map[*source.Form][]edit) {
	done := map[*rule]bool{}
	for _, r := range d.rules {
		done[r] = !r.stays && len(r.decls) > 0 && !slices.ContainsFunc(r.selectors, func(s *selector) bool {
			return s.sure == nil || !s.matched
		})
	}
	for _, e := range d.list {
		for _, m := range e.matches {
			done[m.rule] = done[m.rule] && e.has(m.rule)
		}
	}
	d.elsewhere(done)
	for _, s := range d.sheets {
		d.erase(s, done, edits)
	}
}

// has says whether all that a rule declares is in the element's style=.
func (e *element) has(r *rule) bool {
	return !slices.ContainsFunc(r.decls, func(c *declaration) bool { return !e.inlined[c] })
}

// elsewhere keeps the rules that elements may need for which the author wrote no tag, and those that Outlook may need:
// for what only Outlook reads, and for what stands within it.
func (d *document) elsewhere(done map[*rule]bool) {
	authored := map[*xhtml.Node]bool{}
	for _, u := range d.uses {
		for _, n := range u.nodes {
			authored[n] = true
		}
	}
	keep := func(n *xhtml.Node, u *use, e *element) {
		for r := range done {
			if done[r] && r.touches(n, u) && (e == nil || !e.has(r)) {
				done[r] = false
			}
		}
	}
	for n := range d.root.Descendants() {
		if n.Type == xhtml.ElementNode && !authored[n] {
			keep(n, unmarked(n), nil)
		}
	}
	v := d.view(choice{outlook: true})
	if v.text == d.main.text {
		return
	}
	tags, doc, ok := v.tags()
	root := read(doc)
	if !ok || root == nil {
		clear(done)
		return
	}
	numbers := map[*xhtml.Node]int{}
	for n := range root.Descendants() {
		if i := number(n); n.Type == xhtml.ElementNode && i >= 0 && i < len(tags) {
			numbers[n] = i
		}
	}
	posed := map[*xhtml.Node]*use{}
	for n, i := range numbers {
		posed[n] = &use{tag: tags[i]}
		d.pose(posed[n], []*xhtml.Node{n}, true)
	}
	for n, u := range posed {
		if u.node.hidden {
			keep(n, u, nil)
		} else {
			keep(n, u, d.element[elementKey{u.place.form, u.off}])
		}
	}
}

// unmarked is a use for a node without a number.
func unmarked(n *xhtml.Node) *use {
	u := &use{tag: &tag{name: n.Data}, classes: map[string]bool{}}
	for _, a := range n.Attr {
		if a.Key == "class" {
			for class := range strings.FieldsSeq(strings.ToLower(a.Val)) {
				u.classes[class] = true
			}
		}
	}
	return u
}

// touches says whether a node of the document as it may be matches, which is one of a use.
func (r *rule) touches(n *xhtml.Node, u *use) bool {
	u.shaky = true // what stands beside it there is not looked into
	return slices.ContainsFunc(r.selectors, func(s *selector) bool { return s.maybe(n, u) })
}

// erase takes the rules that are done out of a sheet, and the sheet with them if nothing is left in it.
func (d *document) erase(s *sheet, done map[*rule]bool, edits map[*source.Form][]edit) {
	var cuts []edit
	var form *source.Form
	left := s.text
	for i := len(d.rules) - 1; i >= 0; i-- {
		r := d.rules[i]
		if r.sheet != s || !done[r] {
			continue
		}
		f, cut, ok := d.cut(s.at+r.from, s.at+r.to)
		if !ok {
			continue
		}
		if form == nil {
			form = f
		}
		left = left[:r.from] + left[r.to:]
		edits[f] = append(edits[f], cut)
		cuts = append(cuts, cut)
	}
	if len(cuts) == 0 || !blank(left) || form != s.use.place.form {
		return
	}
	if f, cut, ok := d.cut(s.use.at, s.use.closed); ok && f == form {
		edits[f] = slices.DeleteFunc(edits[f], func(e edit) bool { return e.from >= cut.from && e.to <= cut.to })
		edits[f] = append(edits[f], cut)
	}
}

// blank says whether no rule and no action is left in a sheet.
func blank(left string) bool {
	all, ok := syntax.Tokens(left)
	return ok && !slices.ContainsFunc(all, func(t syntax.Token) bool {
		return !slices.Contains([]css.TokenType{
			css.WhitespaceToken, css.CommentToken, css.CDOToken, css.CDCToken}, t.TokenType)
	})
}

// cut returns the edit that takes a part of the document out of its form, with the blanks before it. It is not ok if
// the part has more actions than those that the document has words for, or if the form is used more than once.
func (d *document) cut(from, to int) (form *source.Form, cut edit, ok bool) {
	first, a := d.main.node(from)
	last, b := d.main.node(to - 1)
	if first == nil || last == nil || first.kind != static || last.kind != static || first.place != last.place ||
		d.usedTwice(first.place) {
		return nil, cut, false
	}
	form = first.place.form
	cut = edit{from: first.off + a, to: last.off + b + 1}
	words := 0
	d.eachWord(d.main.text[from:to], func(_ int, w word) {
		if words++; w.role != printing || w.node.place != first.place {
			words = -1 << 20
		}
	})
	for _, action := range d.c.actions[form] {
		if action.Start >= cut.from && action.End <= cut.to {
			words--
		}
	}
	if words != 0 {
		return nil, cut, false
	}
	if before := strings.TrimRight(first.text[:a], " \t\r\n"); before != "" {
		cut.from = first.off + len(before)
	}
	return form, cut, true
}

// usedTwice says whether a template is used at more than one place.
func (d *document) usedTwice(p *place) bool {
	return slices.ContainsFunc(d.main.parts, func(o part) bool { return o.n.place.name == p.name && o.n.place.id != p.id })
}
