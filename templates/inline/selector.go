package inline

import (
	"slices"
	"strings"

	"github.com/andybalholm/cascadia"
	"github.com/tdewolff/parse/v2/css"

	"mailshot/templates/inline/condition"
	"mailshot/templates/inline/syntax"
)

// selector is one selector of a rule. sure is asked about the document as it certainly is, may and last about the
// document as it may be.
type selector struct {
	sure    cascadia.Sel // nil: no element matches for certain
	may     cascadia.Sel // what it asks that cannot be known is left out; nil: see any
	loosely cascadia.Sel // the same, without what it asks of what stands beside an element
	last    cascadia.Sel // the same, only of the element itself
	any     bool         // any element may match
	nothing bool         // it is about a part of an element, such as ::before
	unknown bool         // browsers may drop the rule for it
	beside  bool         // it asks what stands beside an element
	within  bool         // it asks what an element stands in
	weight  cascadia.Specificity
	classes []string
	ids     []string // the classes that stand for them
	tag     string   // the name that an element must have, or ""
	class   string   // a class that it must have in the document as it may be, or ""
	matched bool     // by an element that may match
}

// What pseudo-classes ask.
var (
	places = []string{"first-child", "last-child", "only-child", "first-of-type", "last-of-type", "only-of-type",
		"nth-child(", "nth-last-child(", "nth-of-type(", "nth-last-of-type("}
	states = []string{"link", "visited", "hover", "active", "focus", "focus-within", "focus-visible", "target",
		"checked", "disabled", "enabled", "root", "empty", "lang(", "any-link", "read-only", "required", "optional",
		"default", "indeterminate", "in-range", "out-of-range", "invalid", "valid", "placeholder-shown"}
	parts = []string{"before", "after", "first-letter", "first-line", "selection", "placeholder", "marker"}
)

// compound is what one element of a selector is asked.
type compound struct {
	sure []string              // as it is written
	may  []string              // without what cannot be known
	here []string              // the same, without what it asks of what stands beside it
	star bool                  // *
	asks []condition.Condition // on what is in style=
}

// selecting reads one selector.
type selecting struct {
	d      *document
	s      *selector
	chain  []compound
	joints []string // between the compounds
	tag    string   // what the last compound asks for, or ""
	class  string   // a class that it asks for, or that of an id, or ""
	state  bool     // it asks for a state, which nobody knows before the message is looked at
	// escaped says that a class or an id is written with escapes, and that an action decides on a class or an id.
	escaped bool
	root    bool // it asks for the root, which mail programs that show messages within a page have elsewhere
}

// selector reads a selector.
func (d *document) selector(all []syntax.Token) *selector {
	all = slices.DeleteFunc(slices.Clone(all), func(t syntax.Token) bool { return t.TokenType == css.CommentToken })
	p := &selecting{d: d, s: &selector{}}
	all = syntax.Trim(all)
	if ok := p.read(all); !ok {
		s := &selector{any: true, unknown: true, nothing: p.s.nothing, weight: weight(all)}
		if d.hasWord(all) {
			s.weight = cascadia.Specificity{1 << 20} // nobody knows what an action writes
		}
		d.asksAll = d.asksAll || asksStyle(all)
		return s
	}
	for _, c := range p.chain {
		if ask := compiled(asked(c.here)); c.asks != nil && ask != nil && !p.escaped {
			d.asks = append(d.asks, condition.Selector{Element: ask, Style: c.asks})
		} else {
			d.asksAll = d.asksAll || c.asks != nil
		}
	}
	p.s.weight = weight(all)
	last := p.chain[len(p.chain)-1]
	from := len(p.chain) - 1 // the compound from which on nothing is asked of what stands beside
	for from > 0 && (p.joints[from-1] == " " || p.joints[from-1] == ">") {
		from--
	}
	p.s.beside = p.s.beside || from > 0
	p.s.within = len(p.chain) > 1
	p.s.may = compiled(p.write(0, func(c compound) []string { return c.may }))
	p.s.loosely = compiled(p.write(from, func(c compound) []string { return c.here }))
	p.s.last = compiled(asked(last.here))
	p.s.any = p.s.may == nil || p.s.loosely == nil || p.s.last == nil || p.escaped
	if !p.s.any && !strings.Contains(p.tag+p.class, `\\`) {
		p.s.tag, p.s.class = p.tag, p.class
	}
	exact, err := cascadia.Parse(p.write(0, func(c compound) []string { return c.sure }))
	if err != nil {
		p.s.unknown = true
		return p.s
	}
	if universal := last.star && len(last.sure) == 1; !p.state && !p.root && !p.s.nothing && !universal {
		p.s.sure = exact
	}
	return p.s
}

// write writes the selector from a compound on, with some parts of each.
func (p *selecting) write(from int, parts func(compound) []string) string {
	var b strings.Builder
	for i, c := range p.chain[from:] {
		if i > 0 {
			b.WriteString(p.joints[from+i-1])
		}
		b.WriteString(asked(parts(c)))
	}
	return b.String()
}

func asked(parts []string) string {
	if len(parts) == 0 {
		return "*"
	}
	return strings.Join(parts, "")
}

func compiled(text string) cascadia.Sel {
	s, err := cascadia.Parse(text)
	if err != nil {
		return nil
	}
	return s
}

// read splits a selector. It says no to what is not understood.
func (p *selecting) read(all []syntax.Token) bool {
	if len(all) == 0 || p.d.hasWord(all) {
		return false
	}
	p.chain = []compound{{}}
	for i := 0; i < len(all); {
		c := &p.chain[len(p.chain)-1]
		joint := ""
		for i < len(all) && slices.Contains([]string{"", ">", "+", "~"}, strings.TrimSpace(all[i].Text)) {
			if all[i].TokenType != css.WhitespaceToken {
				if strings.TrimSpace(joint) != "" {
					return false
				}
				joint = all[i].Text
			} else if joint == "" {
				joint = " "
			}
			i++
		}
		if joint != "" {
			if len(c.sure) == 0 || i == len(all) || p.s.nothing {
				return false
			}
			p.tag, p.class = "", ""
			p.joints = append(p.joints, joint)
			p.chain = append(p.chain, compound{})
			continue
		}
		n := p.simple(c, all[i:])
		if n == 0 {
			return false
		}
		i += n
	}
	return len(p.chain[len(p.chain)-1].sure) > 0
}

func (d *document) hasWord(all []syntax.Token) bool {
	return slices.ContainsFunc(all, func(t syntax.Token) bool { return strings.Contains(t.Text, d.tokens.Prefix()) })
}

// simple reads one part of a compound. It returns how many tokens that has, or 0 if it is not understood.
func (p *selecting) simple(c *compound, all []syntax.Token) int {
	add := func(sure, may string) {
		c.sure = append(c.sure, sure)
		if may != "" {
			c.may = append(c.may, may)
		}
		if may == ":root" || !strings.HasPrefix(may, ":") && may != "" {
			c.here = append(c.here, may)
		}
	}
	t := all[0]
	if strings.Contains(t.Text, `\\`) || len(all) > 1 && strings.Contains(all[1].Text, `\\`) {
		p.escaped = p.escaped || p.d.vague || p.d.dynamic["class"] || p.d.dynamic["id"]
	}
	switch {
	case p.s.nothing: // only a state may come after a pseudo-element
		return 0
	case t.TokenType == css.RightBraceToken: // all browsers drop the rule
		p.s.nothing = true
		return 0
	case t.TokenType == css.IdentToken && len(c.sure) == 0:
		p.tag = strings.ToLower(t.Text)
		add(t.Text, t.Text)
		return 1
	case t.Text == "*" && len(c.sure) == 0:
		c.star = true
		add("*", "*")
		return 1
	case t.TokenType == css.HashToken:
		id := p.d.idClass() + strings.ToLower(t.Text[1:])
		p.s.ids = append(p.s.ids, id)
		p.class = id
		add(t.Text, "."+id)
		return 1
	case t.Text == "." && len(all) > 1 && all[1].TokenType == css.IdentToken:
		class := strings.ToLower(all[1].Text)
		p.s.classes = append(p.s.classes, class)
		p.class = class
		add("."+all[1].Text, "."+class)
		return 2
	case t.TokenType == css.LeftBracketToken:
		return p.attribute(c, all, add)
	case t.TokenType == css.ColonToken:
		return p.pseudo(c, all, add)
	}
	return 0
}

// attribute reads [name=value].
func (p *selecting) attribute(c *compound, all []syntax.Token, add func(sure, may string)) int {
	var b strings.Builder
	for i, t := range all {
		b.WriteString(t.Text)
		if t.TokenType != css.RightBracketToken {
			continue
		}
		inner := syntax.Trim(all[1:i])
		if len(inner) == 0 || inner[0].TokenType != css.IdentToken || strings.Contains(b.String(), "!") {
			return 0
		}
		name := strings.ToLower(inner[0].Text)
		may := b.String()
		switch {
		case p.d.vague || p.d.dynamic[name] || name == "style":
			may = ""
		case slices.Contains(condition.Caseless, name):
			may = "[" + name + "]"
		}
		if name == "style" {
			p.state, c.asks = true, append(c.asks, condition.Read(b.String()))
			if len(c.sure) == 0 {
				add("*", "*")
			}
		} else {
			add(b.String(), may)
		}
		return i + 1
	}
	return 0
}

// pseudo reads a pseudo-class or a pseudo-element.
func (p *selecting) pseudo(c *compound, all []syntax.Token, add func(sure, may string)) int {
	n := 1
	if len(all) > 1 && all[1].TokenType == css.ColonToken {
		n = 2
	}
	if len(all) <= n {
		return 0
	}
	name := strings.ToLower(all[n].Text)
	text := strings.Repeat(":", n) + all[n].Text
	var args []syntax.Token
	switch all[n].TokenType {
	case css.FunctionToken:
		end := shut(all, n)
		if end == len(all) {
			return 0
		}
		args = all[n+1 : end]
		for n++; n <= end; n++ {
			text += all[n].Text
		}
	case css.IdentToken:
		n++
	default:
		return 0
	}
	switch {
	case slices.Contains(parts, name), strings.HasPrefix(text, "::"):
		p.s.nothing, p.s.unknown = true, p.s.unknown || !slices.Contains(parts, name)
		if len(c.sure) == 0 {
			add("*", "*")
		}
		return n
	case slices.Contains(places, name) && !slices.ContainsFunc(args, isOf):
		p.s.beside = true
		add(text, text)
		return n
	case name == "not(" && len(p.d.dynamic) == 0 && !p.d.vague && !strings.ContainsAny(text[5:], ":, +~>") &&
		!asksStyle(args):
		add(text, "")
		return n
	case name == "root":
		p.root = true
		add(":root", ":root")
		return n
	}
	p.s.unknown = p.s.unknown || !slices.Contains(states, name)
	p.d.asksAll = p.d.asksAll || asksStyle(args)
	if p.state = true; len(c.sure) == 0 {
		add("*", "*")
	}
	return n
}

// weight is the specificity of a selector, or the most that it may be if it is not understood.
func weight(all []syntax.Token) (w cascadia.Specificity) {
	for i := 0; i < len(all); i++ {
		end := shut(all, i)
		switch t := all[i]; {
		case t.TokenType == css.HashToken:
			w[0]++
		case t.TokenType == css.FunctionToken:
			w = w.Add(weightOf(strings.ToLower(t.Text), all[i+1:end]))
		case t.TokenType == css.LeftBracketToken,
			t.TokenType == css.IdentToken && i > 0 && (all[i-1].Text == "." || all[i-1].Text == ":"):
			w[1]++
		case t.TokenType == css.IdentToken:
			w[2]++
		}
		i = end
	}
	return w
}

// weightOf is the specificity of a pseudo-class with arguments.
func weightOf(name string, args []syntax.Token) (w cascadia.Specificity) {
	of := slices.IndexFunc(args, isOf)
	switch {
	case name == "where(":
		return w
	case !slices.Contains([]string{"is(", "not(", "has("}, name):
		w[1]++
	}
	if slices.Contains(states, name) || slices.Contains(places, name) && of < 0 {
		return w
	}
	var most cascadia.Specificity
	for from := of + 1; from < len(args); {
		to := syntax.Split(args, from, len(args), css.CommaToken)
		if one := weight(args[from:to]); most.Less(one) {
			most = one
		}
		from = to + 1
	}
	return w.Add(most)
}

// shut returns the token that closes the bracket or the function at i, or the end. It returns i if there is none at i.
func shut(all []syntax.Token, i int) int {
	for depth := 0; i < len(all); i++ {
		switch all[i].TokenType {
		case css.FunctionToken, css.LeftParenthesisToken, css.LeftBracketToken:
			depth++
		case css.RightParenthesisToken, css.RightBracketToken:
			depth--
		}
		if depth <= 0 {
			return i
		}
	}
	return i
}

// isOf says whether a token is the "of" of :nth-child(1 of .a).
func isOf(t syntax.Token) bool {
	return t.TokenType == css.IdentToken && strings.EqualFold(t.Text, "of")
}

// asksStyle says whether tokens of a selector ask for what is in style=.
func asksStyle(all []syntax.Token) bool {
	for i, t := range all {
		inner := syntax.Trim(all[i+1:])
		if t.TokenType == css.LeftBracketToken && len(inner) > 0 && strings.EqualFold(inner[0].Text, "style") {
			return true
		}
	}
	return false
}

// idClass begins the names of the classes that stand for ids in the document as it may be.
func (d *document) idClass() string { return d.tokens.Prefix() + "id-" }
