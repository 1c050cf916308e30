package inline

import (
	"slices"
	"strings"

	"github.com/andybalholm/cascadia"
	"github.com/tdewolff/parse/v2/css"

	"mailshot/templates/inline/property"
	"mailshot/templates/inline/syntax"
)

// claim is a declaration about an element, with its place in the cascade.
type claim struct {
	*declaration
	important bool // the declaration is, or it is promoted
	weight    cascadia.Specificity
	index     int // in the rule
	above     bool
	spare     bool // it goes into style= without !important, beside its rule
}

// styled is a declaration as it is written into style=.
type styled struct {
	*declaration
	flagged bool // with !important
}

// beats says whether a wins over b.
func (a claim) beats(b claim) bool {
	switch {
	case a.important != b.important:
		return a.important
	}
	return a.follows(b)
}

// follows says whether a wins over b where both are important or neither is.
func (a claim) follows(b claim) bool {
	switch {
	case a.above != b.above:
		return a.above
	case a.weight != b.weight:
		return b.weight.Less(a.weight)
	case a.rule.order != b.rule.order:
		return a.rule.order > b.rule.order
	}
	return a.index > b.index
}

// headOnly are the elements that nobody sees.
var headOnly = []string{"head", "meta", "title", "style", "script", "link", "base", "noscript", "template"}

// decide decides for each element which declarations go into its style=.
func (d *document) decide() {
	for _, e := range d.list {
		e.frozen = slices.Contains(headOnly, e.tag.name) || strings.Contains(e.tag.name, ":") || d.asksAll
		for _, u := range e.uses {
			e.frozen = e.frozen || d.isVague(u.tag) || !d.writable(u.tag)
			for _, ask := range d.asks { // it may see what is inlined
				e.frozen = e.frozen || ask.Differs(u.nodes, d.mayWrite(e), d.tokens.Prefix())
			}
		}
	}
	d.promote()
	for _, e := range d.list {
		d.inline(e)
	}
}

// mayWrite is what may be written into the style= of an element, each declaration by itself.
func (d *document) mayWrite(e *element) (texts []string) {
	for _, m := range e.matches {
		for _, c := range m.rule.decls {
			texts = append(texts, c.property+":"+c.value+"!important")
		}
	}
	return texts
}

// claims are the declarations about an element: those that may go into its style=, and those that stay. One that goes
// there in some states of the element only is among both.
func (d *document) claims(e *element) (may, stay []claim) {
	for _, m := range e.matches {
		for i, c := range m.rule.decls {
			certain := m.sure && !m.rule.stays && !c.stays && !e.frozen && d.movable(c, e)
			important := c.important || c.promoted
			if certain {
				may = append(may, claim{declaration: c, important: important, weight: m.weight, index: i})
			}
			if !certain || m.weight.Less(m.most) {
				stay = append(stay, claim{c, important, m.most, i, m.rule.above, false})
			}
		}
	}
	return may, stay
}

// inline decides for one element.
func (d *document) inline(e *element) {
	may, stay := d.claims(e)
	slices.SortFunc(may, func(a, b claim) int {
		if a.beats(b) {
			return 1
		}
		return -1
	})
	var in []claim
	for i := len(may) - 1; i >= 0; i-- {
		c := may[i]
		loses := func(s claim) bool {
			return s.declaration != c.declaration && s.important == c.important && property.Overlap(s.property, c.property) &&
				s.beats(c) && !d.same(s.declaration, c.declaration)
		}
		if slices.ContainsFunc(stay, loses) {
			if stay = append(stay, c); spares(c, stay) {
				c.spare = true
				in = append(in, c)
			}
			continue
		}
		in = append(in, c)
		e.inlined[c.declaration] = true
	}
	slices.Reverse(in)
	d.settleStyles(e, in, append(stay, in...))
}

// spares says whether a declaration with !important that stays is written into style= as well, without !important. With
// <style> its rule always wins over all that has no !important, so this changes nothing then, unless another one there
// asks for what it wins over. Without <style> it holds.
func spares(c claim, stay []claim) bool {
	return c.declaration.important && !slices.ContainsFunc(stay, func(s claim) bool {
		return (s.property == "*" || strings.Contains(strings.ToLower(s.value), "revert-layer")) &&
			property.Overlap(s.property, c.property)
	})
}

// settleStyles writes down what goes into an element's style=: without what another declaration overrides anyway, and
// with !important only where it makes a difference.
func (d *document) settleStyles(e *element, in, all []claim) {
	own, sure := d.own(e)
	for i, c := range in {
		s := styled{declaration: c.declaration}
		if c.important && !c.spare {
			s.flagged = !sure || touches(own, c.property) || slices.ContainsFunc(all, func(o claim) bool {
				return o.important && o.declaration != c.declaration && property.Overlap(o.property, c.property)
			})
		}
		overridden := func(o *declaration) bool {
			return d.same(o, c.declaration) || o.property == c.property && property.Known(o.property, o.value)
		}
		if slices.ContainsFunc(in[i+1:], func(o claim) bool { return overridden(o.declaration) && o.rule != c.rule }) ||
			sure && !s.flagged && slices.ContainsFunc(own, overridden) {
			continue
		}
		e.styles = append(e.styles, s)
	}
}

// own are the declarations that an author wrote into style=. They are not known if a branch decides on them.
func (d *document) own(e *element) (own []*declaration, sure bool) {
	for _, a := range e.tag.attrs {
		if a.name != "style" {
			continue
		}
		all, ok := syntax.Tokens(a.value)
		if !ok || d.controls(a.value) || len(e.uses) > 1 && strings.Contains(a.value, d.tokens.Prefix()) {
			return nil, false
		}
		p := &reader{d: d, all: all}
		for from := 0; from < len(all); {
			to := syntax.Split(all, from, len(all), css.SemicolonToken)
			if c := p.declaration(all[from:to]); c != nil {
				own = append(own, c)
			}
			from = to + 1
		}
	}
	return own, true
}

// touches says whether one of some declarations sets what a property sets.
func touches(all []*declaration, name string) bool {
	return slices.ContainsFunc(all, func(c *declaration) bool { return property.Overlap(c.property, name) })
}

// same says whether two declarations say the same.
func (d *document) same(a, b *declaration) bool {
	return a.property == b.property && d.filled(a.value) == d.filled(b.value)
}

// movable says whether the actions in a declaration mean the same at an element.
func (d *document) movable(c *declaration, e *element) bool {
	ok := true
	d.eachWord(c.value, func(_ int, w word) {
		if w.node.bound {
			ok = ok && w.node.row
			for _, u := range e.uses {
				ok = ok && u.node.row
			}
		}
	})
	return ok
}
