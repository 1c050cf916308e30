// Package mediatype says what a file is. Detect looks at its content, and Content.Of gives the media type of a file
// with a name, and says where name and content disagree.
//
// Content decides where it is clear: pictures, PDF, archives and Office files have signatures. A mail program shows a
// picture by its type, and opens a file by its name, so a file whose name says something else is worth a word. All else
// goes by the name's ending, from a fixed table, so that every machine makes the same message.
package mediatype

import (
	"bytes"
	"io"
	"net/http"
	"path"
	"regexp"
	"strings"
)

// Octets is the type of a file that is not known to be anything.
const Octets = "application/octet-stream"

// Content is what the content of a file says.
type Content struct {
	Type   string // where the content is clear, else ""
	Looks  string // what it looks like otherwise: text/html, text/plain, application/octet-stream
	Late   bool   // a PDF with something in front of it
	Cut    bool   // a PDF without its end
	Broken bool   // a zip archive that cannot be read
	Method string // of a calendar: REQUEST
}

// begin is how much of a file is looked at, zip archives aside.
const begin = 64 << 10

// Detect looks at a file of size bytes.
func Detect(r io.ReaderAt, size int64) Content {
	head := make([]byte, min(size, begin))
	n, _ := r.ReadAt(head, 0)
	head = head[:n]
	c := Content{}
	c.Looks, _, _ = strings.Cut(http.DetectContentType(head), ";")
	text := bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	upper := bytes.ToUpper(text[:min(len(text), 40)])
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		c.Type, c.Broken = archive(r, size)
	case bytes.HasPrefix(upper, []byte("BEGIN:VCALENDAR")):
		c.Type, c.Method = "text/calendar", method(string(text))
	case bytes.HasPrefix(upper, []byte("BEGIN:VCARD")):
		c.Type = "text/vcard"
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		c.Type = ole
	default:
		c.Type = signature(head)
	}
	if c.Type == "" {
		if i := bytes.Index(head[:min(len(head), 1024)], []byte("%PDF-")); i > 0 {
			c.Type, c.Late = "application/pdf", true
		}
	}
	c.Cut = c.Type == "application/pdf" && cut(r, size)
	return c
}

// cut says whether a PDF has lost its end, where its table of contents is (ISO 32000-1, 7.5.5). A PDF with other bytes
// behind its end is none, and neither is one that is too small to be real.
func cut(r io.ReaderAt, size int64) bool {
	if size < 1024 {
		return false
	}
	tail := make([]byte, min(size, begin))
	n, _ := r.ReadAt(tail, size-int64(len(tail)))
	return n == len(tail) && !bytes.Contains(tail, []byte("%%EOF")) && !bytes.Contains(tail, []byte("startxref"))
}

// ole is the container of old Office files, and of new ones with a password.
const ole = "application/x-ole-storage"

// signature returns the type of a file that begins with a signature, or "".
func signature(head []byte) string {
	for _, s := range []struct{ at, name string }{
		{"%PDF-", "application/pdf"}, {"\x89PNG\r\n\x1a\n", "image/png"}, {"\xff\xd8\xff", "image/jpeg"},
		{"GIF87a", "image/gif"}, {"GIF89a", "image/gif"}, {"II*\x00", "image/tiff"}, {"MM\x00*", "image/tiff"},
		{"\x1f\x8b\x08", "application/gzip"}, {"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"},
		{`{\rtf`, "application/rtf"},
	} {
		if bytes.HasPrefix(head, []byte(s.at)) {
			return s.name
		}
	}
	if len(head) > 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP" {
		return "image/webp"
	}
	if len(head) > 12 && string(head[4:8]) == "ftyp" {
		switch brand := string(head[8:12]); {
		case brand == "avif" || brand == "avis":
			return "image/avif"
		case strings.HasPrefix(brand, "hei") || strings.HasPrefix(brand, "hev") || brand == "mif1":
			return "image/heic"
		}
	}
	return ""
}

var methodLine = regexp.MustCompile(`(?im)^METHOD:[ \t]*([A-Za-z][A-Za-z-]*)[ \t]*\r?$`)

// method returns the METHOD of a calendar (RFC 5546), which stands before its first component.
func method(text string) string {
	text = strings.NewReplacer("\r\n ", "", "\r\n\t", "", "\n ", "", "\n\t", "").Replace(text)
	if first := strings.IndexByte(text, '\n'); first >= 0 {
		rest := text[first:]
		if i := strings.Index(strings.ToUpper(rest), "\nBEGIN:"); i >= 0 {
			rest = rest[:i+1]
		}
		if m := methodLine.FindStringSubmatch(rest); m != nil {
			return strings.ToUpper(m[1])
		}
	}
	return ""
}

// Of returns the media type of a file with this name, without parameters. odd says how name and content disagree, or
// what is odd about the content; "" if they agree.
func (c Content) Of(name string) (mediaType, odd string) {
	ext := strings.ToLower(path.Ext(name))
	byName := types[ext]
	switch {
	case c.Type == "":
		if needsSignature[byName] {
			return Octets, "is not " + what(byName) + ", as its name says" + c.looks()
		}
		if calendar := ext == ".ics" || ext == ".vcf"; calendar {
			return byName, "is not " + what(byName) + ", as its name says" + c.looks()
		}
		if byName == "" {
			return c.Looks, ""
		}
		return byName, ""
	case c.Broken && (byName == "" || byName == c.Type || needsSignature[byName] && strings.Contains(byName, "document")):
		if byName == "" {
			byName = c.Type
		}
		return byName, "is a damaged archive, which no program opens"
	case c.Type == ole:
		if byName == "" || needsSignature[byName] && !strings.Contains(byName, "officedocument") &&
			!strings.Contains(byName, "macroEnabled") {
			return Octets, c.disagrees(byName, "an old Office file")
		}
		return byName, ""
	case c.Cut && (byName == "" || byName == c.Type):
		return c.Type, "has no end, as when a download breaks off, and most programs do not open it"
	case c.Late && (byName == "" || byName == c.Type):
		return c.Type, "has something before %PDF-, where a PDF begins; some programs do not open it"
	case byName == "", byName == c.Type:
		return c.Type, ""
	case c.Type == "application/zip" && !strings.Contains(byName, "officedocument") &&
		!strings.Contains(byName, "macroEnabled") && !strings.HasPrefix(byName, "image/") && byName != "application/pdf":
		return byName, "" // many formats are zip archives
	case strings.HasPrefix(c.Type, "text/") && byName == "text/plain":
		return byName, "" // meant to be read
	case ext == ".doc" && c.Type == "application/rtf":
		return c.Type, "" // Word writes and opens them
	case ext == ".xls" || ext == ".xml" || ext == ".asc" || ext == ".p7m":
		return byName, ""
	}
	return c.Type, c.disagrees(byName, what(c.Type))
}

func (c Content) disagrees(byName, is string) string {
	if byName == "" {
		return ""
	}
	return "is " + is + ", and its name says " + what(byName)
}

func (c Content) looks() string {
	switch c.Looks {
	case "text/html":
		return ": it looks like a web page"
	case "text/plain":
		return ": it looks like a text"
	}
	return ""
}

// what names a type in words.
func what(mediaType string) string {
	if s := words[mediaType]; s != "" {
		return s
	}
	return mediaType
}
