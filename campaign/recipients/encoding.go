package recipients

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
	textenc "golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"mailshot/campaign/recipients/fault"
)

// A text file says its encoding by a mark at its begin, or by a NUL in every other byte (UTF-16), or by being valid UTF-8
// from the first byte to the last. All others are a guess, and a guess would write people's names wrong: the list
// is refused with what it would read as, and the line for the campaign file that settles it.

// utf8Name is the encoding that needs no decoder.
const utf8Name = "utf-8"

// charset finds an encoding by any of its names in WHATWG's index or IANA's. dec is nil for UTF-8.
func charset(name string) (canonical string, dec textenc.Encoding, ok bool) {
	name = strings.ToLower(strings.TrimSpace(name))
	enc, err := htmlindex.Get(name)
	if err != nil || name == "replacement" || name == "x-user-defined" {
		if enc, err = ianaindex.IANA.Encoding(name); err != nil || enc == nil {
			return "", nil, false
		}
	}
	if canonical, err = htmlindex.Name(enc); err != nil {
		canonical, _ = ianaindex.IANA.Name(enc)
	}
	if canonical = strings.ToLower(canonical); canonical == utf8Name {
		return utf8Name, nil, true
	}
	return canonical, enc, true
}

// unpack returns the text or workbook in a gzip or zstd file; ok false: it is in neither.
func unpack(name string, magic []byte, in io.Reader) (r io.ReadCloser, ok bool, err error) {
	switch {
	case bytes.HasPrefix(magic, []byte("\x1F\x8B")):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, true, packedFault(name, err)
		}
		return z, true, nil
	case bytes.HasPrefix(magic, []byte("\x28\xB5\x2F\xFD")):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, true, packedFault(name, err)
		}
		return z.IOReadCloser(), true, nil
	}
	return nil, false, nil
}

func packedFault(name string, err error) *Fault {
	text := strings.TrimPrefix(err.Error(), "gzip: ")
	if errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF {
		text = "it is cut off"
	}
	return &Fault{Code: "broken-archive", Place: name, Text: "cannot be unpacked: " + text, Hint: "is the file complete? download or pack it again", Final: true}
}

// plainName is a file's name without what compression added to it.
func plainName(name string) string {
	switch ext := strings.ToLower(filepath.Ext(name)); ext {
	case ".gz", ".zst", ".gzip", ".zstd":
		return strings.TrimSuffix(name, filepath.Ext(name))
	}
	return name
}

// decoded returns f's text as UTF-8, from its begin. What it infers without doubt it adds to the header's guesses. A text
// whose encoding nobody says is refused.
func decoded(cfg Config, f *os.File, in io.Reader, h *Header) (io.Reader, string, error) {
	if cfg.Encoding != "" {
		name, enc, ok := charset(cfg.Encoding)
		if !ok {
			return nil, "", &Fault{Code: "unknown-encoding", Place: cfg.says("encoding"), Text: fmt.Sprintf("no encoding is called %s", fault.Quote(cfg.Encoding)),
				Hint: "utf-8, utf-16, windows-1252, windows-1251, iso-8859-2, shift_jis, gb18030 and what else WHATWG and IANA name"}
		}
		return through(in, enc), name, nil
	}
	head := make([]byte, sample)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, "", fault.File(cfg.File, err)
	}
	head = head[:n]
	order, marked := unicode.LittleEndian, true
	switch {
	case bytes.HasPrefix(head, []byte("\xFF\xFE\x00\x00")), bytes.HasPrefix(head, []byte("\x00\x00\xFE\xFF")):
		return nil, "", &Fault{Code: "bad-encoding", Place: cfg.File, Text: "is UTF-32 text", Hint: "save it as CSV UTF-8"}
	case bytes.HasPrefix(head, []byte("\xFF\xFE")):
	case bytes.HasPrefix(head, []byte("\xFE\xFF")):
		order = unicode.BigEndian
	default:
		marked = false
	}
	if !marked {
		even, odd := nuls(head)
		switch size := len(head) / 2; {
		case size > 1 && odd*3 > size && even*20 < size:
		case size > 1 && even*3 > size && odd*20 < size:
			order = unicode.BigEndian
		default:
			return in, utf8Name, utf8Throughout(cfg, f)
		}
		h.Guessed = append(h.Guessed, "encoding: UTF-16, by its NUL bytes")
	}
	enc := unicode.UTF16(order, unicode.UseBOM)
	if !marked {
		enc = unicode.UTF16(order, unicode.IgnoreBOM)
	}
	return through(in, enc), "utf-16", nil
}

// through decodes, if there is something to decode.
func through(in io.Reader, enc textenc.Encoding) io.Reader {
	if enc == nil {
		return in
	}
	return transform.NewReader(in, enc.NewDecoder())
}

// nuls counts the NULs at even and odd offsets.
func nuls(b []byte) (even, odd int) {
	for i, c := range b {
		if c == 0 {
			if i%2 == 0 {
				even++
			} else {
				odd++
			}
		}
	}
	return even, odd
}

// utf8Throughout reads the file to its end, and is the fault of one that is not UTF-8 somewhere. A NUL is left to the
// reader of the rows, which knows its place.
func utf8Throughout(cfg Config, f *os.File) error {
	buf := make([]byte, 256<<10)
	var from int64 // of buf in the file
	line := int64(1)
	for kept := 0; ; {
		n, err := f.ReadAt(buf[kept:], from+int64(kept))
		if err != nil && err != io.EOF {
			return fault.File(cfg.File, err)
		}
		b := buf[:kept+n]
		end := len(b)
		if err != io.EOF {
			end = whole(b)
		}
		bad := -1
		if !utf8.Valid(b[:end]) {
			bad = invalidUTF8(string(b[:end]))
		} else if i := bytes.Index(b[:end], []byte("\x1b$")); i >= 0 {
			bad = i // ISO-2022, which shifts into other sets by escapes
		}
		if bad >= 0 {
			return legacy(cfg, f, from+int64(bad), line+fault.Lines(b[:bad]))
		}
		line += fault.Lines(b[:end])
		if err == io.EOF {
			return nil
		}
		if b[end-1] == '\r' { // CRLF is one line end, also across two pieces
			end--
			line--
		}
		kept = copy(buf, b[end:])
		from += int64(end)
	}
}

// invalidUTF8 is where a text stops being UTF-8.
func invalidUTF8(s string) int {
	for i, c := range s {
		if c == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return i
			}
		}
	}
	return len(s)
}

// whole is how much of b is whole characters.
func whole(b []byte) int {
	for i := 1; i <= min(utf8.UTFMax, len(b)); i++ {
		if utf8.RuneStart(b[len(b)-i]) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return len(b) - i
			}
			break
		}
	}
	return len(b)
}

const (
	mostGuesses = 4 // encodings that a fault names
	mostShown   = 3 // pieces of text shown in each
)

// legacy is the fault of a text in an encoding of old, at the first byte that is not UTF-8, with what it may be.
func legacy(cfg Config, f *os.File, at, line int64) error {
	evidence := beyond(f, at)
	wrong := &Fault{Code: "bad-encoding", Place: fmt.Sprintf("%s:%d", cfg.File, line), Text: "bytes that are not UTF-8", Hint: "save the list as CSV UTF-8, or say its encoding in recipients.encoding", Final: true}
	if found := guesses(evidence); len(found) > 0 {
		for i, g := range found {
			wrong.Text += [2]string{"; ", ", "}[min(i, 1)] + g.name + " reads " + g.shown
			wrong.Encodings = append(wrong.Encodings, g.name)
		}
		wrong.Hint = "where one reads right, add it to recipients, as encoding: " + found[0].name + "; else save the list as CSV UTF-8"
	}
	return wrong
}

// readAs shows a few pieces of text in an encoding; "" where they are not in it.
func readAs(enc textenc.Encoding, evidence [][]byte) string {
	var shown []string
	for _, piece := range evidence {
		text, err := enc.NewDecoder().Bytes(piece)
		if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
			return ""
		}
		if q := fault.Quote(string(text)); len(shown) < mostShown && !slices.Contains(shown, q) {
			shown = append(shown, q)
		}
	}
	return strings.Join(shown, ", ")
}

// beyond returns cells with bytes beyond ASCII, from the one around at on.
func beyond(f *os.File, at int64) (cells [][]byte) {
	const reach = 256 << 10
	from := max(0, at-200)
	b := make([]byte, reach)
	n, _ := f.ReadAt(b, from)
	b = b[:n]
	ends := ",;\t\"\r\n" // not |, which is half a character in Shift-JIS and GBK
	if bytes.Contains(b, []byte("\x1b$")) {
		ends = "\r\n"
	}
	for _, cell := range bytes.FieldsFunc(b, func(r rune) bool { return strings.ContainsRune(ends, r) }) {
		if len(cells) < 500 && slices.ContainsFunc(cell, func(c byte) bool { return c >= utf8.RuneSelf || c == 0x1B }) {
			cells = append(cells, bytes.TrimSpace(cell))
		}
	}
	return cells
}
