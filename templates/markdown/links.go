package markdown

import (
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"mailshot/templates/source"
)

// linkify finds bare links as the renderer does, and also those whose host is an action: https://{{.domain}}/x.
func (t *tokens) linkify() goldmark.Extender {
	const (
		host = `[-a-zA-Z0-9@:%._\+~#=]`
		rest = `(?::\d+)?(?:[/#?][-a-zA-Z0-9@:%_+.~#$!?&/=\(\);,'">\^{}\[\]` + "`" + `]*)?`
	)
	token := t.Prefix() + `[a-p]{6}`
	url := `^(?:http|https|ftp)://(?:` + host + `*` + token + host + `*|` + host + `{1,256}\.[a-z]+)` + rest
	www := `^www\.(?:` + host + `*` + token + host + `*|` + host + `{1,256}\.[a-z]+)` + rest
	return extension.NewLinkify(extension.WithLinkifyURLRegexp(regexp.MustCompile(url)),
		extension.WithLinkifyWWWRegexp(regexp.MustCompile(www)))
}

// scheme is what an action in angle brackets gets before it, so that <{{.url}}> is read as an address and not as an
// element. It is not a token.
func (t *tokens) scheme() string { return t.Prefix() + "-at:" }

// address puts the scheme into the angle brackets of a hidden source.
func (t *tokens) address(hidden string) string {
	var b strings.Builder
	for {
		at, i := t.Next(hidden)
		if at < 0 {
			b.WriteString(hidden)
			return b.String()
		}
		after := hidden[at+t.Width():]
		b.WriteString(hidden[:at])
		if t.Actions[i].Kind == source.Output && strings.HasSuffix(hidden[:at], "<") && strings.HasPrefix(after, ">") {
			b.WriteString(t.scheme())
		}
		b.WriteString(t.Token(i))
		hidden = after
	}
}

// bracketed replaces what the renderer has made of addresses with the scheme: links by what link makes of their
// actions. Elsewhere, as in code, the scheme is taken out.
func (t *tokens) bracketed(s string, link func(t *source.Tokens, action int) string) string {
	var b strings.Builder
	open := `<a href="` + t.scheme()
	for {
		k := strings.Index(s, open)
		if k < 0 {
			break
		}
		_, i := t.Next(s[k+len(open):])
		whole := open + t.Token(i) + `">` + t.scheme() + t.Token(i) + "</a>"
		if i < 0 || !strings.HasPrefix(s[k:], whole) {
			b.WriteString(s[:k+len(open)])
			s = s[k+len(open):]
			continue
		}
		b.WriteString(s[:k] + link(t.Tokens, i))
		s = s[k+len(whole):]
	}
	return strings.ReplaceAll(b.String()+s, t.scheme(), "")
}

// lost finds an action that prints and is not in the rendered document, as one in a link's definition that no link
// refers to.
func (t *tokens) lost(s string) error {
	there := make([]bool, len(t.Actions))
	for {
		at, i := t.Next(s)
		if at < 0 {
			break
		}
		if i < len(there) {
			there[i] = true
		}
		s = s[at+t.Width():]
	}
	for i, a := range t.Actions {
		if a.Kind == source.Output && !there[i] {
			return t.Source.ErrorAt(a.Start, "lost-value", "nothing of the message would show what this prints",
				`Markdown reads "[name]: address" as the definition of a link; write \[ for a bracket that people read`)
		}
	}
	return nil
}
