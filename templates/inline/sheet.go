package inline

import (
	"slices"
	"strings"

	"github.com/tdewolff/parse/v2/css"

	"mailshot/templates/inline/syntax"
)

// sheet is the text of one <style>.
type sheet struct {
	use   *use
	at    int    // of its text in the view
	text  string // with words for its actions
	keeps bool   // none of its rules is inlined
}

// rule is one rule of a sheet, with what it declares for what.
type rule struct {
	sheet     *sheet
	from, to  int      // in the sheet's text
	heads     []string // of the at-rules that it is in, and its selectors
	after     int      // where the rule ends, or the outermost of its at-rules; 0: it does not
	selectors []*selector
	decls     []*declaration
	order     int
	stays     bool // it is not inlined: it is within an at-rule, or not understood
	above     bool // its at-rule may put it above all others
}

// declaration is one declaration of a rule.
type declaration struct {
	rule      *rule
	property  string // in small letters; "*" if it may be any
	value     string // as it is written, without comments
	important bool
	stays     bool // it is not inlined
	promoted  bool // it is repeated with !important
}

// styles reads the sheets of the document.
func (d *document) styles() {
	for _, u := range d.uses {
		if u.name != "style" || u.inside == 0 {
			continue
		}
		s := &sheet{use: u, at: u.inside, text: u.content, keeps: u.maybe || u.node.shown || u.node.hidden ||
			len(d.element[elementKey{u.place.form, u.off}].uses) > 1 || u.closed < 0}
		for _, a := range u.attrs {
			value := strings.ToLower(strings.TrimSpace(a.value))
			switch {
			case a.dynamic || a.vague:
				s.keeps = true
			case a.name == "type" && value != "" && value != "text/css":
				s = nil
			case a.name == "media" && value != "" && value != "all", a.name == "data-embed", a.name == "embed":
				s.keeps = true
			}
			if s == nil {
				break
			}
		}
		if s != nil {
			s.keeps = s.keeps || d.controls(s.text)
			d.sheets = append(d.sheets, s)
			d.read(s)
		}
	}
}

// read reads the rules of a sheet.
func (d *document) read(s *sheet) {
	all, ok := syntax.Tokens(s.text)
	if !ok { // not CSS: it may say anything about anything
		d.add(&rule{sheet: s, stays: true, above: true, selectors: []*selector{{any: true}},
			decls: []*declaration{{property: "*", stays: true}}})
		return
	}
	for _, t := range all {
		s.keeps = s.keeps || t.TokenType == css.AtKeywordToken && strings.EqualFold(t.Text, "@namespace")
	}
	p := &reader{d: d, sheet: s, all: all}
	p.list(0, len(all), false, false)
}

func (d *document) add(r *rule) {
	r.order = len(d.rules)
	for _, c := range r.decls {
		c.rule = r
	}
	d.rules = append(d.rules, r)
}

// reader reads rules, as CSS says that they are found, whatever is wrong with them.
type reader struct {
	d     *document
	sheet *sheet
	all   []syntax.Token
	heads []string // of the at-rules that are being read
	after int      // where the outermost of them ends, or 0
}

// list reads a list of rules. stays and above are theirs.
func (p *reader) list(i, end int, stays, above bool) {
	for i < end {
		switch p.all[i].TokenType {
		case css.WhitespaceToken, css.CommentToken, css.CDOToken, css.CDCToken:
			i++
		case css.AtKeywordToken:
			i = p.at(i, end, above)
		default:
			open := syntax.Block(p.all, i, end, false)
			if open == end {
				return
			}
			shut := syntax.Closing(p.all, open, end)
			p.rule(i, open, shut, stays || shut == end, above)
			i = shut + 1
		}
	}
}

// at reads an at-rule, and returns the token after it. The rules in it stay.
func (p *reader) at(i, end int, above bool) int {
	open := syntax.Block(p.all, i+1, end, true)
	if open == end || p.all[open].TokenType == css.SemicolonToken {
		return open + 1
	}
	shut := syntax.Closing(p.all, open, end)
	name := strings.ToLower(p.all[i].Text)
	if slices.Contains(aside, name) {
		return shut + 1
	}
	if len(p.heads) == 0 && shut < len(p.all) {
		p.after = p.end(shut)
	}
	p.heads = append(p.heads, strings.TrimSpace(p.sheet.text[p.all[i].At:p.all[open].At]))
	p.list(open+1, shut, true, above || name != "@media" && name != "@supports")
	if p.heads = p.heads[:len(p.heads)-1]; len(p.heads) == 0 {
		p.after = 0
	}
	return shut + 1
}

// aside are the at-rules that say nothing about elements.
var aside = []string{"@font-face", "@page", "@import", "@charset", "@counter-style", "@property", "@viewport",
	"@-ms-viewport", "@keyframes", "@-webkit-keyframes", "@-moz-keyframes", "@-o-keyframes"}

// rule reads the rule whose prelude is from i to open, and whose declarations are from there to shut.
func (p *reader) rule(i, open, shut int, stays, above bool) {
	r := &rule{sheet: p.sheet, from: p.all[i].At, to: p.end(shut), stays: stays || p.sheet.keeps, above: above}
	r.heads = append(slices.Clone(p.heads), strings.TrimSpace(p.sheet.text[r.from:p.all[open].At]))
	if r.after = p.after; len(p.heads) == 0 && shut < len(p.all) {
		r.after = r.to
	}
	for from := i; from <= open; {
		to := syntax.Split(p.all, from, open, css.CommaToken)
		s := p.d.selector(p.all[from:to])
		r.selectors = append(r.selectors, s)
		r.stays = r.stays || s.unknown
		from = to + 1
	}
	for from := open + 1; from < shut; {
		to := syntax.Split(p.all, from, shut, css.SemicolonToken)
		if c := p.declaration(p.all[from:to]); c != nil {
			r.decls = append(r.decls, c)
		}
		from = to + 1
	}
	var inner syntax.Brackets
	for _, t := range p.all[open+1 : shut] {
		if len(inner) == 0 && t.TokenType == css.LeftBraceToken { // rules within a rule
			r.stays, r.above = true, true
			r.selectors = append(r.selectors, &selector{any: true})
			r.decls = append(r.decls, &declaration{property: "*", stays: true})
			break
		}
		inner.Read(t.TokenType)
	}
	p.d.add(r)
}

// end is the offset after the token i.
func (p *reader) end(i int) int {
	if i >= len(p.all) {
		return len(p.sheet.text)
	}
	return p.all[i].At + len(p.all[i].Text)
}

// declaration reads a declaration. It returns nil if there is none.
func (p *reader) declaration(all []syntax.Token) *declaration {
	if all = syntax.Trim(all); len(all) == 0 {
		return nil
	}
	c := &declaration{property: strings.ToLower(all[0].Text)}
	rest := syntax.Trim(all[1:])
	switch {
	case strings.Contains(c.property, p.d.tokens.Prefix()):
		return &declaration{property: "*", stays: true}
	case all[0].TokenType != css.IdentToken && all[0].TokenType != css.CustomPropertyNameToken || len(rest) == 0 ||
		rest[0].TokenType != css.ColonToken:
		return &declaration{stays: true} // browsers skip it
	}
	value := syntax.Trim(rest[1:])
	if n := len(value); n > 1 && strings.EqualFold(value[n-1].Text, "important") {
		if before := syntax.Trim(value[:n-1]); len(before) > 0 && before[len(before)-1].Text == "!" {
			c.important, value = true, syntax.Trim(before[:len(before)-1])
		}
	}
	c.stays = len(value) == 0 || slices.ContainsFunc(forOne, func(prefix string) bool {
		return strings.HasPrefix(c.property, prefix)
	})
	c.value = p.value(value, c)
	return c
}

// forOne begin the properties that are not inlined: custom properties, and those of one program, which reads <style>.
var forOne = []string{"--", "mso-", "-ms-", "-webkit-", "-moz-", "-o-", "\\"}

// value writes the tokens of a value, with one blank for each run of blanks and comments.
func (p *reader) value(all []syntax.Token, c *declaration) string {
	var b strings.Builder
	var open syntax.Brackets
	for _, t := range all {
		c.stays = !open.Read(t.TokenType) || c.stays
		switch t.TokenType {
		case css.CommentToken, css.WhitespaceToken:
			if !strings.HasSuffix(b.String(), " ") {
				b.WriteByte(' ')
			}
			continue
		case css.BadStringToken, css.BadURLToken, css.LeftBraceToken, css.RightBraceToken:
			c.stays = true
		case css.FunctionToken:
			c.stays = c.stays || slices.Contains([]string{"var(", "env("}, strings.ToLower(t.Text))
		case css.IdentToken:
			c.stays = c.stays || strings.EqualFold(t.Text, "revert-layer")
		case css.StringToken, css.URLToken:
			c.stays = c.stays || strings.Contains(t.Text, "\n")
		case css.DelimToken:
			c.stays = c.stays || t.Text == "!"
		}
		b.WriteString(t.Text)
	}
	c.stays = c.stays || len(open) > 0
	p.d.eachWord(b.String(), func(_ int, w word) { c.stays = c.stays || w.node.fixed || w.role != printing })
	return strings.TrimSpace(b.String())
}
