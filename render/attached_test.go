package render

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"slices"
	"strings"
	"testing"
)

// A message that is attached is not encoded (RFC 2046 section 5.2.1) and comes out as it went in, line ends aside. One
// that is not ASCII, or whose lines are too long, goes as octets. Seen to fail with base64 for both.
func TestAttachedMessage(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"From: a@example.com\nSubject: x\n\nHello\n.\nFrom here\n": "message/rfc822 7bit",
		"Received: x\r\n\r\n--=_a\r\n\r\nno line end":              "message/rfc822 7bit",
		"From: ä@example.com\n\nHello\n":                           "application/octet-stream base64",
		"From: a@example.com\n\n" + strings.Repeat("x", 999):       "application/octet-stream base64",
		"From a@example.com Mon\nFrom: b@example.com\n\nx\n":       "application/octet-stream base64",
		"From: a@example.com\n\n\x00\n":                            "application/octet-stream base64",
	} {
		s := setup{attachments: [][3]string{{"a.eml", "", ""}}, files: map[string]string{"a.eml": content}}
		m, err := s.renderer(t).Render(recipient(t, "Ann", "ann@example.com"), testDate)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer // not by wire, which wants no line that begins with a dot
		if _, err := m.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		read, err := mail.ReadMessage(&b)
		if err != nil {
			t.Fatal(err)
		}
		_, parameters, err := mime.ParseMediaType(read.Header.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		parts := multipart.NewReader(read.Body, parameters["boundary"])
		if _, err := parts.NextPart(); err != nil {
			t.Fatal(err)
		}
		part, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		bare, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if got := bare + " " + part.Header.Get("Content-Transfer-Encoding"); got != want {
			t.Errorf("%.30q: %s, want %s", content, got, want)
		}
		body, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		lf := func(s string) string { return strings.TrimSuffix(strings.ReplaceAll(s, "\r\n", "\n"), "\n") }
		if strings.HasSuffix(want, "7bit") && lf(string(body)) != lf(content) {
			t.Errorf("%q came out as %q", content, body)
		}
	}
}

// What is odd about an attachment is a remark, at the attachment's place in the campaign. Seen to fail without the call
// of remark.
func TestRemarks(t *testing.T) {
	t.Parallel()
	s := setup{files: map[string]string{
		"letter.pdf": "\n%PDF-1.4\n", "logo.jpg": png, "terms.txt": "a\nDear {{.name}},\n", "page.html": "<style>a{name}</style>\n" +
			"<script>\n`${name}`</script><p>[FIRST_NAME]", "data.json": "{{name}}", "good.txt": "50% [link] {}\n",
		"call.ics": "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n",
	}, attachments: [][3]string{{"letter.pdf", "", ""}, {"logo.jpg", "", ""}, {"terms.txt", "", ""}, {"page.html", "", ""},
		{"data.json", "", ""}, {"good.txt", "", ""}, {"call.ics", "", ""}}}
	m, err := s.renderer(t).Render(recipient(t, "Ann", "ann@example.com"), testDate)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range m.Remarks() {
		got = append(got, fmt.Sprintf("%s %s", r.Code, r.Text))
	}
	want := []string{
		`attachment-type attachment "letter.pdf" has something before %PDF-, where a PDF begins; some programs do not open it`,
		`attachment-type attachment "logo.jpg" is a PNG picture, and its name says a JPEG picture`,
		`attachment-placeholder attachment "terms.txt" has {{.name}} in line 2: attachments are not templates, so that ` +
			`nothing fills it`,
		`attachment-placeholder attachment "page.html" has [FIRST_NAME] in line 3: attachments are not templates, so that ` +
			`nothing fills it`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	if head := "Content-Type: text/calendar; charset=utf-8; method=REQUEST;"; !bytes.Contains(wire(t, m), []byte(head)) {
		t.Errorf("no %q", head)
	}
}
