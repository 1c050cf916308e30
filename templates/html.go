package templates

import (
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"

	xhtml "golang.org/x/net/html"

	"mailshot/templates/function"
	"mailshot/templates/markdown"
	"mailshot/templates/plaintext"
	"mailshot/templates/source"
)

// markdownToHTML renders Markdown with its actions hidden behind tokens, and puts the actions back into the HTML.
func markdownToHTML(src *source.Source) (*source.Form, error) {
	t, out, err := markdown.Render(src, func(t *source.Tokens, action int) string {
		return t.Call("if "+function.Link, action) + `<a href="` + t.Call(function.Link, action) + `">` + t.Token(action) +
			"</a>" + t.Call("else", -1) + t.Call(function.Bracketed, action) + t.Call("end", -1)
	})
	if err != nil {
		return nil, err
	}
	return t.Show(out), nil
}

// markdownToText derives the text part of a Markdown source.
func markdownToText(src *source.Source) (*source.Form, error) {
	t, out, err := markdown.Render(src, func(t *source.Tokens, action int) string {
		return t.Call(function.Bracketed, action)
	})
	if err != nil {
		return nil, err
	}
	return plaintext.Write(t, out, true)
}

// textInHTML makes a text source fit to stand in HTML. Everything but the actions is escaped here, once.
func textInHTML(src *source.Source) (*source.Form, error) {
	t, err := src.Tokens()
	if err != nil {
		return nil, err
	}
	return t.Show(html.EscapeString(t.Hide())), nil
}

var cidName = regexp.MustCompile(`(?i)\bcid:([^"'()<>\s{}]+)`)

// images lists the names of inline images that the set's HTML uses.
func (s *set) images() []string {
	names := map[string]bool{}
	for _, u := range s.units {
		if u.made == nil {
			continue
		}
		text := source.New("", 0, 0, u.made.Text)
		actions, _ := source.Scan(text.Text)
		z := xhtml.NewTokenizer(strings.NewReader(source.NewTokens(text, actions).Hide()))
		style := false
		for tt := z.Next(); tt != xhtml.ErrorToken; tt = z.Next() {
			token := z.Token()
			var texts []string
			if style && tt == xhtml.TextToken {
				texts = append(texts, token.Data) // url(cid:…)
			}
			for _, a := range token.Attr {
				texts = append(texts, a.Val)
			}
			style = tt == xhtml.StartTagToken && token.Data == "style"
			for _, t := range texts {
				for _, m := range cidName.FindAllStringSubmatch(t, -1) {
					names[m[1]] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}
