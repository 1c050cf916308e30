package markup

import (
	"slices"
	"strings"

	"mailshot/campaign/check/css"
	"mailshot/campaign/check/document"
	"mailshot/campaign/check/target"
	"mailshot/templates/source"
)

// declared finds mistakes in the CSS of the source: in style attributes, and in <style>.
func (l *looker) declared() {
	for i := range l.tags {
		t := &l.tags[i]
		if a, ok := t.get("style"); ok && t.kind == opens {
			end := min(a.at+len(a.value), len(l.text))
			l.drops(a.at, a.value, l.text[a.at:end] == a.value)
		}
		if t.kind != raw || t.name != "style" {
			continue
		}
		sheet := uncommented(t.text)
		for at := 0; ; {
			end := strings.IndexByte(sheet[at:], '}')
			if end < 0 {
				break
			}
			if open := strings.LastIndexByte(sheet[at:at+end], '{'); open >= 0 { // a rule, not what is around it
				l.drops(t.at+at+open+1, sheet[at+open+1:at+end], true)
			}
			at += end + 1
		}
	}
}

// drops looks at declarations that begin at an offset. exact says that they stand there as they are, without entities.
func (l *looker) drops(from int, text string, exact bool) {
	for _, m := range css.Wrong(text, stands) {
		if !exact {
			m.At = 0
		}
		l.say(from+m.At, "style-wrong", m.Text, m.Hint)
	}
}

// together looks at the elements together.
func (l *looker) together() {
	all := make([]document.Element, len(l.tags))
	for i := range l.tags {
		t := &l.tags[i]
		e := document.Element{Name: t.name, At: t.at, Text: t.text, Kind: [...]document.Kind{opens: document.Opens,
			closes: document.Closes, words: document.Words, raw: document.Other}[t.kind]}
		if t.kind == opens && (t.void || slices.Contains(alone, t.name)) {
			e.Kind = document.Void
		}
		for _, a := range t.attrs {
			e.Attrs = append(e.Attrs, document.Attr{Name: a.name, Value: a.value, At: a.at})
		}
		all[i] = e
	}
	for _, m := range document.Look(all, document.Config{Language: l.Language, Dynamic: target.Dynamic, Parted: l.parted}) {
		l.say(m.At, m.Code, m.Text, m.Hint)
	}
}

// parted says whether a condition or a loop begins or ends between two offsets.
func (l *looker) parted(from, to int) bool {
	return slices.ContainsFunc(l.actions, func(a source.Action) bool {
		return a.Start > from && a.Start < to && (a.Kind == source.Opener || a.Kind == source.Divider || a.Kind == source.Closer)
	})
}
