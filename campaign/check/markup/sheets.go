package markup

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"mailshot/campaign/check/target"
)

// sheet is what the <style> of a source says about colours.
type sheet []rule

// rule is one selector with its declarations.
type rule struct {
	at      int // of the rule in the source
	element string
	classes []string
	id      string
	style   map[string]string
	unsure  bool // whether it applies depends on more than the element, or it says !important
}

var (
	simple  = regexp.MustCompile(`^([a-z][a-z0-9]*|\*)?((?:[.#][\w-]+)*)$`)
	part    = regexp.MustCompile(`[.#][\w-]+`)
	passing = regexp.MustCompile(`:(?:hover|active|focus|visited)\b`)
	beyond  = regexp.MustCompile(`\[[^\]]*\]|::?[\w-]+(?:\([^)]*\))?`)
)

// sheet reads the rules of a source. Rules within @media and the like are only for some readers, and are left out.
func (l *looker) sheet() (all sheet) {
	for i := range l.tags {
		t := &l.tags[i]
		if t.kind != raw || t.name != "style" || target.Dynamic(t.text) {
			continue
		}
		css := uncommented(t.text)
		for at := 0; at < len(css); {
			open := strings.IndexAny(css[at:], "{;")
			if open < 0 {
				break
			}
			if css[at+open] == ';' { // @import
				at += open + 1
				continue
			}
			selectors, start := css[at:at+open], at
			end := at + open + 1
			for depth := 1; end < len(css) && depth > 0; end++ {
				switch css[end] {
				case '{':
					depth++
				case '}':
					depth--
				}
			}
			body := strings.TrimSuffix(css[at+open+1:end], "}")
			at = end
			if strings.Contains(selectors, "@") {
				continue
			}
			start += len(selectors) - len(strings.TrimLeft(selectors, " \t\r\n"))
			all = append(all, rules(t.at+start, selectors, body)...)
		}
	}
	return all
}

// rules returns the rules of one block that say something about colours.
func rules(at int, selectors, body string) (all []rule) {
	style := declarations(body)
	if style["color"] == "" && style["background-color"] == "" && style["background"] == "" &&
		style["background-image"] == "" {
		return nil
	}
	for selector := range strings.SplitSeq(lower(selectors), ",") {
		selector = strings.TrimSpace(selector)
		if passing.MatchString(selector) {
			continue
		}
		r := rule{at: at, style: style, unsure: strings.Contains(body, "!")}
		m := simple.FindStringSubmatch(selector)
		if m == nil {
			r.unsure = true
			m = simple.FindStringSubmatch(beyond.ReplaceAllString(selector[strings.LastIndexAny(selector, " >+~")+1:], ""))
		}
		if m == nil {
			m = []string{"", "*", ""} // it may be any element
		}
		if m[1] != "*" {
			r.element = m[1]
		}
		for _, is := range part.FindAllString(m[2], -1) {
			if is[0] == '#' {
				r.id = is[1:]
			} else {
				r.classes = append(r.classes, is[1:])
			}
		}
		all = append(all, r)
	}
	return all
}

// matches says whether the rule is for an element, as far as the element itself shows.
func (r *rule) matches(t *tag) bool {
	if r.element != "" && r.element != t.name || r.id != "" && lower(t.value("id")) != r.id {
		return false
	}
	has := strings.Fields(lower(t.value("class")))
	return !slices.ContainsFunc(r.classes, func(c string) bool { return !slices.Contains(has, c) })
}

// weight is the specificity (Selectors Level 3, 9).
func (r *rule) weight() int {
	w := 10 * len(r.classes)
	if r.id != "" {
		w += 100
	}
	if r.element != "" {
		w++
	}
	return w
}

// dress is how an element looks.
type dress struct {
	style  map[string]string
	at     int  // of the rule that gives the text its colour; 0 = its own style does
	unsure bool // another rule may count
}

// of returns how the sheet and the element's own style make an element look. The element's own style counts more.
func (s sheet) of(t *tag) dress {
	own := declarations(t.value("style"))
	if len(s) == 0 {
		return dress{style: own}
	}
	var found []*rule
	for i := range s {
		if s[i].matches(t) {
			found = append(found, &s[i])
		}
	}
	slices.SortStableFunc(found, func(a, b *rule) int { return cmp.Compare(a.weight(), b.weight()) })
	d := dress{style: map[string]string{}, unsure: target.Dynamic(t.value("class")) || target.Dynamic(t.value("id"))}
	for _, r := range found {
		d.unsure = d.unsure || r.unsure
		if r.style["color"] != "" {
			d.at = r.at
		}
		d.add(r.style)
	}
	if own["color"] != "" {
		d.at = 0
	}
	d.add(own)
	return d
}

// add adds declarations that count more than those before.
func (d *dress) add(style map[string]string) {
	if style["background"] != "" || style["background-color"] != "" { // either replaces the other
		delete(d.style, "background")
		delete(d.style, "background-color")
	}
	for name, value := range style {
		d.style[name] = value
	}
}
