package languages_test

import (
	"fmt"
	"strings"
	"testing"

	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/languages"
	"mailshot/campaign/recipients"
)

// choice is the choice of a campaign with these languages and a list with these columns.
func choice(t *testing.T, tags, columns string) (*languages.Choice, error) {
	t.Helper()
	text := "id: a\nfrom: a@example.com\nsubject: s\nrecipients: { file: l.csv, language: lang }\n" +
		"body: { markdown: b.md, text: b.txt, layout: letter }\nattachments: [ { file: a.pdf } ]\nlanguages: { " + tags +
		" }\n"
	d, err := definition.Parse("campaign.yaml", []byte(text), "")
	if err != nil {
		t.Fatal(err)
	}
	h := &recipients.Header{}
	for name := range strings.SplitSeq(columns, ",") {
		h.Columns = append(h.Columns, recipients.Column{Name: name})
	}
	return languages.New(d, h)
}

// A cell takes the language that is written so, or the nearest form of the same language, and any other cell the
// default. Proven by taking whatever x/text's matching finds: "ur" took English without a finding, and "gl" Spanish.
func TestOf(t *testing.T) {
	t.Parallel()
	c, err := choice(t, "default: en, fa: {}, de: {}, pt-BR: {}, zh: {}, zh-Hant: {}, sr: {}, nb: {}, es: {}, tr: {}",
		"email,lang")
	if err != nil {
		t.Fatal(err)
	}
	for cell, want := range map[string]string{
		"en": "en", "en-GB": "en", "fa": "fa", "fa-IR": "fa", "fa_IR": "fa", "FA": "fa", " fa ": "fa", "fa-AF": "fa",
		"fas": "fa", "per": "fa", "de-CH": "de", "deu": "de", "ger": "de", "pt": "pt-BR", "pt-PT": "pt-BR", "zh-CN": "zh",
		"zh-TW": "zh-Hant", "zh-HK": "zh-Hant", "no": "nb", "es-419": "es", "fa-u-nu-latn": "fa", "eng": "en",
		"": "", "   ": "", "xx": "", "ur": "", "gl": "", "ku": "", "nn": "", "da": "", "sr-Latn": "", "fa-Latn": "", "und": "",
		"und-IR": "", "mul": "", "root": "", "x-fa": "", "persian": "", "فارسی": "", "fa,de": "", "fa;q=1": "", "*": "",
		"en_US.UTF-8": "", "../fa": "", "fa\x00": "", "fa\n": "fa", "i-klingon": "", "default": "",
		"fa-" + strings.Repeat("x-abcdefgh-", 20) + "a": "",
	} {
		for range 2 { // the second time it is remembered
			n, known := c.Of(&recipients.Row{Fields: []string{"a@example.com", cell}})
			got := ""
			if known {
				got = c.Codes()[n]
			} else if n != 0 {
				t.Errorf("%q: an unknown language takes %s", cell, c.Codes()[n])
			}
			if got != want {
				t.Errorf("%q takes %q, want %q", cell, got, want)
			}
		}
	}
	if n, known := c.Of(&recipients.Row{Fields: []string{"a@example.com"}}); n != 0 || known {
		t.Errorf("a short row takes %d, %v", n, known)
	}
}

// What is remembered of cells is bounded, and right beyond the bound.
func TestManyCells(t *testing.T) {
	t.Parallel()
	c, err := choice(t, "default: en, fa: {}", "email,lang")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3000 {
		if n, known := c.Of(&recipients.Row{Fields: []string{"", fmt.Sprintf("fa-x-a%d", i)}}); n != 1 || !known {
			t.Fatalf("%d: %d, %v", i, n, known)
		}
	}
}

// A language has what it gives, and the campaign's own for the rest; the three sources of a body go together.
func TestVariants(t *testing.T) {
	t.Parallel()
	c, err := choice(t,
		"default: en, fa: { subject: خبر, html: f.html, direction: rtl, attachments: [ { file: f.pdf } ] }, "+
			"de: { text: d.txt }, fr: { layout: plain }, it: { markdown: i.md }", "email,lang")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range c.Variants() {
		b := d.Body
		got = append(got, fmt.Sprint(b.Language, ": ", d.Subject.Text, " ", b.Markdown.Text, "|", b.HTML.Text, "|",
			b.Text.Text,
			" ", b.Layout.Text, " ", b.Direction, " ", d.Attachments[0].File.Text))
	}
	want := []string{"en: s b.md||b.txt letter  a.pdf", "fa: خبر |f.html| letter rtl f.pdf", "de: s ||d.txt   a.pdf",
		"fr: s b.md||b.txt plain  a.pdf", "it: s i.md|| letter  a.pdf"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A list without the column is a mistake, with its place in the campaign file.
func TestNoColumn(t *testing.T) {
	t.Parallel()
	_, err := choice(t, "default: en, fa: {}", "email,language")
	if found := check.From(err); len(found) != 1 || found[0].Place != "campaign.yaml:4:38" ||
		found[0].Text != `recipients.language: the list has no column "lang"` ||
		found[0].Hint != "its columns: email, language" {
		t.Errorf("%+v", found)
	}
}
