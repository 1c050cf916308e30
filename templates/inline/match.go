package inline

import (
	"slices"
	"strings"

	"github.com/andybalholm/cascadia"
	xhtml "golang.org/x/net/html"
)

// match says how a rule matches an element.
type match struct {
	rule   *rule
	sure   bool // it does, wherever the element is used and whatever the row
	weight cascadia.Specificity
	may    bool // it may match, with another selector or in another state
	most   cascadia.Specificity
}

// match finds out which rules match which elements.
func (d *document) match() {
	for _, u := range d.uses {
		d.pose(u, u.nodes, true)
	}
	sure := map[*use]map[*rule]cascadia.Specificity{}
	for _, u := range d.uses {
		d.pose(u, u.nodes, false)
	}
	for _, u := range d.uses {
		sure[u] = map[*rule]cascadia.Specificity{}
		for _, r := range d.rules {
			if weight, ok := certain(r, u); ok {
				sure[u][r] = weight
			}
		}
	}
	for _, u := range d.uses {
		d.pose(u, u.nodes, true)
	}
	for _, e := range d.list {
		for _, r := range d.rules {
			m := match{rule: r}
			for i, u := range e.uses {
				weight, ok := sure[u][r]
				switch {
				case i == 0:
					m.sure, m.weight = ok, weight
				case ok != m.sure || weight != m.weight:
					m.sure, m.may = false, true
				}
				if ok && m.most.Less(weight) {
					m.most = weight
				}
				d.possible(u, &m)
			}
			if m.sure || m.may {
				m.may = m.may || m.sure
				e.matches = append(e.matches, m)
			}
		}
	}
}

// certain says whether a rule matches all nodes of a use, and with what weight.
func certain(r *rule, u *use) (cascadia.Specificity, bool) {
	var weight cascadia.Specificity
	for i, n := range u.nodes {
		var best cascadia.Specificity
		found := false
		for _, s := range r.selectors {
			if s.sure == nil || s.beside && u.shaky || s.within && u.loose || s.differs(u) || !s.sure.Match(n) {
				continue
			}
			if !found || best.Less(s.weight) {
				best, found = s.weight, true
			}
		}
		if !found || i > 0 && best != weight {
			return best, false
		}
		weight = best
	}
	return weight, len(u.nodes) > 0
}

// possible notes whether a rule may match a use.
func (d *document) possible(u *use, m *match) {
	for _, s := range m.rule.selectors {
		for _, n := range u.nodes {
			if !s.maybe(n, u) {
				continue
			}
			s.matched, m.may = true, true
			if m.most.Less(s.weight) {
				m.most = s.weight
			}
		}
	}
}

// differs says whether a use has another name than a selector asks for, or lacks its class. It is what most selectors
// and elements differ in, and quickly said.
func (s *selector) differs(u *use) bool {
	return s.tag != "" && s.tag != u.name || s.class != "" && !u.classes[s.class]
}

// maybe says whether a node of the document as it may be matches, which is one of a use.
func (s *selector) maybe(n *xhtml.Node, u *use) bool {
	switch {
	case s.nothing:
		return false
	case s.any:
		return true
	case s.differs(u):
		return false
	case u.loose:
		return s.last.Match(n)
	case u.shaky:
		return s.loosely.Match(n)
	}
	return s.may.Match(n)
}

// pose gives nodes the attributes of their tag: those that they certainly have, or all that they may have. For the
// latter, classes are in small letters, since browsers compare them so in old documents, and ids are classes.
func (d *document) pose(u *use, nodes []*xhtml.Node, all bool) {
	attrs := []xhtml.Attribute{}
	var classes []string
	anyClass, anyID := d.isVague(u.tag), d.isVague(u.tag)
	for _, a := range u.attrs {
		switch {
		case a.name == "class":
			if !a.maybe {
				classes = append(classes, d.classes(a.value)...)
			}
			anyClass = anyClass || a.dynamic
		case a.name == "id" && a.dynamic:
			anyID = true
		case !a.dynamic && !a.vague:
			attrs = append(attrs, xhtml.Attribute{Key: a.name, Val: a.value})
			if a.name == "id" && all {
				classes = append(classes, d.idClass()+strings.TrimSpace(a.value))
			}
		}
	}
	if all {
		classes = d.every(classes, anyClass, anyID)
		u.classes = map[string]bool{}
		for _, c := range classes {
			u.classes[c] = true
		}
	}
	if len(classes) > 0 {
		attrs = append(attrs, xhtml.Attribute{Key: "class", Val: strings.Join(classes, " ")})
	}
	for _, n := range nodes {
		n.Attr = attrs
	}
}

// every returns classes in small letters, with all that rules ask for if an action decides on a class or an id.
func (d *document) every(classes []string, anyClass, anyID bool) []string {
	for i := range classes {
		classes[i] = strings.ToLower(classes[i])
	}
	for _, r := range d.rules {
		for _, s := range r.selectors {
			if anyClass {
				classes = append(classes, s.classes...)
			}
			if anyID {
				classes = append(classes, s.ids...)
			}
		}
	}
	return classes
}

// isVague says whether an action decides on the name of an attribute of a tag.
func (d *document) isVague(t *tag) bool {
	return slices.ContainsFunc(t.attrs, func(a attribute) bool { return a.vague })
}

// classes are the classes of an attribute that no action decides on.
func (d *document) classes(value string) []string {
	depth := 0
	var sure []string
	for _, class := range strings.Fields(value) {
		if strings.Contains(class, d.tokens.Prefix()) {
			depth += d.depth(class)
		} else if depth == 0 {
			sure = append(sure, class)
		}
	}
	return sure
}
