package templates

import "text/template/parse"

// Fixed reports whether the template makes the same text for every row, because it has no action.
func (t *Text) Fixed() bool {
	for _, n := range t.p.set.made[t.p.entry].tree.Root.Nodes {
		if n.Type() != parse.NodeText {
			return false
		}
	}
	return true
}
