// Package text reads the texts of files, so that they can be compared. [Read] takes the bytes of a PDF, a Word
// document, an Excel workbook, a web page or a plain text. [Again] has pdftotext read a PDF once more, if pdftotext is
// installed.
//
// The files come from other people, and some are made to do harm. A file costs at most some seconds and 200 MB. A file
// that would cost more gives a [Reason], like a file that is damaged or encrypted.
package text

import (
	"bytes"
	"encoding/binary"
	"errors"
	"html"
	"path"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"mailshot/campaign/belonging/pdftext"
)

// Text is the text of a file.
type Text struct {
	Words string
	PDF   bool // it can be read again
}

// Reason says why the text of a file cannot be read.
type Reason struct {
	Code       string // attachment-damaged, attachment-encrypted, attachment-bomb, attachment-image, attachment-unreadable
	Text, Hint string // Text goes on after the file's name
}

func (r *Reason) Error() string { return r.Text }

// mostText is how many bytes of text a file may have.
const mostText = 4 << 20

// Read reads a file. The bytes say which kind of file it is; if they do not, the name decides. The error is a *Reason.
// It is safe for concurrent use.
func Read(name string, b []byte) (Text, error) {
	ext := strings.ToLower(path.Ext(name))
	switch {
	case bytes.Contains(b[:min(len(b), 1024)], []byte("%PDF-")):
		return readPDF(b)
	case bytes.HasPrefix(b, []byte("PK\x03\x04")):
		return readPacked(b)
	case bytes.HasPrefix(b, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		if bytes.Contains(b, wide("EncryptedPackage")) {
			return Text{}, &Reason{Code: "attachment-encrypted", Text: "is encrypted, so that nobody can check what it says",
				Hint: "attach the file without its password"}
		}
		return Text{}, unreadable("is of an Office before 2007")
	case ext == ".pdf":
		return Text{}, damaged("does not begin as a PDF")
	case ext == ".docx" || ext == ".xlsx":
		return Text{}, damaged("does not begin as a document of Office")
	}
	words, ok := plain(b)
	switch {
	case !ok:
		return Text{}, unreadable("is not a text")
	case len(words) > mostText:
		return Text{}, bomb("has more than 4 MB of text")
	case ext == ".html" || ext == ".htm":
		words = page(words)
	}
	return said(Text{Words: words})
}

func damaged(text string) *Reason {
	return &Reason{Code: "attachment-damaged", Text: "cannot be read: it " + text,
		Hint: "does it open in a reader? Make it anew"}
}

func bomb(text string) *Reason {
	return &Reason{Code: "attachment-bomb", Text: text,
		Hint: "a file of this kind is far smaller: make it anew"}
}

func unreadable(text string) *Reason {
	return &Reason{Code: "attachment-unreadable", Text: text + ", so that nobody can check what it says",
		Hint: "must_contain reads .pdf, .docx, .xlsx, .txt, .csv and .html"}
}

// said refuses a text without a letter or digit.
func said(t Text) (Text, error) {
	if strings.TrimSpace(t.Words) == "" {
		return t, &Reason{Code: "attachment-image", Text: "has no text to read: it is empty, or a picture of its text",
			Hint: "make it as a text, or leave must_contain out"}
	}
	return t, nil
}

func readPDF(b []byte) (Text, error) {
	t, err := pdftext.Read(b, pdftext.Limits{})
	switch {
	case errors.Is(err, pdftext.ErrEncrypted):
		return Text{PDF: true}, &Reason{Code: "attachment-encrypted",
			Text: "is encrypted, so that nobody can check what it says",
			Hint: "attach it without its password; password: gives it one for each row"}
	case errors.Is(err, pdftext.ErrTooMuch):
		return Text{}, bomb("is a PDF that unpacks to far more than it should")
	case errors.Is(err, pdftext.ErrPages):
		return Text{}, bomb("is a PDF with more than 2,000 pages")
	case err != nil:
		return Text{PDF: true}, &Reason{Code: "attachment-damaged", Text: "cannot be read: " + err.Error(),
			Hint: "does it open in a reader of PDFs? Make it anew"}
	}
	lost := strings.Trim(t.Words, "\ufffd \n") == "" && t.Lost > 0
	if lost {
		return Text{PDF: true}, &Reason{Code: "attachment-image",
			Text: "has letters that nothing says how to read: no program can copy " +
				"its text",
			Hint: "make the PDF with its fonts' tables (ToUnicode)"}
	}
	of, err := said(Text{Words: t.Words, PDF: true})
	return of, err
}

// plain returns a text in UTF-8. Of a text in an old encoding the letters beyond ASCII may be others.
func plain(b []byte) (string, bool) {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		return units(b[2:], binary.LittleEndian), true
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		return units(b[2:], binary.BigEndian), true
	case bytes.IndexByte(b, 0) >= 0:
		return unmarked(b)
	case utf8.Valid(b):
		return strings.TrimPrefix(string(b), "\ufeff"), true
	}
	s, err := charmap.Windows1252.NewDecoder().Bytes(b)
	return string(s), err == nil
}

// unmarked reads UTF-16 without its mark: of most of its letters one half is zero.
func unmarked(b []byte) (string, bool) {
	var zeros [2]int
	for i, c := range b {
		if c == 0 {
			zeros[i%2]++
		}
	}
	switch most := len(b) / 4; {
	case len(b)%2 != 0:
	case zeros[0] == 0 && zeros[1] > most:
		return units(b, binary.LittleEndian), true
	case zeros[1] == 0 && zeros[0] > most:
		return units(b, binary.BigEndian), true
	}
	return "", false
}

func units(b []byte, order binary.ByteOrder) string {
	all := make([]uint16, 0, len(b)/2)
	for ; len(b) > 1; b = b[2:] {
		all = append(all, order.Uint16(b))
	}
	return string(utf16.Decode(all))
}

func wide(s string) []byte {
	var b []byte
	for i := range len(s) {
		b = append(b, s[i], 0)
	}
	return b
}

var (
	unseen = regexp.MustCompile(`(?is)<(?:style|script|head)\b.*?</(?:style|script|head)\s*>|<!--.*?-->`)
	within = regexp.MustCompile(`(?i)</?(?:a|abbr|b|bdi|bdo|big|em|font|i|mark|small|span|strong|sub|sup|u|wbr)\b[^>]*>`)
	tag    = regexp.MustCompile(`<[^>]*>`)
)

// page is the text of a web page.
func page(s string) string {
	s = within.ReplaceAllString(unseen.ReplaceAllString(s, " "), "")
	return html.UnescapeString(tag.ReplaceAllString(s, "\n"))
}
