package templates

import (
	"errors"
	"slices"
	"strings"
	"text/template/parse"

	htmltemplate "html/template"

	"mailshot/templates/guards"
)

// replaced is what html/template writes in place of a value that is not safe where it stands.
const replaced = "ZgotmplZ"

const harmfulHint = "print cells as text, in quoted attributes or in addresses only"

// errHarmful is the error about such a value.
var errHarmful = errors.New("a cell is not safe in a style, in a script or as the name of an attribute")

// harmless passes on what a filter of html/template has made of a value, unless the filter has replaced it.
func harmless(v any) (any, error) {
	if s, ok := v.(string); ok && strings.Contains(s, replaced) {
		return nil, errHarmful
	}
	return v, nil
}

// replacing are the filters that may do that. The one of addresses gives an error already, see escaped.
var replacing = []string{
	"_html_template_cssvaluefilter", "_html_template_htmlnamefilter", "_html_template_srcsetescaper",
}

// harmful returns the error about a row for which html/template has replaced a value. It executes a copy in which each
// filter that may have done so is followed by a look at what it made, so that the error has the place of the action.
// Where it was none of them, as where the cell itself is that word, the error is about the whole.
func (p *template) harmful(row map[string]any) error {
	i, err := p.instance()
	if err != nil {
		return err
	}
	const name = "_harmless"
	t := i.t.(*htmltemplate.Template).Funcs(htmltemplate.FuncMap{name: harmless})
	look := func(n *parse.ActionNode) {
		for k := len(n.Pipe.Cmds) - 1; k >= 0; k-- {
			f, ok := n.Pipe.Cmds[k].Args[0].(*parse.IdentifierNode)
			if ok && slices.Contains(replacing, f.Ident) {
				n.Pipe.Cmds = slices.Insert(n.Pipe.Cmds, k+1, guards.Call(name, n.Pipe.Pos))
			}
		}
	}
	for _, part := range t.Templates() {
		if part.Tree != nil {
			guards.EachAction(part.Tree.Root, look)
		}
	}
	i.run.Begin(row)
	if err := t.Execute(&limited{&i.out, p.set.c.cfg.Limit}, row); err != nil {
		return err
	}
	return p.whole("unsafe-value", errHarmful.Error(), harmfulHint)
}
