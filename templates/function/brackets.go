package function

import (
	htmltemplate "html/template"
	"net/url"
	"strings"
)

// link is the address of the link that <{{.x}}> makes in Markdown: a whole link is its own, a mail address gets
// mailto:. It is empty for any other text.
func (ex *Execution) link(v any) (any, error) {
	s := strings.TrimSpace(asText(v))
	if strings.ContainsAny(s, " \t\r\n<>\"") {
		return "", nil
	}
	local, domain, isAddress := strings.Cut(s, "@")
	if scheme, _, ok := strings.Cut(s, ":"); ok {
		switch strings.ToLower(scheme) {
		case "http", "https", "mailto", "tel", "sms":
			if u, ok := v.(htmltemplate.URL); ok {
				return u, nil
			}
			return ex.text(s)
		}
		return "", nil
	}
	if !isAddress || local == "" || domain == "" || strings.Contains(domain, "@") {
		return "", nil
	}
	s, err := ex.text("mailto:" + url.PathEscape(local) + "@" + url.PathEscape(domain))
	return htmltemplate.URL(s), err
}

// bracketed is a value in angle brackets, and nothing for a blank one.
func (ex *Execution) bracketed(v any) (string, error) {
	if isBlank(v) {
		return "", nil
	}
	return ex.text("<" + asText(v) + ">")
}
