package inline

import (
	"slices"
	"strings"

	"mailshot/templates/inline/property"
	"mailshot/templates/source"
)

// promote finds the declarations that stay and that what is inlined would beat, such as those of @media and :hover. If
// nothing would change by it, they are repeated with !important after their rule. So what they win over can be inlined,
// and they still win. Something would change where they lose now: to an author's style=, or to another declaration.
func (d *document) promote() {
	at := d.rivals()
	var all []*declaration // in order
	for _, r := range d.rules {
		for _, c := range r.decls {
			if at[c] != nil {
				all = append(all, c)
			}
		}
	}
	any := func(c *declaration, is func(rival) bool) bool { return slices.ContainsFunc(at[c], is) }
	for changed := true; changed; {
		for _, c := range all {
			c.promoted = any(c, rival.needs)
		}
		for more := true; more; {
			more = false
			for _, c := range all {
				if !c.promoted && any(c, func(r rival) bool { return r.beatsPromoted(d) }) {
					c.promoted, more = true, true
				}
			}
		}
		changed = false
		for i := 0; i < len(all); i++ {
			if c := all[i]; c.promoted && any(c, func(r rival) bool { return r.loses(d) }) {
				c.promoted, changed = false, true
				all = slices.Delete(all, i, i+1)
				i--
			}
		}
	}
}

// rival is a declaration that stays, and what else is declared about one of its elements.
type rival struct {
	claim
	may, stay []claim
	own       []*declaration
	sure      bool // own is all that there is
}

// rivals are the declarations that might be promoted, at each of their elements.
func (d *document) rivals() map[*declaration][]rival {
	at := map[*declaration][]rival{}
	able := map[*rule]bool{}
	for _, r := range d.rules {
		able[r] = d.repeatable(r)
	}
	for _, e := range d.list {
		if !slices.ContainsFunc(e.matches, func(m match) bool { return able[m.rule] }) {
			continue
		}
		may, stay := d.claims(e)
		own, sure := d.own(e)
		for _, c := range stay {
			if able[c.rule] && !c.important && c.property != "" && c.property != "*" && !strings.HasPrefix(c.property, "--") {
				at[c.declaration] = append(at[c.declaration], rival{c, may, stay, own, sure})
			}
		}
	}
	return at
}

// repeatable says whether a rule stays, and can be repeated after itself.
func (d *document) repeatable(r *rule) bool {
	if r.above || r.sheet.keeps || r.after == 0 {
		return false
	}
	for _, s := range r.selectors {
		if s.unknown || s.any || !r.stays && s.sure != nil {
			return false
		}
	}
	_, _, ok := d.cut(r.sheet.at+r.from, r.sheet.at+r.after)
	return ok
}

// needs says whether what is to be inlined would beat the declaration.
func (r rival) needs() bool {
	return slices.ContainsFunc(r.may, func(c claim) bool {
		return !c.important && property.Overlap(c.property, r.property) && r.follows(c)
	})
}

// beatsPromoted says whether the declaration wins over one that is promoted.
func (r rival) beatsPromoted(d *document) bool {
	return slices.ContainsFunc(r.stay, func(c claim) bool {
		return c.promoted && c.declaration != r.declaration && property.Overlap(c.property, r.property) && r.follows(c) &&
			!d.same(c.declaration, r.declaration)
	})
}

// loses says whether the declaration, once promoted, would win where it loses now.
func (r rival) loses(d *document) bool {
	wins := func(c claim) bool {
		return c.declaration != r.declaration && property.Overlap(c.property, r.property) && !c.promoted &&
			(c.important || c.follows(r.claim) && !d.same(c.declaration, r.declaration))
	}
	return !r.sure || touches(r.own, r.property) || slices.ContainsFunc(r.may, wins) || slices.ContainsFunc(r.stay, wins)
}

// repeat writes what is promoted after its rule, and after the at-rules that the rule is in: they stay as they are.
func (d *document) repeat(edits map[*source.Form][]edit) {
	var last *rule // whose at-rules are open in text
	var text strings.Builder
	end := func() {
		if last == nil {
			return
		}
		text.WriteString(strings.Repeat(" }", len(last.heads)-1))
		if form, cut, ok := d.cut(last.sheet.at+last.from, last.sheet.at+last.after); ok {
			edits[form] = append(edits[form], edit{cut.to, cut.to, text.String()})
		}
		text.Reset()
		last = nil
	}
	for _, r := range d.rules {
		var all []string
		for _, c := range r.decls {
			if c.promoted {
				all = append(all, c.property+": "+c.value+" !important")
			}
		}
		if len(all) == 0 {
			continue
		}
		around := r.heads[:len(r.heads)-1]
		if last != nil && (last.sheet != r.sheet || last.after != r.after) {
			end()
		}
		if last != nil && !slices.Equal(around, last.heads[:len(last.heads)-1]) {
			text.WriteString(strings.Repeat(" }", len(last.heads)-1))
			last = nil
		}
		if last == nil {
			for _, head := range around {
				text.WriteString(" " + head + " {")
			}
		}
		text.WriteString(" " + r.heads[len(r.heads)-1] + " { " + strings.Join(all, "; ") + " }")
		last = r
	}
	end()
}
