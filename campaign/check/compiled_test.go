package check_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailshot/campaign/check"
)

type run struct{ At, Literal int }

// assembled is a text of pieces, every second of which is a literal.
type assembled struct {
	text     string
	literals []string
	runs     []run
}

func assemble(pieces []string) (a assembled) {
	for i, p := range pieces {
		if i%2 == 1 {
			a.runs = append(a.runs, run{len(a.text), len(a.literals)})
			a.literals = append(a.literals, p)
		}
		a.text += p
	}
	return a
}

// lines is a text as render.Message.Parts gives it.
func lines(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	if !strings.HasSuffix(s, "\n") {
		s += "\n"
	}
	return s
}

type headerFields [][2]string

func (h headerFields) Field(i int) (name, value, more string, ok bool) {
	if i >= len(h) {
		return "", "", "", false
	}
	return h[i][0], h[i][1], "", true
}

// sameLook compares a look at what a row can change with a look at all of the message.
func sameLook(t *testing.T, m message, text, html assembled) {
	t.Helper()
	m.parts = []piece{{ContentType: "text/plain", Text: lines(text.text)},
		{ContentType: "text/html", Text: lines(html.text)}}
	got := check.Look(check.Compile(text.literals, html.literals), check.Finished[run]{
		Subject: m.subject, Size: m.size, Fields: headerFields(m.header), Text: []byte(text.text),
		HTML: []byte(html.text), Both: true, TextRuns: text.runs, HTMLRuns: html.runs,
	})
	if d := cmp.Diff(check.Message(m), got); d != "" {
		t.Fatalf("%q\n%q %v\n%s", text.text, html.text, html.runs, d)
	}
}

// A look at the cells and what stands beside them finds the same as a look at the whole message, wherever an edge of a
// literal cuts what is looked for.
//
// Proven, each by itself: with gaps that do not reach into the literals beside them; with the search of a literal taken
// over at any offset; with a search that goes on at the very end of a literal; without the look at literals that have a
// CR; with the attributes of a literal put before those found so far.
func TestCompiledFindsTheSame(t *testing.T) {
	t.Parallel()
	atoms := []string{" href=", " src=", `"`, `'`, `"`, " hr", "ef=", " src", "=", "https://a.example/", "page.html",
		"data:x",
		"?a%3db", "mailto:a", "#x", ":", "/", "\n", " ", "<no", " value", ">", "<no value>", "&lt;no", " value&gt;",
		"&lt;no value&gt;", "Zgotmpl", "ZgotmplZ", "Z", "{{", "é", strings.Repeat("some text, ", 8),
		strings.Repeat("some text, ", 8), strings.Repeat(" href='https://a.example/'", 3), " src=\"cid:a\" href=\"b\" "}
	long := strings.Repeat("some text, ", 8)
	sameLook(t, message{subject: "x"}, assemble(nil), assemble([]string{" href='https:x", long + ` href="page.html" ' ` +
		long}))
	random := rand.New(rand.NewPCG(3, 4))
	some := func(atoms []string) assembled {
		pieces := make([]string, random.IntN(7))
		text := ""
		for i := range pieces {
			for range random.IntN(9) {
				pieces[i] += atoms[random.IntN(len(atoms))]
			}
			text += pieces[i]
		}
		if random.IntN(2) == 0 {
			return assemble(pieces)
		}
		pieces = pieces[:0]
		for range random.IntN(7) { // cut anywhere
			at := random.IntN(len(text) + 1)
			pieces, text = append(pieces, text[:at]), text[at:]
		}
		return assemble(append(pieces, text))
	}
	headers := []string{"", "x", "{{x}}", "<no value>", "<https://a.example>", "<HTTPS://a.example>",
		"<mailto:a@b.example>",
		"List-Unsubscribe=One-Click", " List-Unsubscribe=One-Click "}
	for i := range 20_000 {
		m := message{subject: headers[random.IntN(4)], size: int64(random.IntN(2)) * 10_240_001}
		for _, name := range []string{"Subject", "List-Unsubscribe", "list-Unsubscribe-post", "X-Tag"}[random.IntN(4):] {
			m.header = append(m.header, [2]string{name, headers[random.IntN(len(headers))]})
		}
		with := atoms
		if i%10 == 0 {
			with = append(append(with[:len(with):len(with)], "\r", "\r\n"), long+" href='a\rb'")
		}
		html := some(with)
		if i%1000 == 0 {
			html.text += strings.Repeat("x", 90<<10-len(html.text)-random.IntN(2))
		}
		sameLook(t, m, some(with), html)
	}
}

func FuzzCompiled(f *testing.F) {
	long := strings.Repeat("x", 64)
	f.Add("|"+long+"<no|value>", "|"+long+" href=|'page'|"+long)
	f.Fuzz(func(t *testing.T, text, html string) {
		sameLook(t, message{subject: "x"}, assemble(strings.Split(text, "|")), assemble(strings.Split(html, "|")))
	})
}
