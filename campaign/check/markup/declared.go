package markup

import (
	"strings"

	"mailshot/campaign/check/css"
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
