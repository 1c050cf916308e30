package templates

import (
	"html"
	"regexp"
	"slices"
	"strings"

	xhtml "golang.org/x/net/html"

	"mailshot/templates/function"
	"mailshot/templates/layouts"
	"mailshot/templates/markdown"
	"mailshot/templates/plaintext"
	"mailshot/templates/source"
)

// markdownToHTML renders Markdown with its actions hidden behind tokens, and puts the actions back into the HTML.
func (s *set) markdownToHTML(src *source.Source) (*source.Form, error) {
	t, out, err := markdown.Render(src, markdown.Options{
		Quotes: s.c.cfg.Typographer, Language: s.c.cfg.Language,
		Label: markdown.Label{Label: function.Label, Says: function.Says, Labelled: function.Labelled},
		Link: func(t *source.Tokens, action int) string {
			return t.Call("if "+function.Link, action) + `<a href="` + t.Call(function.Link, action) + `">` + t.Token(action) +
				"</a>" + t.Call("else", -1) + t.Call(function.Bracketed, action) + t.Call("end", -1)
		},
	})
	if err != nil {
		return nil, err
	}
	if s.c.right() {
		out = markdown.Isolate(t, out)
	}
	return t.Show(layouts.DressButtons(out, markdown.ButtonTable, markdown.ButtonCell, s.accent)), nil
}

// markdownToText derives the text part of a Markdown source.
func (c *Compiler) markdownToText(src *source.Source) (*source.Form, error) {
	t, out, err := markdown.Render(src, markdown.Options{
		Text: true, Quotes: c.cfg.Typographer, Language: c.cfg.Language,
		Link: func(t *source.Tokens, action int) string { return t.Call(function.Bracketed, action) },
	})
	if err != nil {
		return nil, err
	}
	return plaintext.Write(t, out, c.textOptions())
}

// htmlToText derives the text part of an HTML source.
func (c *Compiler) htmlToText(src *source.Source) (*source.Form, error) {
	return plaintext.FromHTML(src, c.textOptions())
}

// textOptions says how text parts are derived.
func (c *Compiler) textOptions() plaintext.Options {
	return plaintext.Options{Language: c.cfg.Language, Right: c.right()}
}

// right says whether what has no direction of its own is written from right to left.
func (c *Compiler) right() bool {
	return function.Direction(c.cfg.Language, c.cfg.Direction) == "rtl"
}

// textInHTML makes a text source fit to stand in HTML. Everything but the actions is escaped here, once.
func textInHTML(src *source.Source) (*source.Form, error) {
	t, err := src.Tokens()
	if err != nil {
		return nil, err
	}
	return t.Show(html.EscapeString(t.Hide())), nil
}

var (
	cidAddress = regexp.MustCompile(`(?i)^\s*cid:([^"'()<>\s{}]+)`)               // of src, href, background
	cidStyle   = regexp.MustCompile(`(?i)\burl\(\s*["']?\s*cid:([^"'()<>\s{}]+)`) // of a style
	cidSet     = regexp.MustCompile(`(?i)(?:^|,)\s*cid:([^"'()<>\s{},]+)`)        // of srcset
	notAddress = []string{"alt", "title", "content", "value", "label", "summary", "aria-label"}
)

// ImageError is a mistake about an image, which is one of b.Images, at the first place where a source shows it.
func (b *Body) ImageError(image, code, text, hint string) *Error {
	at, ok := b.shown[image]
	if !ok {
		return &Error{Code: code, File: "body", Line: 1, Column: 1, Text: text, Hint: hint}
	}
	e := *at
	e.Code, e.Text, e.Hint = code, text, hint
	return &e
}

// images finds the names of inline images that the set's HTML uses, and the first place of each.
func (s *set) images() map[string]*Error {
	names := map[string]*Error{}
	var in *source.Source
	find := func(pattern *regexp.Regexp, text string) {
		for _, m := range pattern.FindAllStringSubmatch(text, -1) {
			if names[m[1]] == nil {
				at := regexp.MustCompile(`(?i:cid:)` + regexp.QuoteMeta(m[1])).FindStringIndex(in.Text)
				if at == nil { // it is written with entities
					at = []int{0}
				}
				names[m[1]] = in.ErrorAt(at[0], "", "", "")
			}
		}
	}
	for _, u := range s.units {
		if u.made == nil {
			continue
		}
		in = u.raw.Source
		text := source.New("", 0, 0, u.made.Text)
		actions, _ := source.Scan(text.Text)
		z := xhtml.NewTokenizer(strings.NewReader(source.NewTokens(text, actions).Hide()))
		style := false
		for tt := z.Next(); tt != xhtml.ErrorToken; tt = z.Next() {
			token := z.Token()
			if style && tt == xhtml.TextToken {
				find(cidStyle, token.Data)
			}
			for _, a := range token.Attr {
				switch {
				case a.Key == "style":
					find(cidStyle, a.Val)
				case strings.HasSuffix(a.Key, "srcset"):
					find(cidSet, a.Val)
				case !slices.Contains(notAddress, a.Key):
					find(cidAddress, a.Val)
				}
			}
			style = tt == xhtml.StartTagToken && token.Data == "style"
		}
	}
	return names
}
