package check_test

import (
	"slices"
	"strings"
	"testing"

	"mailshot/campaign/check"
	"mailshot/campaign/check/codes"
)

// piece has the fields of render.Part, under another name.
type piece struct {
	ContentType, Name, CID string
	Size                   int64
	Inline                 bool
	Text                   string
}

type message struct {
	subject string
	size    int64
	parts   []piece
	header  [][2]string
}

func (m message) Subject() string        { return m.subject }
func (m message) Size() int64            { return m.size }
func (m message) Parts() []piece         { return m.parts }
func (m message) Header() [][2]string    { return m.header }
func text(s string) piece                { return piece{ContentType: "text/plain; charset=utf-8", Text: s} }
func html(s string) piece                { return piece{ContentType: "text/html; charset=utf-8", Text: s} }
func good() message                      { return message{subject: "News", size: 2000, parts: []piece{text("Hello")}} }
func with(change func(*message)) message { m := good(); change(&m); return m }

// Every code is seen at least once, with the severity that the table gives it. Near misses are not reported.
func TestMessage(t *testing.T) {
	t.Parallel()
	seen := map[string]check.Severity{}
	for _, test := range []struct {
		name string
		m    message
		want []string
	}{
		{"good", good(), nil},
		{"empty subject", with(func(m *message) { m.subject = " \t" }), []string{"empty-subject"}},
		{"long subject", with(func(m *message) { m.subject = strings.Repeat("é", 201) }), []string{"long-subject"}},
		{"subject of 200", with(func(m *message) { m.subject = strings.Repeat("é", 200) }), []string{"wide-subject"}},
		{"subject of 70", with(func(m *message) { m.subject = strings.Repeat("é", 70) }), nil},
		{"capitals", with(func(m *message) { m.subject = "GREAT OFFERS 50%" }), []string{"subject-shouts"}},
		{"few capitals", with(func(m *message) { m.subject = "NASA, ESA" }), nil},
		{"no capitals in the script", with(func(m *message) { m.subject = "خبرنامه برای همه ABCDEFGHIJKL (5)" }),
			[]string{"mixed-direction"}},
		{"a name of the other direction", with(func(m *message) { m.subject = "נועה בן־צבי, what we read in November" }),
			nil},
		{"isolated", with(func(m *message) { m.subject = "خبرنامه \u2066ABC\u2069" }), nil},
		{"a page", with(func(m *message) { m.subject = "See https://a.example" }), []string{"subject-link"}},
		{"an answer to nothing", with(func(m *message) { m.subject = "Re: your order" }), []string{"subject-reply"}},
		{"no answer", with(func(m *message) { m.subject = "Report: your order" }), nil},
		{"an answer", with(func(m *message) {
			m.subject, m.header = "AW: Ihre Frage", [][2]string{{"In-Reply-To", "<a@a.example>"}}
		}), nil},
		{"HTML of 103 KB", with(func(m *message) { m.parts = append(m.parts, html(strings.Repeat("x", 103<<10))) }),
			[]string{"cut-html"}},
		{"no value in a header", with(func(m *message) { m.header = [][2]string{{"Subject", "Dear <no value>"}} }),
			[]string{"no-value"}},
		{"template in the subject", with(func(m *message) { m.header = [][2]string{{"Subject", "Dear {{name}}"}} }),
			[]string{"template-left"}},
		{"no value in the HTML", with(func(m *message) { m.parts = append(m.parts, html("<p>&lt;no value&gt;")) }),
			[]string{"no-value"}},
		{"no value in the text", with(func(m *message) { m.parts[0] = text("Dear <no value>") }), []string{"no-value"}},
		{"empty text", with(func(m *message) { m.parts[0] = text(" \n") }), []string{"empty-text"}},
		{"a cell that is a whole query", with(func(m *message) {
			m.parts = append(m.parts, html(`<a href="https://a.example/?utm_source%3dnews%26utm_medium%3dmail">`))
		}), []string{"escaped-query"}},
		{"a cell that is a further query", with(func(m *message) {
			m.parts = append(m.parts, html(`<a href="https://a.example/?a=1&amp;utm_source%3Dnews#x">`))
		}), []string{"escaped-query"}},
		{"values with equal signs", with(func(m *message) {
			m.parts = append(m.parts, html(`<a href="https://a.example/?to=b%3d1&amp;%3d&amp;https%3a%2f%2fb%3d1#a%3d1">`))
		}), nil},
		{"HTML of 90 KB", with(func(m *message) { m.parts = append(m.parts, html(strings.Repeat("x", 90<<10))) }), nil},
		{"HTML above", with(func(m *message) { m.parts = append(m.parts, html(strings.Repeat("x", 90<<10+1))) }),
			[]string{"clipped-html"}},
		{"links", with(func(m *message) {
			m.parts = append(m.parts, html(`<a href="https://example.com/a">a</a><a href='mailto:a@example.com'>b</a><a `+
				`href="#top">c</a><img src="cid:logo"><a href="tel:1">`))
		}), nil},
		{"relative", with(func(m *message) { m.parts = append(m.parts, html(`<img src="logo.png"><a href="/x:y">`)) }),
			[]string{"relative-link"}},
		{"data image", with(func(m *message) { m.parts = append(m.parts, html(`<img src="data:image/png;base64,xx">`)) }),
			[]string{"data-image"}},
		{"blocked", with(func(m *message) { m.parts = append(m.parts, html(`<a href="#ZgotmplZ">`)) }),
			[]string{"blocked-value"}},
		{"attached template", with(func(m *message) {
			m.parts = append(m.parts, piece{ContentType: "text/html", Name: "form.html", Text: "{{x}} <no value>"})
		}), nil},
		{"large", with(func(m *message) { m.size = 10_240_001 }), []string{"large-message"}},
		{"unsubscribe", with(func(m *message) { m.header = [][2]string{{"List-Unsubscribe", "https://example.com/u"}} }),
			[]string{"bad-unsubscribe"}},
		{"one click", with(func(m *message) {
			m.header = [][2]string{{"List-Unsubscribe", "<https://example.com/u?t=1>, <mailto:u@example.com>"},
				{"list-unsubscribe-post", "List-Unsubscribe=One-Click"}}
		}), nil},
		{"one click by mail", with(func(m *message) {
			m.header = [][2]string{{"List-Unsubscribe", "<mailto:u@example.com>"},
				{"List-Unsubscribe-Post", "List-Unsubscribe=One-Click"}}
		}), []string{"bad-one-click"}},
		{"one click misspelt", with(func(m *message) {
			m.header = [][2]string{{"List-Unsubscribe", "<https://example.com/u>"}, {"List-Unsubscribe-Post", "One-Click"}}
		}), []string{"bad-one-click"}},
	} {
		var got []string
		for _, f := range check.Message(test.m) {
			got = append(got, f.Code)
			seen[f.Code] = f.Severity
			if f.Text == "" || f.Place != "" {
				t.Errorf("%s: %+v", test.name, f)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
	for _, f := range check.Size(10_000_001, 10_000_000, "mail.example.com") {
		seen[f.Code] = f.Severity
	}
	if got := append(check.Size(10_000_000, 10_000_000, "x"), check.Size(1<<40, 0, "x")...); len(got) > 0 {
		t.Errorf("of a size that fits: %v", got)
	}
	for code, severity := range seen {
		if c, ok := codes.Of(code); !ok || c.Severity != severity {
			t.Errorf("%s is %q in the table, and was seen as %q", code, c.Severity, severity)
		}
	}
}
