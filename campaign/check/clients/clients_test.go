package clients_test

import (
	"slices"
	"strings"
	"testing"

	"mailshot/campaign/check/clients"
)

// asked returns what is said of a snippet: a declaration, a selector, an at-rule, an element or an attribute.
func asked(s string) (ids []string) {
	var found []clients.Feature
	name, value, declaration := strings.Cut(s, ": ")
	switch {
	case strings.HasPrefix(s, "@"):
		found = clients.AtRule(s)
	case strings.HasPrefix(s, "<"):
		words := strings.Fields(strings.Trim(s, "<>"))
		kind := ""
		if len(words) > 1 {
			kind = words[1]
		}
		found = clients.Element(words[0], kind)
	case strings.HasSuffix(s, "="):
		found = clients.Attribute(strings.TrimSuffix(s, "="))
	case declaration:
		found = clients.Property(name, value)
	default:
		found = clients.Selector(s)
	}
	for _, f := range found {
		ids = append(ids, f.ID)
	}
	return ids
}

func TestSnippets(t *testing.T) {
	t.Parallel()
	for snippet, want := range map[string]string{
		"display: flex": "css-display-flex", "display: grid": "css-display-grid", "display: block": "", "color: #333": "",
		"color: var(--accent)": "css-variables", "--accent: red": "css-variables", "position: absolute": "css-position",
		"position: relative": "", "inset: 0": "css-inset", "margin-inline-start: 4px": "css-margin-inline-start-end",
		"width: clamp(1px, 2px, 3px)": "css-function-clamp", "color: oklch(1 2 3)": "css-modern-color", "width: 50vh": "css-unit-vh",
		"background: conic-gradient(red, blue)": "css-conic-gradient", "box-shadow: 0 0 1px red": "css-box-shadow",
		"p:hover": "", "p:has(b)": "css-pseudo-class-has", "p::before": "css-pseudo-element-before",
		"@media (prefers-color-scheme: dark)": "css-at-media-prefers-color-scheme", "@font-face": "css-at-font-face",
		"@supports (x: y)": "css-at-supports", "<video>": "html-video", "<dialog>": "html-dialog", "<p>": "", "<h2>": "",
		"hidden=": "html-hidden", "srcset=": "html-srcset", "href=": "", "loading=": "html-loading-attribute",
	} {
		got := asked(snippet)
		if want == "" && slices.ContainsFunc(got, func(id string) bool { return strings.HasPrefix(id, "css-variables") }) ||
			want != "" && !slices.Contains(got, want) {
			t.Errorf("%s: got %v, want %s", snippet, got, want)
		}
	}
}

// Each feature says who does not show it, and when that was tested.
func TestFeatures(t *testing.T) {
	t.Parallel()
	all := clients.Features()
	if len(all) < 150 {
		t.Fatalf("%d features: the test looks at nothing", len(all))
	}
	for _, f := range all {
		if f.Title == "" || len(f.Tested) != len("2006-01-02") || len(f.No) == 0 || slices.Contains(f.No, "") {
			t.Errorf("%+v", f)
		}
	}
}

// A snippet is found for each property, pseudo-class, pseudo-element, element and attribute of the data that has its
// name. What is left is said: features that are no HTML or CSS of a message, such as BIMI.
func TestReach(t *testing.T) {
	t.Parallel()
	var missed []string
	for _, f := range clients.Features() {
		found := false
		for prefix, snippets := range map[string][]string{
			"css-": {"%: x", "@%", "x: 1%"}, "css-pseudo-class-": {"p:%"}, "css-pseudo-element-": {"p::%"}, "css-at-": {"@%"},
			"css-at-media-": {"@media (%)"}, "css-unit-": {"x: 1%", "x: %", "x: %(1)"}, "css-function-": {"x: %(1)"},
			"html-": {"<%>", "%=", "<x %>"}, "html-input-": {"<input %>"}, "html-button-": {"<button %>"},
		} {
			name, ok := strings.CutPrefix(f.ID, prefix)
			for _, s := range snippets {
				found = found || ok && slices.Contains(asked(strings.ReplaceAll(s, "%", name)), f.ID)
			}
		}
		for _, s := range byHand[f.ID] {
			found = found || slices.Contains(asked(s), f.ID)
		}
		if !found {
			missed = append(missed, f.ID)
		}
	}
	for _, id := range missed {
		if !slices.Contains(beyond, id) {
			t.Errorf("no snippet is found for %s", id)
		}
	}
}

// beyond are features that a template's HTML and CSS do not show: parts of a message, and files.
var beyond = strings.Fields("amp bimi image-apng image-avif image-base64 image-hdr image-heif image-ico image-mp4 image-svg " +
	"image-tiff image-webp image-bmp css-comments html-comments html-mailto-links html-anchor-links html-doctype " +
	"html-meta-color-scheme css-selector-chaining css-selector-class css-selector-descendant css-selector-grouping " +
	"css-selector-type css-unit-calc html-style html-link html-base html-body")

// byHand are snippets of features whose ids are not the names of what they are about.
var byHand = map[string][]string{
	"css-display-flex": {"display: flex"}, "css-display-grid": {"display: grid"}, "css-display-none": {"display: none"},
	"css-block-inline-size": {"block-size: 1px"}, "css-border-inline-block": {"border-inline: 1px"},
	"css-border-inline-block-individual": {"border-inline-start: 1px"}, "css-left-right-top-bottom": {"left: 0"},
	"css-border-inline-block-longhand": {"border-inline-color: red"}, "css-nesting": {"& p"}, "css-gap": {"gap: 1px"},
	"css-border-radius-logical": {"border-start-start-radius: 1px"}, "css-conic-gradient": {"background: conic-gradient(a)"},
	"css-linear-gradient": {"background: linear-gradient(a)"}, "css-radial-gradient": {"background: radial-gradient(a)"},
	"css-flex-direction": {"flex-direction: column"}, "css-grid-template": {"grid-template-columns: a"},
	"css-inert-attribute": {"inert="}, "css-intrinsic-size": {"width: min-content"}, "css-modern-color": {"color: lab(1)"},
	"css-margin-block-start-end": {"margin-block-start: 1px"}, "css-margin-inline-block": {"margin-inline: 1px"},
	"css-margin-inline-start-end": {"margin-inline-end: 1px"}, "css-padding-inline-block": {"padding-inline: 1px"},
	"css-padding-block-start-end": {"padding-block-end: 1px"}, "css-padding-inline-start-end": {"padding-inline-end: 1px"},
	"css-scroll-snap": {"scroll-snap-type: x"}, "css-sytem-ui": {"font-family: system-ui"}, "css-variables": {"color: var(--x)"},
	"css-selector-adjacent-sibling": {"a + b"}, "css-selector-general-sibling": {"a ~ b"}, "css-selector-child": {"a > b"},
	"css-selector-attribute": {"a[b]"}, "css-selector-universal": {"*"}, "css-selector-id": {"#a"}, "css-important": {"x: y !important"},
	"css-column-layout-properties": {"columns: 2"}, "html-image-maps": {"<map>"}, "html-lists": {"<ul>"}, "html-semantics": {"<main>"},
	"html-h1-h6": {"<h1>"}, "html-loading-attribute": {"loading="}, "css-rgb": {"color: rgb(1)"}, "css-rgba": {"color: rgba(1)"},
	"css-unit-initial": {"x: initial"}, "css-unit-percent": {"x: 1%"},
}
