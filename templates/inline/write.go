package inline

import (
	"cmp"
	"slices"
	"strings"

	"mailshot/templates/source"
)

// edit is a change of a form's text.
type edit struct {
	from, to int
	text     string
}

// writable says whether something can be written into the style= of a tag.
func (d *document) writable(t *tag) bool {
	for _, a := range t.attrs {
		if a.name == "style" {
			_, ok := d.styleAt(t, a)
			return ok
		}
	}
	return true
}

// styleAt returns where in its form the value of a tag's style= begins: after its quote, or at an unquoted value.
func (d *document) styleAt(t *tag, a attribute) (off int, ok bool) {
	if a.maybe || !a.equals {
		return 0, false
	}
	at := t.at + a.from
	if a.quote != 0 {
		at--
	}
	n, within := d.main.node(at)
	if n == nil || n.kind != static || n.place != t.place {
		return 0, false
	}
	if a.quote == 0 { // the whole value must be known, for it gets quotes
		last, _ := d.main.node(t.at + a.to - 1)
		return n.off + within, last == n && a.to > a.from && !strings.ContainsAny(a.value, `"`)
	}
	return n.off + within + 1, true
}

// write writes the styles into the forms.
func (d *document) write() map[*source.Form]*source.Form {
	edits := map[*source.Form][]edit{}
	for _, e := range d.list {
		if len(e.styles) > 0 {
			edits[e.form] = append(edits[e.form], d.styled(e)...)
		}
	}
	if len(edits) == 0 {
		return nil
	}
	d.repeat(edits)
	d.remove(edits)
	forms := map[*source.Form]*source.Form{}
	for form, all := range edits {
		slices.SortFunc(all, func(a, b edit) int { return cmp.Or(a.from-b.from, a.to-b.to) })
		changes := make([]source.Change, len(all))
		for i, e := range all {
			changes[i] = source.Change{From: e.from, To: e.to, Parts: d.parts(e.text)}
		}
		forms[form] = form.Change(changes)
	}
	return forms
}

// styled returns the edits that write an element's style=.
func (d *document) styled(e *element) []edit {
	var a *attribute
	for i := range e.tag.attrs {
		if e.tag.attrs[i].name == "style" {
			a = &e.tag.attrs[i]
		}
	}
	if a == nil {
		at := e.off + 1 + len(e.tag.name)
		return []edit{{at, at, ` style="` + d.css(e, '"') + `"`}}
	}
	at, _ := d.styleAt(e.tag, *a)
	if a.quote == 0 {
		end := at + a.to - a.from
		return []edit{{at, at, `"` + d.css(e, '"') + ";"}, {end, end, `"`}}
	}
	text := d.css(e, a.quote)
	if strings.TrimSpace(a.value) != "" {
		text += ";"
	}
	return []edit{{at, at, text}}
}

// css writes an element's declarations for an attribute.
func (d *document) css(e *element, quote byte) string {
	var b strings.Builder
	for i, s := range e.styles {
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteString(s.property + ":" + d.quoted(s.value, quote))
		if s.flagged {
			b.WriteString("!important")
		}
	}
	return b.String()
}

// quoted writes a value so that it can stand between quotes. Its actions are words still.
func (d *document) quoted(value string, quote byte) string {
	other := byte('\'')
	entity := "&quot;"
	if quote == '\'' {
		other, entity = '"', "&#39;"
	}
	if strings.IndexByte(value, other) < 0 && !strings.Contains(value, `\`) {
		value = strings.ReplaceAll(value, string(quote), string(other))
	}
	value = strings.ReplaceAll(value, "&", "&amp;")
	value = strings.ReplaceAll(value, string(quote), entity)
	value = strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(value)
	return value
}

// parts are a text with the actions in the place of their words. An action that is written elsewhere keeps its place.
func (d *document) parts(text string) (parts []source.Part) {
	from := 0
	d.eachWord(text, func(at int, w word) {
		parts = append(parts, source.Part{Text: text[from:at]},
			source.Part{Text: "{{" + w.node.text + "}}", Form: w.node.place.form, At: w.node.off - len("{{")})
		from = at + d.tokens.Width()
	})
	return append(parts, source.Part{Text: text[from:]})
}

// filled puts the actions into a text in the place of their words.
func (d *document) filled(text string) string {
	if !strings.Contains(text, d.tokens.Prefix()) {
		return text
	}
	var b strings.Builder
	from := 0
	d.eachWord(text, func(at int, w word) {
		b.WriteString(text[from:at] + "{{" + w.node.text + "}}")
		from = at + d.tokens.Width()
	})
	b.WriteString(text[from:])
	return b.String()
}
