package unsubscribing

import (
	"crypto/sha256"
	_ "embed" // the page, its style and its script
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"mailshot/campaign/definition/schema"
	"mailshot/campaign/leaving/desk"
	"mailshot/campaign/leaving/words"
	"mailshot/render/address"
)

var (
	//go:embed page.html
	layout string
	//go:embed page.css
	style string
	//go:embed page.js
	script string
)

// shown stands for the token where a person reads an address.
const shown = "CODE"

// page has the parts that the page is made from.
type page struct {
	First         *words.Text
	Texts         []*words.Text
	ByHand        []template.HTML
	Form          template.URL // mailto:, if the code is the whole subject; "" = it is elsewhere
	Before, After string       // of the code in the mailto: address
	Policy        string
	CSS           template.CSS
	JS            template.JS
}

// WritePage writes a page that asks a person to send a mail that unsubscribes them. mailto is unsubscribe.mailto of a
// campaign. The page is one file that loads nothing. It takes the token out of its own address, after # or =, and it
// works without its script.
func WritePage(w io.Writer, mailto string, set *words.Set) error {
	p := page{First: set.Texts[0], Texts: set.Texts}
	mailto = strings.TrimPrefix(mailto, "mailto:")
	at := token.FindStringIndex(mailto)
	if at == nil {
		return fmt.Errorf("%q has no {{.mailshot.token}}, so nobody would know who leaves; "+
			"for example unsubscribe@acme.example?subject={{.mailshot.token}}", schema.Clip(mailto))
	}
	p.Before, p.After = mailto[:at[0]], mailto[at[1]:]
	if token.MatchString(p.After) {
		return fmt.Errorf("%q has the token twice", schema.Clip(mailto))
	}
	if rest := actions.FindString(p.Before + p.After); rest != "" {
		return fmt.Errorf("%q has %s, which only a message of the campaign has", schema.Clip(mailto), schema.Clip(rest))
	}
	to, _, _ := strings.Cut(p.Before+shown+p.After, "?")
	if _, err := address.Parse(to); err != nil {
		return fmt.Errorf("%q is not an address: %w", schema.Clip(mailto), err)
	}
	if p.Before == to+"?subject=" && p.After == "" {
		p.Form = template.URL("mailto:" + to)
	}
	for _, t := range p.Texts {
		name := `<bdi dir="ltr">` + template.HTMLEscapeString(to) + "</bdi>"
		p.ByHand = append(p.ByHand,
			template.HTML(strings.ReplaceAll(template.HTMLEscapeString(t.ByHand), words.Address, name)))
	}
	css := desk.Style() + style
	p.CSS, p.JS = template.CSS(css), template.JS(script)
	p.Policy = "default-src 'none'; style-src " + digest(css) + "; script-src " + digest(script) +
		"; form-action mailto:; base-uri 'none'"
	t := template.Must(template.New("").Parse(layout)) // it is a part of the program
	return t.Execute(w, p)
}

// digest names a style or a script in a Content-Security-Policy.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
