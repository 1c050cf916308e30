package render

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/render/transfer"
)

var update = flag.Bool("update", false, "write the golden messages anew")

const png = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"

// goldenCases are the shapes that a message can have. Each has a file in testdata, and each is read back by parsers of
// other people.
func goldenCases() []struct {
	name string
	setup
	to    [2]string
	cells []string
} {
	long := strings.Repeat("A paragraph that is longer than one line of quoted-printable may be, = sign and all. ", 3)
	persian := "سلام {{.name}}،\n\nصورت\u200cحساب شمارهٔ {{.number}} شما آماده است. مبلغ: ۱٬۲۳۴٬۵۶۷ ریال.\n"
	return []struct {
		name string
		setup
		to    [2]string
		cells []string
	}{
		{"text", setup{text: "Hello {{.name}},\n\n" + long +
			"\n.\n.leading dot\nFrom here on\ntrailing blank \nlast line without an end"},
			[2]string{"", "ann@example.com"}, []string{"name", "Ann"}},
		{"alternative", setup{
			from: `"Acme, Inc." <acme@acme.example>`, replyTo: "Help <help@acme.example>", subject: "Café news №{{.number}}",
			text: "Grüße, {{.name}}\r\nzwei\rdrei\n", html: "<html><body><p>Grüße, {{.name}}</p></body></html>",
			headers: [][2]string{
				{"List-Unsubscribe", "<mailto:leave+{{.mailshot.token}}@acme.example?subject=unsubscribe>," +
					"<https://acme.example/u/{{.mailshot.token}}>"},
				{"List-Unsubscribe-Post", "List-Unsubscribe=One-Click"},
				{"List-Id", "Neuigkeiten für alle <news.acme.example>"},
				{"X-Empty", "{{.empty}}"},
				{"X-Note", "an ASCII value that is long enough to be folded, at blanks  and only where there is one of them"},
			}},
			[2]string{"Änn Exämple", "ann@example.com"}, []string{"name", "Änn", "number", "7", "empty", "  "}},
		{"persian", setup{
			from:    "شرکت نمونه با نامی بسیار بلند برای آزمودن <billing@acme.example>",
			subject: "صورت\u200cحساب شمارهٔ {{.number}} برای {{.name}} همراه با موضوعی بلند که در یک خط نمی\u200cگنجد",
			text:    persian, html: "<html dir=\"rtl\"><body><p>" + persian + "</p></body></html>",
			attachments: [][3]string{{"invoices/{{.number}}.pdf", "صورت\u200cحساب {{.number}} برای {{.name}} - نسخهٔ نهایی.pdf",
				""}},
			files: map[string]string{"invoices/12.pdf": "%PDF-1.7\nnothing much\n%%EOF\n"}},
			[2]string{"زهرا حسینی", "zahra@example.com"}, []string{"name", "زهرا حسینی", "number", "12"}},
		{"everything", setup{
			text: "Dear {{.name}}\n", html: `<html><body><p>Dear {{.name}}</p><img src="cid:logo" alt=""></body></html>`,
			attachments: [][3]string{{"logo.png", "", "logo"}, {"terms.txt", "Terms & \"conditions\".txt", ""},
				{"data.bin", "", ""}, {"résumé.csv", "", ""}},
			files: map[string]string{"logo.png": png, "terms.txt": "One\nTwo\n", "data.bin": "\x00\x01\x02\xff",
				"résumé.csv": "a;b\r\n1;2\r\n"}},
			[2]string{"Ann", "ann@example.com"}, []string{"name", "Ann"}},
		{"text-attachment", setup{attachments: [][3]string{{"a.ics", "", ""}},
			files: map[string]string{"a.ics": strings.Repeat("BEGIN:VCALENDAR\r\n", 20)}},
			[2]string{"Ann  \\ \"Bo\" Example", "ann@example.com"}, nil},
		{"related", setup{
			text: "Hello\n", html: `<p><img src="cid:a@acme.example"><img src="cid:b"></p>`,
			attachments: [][3]string{{"a.png", "", "a@acme.example"}, {"a.png", "تصویر.png", "b"}},
			files:       map[string]string{"a.png": png}, headers: [][2]string{{"Sender", "Änn <post@acme.example>"},
				{"References", "<a@acme.example> <b@acme.example>"}}},
			[2]string{"Dr. Ann (Accounts) O'Neill", "ann@example.com"}, nil},
		{"utf8-mailbox", setup{text: "Hallo {{.name}}\n"}, [2]string{"Jörg", "jörg.müller@bücher.example"},
			[]string{"name", "Jörg"}},
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, c := range goldenCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m, err := c.renderer(t).Render(recipient(t, c.to[0], c.to[1], c.cells...), testDate)
			if err != nil {
				t.Fatal(err)
			}
			got := wire(t, m)
			file := filepath.Join("testdata", c.name+".eml")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs; go test -update writes it anew. Got\n%s", file, got)
			}
		})
	}
}

// Measure finds the same octets in a finished message as Parts, which come from before they were encoded; and what it
// finds adds up.
//
// Broken on purpose: with the delimiter's line end counted as the part's, all messages of several parts had too many.
func TestMeasure(t *testing.T) {
	t.Parallel()
	for _, c := range goldenCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m, err := c.renderer(t).Render(recipient(t, c.to[0], c.to[1], c.cells...), testDate)
			if err != nil {
				t.Fatal(err)
			}
			segments, clean := m.Buffers()
			got := transfer.Measure(segments, clean)
			want := int64(0)
			for _, p := range m.Parts() {
				want += p.Size
			}
			if got.Content != want || got.Dots != 0 || got.Base64 < 0 || got.Quoted < 0 ||
				got.Content+got.Base64+got.Quoted >= m.Size() {
				t.Errorf("got %+v of %d octets, want content %d", got, m.Size(), want)
			}
		})
	}
}
