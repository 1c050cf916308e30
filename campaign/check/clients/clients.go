// Package clients knows which mail programs show which HTML and CSS. Call [Property], [Selector], [AtRule], [Element]
// or [Attribute]. They return the features of caniemail that the snippet uses and that some program does not show.
//
// The data comes from caniemail.com, see features.txt, which has its licence and the date of its newest test.
package clients

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Feature is something that not all mail programs show.
type Feature struct {
	ID     string   // as caniemail names it: "css-display-flex"
	Title  string   // "display:flex"
	Tested string   // when it was tested last: "2021-11-02"
	No     []string // the programs that do not show it
	Part   []string // the programs that show it in part
	Loses  string   // what readers of those programs see; "" = the message without it, which is mostly right
}

//go:embed features.txt
var data string

// called has the programs of the data with the names that people know.
var called = map[string]string{
	"apple": "Apple Mail", "gmail": "Gmail", "gmail-app": "the Gmail app", "outlook": "Outlook on Windows",
	"outlook-com": "Outlook.com", "yahoo": "Yahoo Mail", "samsung": "Samsung Email",
}

// loses says for some features what readers lose without them. Without the other features a message only looks plainer.
var loses = map[string]string{
	"css-variables":    "the whole declaration is left out, with its colour or size",
	"css-display-grid": "the columns stand below one another, or in one line",
	"css-position":     "the element stays where it is in the text, and moves what follows",
	"css-modern-color": "the colour is left out",
	"css-inset":        "the element stays where it is in the text",
	"html-dialog":      "its text stands in the message",
	"html-hidden":      "what is to be hidden is shown",
	"html-popover":     "what is to be hidden is shown",
}

var all = sync.OnceValue(func() map[string]Feature {
	m := map[string]Feature{}
	for line := range strings.Lines(data) {
		parts := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(parts) != 4 || line[0] == '#' {
			continue
		}
		f := Feature{ID: parts[0], Title: parts[1], Tested: parts[2], Loses: loses[parts[0]]}
		for word := range strings.FieldsSeq(parts[3]) {
			client, answer, _ := strings.Cut(word, "=")
			if answer == "n" {
				f.No = append(f.No, called[client])
			} else {
				f.Part = append(f.Part, called[client])
			}
		}
		m[f.ID] = f
	}
	return m
})

// Features returns all features that some program does not show, sorted by id.
func Features() []Feature {
	var list []Feature
	for _, f := range all() {
		if len(f.No) > 0 {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b Feature) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// of returns those of the features that exist and that some program does not show.
func of(ids ...string) (list []Feature) {
	for _, id := range ids {
		if f, ok := all()[id]; ok && len(f.No) > 0 {
			list = append(list, f)
		}
	}
	return list
}

// grouped are properties that caniemail has under another name.
var grouped = map[string]string{
	"left": "css-left-right-top-bottom", "right": "css-left-right-top-bottom", "top": "css-left-right-top-bottom",
	"bottom": "css-left-right-top-bottom", "margin-inline": "css-margin-inline-block", "margin-block": "css-margin-inline-block",
	"margin-inline-start": "css-margin-inline-start-end", "margin-inline-end": "css-margin-inline-start-end",
	"margin-block-start": "css-margin-block-start-end", "margin-block-end": "css-margin-block-start-end",
	"padding-inline": "css-padding-inline-block", "padding-block": "css-padding-inline-block",
	"padding-inline-start": "css-padding-inline-start-end", "padding-inline-end": "css-padding-inline-start-end",
	"padding-block-start": "css-padding-block-start-end", "padding-block-end": "css-padding-block-start-end",
	"block-size": "css-block-inline-size", "border-inline": "css-border-inline-block", "border-block": "css-border-inline-block",
	"border-inline-start": "css-border-inline-block-individual", "border-inline-end": "css-border-inline-block-individual",
	"border-block-start": "css-border-inline-block-individual", "border-block-end": "css-border-inline-block-individual",
	"border-inline-color": "css-border-inline-block-longhand", "border-inline-width": "css-border-inline-block-longhand",
	"border-inline-style": "css-border-inline-block-longhand", "border-block-color": "css-border-inline-block-longhand",
	"border-block-width": "css-border-inline-block-longhand", "border-block-style": "css-border-inline-block-longhand",
	"border-start-start-radius": "css-border-radius-logical", "border-start-end-radius": "css-border-radius-logical",
	"border-end-start-radius": "css-border-radius-logical", "border-end-end-radius": "css-border-radius-logical",
	"grid-template-columns": "css-grid-template", "grid-template-rows": "css-grid-template", "grid-template-areas": "css-grid-template",
	"columns": "css-column-layout-properties", "column-gap": "css-column-layout-properties",
	"column-rule": "css-column-layout-properties", "column-span": "css-column-layout-properties",
	"scroll-snap-type": "css-scroll-snap", "scroll-snap-align": "css-scroll-snap", "row-gap": "css-gap", "grid-gap": "css-gap",
	"animation-name": "css-animation", "animation-duration": "css-animation", "transition-property": "css-transition",
	"min-content": "css-intrinsic-size", "word-wrap": "css-word-wrap", "-webkit-user-select": "css-user-select",
	"-webkit-mask-image": "css-mask-image", "border-image-source": "css-border-image",
}

// functions are texts of values that are features of their own.
var functions = map[string]string{
	"var(": "css-variables", "clamp(": "css-function-clamp", "max(": "css-function-max", "min(": "css-function-min",
	"light-dark(": "css-function-light-dark", "calc(": "css-unit-calc", "conic-gradient(": "css-conic-gradient",
	"linear-gradient(": "css-linear-gradient", "radial-gradient(": "css-radial-gradient", "lch(": "css-modern-color",
	"lab(": "css-modern-color", "rgba(": "css-rgba", "rgb(": "css-rgb", "system-ui": "css-sytem-ui", "!important": "css-important",
	"min-content": "css-intrinsic-size", "max-content": "css-intrinsic-size", "fit-content": "css-intrinsic-size",
	"initial": "css-unit-initial",
}

var unit = regexp.MustCompile(`(?:^|[\s(,+*/-])[0-9]*\.?[0-9]+(ch|cm|em|ex|in|mm|pc|pt|px|rem|vh|vmax|vmin|vw|%)`)

// Property returns the features of a declaration of CSS.
func Property(name, value string) []Feature {
	name, value = strings.ToLower(strings.TrimSpace(name)), strings.ToLower(strings.TrimSpace(value))
	var ids []string
	add := func(id string) {
		if id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	switch {
	case strings.HasPrefix(name, "--"):
		return of("css-variables")
	case name == "display":
		switch strings.TrimPrefix(value, "inline-") {
		case "flex", "grid", "none":
			add("css-display-" + strings.TrimPrefix(value, "inline-"))
		default:
			add("css-display")
		}
	case name == "flex-direction" && !strings.Contains(value, "column"), name == "position" &&
		(value == "static" || value == "relative"):
	case grouped[name] != "":
		add(grouped[name])
	default:
		add("css-" + name)
	}
	for text, id := range functions {
		if i := strings.Index(value, text); i >= 0 && (i == 0 || !isWord(value[i-1]) || text == "lch(" || text == "lab(") {
			add(id)
		}
	}
	for _, m := range unit.FindAllStringSubmatch(value, -1) {
		add("css-unit-" + strings.ReplaceAll(m[1], "%", "percent"))
	}
	slices.Sort(ids)
	return of(ids...)
}

func isWord(c byte) bool { return c >= 'a' && c <= 'z' || c == '-' }

var pseudo = regexp.MustCompile(`(::?)([a-z-]+)`)

// Selector returns the features of a selector of CSS.
func Selector(s string) []Feature {
	s = strings.ToLower(s)
	var ids []string
	for _, m := range pseudo.FindAllStringSubmatch(s, -1) {
		ids = append(ids, "css-pseudo-class-"+m[2], "css-pseudo-element-"+m[2])
	}
	for mark, id := range map[string]string{
		">": "css-selector-child", "+": "css-selector-adjacent-sibling", "~": "css-selector-general-sibling",
		"[": "css-selector-attribute", "*": "css-selector-universal", "#": "css-selector-id", "&": "css-nesting",
	} {
		if strings.Contains(s, mark) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return of(slices.Compact(ids)...)
}

// AtRule returns the features of an at-rule, from its @ to what its block begins with.
func AtRule(s string) []Feature {
	s = strings.ToLower(s)
	ids := []string{}
	switch {
	case strings.HasPrefix(s, "@media"):
		ids = append(ids, "css-at-media")
		for text, id := range map[string]string{
			"device-pixel-ratio": "css-at-media-device-pixel-ratio", "hover": "css-at-media-hover",
			"orientation": "css-at-media-orientation", "prefers-color-scheme": "css-at-media-prefers-color-scheme",
			"prefers-reduced-motion": "css-at-media-prefers-reduced-motion",
		} {
			if strings.Contains(s, text) {
				ids = append(ids, id)
			}
		}
	default:
		name, _, _ := strings.Cut(strings.TrimPrefix(s, "@"), " ")
		ids = append(ids, "css-at-"+strings.TrimSpace(name))
	}
	slices.Sort(ids)
	return of(ids...)
}

// elements are those that caniemail has under another name.
var elements = map[string]string{
	"h1": "html-h1-h6", "h2": "html-h1-h6", "h3": "html-h1-h6", "h4": "html-h1-h6", "h5": "html-h1-h6", "h6": "html-h1-h6",
	"header": "html-semantics", "nav": "html-semantics", "main": "html-semantics", "section": "html-semantics",
	"article": "html-semantics", "aside": "html-semantics", "footer": "html-semantics", "figure": "html-semantics",
	"ul": "html-lists", "ol": "html-lists", "dl": "html-lists", "map": "html-image-maps",
}

// Element returns the features of an element. kind is the type of an input or a button.
func Element(name, kind string) []Feature {
	switch {
	case name == "input", name == "button" && kind != "":
		return of("html-" + name + "-" + kind)
	case elements[name] != "":
		return of(elements[name])
	}
	return of("html-" + name)
}

// Attribute returns the features of an attribute.
func Attribute(name string) []Feature {
	switch name {
	case "inert":
		return of("css-inert-attribute")
	case "loading":
		return of("html-loading-attribute")
	case "sizes":
		return of("html-srcset")
	}
	if slices.Contains(attributes, name) {
		return of("html-" + name)
	}
	return nil
}

var attributes = strings.Fields("align aria-describedby aria-hidden aria-label aria-labelledby aria-live background " +
	"cellpadding cellspacing dir height hidden lang popover required role srcset target valign width")
