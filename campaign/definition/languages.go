package definition

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
	xlanguage "golang.org/x/text/language"

	"mailshot/campaign/definition/appearance"
	"mailshot/campaign/definition/attaching"
	"mailshot/campaign/definition/schema"
	"mailshot/campaign/definition/value"
)

// Languages are the languages that a campaign writes in. The campaign's own subject, body and attachments are in
// Default, which is also Body.Language then. The row's cell in the column Recipients.Language chooses.
type Languages struct {
	Default string     // BCP 47; "" = the file gives no languages, and there is one
	Others  []Language // in the order of the file
}

// Language is what differs in one language. What it does not give is the campaign's own. Markdown, HTML and Text are
// one thing, of which a language gives all or nothing.
type Language struct {
	Tag         Text // BCP 47, unlike those of the others and of the default
	Subject     Text
	Body        Body         // Language is Tag
	Attachments []Attachment // nil = the campaign's
}

// languageHint says what a language is written as: what text may mean, or examples. Other programs write fa_IR or
// en_US.UTF-8, and people write english.
func languageHint(text string) string {
	text, _, _ = strings.Cut(text, ".")
	text, _, _ = strings.Cut(text, "@")
	if tag, err := xlanguage.Parse(text); err == nil && languagePattern.MatchString(tag.String()) && tag != xlanguage.Und {
		return fmt.Sprintf("did you mean %q?", tag)
	}
	if code := value.LanguageOf(text); code != "" {
		return fmt.Sprintf("did you mean %q?", code)
	}
	return "a code such as en, fa or pt-BR"
}

// languageTag reads the code of a language that exists.
func languageTag(dec *schema.Decoder, n *yaml.Node, text string) (xlanguage.Tag, bool) {
	tag, err := xlanguage.Parse(text)
	if err != nil || !languagePattern.MatchString(text) {
		dec.Bad(n, fmt.Sprintf("%q is not a language", schema.Clip(text)), languageHint(text))
		return tag, false
	}
	return tag, true
}

// languagesKey is the key of the languages.
func (d *Definition) languagesKey() schema.Key {
	return schema.Key{Name: "languages", Entries: d.language, Off: true,
		Example: "\ndefault: en" +
			"\nfa: { subject: \"صورتحساب {{.number}}\", markdown: body.fa.md, attachments: [{ file: terms.fa.pdf }] }" +
			"\nde: { subject: \"Rechnung {{.number}}\", markdown: body.de.md, layout: letter }",
		Doc: "The languages of the messages, by their codes (BCP 47); recipients.language names the column that " +
			"chooses. The campaign's own subject, body and attachments are in the default language. A language gives " +
			"subject, markdown, html and text (all that it has of the three), layout, preheader, postal, direction and " +
			"attachments; what it does not give is the campaign's, the preheader aside. Numbers, dates, lang and dir follow the language."}
}

// language reads one entry of languages: the default, or what differs in a language.
func (d *Definition) language(dec *schema.Decoder, name, of *yaml.Node) {
	t, ok := dec.Entry(name)
	if !ok {
		return
	}
	if t.Text == "default" {
		dec.Within(t.Text, func() {
			schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
				if _, ok := languageTag(dec, n, t.Text); ok {
					d.Languages.Default = t.Text
				}
			})(dec, of)
		})
		return
	}
	tag, ok := languageTag(dec, name, t.Text)
	if !ok {
		return
	}
	if slices.ContainsFunc(d.Languages.Others, func(l Language) bool { return xlanguage.Make(l.Tag.Text) == tag }) {
		dec.Report(name, "duplicate-key", fmt.Sprintf("the language %s is given twice", t.Text), "")
		return
	}
	l := Language{Tag: t, Body: Body{Language: t.Text}}
	dec.Within(t.Text, func() { dec.Section(of, name, l.keys()) })
	d.Languages.Others = append(d.Languages.Others, l)
}

// keys are those of one of languages.
func (l *Language) keys() []schema.Key {
	b := &l.Body
	return []schema.Key{
		{Name: "subject", Read: schema.Line(&l.Subject)},
		{Name: "markdown", Read: schema.File(&b.Markdown)},
		{Name: "html", Read: schema.File(&b.HTML)},
		{Name: "text", Read: schema.File(&b.Text)},
		{Name: "layout", Read: appearance.Layout(&b.Layout)},
		{Name: "preheader", Read: schema.Line(&b.Look.Preheader)},
		{Name: "postal", Read: schema.Line(&b.Look.Postal)},
		{Name: "direction", Read: schema.Word(&b.Direction, "ltr", "rtl")},
		{Name: "attachments", Read: schema.Each(func() ([]schema.Key, func()) {
			a := &Attachment{}
			return attaching.Keys(a), func() { l.Attachments = append(l.Attachments, *a) }
		})},
	}
}

// checkLanguages holds the rules of languages that need more than one key.
func (d *Definition) checkLanguages(dec *schema.Decoder) {
	at, column := dec.Given("languages"), dec.Given("recipients.language")
	if at == nil {
		if column != nil {
			dec.Report(column, "useless-key", "recipients.language chooses among languages, and there are none",
				"give languages: { default: en, fa: { subject: …, markdown: body.fa.md } }, or remove the line")
		}
		return
	}
	own := &d.Languages.Default
	if n := dec.Given("body.language"); *own == "" && n != nil {
		*own = d.Body.Language
	} else if n != nil && *own != d.Body.Language {
		dec.Report(n, "bad-value", fmt.Sprintf("the body is in %s, and the default of languages is %s", d.Body.Language, *own),
			"the campaign's own body is in the default language: remove body.language")
	}
	if *own == "" && !dec.Failed("languages") {
		dec.Report(at, "missing-key", `"languages.default" is missing`,
			"the language of the campaign's own subject and body; for example default: en")
	}
	d.Body.Language = *own
	if n := dec.Given("recipients"); n != nil && column == nil && !d.unread && !dec.Failed("recipients") {
		dec.Report(n, "missing-key", `"recipients.language" is missing: nothing says who gets which of the languages`,
			"name the column that has the code of each person's language; for example language: lang")
	}
	for _, l := range d.Languages.Others {
		path := "languages." + l.Tag.Text
		if *own != "" && xlanguage.Make(l.Tag.Text) == xlanguage.Make(*own) {
			dec.ReportAt(l.Tag.Line, l.Tag.Column, "bad-value", l.Tag.Text+" is the default, and has an entry too",
				"the default language's texts are the campaign's own: write them as subject and body")
		}
		body := l.Body
		sources := body.Markdown.Given() || body.HTML.Given()
		if n := dec.Given(path + ".layout"); n != nil && body.Text.Given() && !sources {
			dec.Report(n, "useless-key", "a layout is for markdown or html, and the body in this language is text only",
				"remove the line")
		}
		if !sources && !body.Text.Given() {
			body.Markdown, body.HTML = d.Body.Markdown, d.Body.HTML
		}
		if !body.Layout.Given() {
			body.Layout = d.Body.Layout
		}
		if !dec.Failed("body.layout") {
			appearance.Check(dec, path, body.Layout, body.Markdown.Given(), body.HTML.Given())
		}
		attaching.Check(dec, path+".attachments", l.Attachments)
	}
}
