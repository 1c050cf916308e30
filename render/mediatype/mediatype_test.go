package mediatype_test

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"

	"mailshot/render/mediatype"
)

// office makes a zip archive with these files: names and contents by turns.
func office(t *testing.T, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func types(main string) []string {
	return []string{"[Content_Types].xml", `<Types><Override PartName="/x" ContentType="application/vnd.` + main +
		`"/></Types>`}
}

// Where the content is clear it decides; where name and content disagree that is said. Seen to fail with Detect left
// out (the type by the ending alone), and with archive always application/zip.
func TestOf(t *testing.T) {
	t.Parallel()
	const (
		png  = "\x89PNG\r\n\x1a\n\x00\x00"
		jpeg = "\xff\xd8\xff\xe0\x00\x10JFIF"
		ole  = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 x"
	)
	docm := office(t, types("ms-word.document.macroEnabled.main+xml")...)
	docx := office(t, types("openxmlformats-officedocument.wordprocessingml.document.main+xml")...)
	xlsx := office(t, types("openxmlformats-officedocument.spreadsheetml.sheet.main+xml")...)
	odt := office(t, "mimetype", "application/vnd.oasis.opendocument.text", "content.xml", "<x/>")
	plain := office(t, "a.txt", "a")
	const office12 = "application/vnd.openxmlformats-officedocument."
	for _, test := range []struct{ name, content, want, odd string }{
		{"a.pdf", "%PDF-1.4", "application/pdf", ""},
		{"a.pdf", "\r\n%PDF-1.4", "application/pdf", "has something before %PDF-"},
		{"a", "junk\n%PDF-1.4", "application/pdf", "has something before %PDF-"},
		{"a.pdf", "%PDF-1.4\n" + strings.Repeat("1 0 obj\n", 200), "application/pdf", "has no end"},
		{"a.pdf", "%PDF-1.4\n" + strings.Repeat("1 0 obj\n", 200) + "startxref\n9\n%%EOF\n", "application/pdf", ""},
		{"a.pdf", "<html><p>please log in", "application/octet-stream",
			"is not a PDF, as its name says: it looks like a web page"},
		{"a.pdf", strings.Repeat(" ", 2000) + "%PDF-1.4", "application/octet-stream", "is not a PDF"},
		{"a.jpg", png, "image/png", "is a PNG picture, and its name says a JPEG picture"},
		{"a.png", jpeg, "image/jpeg", "is a JPEG picture"},
		{"a.JPG", jpeg, "image/jpeg", ""},
		{"a", png, "image/png", ""},
		{"a.dat", png, "image/png", ""},
		{"a.png", "RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp", "is a WebP picture"},
		{"a.jpg", "\x00\x00\x00\x18ftypheic\x00", "image/heic", "is a HEIC picture"},
		{"a.gif", "GIF89a\x01", "image/gif", ""},
		{"a.docm", docm, "application/vnd.ms-word.document.macroEnabled.12", ""},
		{"a.docx", docm, "application/vnd.ms-word.document.macroEnabled.12", "is a Word document with macros (.docm)"},
		{"a.docx", docx, office12 + "wordprocessingml.document", ""},
		{"a.zip", docx, office12 + "wordprocessingml.document", "is a Word document, and its name says a zip archive"},
		{"a.xlsx", xlsx, office12 + "spreadsheetml.sheet", ""},
		{"a.csv", xlsx, office12 + "spreadsheetml.sheet", "is an Excel workbook, and its name says a CSV table"},
		{"a.xlsx", "a;b\n", "application/octet-stream", "is not an Excel workbook, as its name says: it looks like a text"},
		{"a.docx", plain, "application/zip", "is a zip archive, and its name says a Word document"},
		{"a.docx", docx[:len(docx)-30], office12 + "wordprocessingml.document", "is a damaged archive"},
		{"a.zip", plain[:len(plain)-30], "application/zip", "is a damaged archive"},
		{"a.odt", odt, "application/vnd.oasis.opendocument.text", ""},
		{"a.zip", plain, "application/zip", ""},
		{"a.kmz", plain, "application/zip", ""},
		{"a.docx", ole, office12 + "wordprocessingml.document", ""}, // with a password
		{"a.xls", ole, "application/vnd.ms-excel", ""},
		{"a.pdf", ole, "application/octet-stream", "is an old Office file"},
		{"a.doc", `{\rtf1 x}`, "application/rtf", ""},
		{"a.csv", "a,b\n", "text/csv", ""},
		{"a.txt", "a,b\n", "text/plain", ""},
		{"a.txt", "BEGIN:VCALENDAR\n", "text/plain", ""},
		{"a.ics", "\xef\xbb\xbfBEGIN:VCALENDAR\n", "text/calendar", ""},
		{"a.vcf", "begin:vcard\n", "text/vcard", ""},
		{"a.ics", "Hello", "text/calendar", "is not a calendar entry"},
		{"a.eml", "From: a@b\n\nx", "message/rfc822", ""},
		{"a.svg", "<svg/>", "image/svg+xml", ""},
		{"a.html", "<html>", "text/html", ""},
		{"a.unknown", "\x00\x01", "application/octet-stream", ""},
	} {
		c := mediatype.Detect(strings.NewReader(test.content), int64(len(test.content)))
		got, odd := c.Of(test.name)
		if got != test.want || test.odd == "" && odd != "" || !strings.Contains(odd, test.odd) {
			t.Errorf("%s with %.20q: %s %q, want %s %q", test.name, test.content, got, odd, test.want, test.odd)
		}
	}
}

// A calendar's method is that of the calendar itself.
func TestMethod(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n": "REQUEST",
		"BEGIN:VCALENDAR\nVERSION:2.0\nmethod: cancel\n":        "CANCEL",
		"BEGIN:VCALENDAR\r\nMET\r\n HOD:PUBLISH\r\n":            "PUBLISH",
		"BEGIN:VCALENDAR\nBEGIN:VEVENT\nMETHOD:REQUEST\n":       "",
		"BEGIN:VCALENDAR\nMETHOD:a b\n":                         "",
		"BEGIN:VCALENDAR\nMETHOD:\"x\"; y\n":                    "",
		"Hello\nMETHOD:REQUEST\n":                               "",
	} {
		if got := mediatype.Detect(strings.NewReader(text), int64(len(text))).Method; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
