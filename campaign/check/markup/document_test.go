package markup_test

import (
	"strings"
	"testing"

	"mailshot/campaign/check/markup"
	"mailshot/templates/source"
)

// A page in another language than the campaign's is named at its lang. Seen to fail with the tags compared as they are,
// and with a language that is not known.
func TestLanguageOfPage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ page, campaign, want string }{
		{"de", "en", "the page says that it is in de, and the language of the messages is en"},
		{"en", "fa-IR", "the page says that it is in en, and the language of the messages is fa-IR"},
		{"en-GB", "en-US", ""},
		{"EN", "en", ""},
		{"no", "nb", ""},
		{"nn-NO", "nb", ""},
		{"sr-Latn", "sr", ""},
		{"iw", "he", ""},
		{"de", "", ""},
		{"", "en", ""},
		{"{{.lang}}", "en", ""},
	} {
		text := `<!doctype html><html lang="` + test.page + `"><head><title>News</title></head><body><p>We are open.</p></body></html>`
		found, _ := markup.Look([]markup.Source{{Source: source.New("b.html", 0, 0, text), Whole: true, Language: test.campaign}})
		got := ""
		for _, f := range found {
			if strings.HasPrefix(f.Code, "html-lang-") {
				got += f.Text
				if f.Place != "b.html:1:28" || f.Hint == "" {
					t.Errorf("%q: %+v", test.page, f)
				}
			}
		}
		if got != test.want {
			t.Errorf("%q in %q: %q, want %q", test.page, test.campaign, got, test.want)
		}
	}
}

// Two branches of a condition may have one id each, and a row may make ids. Seen to fail without Parted, and with
// Dynamic always false.
func TestIDs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		`<p id="a">x</p><p id="a">y</p>`:                                1,
		`{{.name}}<p id="a">x</p>{{.name}}<p id="a">y</p>`:              1,
		`{{if .vip}}<p id="a">x</p>{{else}}<p id="a">y</p>{{end}}`:      0,
		`<p id="n{{.a}}">x</p><p id="n{{.a}}">y</p>`:                    0,
		`<p id="">x</p><p id="">y</p><p id="b">x</p><p id="B">y</p>`:    0,
		`<!--[if mso]><p id="a">x</p><![endif]--><p id="a">y</p>`:       0,
		`<p id="a">x</p><p id="b">y</p><a name="a" href="#b">there</a>`: 0,
	} {
		got := 0
		for _, f := range look("part.html", text) {
			if f.Code == "id-twice" {
				got++
			}
		}
		if got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}

// What an action prints is not known, and is not quoted. Seen to fail without ToValidUTF8.
func TestTinyWordsAreQuoted(t *testing.T) {
	t.Parallel()
	found := look("part.html", `<p style="font-size:6px">Dear {{.name}}, {{if .vip}}we are{{end}} open on Saturday.</p>`)
	want := `the words "Dear …, …we are… open on Satu…" have 6 pixels, and few can read them`
	if len(found) != 1 || found[0].Text != want {
		t.Errorf("%v, want %s", found, want)
	}
}
