package templates

import (
	"strings"
	"testing"
)

// An address is left out of the text part where another link shows it. Two links with the same {{.}} or the same
// variable do not have the same address if a {{with}} or a {{range}} between them makes it another value: each is
// written then.
func TestLinksOfAnotherDot(t *testing.T) {
	t.Parallel()
	for _, html := range []string{
		`{{with .x}}<a href="https://a.example/{{.}}">One</a> {{with $.y}}<a href="https://a.example/{{.}}">Two</a>{{end}}{{end}}`,
		`{{range split ";" .x}}<p><a href="https://a.example/{{.}}">One</a></p>` +
			`{{range split ";" $.y}}<p><a href="https://a.example/{{.}}">Two</a></p>{{end}}{{end}}`,
		`{{with $u := .x}}<a href="https://a.example/{{$u}}">One</a> ` +
			`{{with $u := $.y}}<a href="https://a.example/{{$u}}">Two</a>{{end}}{{end}}`,
	} {
		text := htmlText(t, html, "first", "second")
		for _, address := range []string{"<https://a.example/first>", "<https://a.example/second>"} {
			if !strings.Contains(text, address) {
				t.Errorf("%s: %q lacks %s", html, text, address)
			}
		}
	}
}
