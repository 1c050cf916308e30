package render

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"mailshot/internal/parsers"
	"mailshot/render/naming"
)

// corpus reads test material that is beside the project, not in it.
func corpus(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "shared", "corpora", name))
	if err != nil {
		t.Skipf("the corpora are not here: %v", err)
	}
	return b
}

func naughtyStrings(t testing.TB) []string {
	t.Helper()
	var list []string
	if err := json.Unmarshal(corpus(t, "strings/blns.json"), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// controls are the characters that can end a line, a string or a field somewhere, and bytes that are not text at all.
var controls = []string{
	"\r", "\n", "\r\n", "\x00", "\t", "\v", "\f", "\x1b", "\x7f", "\u0085", "\u009b", "\u2028", "\u2029",
	"\xff", "\xed\xa0\x80" /* half a surrogate pair */, "\xc0\x8a" /* an overlong line feed */, "\xc3",
}

func hostileCells(t testing.TB) []string {
	cells := naughtyStrings(t)
	for _, c := range controls {
		for _, format := range []string{"a%sBcc: eve@example.com", "%s", "%[1]s%[1]sX", "a%s", "a%s b",
			"a%s.\r\nMAIL FROM:<eve@example.com>"} {
			cells = append(cells, fmt.Sprintf(format, c))
		}
	}
	return append(cells, smugglingSequences(t)...)
}

// smugglingSequences are the ends of data that some server accepts as one.
func smugglingSequences(t testing.TB) []string {
	var out []string
	for _, m := range regexp.MustCompile(`(?m)^ +("(?:[^"\\]|\\.)*")`).FindAllStringSubmatch(string(corpus(t,
		"smuggling/end-of-data-sequences.txt")), -1) {
		var s string
		// The file is Python; JSON reads its escapes but \x00.
		if err := json.Unmarshal([]byte(strings.ReplaceAll(m[1], `\x00`, `\u0000`)), &s); err != nil {
			t.Fatal(err)
		}
		out = append(out, "before"+s+"MAIL FROM:<eve@example.com>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\n"+
			"Subject: smuggled\r\n\r\nbody"+s)
	}
	if len(out) != 16 {
		t.Fatalf("%d sequences", len(out))
	}
	return out
}

// position is one place of a campaign where a cell can be.
type position struct {
	name  string
	setup setup
	to    bool                                           // the cell is the recipient's name
	want  func(cell string) (string, bool)               // what a reader finds; false: anything
	found func(m parsers.Message, texts []string) string // where it finds it
}

func positions() []position {
	same := func(cell string) (string, bool) { return strings.Trim(cell, " "), true }
	anything := func(string) (string, bool) { return "", false }
	nothing := func(parsers.Message, []string) string { return "" }
	files := map[string]string{"a.txt": "text"}
	return []position{
		{name: "subject", setup: setup{subject: "{{.c}}"}, want: same, found: func(m parsers.Message,
			_ []string) string {
			return m.Subject
		}},
		{name: "within the subject", setup: setup{subject: "[{{.c}}]"}, want: func(c string) (string,
			bool) {
			return "[" + c + "]", true
		}, found: func(m parsers.Message, _ []string) string { return m.Subject }},
		{name: "name of From", setup: setup{from: "{{.c}} <acme@acme.example>"}, want: anything, found: nothing},
		{name: "quoted name of From", setup: setup{from: `"{{.c}}" <acme@acme.example>`}, want: anything, found: nothing},
		{name: "address of From", setup: setup{from: "{{.c}}@acme.example"}, want: anything, found: nothing},
		{name: "Reply-To", setup: setup{replyTo: "{{.c}}"}, want: anything, found: nothing},
		{name: "Cc", setup: setup{cc: []string{"{{.c}}"}}, want: anything, found: nothing},
		{name: "Bcc", setup: setup{bcc: []string{"{{.c}}"}}, want: anything, found: nothing},
		{name: "name of Cc", setup: setup{cc: []string{"{{.c}} <boss@acme.example>"}}, want: anything, found: nothing},
		{name: "address of Cc", setup: setup{cc: []string{"{{.c}}@acme.example"}}, want: anything, found: nothing},
		{name: "address of Bcc", setup: setup{bcc: []string{"boss@acme.example", "{{.c}}@acme.example"}}, want: anything,
			found: nothing},
		{name: "address of Reply-To", setup: setup{replyTo: "{{.c}}@acme.example"}, want: anything, found: nothing},
		{name: "name of To", to: true, want: same, found: func(m parsers.Message, _ []string) string { return m.To.Name }},
		{name: "custom header", setup: setup{headers: [][2]string{{"X-Tag", "<{{.c}}>"}}}, want: anything, found: nothing},
		{name: "header for machines", setup: setup{headers: [][2]string{{"Feedback-ID", "{{.c}}:acme"}}}, want: anything,
			found: nothing},
		{name: "List-Unsubscribe", setup: setup{headers: [][2]string{{"List-Unsubscribe", "<https://acme.example/{{.c}}>"}}},
			want: anything, found: nothing},
		{name: "List-Id", setup: setup{headers: [][2]string{{"List-Id", "{{.c}} <news.acme.example>"}}}, want: anything,
			found: nothing},
		{name: "Sender", setup: setup{headers: [][2]string{{"Sender", "{{.c}} <post@acme.example>"}}}, want: anything,
			found: nothing},
		{name: "References", setup: setup{headers: [][2]string{{"References", "<{{.c}}@acme.example>"}}}, want: anything,
			found: nothing},
		{name: "file name", setup: setup{attachments: [][3]string{{"a.txt", "{{.c}}.txt", ""}}, files: files},
			want:  func(c string) (string, bool) { return strings.TrimLeft(c, " ") + ".txt", true },
			found: func(m parsers.Message, _ []string) string { return m.Parts[len(m.Parts)-1].Name }},
		{name: "path", setup: setup{attachments: [][3]string{{"{{.c}}.txt", "", ""}}, files: files}, want: anything,
			found: nothing},
		{name: "text", setup: setup{text: "before {{.c}} after\n"}, want: func(c string) (string,
			bool) {
			return "before " + lines(c) + " after\n", true
		}, found: func(_ parsers.Message,
			texts []string) string {
			return texts[0]
		}},
		{name: "line of text", setup: setup{text: "{{.c}}"}, want: func(c string) (string, bool) {
			if c = lines(c); !strings.HasSuffix(c, "\n") {
				c += "\n"
			}
			return c, true
		}, found: func(_ parsers.Message, texts []string) string { return texts[0] }},
		{name: "HTML", setup: setup{html: "<p title=\"{{.c}}\">{{.c}}</p>"}, want: anything, found: nothing},
		{name: "key", want: anything, found: nothing},
	}
}

func lines(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// Whatever a cell holds, and wherever it is, there are two outcomes. Either the row is refused, with the name of the
// place. Or the message has the template's fields and parts and no other, and a reader finds the cell as it was.
//
// Proven: with checkText returning "" for everything, 5 positions fail. A control character passes in subjects, in the
// name of To, in X-Tag, in List-Id and in file names. With printable always true as well, Bcc is a field of the message
// that go-message reads.
func TestHostileCells(t *testing.T) {
	t.Parallel()
	cells := hostileCells(t)
	for _, p := range positions() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			r := p.setup.renderer(t)
			render := func(cell string) (*Message, error) {
				to := recipient(t, "Ann", "ann@example.com", "c", cell)
				if p.to {
					to.Name = cell
				}
				if p.name == "key" {
					to.Key = cell
				}
				return r.Render(to, testDate)
			}
			plain, err := render("a")
			if p.name == "Reply-To" || p.name == "Cc" || p.name == "Bcc" {
				plain, err = render("a@acme.example")
			}
			var names []string
			var parts int
			if err == nil {
				names, parts = shape(t, plain)
			} else if p.name != "path" {
				t.Fatal(err)
			}
			refused := 0
			for _, cell := range cells {
				m, err := render(cell)
				if err != nil {
					refused++
					for _, code := range diagnose(err) {
						if strings.HasPrefix(code, "undiagnosed") {
							t.Errorf("%q: %s", cell, code)
						}
					}
					continue
				}
				raw := wire(t, m)
				if strings.Contains(string(raw), "\r\n.") {
					t.Errorf("%q: a line begins with a dot", cell)
				}
				got, err := parsers.GoMessage(raw)
				if err != nil {
					t.Errorf("%q: %v\n%s", cell, err, raw)
					continue
				}
				if names != nil && !subset(got.Names, names) || len(got.Parts) != parts {
					t.Errorf("%q: fields %q, %d parts; want %q, %d parts\n%s", cell, got.Names, len(got.Parts), names, parts, raw)
				}
				var texts []string
				for _, part := range m.Parts() {
					texts = append(texts, part.Text)
				}
				addedNobody(t, p, cell, plain, m)
				if want, ok := p.want(cell); ok {
					if found := p.found(got, texts); found != want {
						t.Errorf("put in %q, read %q\n%s", want, found, raw)
					}
				}
			}
			for _, c := range controls {
				if _, err := render("a" + c + "b"); err == nil && !strings.Contains("text line of text HTML key", p.name) {
					t.Errorf("%q passes", c)
				}
			}
			t.Logf("%d cells, %d refused", len(cells), refused)
		})
	}
}

func shape(t testing.TB, m *Message) (names []string, parts int) {
	t.Helper()
	s, err := parsers.GoMessage(wire(t, m))
	if err != nil {
		t.Fatal(err)
	}
	return s.Names, len(s.Parts)
}

// subset says that got is want, or want without fields that came out empty.
func subset(got, want []string) bool {
	i := 0
	for _, name := range want {
		if i < len(got) && got[i] == name {
			i++
		}
	}
	return i == len(got)
}

// An error about a cell that cannot be shown says what and where in ASCII that is safe on a terminal.
func TestFaultsAreSafeToPrint(t *testing.T) {
	t.Parallel()
	for _, p := range positions() {
		r := p.setup.renderer(t)
		for _, c := range controls {
			to := recipient(t, "Ann", "ann@example.com", "c", "x"+c+"y")
			if p.to {
				to.Name = "x" + c + "y"
			}
			_, err := r.Render(to, testDate)
			if err == nil {
				continue
			}
			// Join separates by line feeds; nothing else may be there.
			if text := strings.ReplaceAll(err.Error(), "\n", ""); naming.Check(text) != "" || !utf8.ValidString(text) {
				t.Errorf("%s: error %q", p.name, text)
			}
			if strings.Count(err.Error(), "\n") > 3 {
				t.Errorf("%s: error %q", p.name, err)
			}
		}
	}
}

func TestSmuggling(t *testing.T) {
	t.Parallel()
	sequences := smugglingSequences(t)
	r := setup{text: "{{.c}}", html: "<pre>{{.c}}</pre>", attachments: [][3]string{{"{{.file}}", "", ""}}}
	r.files = map[string]string{}
	for i, s := range sequences {
		r.files[fmt.Sprintf("%d.txt", i)] = s
	}
	renderer := r.renderer(t)
	for i, s := range sequences {
		// The template repeats the sequence: text, HTML and file of one message.
		m, err := renderer.Render(recipient(t, "Ann", "ann@example.com", "c", s, "file", fmt.Sprintf("%d.txt", i)), testDate)
		if err != nil {
			t.Fatal(err)
		}
		raw := string(wire(t, m))
		if strings.Contains(raw, "\r\n.") { // wire has looked for bare CR, bare LF and NUL
			t.Errorf("a line begins with a dot in the message of %q", s)
		}
		if got, err := parsers.GoMessage([]byte(raw)); err != nil || len(got.Parts) != 3 {
			t.Errorf("%q: %d parts, %v", s, len(got.Parts), err)
		}
	}
}
