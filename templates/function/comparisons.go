package function

import (
	"cmp"
	"fmt"
	"html"
	"strings"
	"time"

	htmltemplate "html/template"
)

func comparisons() []entry {
	ordered := func(ok func(int) bool) func(*Execution) any {
		return func(*Execution) any {
			return func(a, b any) (bool, error) {
				c, err := compare(a, b)
				return err == nil && ok(c), err
			}
		}
	}
	return []entry{
		{Function{"eq", "eq A B…",
			"whether A equals one of the others; numbers and dates compare as such, everything else as text",
			`{{eq .count 3}} {{eq .city "Rome" "İzmir"}}`, "true true"},
			func(*Execution) any {
				return func(a any, bs ...any) bool {
					for _, b := range bs {
						if equal(a, b) {
							return true
						}
					}
					return false
				}
			}},
		{Function{"ne", "ne A B", "whether A and B differ", `{{ne .city "Rome"}}`, "true"},
			func(*Execution) any { return func(a, b any) bool { return !equal(a, b) } }},
		{Function{"lt", "lt A B", "whether A is less than B",
			`{{lt .amount 2000}}`, "true"}, ordered(func(c int) bool { return c < 0 })},
		{Function{"le", "le A B", "whether A is at most B",
			`{{le .due "2026-11-22"}}`, "true"}, ordered(func(c int) bool { return c <= 0 })},
		{Function{"gt", "gt A B", "whether A is more than B",
			`{{if gt .amount 1000}}large{{end}}`, "large"}, ordered(func(c int) bool { return c > 0 })},
		{Function{"ge", "ge A B", "whether A is at least B",
			`{{ge .count 4}}`, "false"}, ordered(func(c int) bool { return c >= 0 })},
		{Function{"and", "and A B…", "the first value that counts as false, else the last",
			`{{if and .name .paid}}yes{{else}}no{{end}}`, "no"}, nil},
		{Function{"or", "or A B…", "the first value that counts as true, else the last",
			`{{or .nick .name}}`, "Ann Lee"}, nil},
		{Function{"not", "not A", "the opposite", `{{if not .paid}}open{{end}}`, "open"}, nil},
	}
}

// equal compares as numbers or dates if one of the two is one and the other can be read as one; else it compares the
// texts as read.
func equal(a, b any) bool {
	va, vb := value(a), value(b)
	if isNumber(va) || isNumber(vb) {
		x, errA := asNumber(a)
		y, errB := asNumber(b)
		if errA == nil && errB == nil {
			return x == y
		}
	}
	if isDate(va) || isDate(vb) {
		x, errA := asDate(a)
		y, errB := asDate(b)
		if errA == nil && errB == nil {
			return x.Equal(y)
		}
	}
	if x, ok := va.(bool); ok {
		if y, ok := vb.(bool); ok {
			return x == y
		}
	}
	return asText(a) == asText(b)
}

// compare orders two values: numbers, dates, or texts.
func compare(a, b any) (int, error) {
	va, vb := value(a), value(b)
	if isDate(va) || isDate(vb) {
		x, err := asDate(a)
		if err != nil {
			return 0, err
		}
		y, err := asDate(b)
		if err != nil {
			return 0, err
		}
		return x.Compare(y), nil
	}
	x, errA := asNumber(a)
	y, errB := asNumber(b)
	if errA == nil && errB == nil {
		return cmp.Compare(x, y), nil
	}
	_, textA := va.(string)
	_, textB := vb.(string)
	if textA && textB {
		return strings.Compare(asText(a), asText(b)), nil
	}
	if errA != nil {
		return 0, errA
	}
	return 0, errB
}

func isNumber(v any) bool {
	switch v.(type) {
	case float64, int:
		return true
	}
	return false
}

func isDate(v any) bool {
	_, ok := v.(time.Time)
	return ok
}

// wordings are the functions that depend on what they print into.
func wordings() []entry {
	return []entry{
		{Function{"lang", "lang", "the language of the message, for a layout; empty if none is given",
			`{{default "none given" lang}}`, "none given"},
			func(ex *Execution) any { return func() string { return ex.cfg.Language } }},
		{Function{"dir", "dir", "the direction of writing: ltr or rtl", `{{dir}}`, "ltr"},
			func(ex *Execution) any { return func() string { return ex.cfg.Direction } }},
		{Function{"start", "start", "the side on which lines start: left or right", `{{start}}`, "left"},
			func(ex *Execution) any {
				return func() string {
					if ex.cfg.Direction == "rtl" {
						return "right"
					}
					return "left"
				}
			}},
		{Function{"preheader", "preheader TEXT…",
			"the line that mail programs show beside the subject; put it first in the body. It prints nothing in a text part",
			`{{preheader "Your invoice for November"}}`, ""},
			func(ex *Execution) any {
				return func(vs ...any) (htmltemplate.HTML, error) {
					s, err := ex.concat("", vs)
					if err != nil || !ex.cfg.HTML {
						return "", err
					}
					const hidden = `<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">%s</div>`
					return htmltemplate.HTML(fmt.Sprintf(hidden, html.EscapeString(s))), nil
				}
			}},
		{Function{"button", "button TEXT LINK",
			"a link as a button, on a line of its own; in Markdown you may also write [TEXT](LINK){.button}",
			`{{button "Pay now" "https://example.com/pay"}}`, "Pay now <https://example.com/pay>"},
			func(ex *Execution) any { return ex.button }},
	}
}

// label begins a button, and says notes a piece of its text.
func (ex *Execution) label() string { ex.said = false; return "" }

func (ex *Execution) says(v any) bool { ex.said = ex.said || !isBlank(v); return false }

// labelled ends a button. One that says nothing is an error.
func (ex *Execution) labelled() (string, error) {
	if !ex.said {
		return "", Advice{"the button has no text", "write the button between {{if}} and {{end}}, or a text with default"}
	}
	return "", nil
}

// button writes a link as a button. A button that leads nowhere, or that says nothing, is an error.
func (ex *Execution) button(text, link any) (htmltemplate.HTML, error) {
	label := strings.TrimSpace(asText(text))
	switch {
	case label == "":
		return "", Advice{"the button has no text", `button "Pay now" .link`}
	case isBlank(link):
		return "", Advice{"the button's link is empty", `write the button between {{if .link}} and {{end}}`}
	}
	address, err := ex.href(link)
	if err != nil {
		return "", err
	}
	made := label + " <" + address + ">"
	if ex.cfg.HTML {
		b := ex.cfg.Button
		made = b.Before + html.EscapeString(address) + b.Between + html.EscapeString(label) + b.After
	}
	made, err = ex.text(made)
	return htmltemplate.HTML(made), err
}

// conditional writes a conditional comment of an HTML source, which html/template would have dropped. Only templates
// made from a source call it.
func (ex *Execution) conditional(s string) htmltemplate.HTML { return htmltemplate.HTML(s) }
