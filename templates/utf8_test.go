package templates

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
)

// A template that is not UTF-8 is said once, at its own first bad byte, wherever it is used. Proven by leaving Valid
// out of set.add: each of these compiles.
func TestNotUTF8(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"l.html": {Data: []byte("<p>caf\xe9</p>\n{{template \"content\" .}}")}, "p.txt": {Data: []byte("\n  na\xefve {{.x}}")},
		"p.md": {Data: []byte("**\x93so\x94** {{.x}}")},
	}
	text := func(s string) BodySource { return BodySource{Text: &Source{File: "b.txt", Text: s}} }
	page := func(s string) BodySource { return BodySource{HTML: &Source{File: "b.html", Text: s}} }
	for _, test := range []struct {
		body         BodySource
		place, reads string
	}{
		{text("Gr\xfc\xdfe {{.x}}"), "b.txt:1:3", `"Grüße"`},
		{text("a\r\n{{.x}} Gr\xfc\xdfe"), "b.txt:2:10", `"Grüße"`},
		{page("<p>é</p>\n<b>\xa9 2026</b>"), "b.html:2:4", `"©"`},
		{BodySource{Markdown: &Source{File: "b.md", Text: "# 100 \x80"}}, "b.md:1:7", `"€"`},
		{text("\xff\xfeG\x00r\x00\xfc\x00\n\x00x\x00"), "b.txt:1:1", `UTF-16, and not UTF-8; it begins with "Grü"`},
		{text("\xfe\xff\x00G\x00r\x00\xfc"), "b.txt:1:1", `UTF-16, and not UTF-8; it begins with "Grü"`},
		{text("D\x00e\x00a\x00r\x00"), "b.txt:1:1", `UTF-16, and not UTF-8; it begins with "Dear"`},
		{text("a\x00b"), "b.txt:1:2", "NUL"},
		{BodySource{HTML: &Source{File: "b.html", Text: "a"}, Layout: "l.html"}, "l.html:1:7", `"café"`},
		{text(`{{template "p.txt" .}}`), "p.txt:2:5", `"naïve"`},
		{page(`{{template "p.md" .}}`), "p.md:1:3", `"**“so”**"`},
	} {
		_, err := New(Config{FS: files}).Body(test.body)
		var e *Error
		if !errors.As(err, &e) || e.Code != "template-not-utf8" || e.Place() != test.place ||
			!strings.Contains(e.Text, test.reads) {
			t.Errorf("%s: got %v", test.place, err)
		}
		if joined, ok := err.(interface{ Unwrap() []error }); ok && len(joined.Unwrap()) != 1 {
			t.Errorf("%s: said %d times: %v", test.place, len(joined.Unwrap()), err)
		}
	}
	if _, err := New(Config{}).Line("subject", Source{File: "c.yaml", Line: 3, Column: 10,
		Text: "Gr\xfc\xdfe"}); err == nil ||
		!strings.HasPrefix(err.Error(), "c.yaml:3:12: ") {
		t.Errorf("a line: %v", err)
	}
}
