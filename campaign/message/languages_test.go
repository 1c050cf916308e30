package message_test

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign/message"
)

const languagesFile = `id: test
from: Sender <sender@example.org>
subject: "Hello {{.name}}"
recipients: { file: people.csv, language: lang }
body: { markdown: body.md, layout: letter }
languages:
  default: en
  fa: { subject: "سلام {{.name}}", markdown: body.fa.md }
  de: { attachments: [ { file: "{{.file}}" } ] }
`

// multilingual is a campaign in three languages with one row.
func multilingual(t *testing.T) (*message.Maker, []message.Made) {
	t.Helper()
	dir := folder(t, "email,name,lang,file,amount\nann@example.com,Ann,x,bill.txt,1\n")
	write(t, dir, "campaign.yaml", languagesFile)
	write(t, dir, "body.md", "Dear {{.name}}\n")
	write(t, dir, "body.fa.md", "{{.name}} عزیز\n")
	m, rows, err := open(t, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m, append([]message.Made{m.Make(rows[0], date)}, m.Shown(t.Context(), rows[0], date, true)...)
}

// Whatever is in the column of the language, the message is one of those that were compiled, and a cell that is no
// language gives what an unknown language gives, byte for byte. Proven by choosing a variant by the length of the cell.
func TestCellOfTheLanguage(t *testing.T) {
	t.Parallel()
	m, made := multilingual(t)
	for i, want := range []string{"en", "en", "fa", "de"} {
		if made[i].Err != nil || made[i].In != want {
			t.Fatalf("%d: %q, %v", i, made[i].In, made[i].Err)
		}
	}
	unknown := made[0].Message.Digest()
	if made[1].Message.Digest() != unknown || made[2].Message.Digest() == unknown || made[3].Message.Digest() == unknown {
		t.Fatal("the languages have the wrong messages")
	}
	var cells []string
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "corpora", "strings", "blns.json"))
	if err != nil {
		t.Logf("without the list of naughty strings: %v", err)
	} else if err := json.Unmarshal(b, &cells); err != nil || len(cells) < 400 {
		t.Fatal(len(cells), err)
	}
	for c := rune(0); c <= 0xa0; c++ {
		if c < ' ' || c >= 0x7f {
			cells = append(cells, string(c), "fa"+string(c)+"x", "a"+string(c)+"fa")
		}
	}
	cells = append(cells, "\u2028", "\u2029", "\xff", "\xed\xa0\x80", "\u202efa", "../body.fa.md", "body.fa.md",
		"fa/../de")
	row := *made[0].Row
	for _, cell := range cells {
		row.Fields = []string{"ann@example.com", "Ann", cell, "bill.txt", "1"}
		got := m.Make(&row, date)
		if got.Err != nil || got.In != "en" || got.Message.Digest() != unknown || len(got.Content.Remarks) != 1 ||
			got.Content.Remarks[0].Code != "unknown-language" {
			t.Errorf("%q: in %q, %v", cell, got.In, got.Err)
		}
	}
}

// What is wrong in what languages share is said once, and what is wrong in one language with its own place.
func TestMistakesOfLanguages(t *testing.T) {
	t.Parallel()
	dir := folder(t, "email,name,lang,file,amount\n")
	write(t, dir, "campaign.yaml", languagesFile)
	write(t, dir, "body.md", "Dear {{.nam}}\n")
	write(t, dir, "body.fa.md", "{{.name} عزیز\n")
	_, _, err := open(t, dir, nil)
	var places []string
	if joined, is := err.(interface{ Unwrap() []error }); is {
		for _, e := range joined.Unwrap() {
			places = append(places, e.Error())
		}
	}
	if len(places) != 2 {
		t.Errorf("%d mistakes, want one of body.md and one of body.fa.md: %v", len(places), err)
	}
}

// In a language from right to left, the subject and the text have isolates around what would change its order; no name,
// header, address or file name has any, nor has a language from left to right. Proven by isolating each line that is
// compiled.
func TestIsolatesOfMessages(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"fa", "en"} {
		dir := folder(t, "email,name,file,sum,amount\nann@example.com,علی 24 A,bill.txt,\"5,000 USD\",1\n")
		write(t, dir, "campaign.yaml", `id: test
from: شرکت 24 Acme <sender@example.org>
reply_to: دفتر 24 A <help@example.org>
subject: "صورتحساب {{.sum}} است"
headers: { X-Note: "یادداشت {{.sum}}" }
recipients: { file: people.csv }
body: { text: body.txt, language: `+language+` }
attachments: [ { file: bill.txt, name: "فاکتور {{.sum}}.txt" } ]
`)
		write(t, dir, "body.txt", "مبلغ {{.sum}} است:\nhttps://example.com/؟q=5-6 و a-1@example.com\n")
		m, rows, err := open(t, dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		made := m.Make(rows[0], date)
		if made.Err != nil {
			t.Fatal(made.Err)
		}
		subject, text := "صورتحساب 5,000 USD است", "مبلغ 5,000 USD است:\nhttps://example.com/؟q=5-6 و a-1@example.com\n"
		if language == "fa" {
			isolated := strings.NewReplacer("5,000 USD", "\u20665,000 USD\u2069")
			subject, text = isolated.Replace(subject), isolated.Replace(text)
		}
		if got := made.Message.Subject(); got != subject {
			t.Errorf("%s: subject %q", language, got)
		}
		if got := string(made.Message.Text().Text); got != text {
			t.Errorf("%s: text %q", language, got)
		}
		for _, f := range made.Message.Header() {
			if f[0] != "Subject" && strings.ContainsAny(f[1], "\u2066\u2069") {
				t.Errorf("%s: %s has isolates: %q", language, f[0], f[1])
			}
		}
		for _, p := range made.Message.Parts() {
			if strings.ContainsAny(p.Name, "\u2066\u2069") {
				t.Errorf("%s: a file name has isolates: %q", language, p.Name)
			}
		}
		var codes []string
		for _, f := range m.Check(made) {
			codes = append(codes, f.Code)
		}
		if want := map[string]string{"en": "mixed-direction"}[language]; strings.Join(codes, " ") != want {
			t.Errorf("%s: found %v, want %s", language, codes, want)
		}
	}
}

// A language without a built-in layout has no postal address, unless its own files say it: that is a doubt, once for
// each language. Proven without the entities of HTML read: the address of "said in HTML" was missing.
func TestPostalAddressOfALanguage(t *testing.T) {
	t.Parallel()
	const layout = `<!doctype html><html lang="de"><body>{{template "content" .}}<p>%</p></body></html>`
	for name, c := range map[string]struct{ postal, entry, own, want string }{
		"a built-in layout": {"A & B, 1 Main Street", "{ subject: Hallo, layout: letter }", "", ""},
		"no address":        {"", "{ text: own }", "Hallo", ""},
		"a text": {"A & B, 1 Main Street", "{ text: own }", "Hallo {{.name}}",
			"campaign.yaml:6:39: the messages in de do not have the postal address: only the built-in layouts show it"},
		"a layout": {"A & B, 1 Main Street", "{ layout: own.html }", strings.ReplaceAll(layout, "%", "A"),
			"campaign.yaml:6:41: the messages in de do not have the postal address: only the built-in layouts show it"},
		"HTML": {"A & B, {{.lang}} Street", "{ html: own }", "<p>A &amp; B, {{.lang}} Road</p>",
			"campaign.yaml:6:39: the messages in de do not have the postal address: only the built-in layouts show it"},
		"said in a text": {"A & B, 1 Main Street", "{ text: own }", "Hallo {{.name}}\n\nA & B\n1  Main Street\n", ""},
		"said in a layout": {"B, 1 Main Street", "{ layout: own.html }",
			strings.ReplaceAll(layout, "%", "B<br>1&nbsp;Main Street"), ""},
		"said in HTML": {"Aö & B, {{.lang}} Street", "{ html: own }", "<p>A&ouml; &amp; B,<br>{{.lang}} Street</p>", ""},
	} {
		dir := folder(t, "email,name,lang,amount\nann@example.com,Ann,de,1\n")
		write(t, dir, "body.md", "Dear {{.name}}\n")
		write(t, dir, "own", c.own)
		write(t, dir, "own.html", c.own)
		postal := ""
		if c.postal != "" {
			postal = `, postal: "` + c.postal + `"`
		}
		write(t, dir, "campaign.yaml", "id: test\nfrom: Sender <sender@example.org>\nsubject: Hello\n"+
			"recipients: { file: people.csv, language: lang }\nbody: { markdown: body.md"+postal+" }\n"+
			"languages: { default: en, de: "+c.entry+" }\n")
		m, _, err := open(t, dir, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := ""
		for _, f := range m.Count().Findings(false) {
			got += f.Place + ": " + f.Text
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// A logo is small on the page, and a picture of many pixels in the memory of whoever opens the message: somebody hears
// of its size. One that no program shows is refused. The pictures here are only their first bytes, which say how large
// they are.
func TestSizeOfALogo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		width, height uint16
		want          string
	}{
		{480, 96, ""},
		{4000, 2000,
			"campaign.yaml:5:34: the logo is 4000 × 2000 pixels: each mail program that shows it needs 32 MB for it"},
		{60000, 60000, `"logo.gif" is 60000 × 60000 pixels, which no mail program shows`},
	} {
		dir := folder(t, "email,name,lang,amount\nann@example.com,Ann,de,1\n")
		picture := binary.LittleEndian.AppendUint16([]byte("GIF89a"), c.width)
		picture = append(binary.LittleEndian.AppendUint16(picture, c.height), 0, 0, 0)
		write(t, dir, "logo.gif", string(picture))
		write(t, dir, "body.md", "Dear {{.name}}\n")
		write(t, dir, "campaign.yaml", "id: test\nfrom: Sender <sender@example.org>\nsubject: Hello\n"+
			"recipients: { file: people.csv, language: lang }\nbody: { markdown: body.md, logo: logo.gif }\n"+
			"languages: { default: en, de: { subject: Hallo } }\n")
		m, _, err := open(t, dir, nil)
		if err != nil {
			if c.want == "" || !strings.Contains(err.Error(), c.want) {
				t.Error(err)
			}
			continue
		}
		got := ""
		for _, f := range m.Count().Findings(false) {
			got += f.Place + ": " + f.Text
		}
		if got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
