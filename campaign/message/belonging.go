package message

import (
	"fmt"
	"os"
	"strings"
	"time"

	"mailshot/campaign/belonging"
	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/definition/schema"
	"mailshot/campaign/recipients"
	"mailshot/render"
	"mailshot/templates/source"
)

// examiner is what looks at the files of an attachment; nil if nothing is to be known of them.
func (p *compiling) examiner(a definition.Attachment, place string) render.Examiner {
	rule := belonging.Rule{Place: place, MaxAge: time.Duration(a.MaxAge) * 24 * time.Hour}
	for _, t := range a.MustContain {
		if text := p.line("must_contain", t); text != nil {
			rule.Says = append(rule.Says, belonging.Says{Text: text, Place: p.Definition.Place(t)})
		}
	}
	if a.Others.Given() {
		rule.Column, rule.Index = a.Others.Text, p.column("must_not_contain_others", a.Others)
	}
	name := a.File
	if a.Pattern.Given() {
		name = a.Pattern
	}
	if !a.Made() && a.CID == "" && schema.IsTemplate(name.Text) {
		rule.Name, rule.Shape, rule.Several = name.Text, shape(name.Text, a.Pattern.Given()), a.Split != ""
		if len(p.Definition.People) > 0 { // the files of those who are on the list are nobody's now, and right
			rule.Shape = nil
		}
	}
	if rule.Name == "" && rule.Says == nil && rule.Column == "" && rule.MaxAge == 0 {
		return nil
	}
	return p.belonging.Rule(rule)
}

// column is the index of a column that a key of attachments names.
func (p *compiling) column(key string, name definition.Text) int {
	i := p.Header.Index(name.Text)
	if i >= 0 {
		return i
	}
	fault := &recipients.Fault{Code: "missing-column", Place: p.Definition.Place(name),
		Text: fmt.Sprintf("%s: the list has no column %q", key, name.Text)}
	var names []string
	for _, c := range p.Header.Columns {
		names = append(names, c.Name)
	}
	if near := schema.Nearest(name.Text, names); near != "" {
		fault.Hint = fmt.Sprintf("did you mean %q?", near)
	}
	p.errs = append(p.errs, fault)
	return 0
}

// shape is what stands between the cells of a path, and between the wild characters of a pattern.
func shape(path string, pattern bool) []string {
	actions, _ := source.Scan(path)
	var pieces []string
	var piece strings.Builder
	at := 0
	for _, a := range actions {
		piece.WriteString(path[at:a.Start])
		if at = a.End; a.Kind == source.Output {
			pieces = append(pieces, piece.String())
			piece.Reset()
		}
	}
	pieces = append(pieces, piece.String()+path[at:])
	if !pattern {
		return pieces
	}
	var all []string
	for _, p := range pieces {
		all = append(all, strings.Split(strings.ReplaceAll(p, "?", "*"), "*")...)
	}
	return all
}

// named tells who looks at files which ones a row names that gets no message.
func (m *Maker) named(n int, row *recipients.Row) {
	to := render.Recipient{Address: row.Address, Name: row.Name, Key: row.Key, Person: row.Address.Key()}
	to.Data.Cells = appendCells(nil, row)
	m.editions[n].renderer.Named(to)
}

// Belonging says what the files of all messages show together, once all were made for a check or a plan. all is false
// where that was broken off. root is the campaign's folder.
func (m *Maker) Belonging(root *os.Root, all bool) []check.Finding {
	if !all {
		m.belonging.BrokenOff()
		return nil
	}
	return m.belonging.Findings(root)
}
