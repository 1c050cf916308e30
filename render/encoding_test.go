package render

import (
	"mailshot/render/header"
	"mailshot/render/naming"

	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"net/mail"
	"strings"
	"testing"
)

func decodeBase64(t testing.TB, b []byte) string {
	t.Helper()
	out, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(b)))
	if err != nil {
		t.Error(err)
	}
	return string(out)
}

// checkField checks a field's folding: lines of 76 where a blank allows it, never more than 998, and no blank line.
func checkField(t testing.TB, field string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(field, "\r\n"), "\r\n")
	for i, line := range lines {
		switch {
		case i > 0 && !strings.HasPrefix(line, " "), strings.TrimSpace(line) == "", len(line) > 998,
			strings.ContainsAny(line, "\r\n"):
			t.Errorf("line %d of %q", i, field)
		case len(line) > 76 && strings.Contains(line, "=?"):
			t.Errorf("an encoded-word on a line of %d: %q", len(line), field)
		}
		for _, word := range strings.Fields(line) {
			if strings.HasPrefix(word, "=?") && len(word) > 75 {
				t.Errorf("an encoded-word of %d: %q", len(word), field)
			}
		}
	}
}

func layField(name string, pieces ...string) string {
	var f header.Folder
	f.Field(name, pieces...)
	return string(f.B)
}

func unfold(field string) string {
	_, value, _ := strings.Cut(strings.ReplaceAll(strings.TrimSuffix(field, "\r\n"), "\r\n", ""), ": ")
	return value
}

func TestFolding(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, want string }{
		{"Subject", "short", "Subject: short\r\n"},
		{"Subject", strings.Repeat("word ", 20) + "end",
			"Subject: word word word word word word word word word word word word word\r\n" +
				" word word word word word word word end\r\n"},
		{"Subject", strings.Repeat("x", 200) + " y", "Subject: " + strings.Repeat("x", 200) + "\r\n y\r\n"},
		{"Subject", "a  b", "Subject: a  b\r\n"},
		{"Subject", "=?utf-8?q?a?=", "Subject: =?utf-8?b?PT91dGYtOD9xP2E/PQ==?=\r\n"},
		{"Subject", "é", "Subject: =?utf-8?b?w6k=?=\r\n"},
		{"Subject", strings.Repeat("x", 901), ""},
		{"X-Long", strings.Repeat(" ", 950) + "x", ""},
	} {
		got := layField(c.name, header.Text(nil, c.name, c.value)...)
		checkField(t, got)
		if c.want != "" && got != c.want {
			t.Errorf("%s: %q\n got %q\nwant %q", c.name, c.value, got, c.want)
		}
		if decoded, err := new(mime.WordDecoder).DecodeHeader(unfold(got)); err != nil || decoded != c.value {
			t.Errorf("%q is read back as %q, %v", c.value, decoded, err)
		}
	}
}

func TestListHeaders(t *testing.T) {
	t.Parallel()
	long := "https://acme.example/" + strings.Repeat("u", 200)
	for _, c := range []struct{ value, want string }{
		{"<https://a.example/x>", "List-Unsubscribe: <https://a.example/x>\r\n"},
		{"<mailto:a@b.example> ,<" + long + ">", "List-Unsubscribe: <mailto:a@b.example>,\r\n <" + long + ">\r\n"},
		{"<https://a.example/a,b;c>, <mailto:x@y.example>",
			"List-Unsubscribe: <https://a.example/a,b;c>, <mailto:x@y.example>\r\n"},
		{"https://a.example", ""}, {"<>", ""}, {"<a b:c>", ""}, {"<https://a.example", ""},
		{"<https://a.example> <https://b.example>", ""}, {"<https://a.example>,", ""},
		{"<https://é.example>", ""}, {"<https://a.example> (comment)", ""}, {"<https://" + strings.Repeat("x", 900) + ">",
			""}, {"<https://a.example/<b>", ""},
	} {
		pieces, err := header.URIs(nil, c.value)
		if (err == nil) != (c.want != "") {
			t.Errorf("%q: %v", c.value, err)
		}
		if got := layField("List-Unsubscribe", pieces...); err == nil && got != c.want {
			t.Errorf("%q\n got %q\nwant %q", c.value, got, c.want)
		}
	}
	for value, want := range map[string]string{
		"<news.acme.example>": "<news.acme.example>", "News <news.acme.example>": "News <news.acme.example>",
		`"A, B" <news.acme.example>`: `"A, B" <news.acme.example>`,
		"Café <n.acme.example>":      "=?utf-8?b?Q2Fmw6k=?= <n.acme.example>", "news.acme.example": "", "<news>": "",
		"<a b.c>": "", "<a..b>": "", "<a.b> x": "", "x <a.b": "", "<" + strings.Repeat("a.", 128) + "b>": "",
	} {
		pieces, err := header.ListID(nil, "List-Id", value)
		if got := strings.Join(pieces, " "); (err == nil) != (want != "") || got != want {
			t.Errorf("%q: %q, %v; want %q", value, got, err, want)
		}
	}
	for value, ok := range map[string]bool{"<a@b>": true, "<a@b> <c@d>": true, "a@b": false, "<a>": false, "<a@b": false,
		"<@b>": false, "<a@b><c@d>": false, "<a@b>,": false, "<é@b>": false} {
		if _, err := header.IDs(nil, value); (err == nil) != ok {
			t.Errorf("References %q: %v", value, err)
		}
	}
}

func FuzzHeader(f *testing.F) {
	for _, s := range []string{"", "a", "Café", "=?utf-8?q?x?=", strings.Repeat("ü", 100), strings.Repeat("a ", 100),
		"a  b", `"Doe, John"`, "صورت\u200cحساب شماره", "🧾🧾🧾", strings.Repeat("x", 1000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.Trim(s, " ")
		if s == "" || naming.Check(s) != "" {
			t.Skip()
		}
		for _, name := range []string{"Subject", strings.Repeat("X", 40)} {
			field := layField(name, header.Text(nil, name, s)...)
			checkField(t, field)
			if got, err := new(mime.WordDecoder).DecodeHeader(unfold(field)); err != nil || got != s {
				t.Errorf("%q is read back as %q, %v: %q", s, got, err, field)
			}
		}
		field := layField("To", header.Mailbox(nil, "To", s, "<ann@example.com>")...)
		checkField(t, field)
		a, err := mail.ParseAddress(unfold(field))
		if err != nil || a.Address != "ann@example.com" || a.Name != s {
			t.Errorf("%q is read back as %v, %v: %q", s, a, err, field)
		}
	})
}

func FuzzFileName(f *testing.F) {
	for _, s := range []string{"a.pdf", "صورت\u200cحساب.pdf", strings.Repeat("é", 120), `a"b`, "a%20", "a''b", "x*0*=y",
		"; filename=x", "a  b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.Trim(s, " ")
		if naming.File(s) != "" {
			t.Skip()
		}
		field := layField("Content-Disposition", append([]string{"attachment;"},
			header.FileName("filename", s)...)...)
		checkField(t, field)
		disposition, params, err := mime.ParseMediaType(unfold(field))
		if err != nil || disposition != "attachment" || len(params) != 1 || params["filename"] != s {
			t.Errorf("%q is read back as %q %q, %v: %q", s, disposition, params, err, field)
		}
		field = layField("Content-Type", append([]string{"application/pdf;"}, header.OldFileName(s)...)...)
		checkField(t, strings.ReplaceAll(field, `"`, " ")) // the words begin after a quote
		_, params, err = mime.ParseMediaType(unfold(field))
		if name, _ := new(mime.WordDecoder).DecodeHeader(params["name"]); err != nil || name != s {
			t.Errorf("%q is read back as %q, %v: %q", s, name, err, field)
		}
	})
}

func FuzzBody(f *testing.F) {
	for _, s := range []string{"", "a", ".\r\n", "a\rb\nc\r\nd", "From x\n", "--=_boundary\n", strings.Repeat("é ", 100),
		"a \n", "\xff\xfe", "\x00"} {
		f.Add(s)
	}
	r := setup{text: "{{.c}}", html: "<p>{{.c}}"}.renderer(f)
	stem := string((&hasher{}).appendBoundary(nil, r.names.boundary, "ann@example.com"))
	f.Fuzz(func(t *testing.T, s string) {
		s += "\n--" + stem + "0\n"
		m, err := r.Render(recipient(t, "Ann", "ann@example.com", "c", s), testDate)
		if err != nil {
			return // it is not UTF-8
		}
		raw := string(wire(t, m))
		// The boundary was put into the text on purpose: no encoding lets it through.
		if n := strings.Count(raw, stem); n != 4 {
			t.Errorf("%d boundaries in %q", n, raw)
		}
		scan(t, m)
		m.Release()
	})
}
