package markup

import (
	"fmt"
	"slices"
	"strings"

	"mailshot/campaign/check/clients"
)

// support finds HTML and CSS that mail programs with a large share do not show. If readers lose something, it makes a
// warning; if the message only looks plainer, it makes a note.
func (l *looker) support() {
	plainer := map[string][]clients.Feature{} // by code
	first := map[string]int{}
	told := map[string]bool{}
	add := func(code string, at int, found []clients.Feature) {
		for _, f := range found {
			if told[f.ID] || !wide(f.No) || slices.Contains(fine, f.ID) {
				continue
			}
			told[f.ID] = true
			if f.Loses != "" {
				l.say(at, "client-loses", fmt.Sprintf("%s is not in %s: %s", f.Title, spoken(f.No), f.Loses),
					"do without it, or look at the message there (caniemail.com, "+f.Tested+")")
				continue
			}
			if _, ok := first[code]; !ok {
				first[code] = at
			}
			plainer[code] = append(plainer[code], f)
		}
	}
	l.uses(add)
	for _, code := range []string{"client-html", "client-css"} {
		if all := plainer[code]; len(all) > 0 {
			l.say(first[code], code, features(all),
				"look at the message in these programs, or leave it: it only looks plainer there")
		}
	}
}

// uses calls add with each feature that the tags and styles use and some program does not show, and with its place.
func (l *looker) uses(add func(code string, at int, found []clients.Feature)) {
	for i := range l.tags {
		t := &l.tags[i]
		switch t.kind {
		case opens:
			if _, said := never[t.name]; !said {
				add("client-html", t.at, clients.Element(t.name, lower(t.value("type"))))
			}
			for _, a := range t.attrs {
				add("client-html", a.named, clients.Attribute(a.name))
				if a.name == "style" && !hides(a.value) {
					styles(a.value, a.at, false, add)
				}
			}
		case raw:
			if t.name == "style" {
				styles(t.text, t.at, true, add)
			}
		}
	}
}

// fine are features whose absence nobody sees, or which mail builders use on purpose for the programs that have them.
var fine = strings.Fields("css-at-media css-at-media-prefers-color-scheme css-at-font-face css-at-import css-color-scheme " +
	"html-meta-color-scheme css-pseudo-class-hover css-pseudo-class-link css-pseudo-class-visited css-pseudo-class-active " +
	"css-cursor html-target html-aria-label html-aria-hidden html-role css-border-radius css-max-width css-important " +
	"css-display-none css-transition css-overflow css-outline css-text-shadow css-box-shadow html-loading-attribute " +
	"html-aria-labelledby html-aria-describedby css-selector-attribute css-pseudo-class-focus css-word-break css-box-sizing " +
	"css-hyphens css-overflow-wrap css-word-wrap css-user-select css-opacity css-table-layout html-link html-style html-base " +
	"css-display css-min-width css-selector-universal css-at-media-device-pixel-ratio css-unit-initial css-visibility " +
	"css-float css-object-fit css-background-size css-background-position css-background-repeat html-semantics css-max-height " +
	"css-text-decoration-color css-letter-spacing css-selector-child css-white-space html-svg html-lang css-sytem-ui")

// wide says whether these include programs with a large share.
func wide(no []string) bool {
	return slices.Contains(no, "Gmail") || slices.Contains(no, "Outlook on Windows") || slices.Contains(no, "Apple Mail")
}

// spoken writes programs one after the other.
func spoken(all []string) string {
	if len(all) == 1 {
		return all[0]
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

// mostFeatures is how many features a note names.
const mostFeatures = 6

// features says who does not show what.
func features(all []clients.Feature) string {
	var b strings.Builder
	for i, f := range all {
		if i == mostFeatures {
			fmt.Fprintf(&b, "; and %d more", len(all)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s (not %s)", f.Title, spoken(f.No))
	}
	return "not every mail program shows this: " + b.String()
}

// hides says whether a style belongs to a preheader, which templates hide by every means.
func hides(style string) bool { return concealed(declarations(style)) }

// styles goes through CSS: the declarations of an attribute, or a sheet.
func styles(css string, at int, sheet bool, add func(code string, at int, found []clients.Feature)) {
	css = uncommented(css)
	depth, start := 0, 0
	if !sheet {
		depth = 1
	}
	for i := 0; i <= len(css); i++ {
		end := i == len(css)
		if !end && strings.IndexByte("{};", css[i]) < 0 {
			continue
		}
		part := css[start:i]
		from := start + len(part) - len(strings.TrimLeft(part, " \t\r\n"))
		part = strings.TrimSpace(part)
		switch {
		case part == "" || strings.IndexByte(part, printed) >= 0 || strings.IndexByte(part, silent) >= 0:
		case !end && css[i] == '{' && part[0] == '@', part[0] == '@':
			add("client-css", at+from, clients.AtRule(part))
		case !end && css[i] == '{':
			add("client-css", at+from, clients.Selector(part))
		default:
			if name, value, ok := strings.Cut(part, ":"); ok && depth > 0 && !strings.HasPrefix(name, "mso-") && name[0] != '-' {
				add("client-css", at+from, clients.Property(name, value))
			} else if ok && strings.HasPrefix(name, "--") {
				add("client-css", at+from, clients.Property(name, value))
			}
		}
		if end {
			return
		}
		switch css[i] {
		case '{':
			depth++
		case '}':
			depth--
		}
		start = i + 1
	}
}

// uncommented returns CSS with blanks in place of its comments.
func uncommented(css string) string {
	b := []byte(css)
	for i := 0; i+1 < len(b); i++ {
		if b[i] != '/' || b[i+1] != '*' {
			continue
		}
		end := len(b)
		if n := strings.Index(css[i+2:], "*/"); n >= 0 {
			end = i + 2 + n + 2
		}
		for ; i < end; i++ {
			if b[i] != '\n' {
				b[i] = ' '
			}
		}
		i--
	}
	return string(b)
}
