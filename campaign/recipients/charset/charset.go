// Package charset decodes a text file to UTF-8. [Decode] takes the encoding that somebody named, or finds it out from
// the file.
//
// A text file shows its encoding by a byte order mark, by a NUL in every other byte (UTF-16), or by being valid UTF-8
// from its first byte to its last. Anything else would be a guess, and a wrong guess garbles people's names. Such a
// file is refused. The fault shows how some of its text reads in the likeliest encodings, and the line for the
// campaign file that settles the question.
//
// The likeliest encoding is found by letters as well as by bytes. For encodings of one byte a character the alphabets
// of languages decide, and for the Eastern ones common characters and family names. saintfish/chardet adds what the
// patterns of bytes say. golang.org/x/net/html/charset never asks: of the 46 files of TestEncodings it reads 10 right
// and 36 wrong, in silence. This package reads 8, asks about 38, and its first guess is right for all of these.
package charset

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	textenc "golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"mailshot/campaign/recipients/fault"
)

// UTF8 is the encoding that needs no decoder.
const UTF8 = "utf-8"

// charset finds an encoding by any of its names in the index of WHATWG or IANA. dec is nil for UTF-8.
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
	if canonical = strings.ToLower(canonical); canonical == UTF8 {
		return UTF8, nil, true
	}
	return canonical, enc, true
}

// Config says which file is decoded.
type Config struct {
	File   string // name of the file, for faults
	Said   string // the encoding, by a name of WHATWG or IANA; default as the file shows
	SaidAt string // place that sets Said, for faults
}

// Text is a file's text in UTF-8. A byte order mark at its start is left in it.
type Text struct {
	io.Reader
	Encoding string // encoding of the file
	ByNULs   bool   // only its NUL bytes show that it is UTF-16
}

// sample is how many bytes decide whether a file is UTF-16.
const sample = 64 << 10

// Decode returns the text of a file. It decodes what it reads through in, and looks at the same bytes through file. A
// file that does not show its encoding, and for which nobody named one, is a [*fault.Fault] with the possible
// encodings.
func Decode(cfg Config, file io.ReaderAt, in io.Reader) (Text, error) {
	if cfg.Said != "" {
		name, enc, ok := charset(cfg.Said)
		if !ok {
			return Text{}, &fault.Fault{Code: "unknown-encoding", Place: cfg.SaidAt,
				Text: fmt.Sprintf("no encoding is called %s", fault.Quote(cfg.Said)),
				Hint: "utf-8, utf-16, windows-1252, windows-1251, iso-8859-2, shift_jis, gb18030 and what else " +
					"WHATWG and IANA name"}
		}
		return Text{Reader: through(in, enc), Encoding: name}, nil
	}
	head := make([]byte, sample)
	n, err := file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return Text{}, fault.File(cfg.File, err)
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte("\xFF\xFE\x00\x00")), bytes.HasPrefix(head, []byte("\x00\x00\xFE\xFF")):
		return Text{}, &fault.Fault{Code: "bad-encoding", Place: cfg.File, Text: "is UTF-32 text",
			Hint: "save it as CSV UTF-8"}
	case bytes.HasPrefix(head, []byte("\xFF\xFE")):
		return Text{Reader: through(in, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)), Encoding: "utf-16"}, nil
	case bytes.HasPrefix(head, []byte("\xFE\xFF")):
		return Text{Reader: through(in, unicode.UTF16(unicode.BigEndian, unicode.UseBOM)), Encoding: "utf-16"}, nil
	}
	even, odd := nuls(head)
	order := unicode.LittleEndian
	switch size := len(head) / 2; {
	case size > 1 && odd*3 > size && even*20 < size:
	case size > 1 && even*3 > size && odd*20 < size:
		order = unicode.BigEndian
	default:
		return Text{Reader: in, Encoding: UTF8}, utf8Throughout(cfg, file)
	}
	return Text{Reader: through(in, unicode.UTF16(order, unicode.IgnoreBOM)), Encoding: "utf-16", ByNULs: true}, nil
}

// through decodes with an encoding, if there is one.
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

// utf8Throughout reads the file to its end. It returns a fault if any of it is not UTF-8. It does not look for NULs:
// the reader of the rows knows their places.
func utf8Throughout(cfg Config, f io.ReaderAt) error {
	buf := make([]byte, 256<<10)
	var from int64 // offset of buf in the file
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
			bad = Invalid(string(b[:end]))
		} else if i := bytes.Index(b[:end], []byte("\x1b$")); i >= 0 {
			bad = i // ISO-2022, which switches character sets by escapes
		}
		if bad >= 0 {
			return legacy(cfg, f, from+int64(bad), line+fault.Lines(b[:bad]))
		}
		line += fault.Lines(b[:end])
		if err == io.EOF {
			return nil
		}
		if b[end-1] == '\r' { // CRLF is one line end, even across two reads
			end--
			line--
		}
		kept = copy(buf, b[end:])
		from += int64(end)
	}
}

// Invalid is the offset at which a text stops being UTF-8.
func Invalid(s string) int {
	for i, c := range s {
		if c == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return i
			}
		}
	}
	return len(s)
}

// whole is how many bytes of b are whole characters.
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
	mostShown   = 3 // pieces of text shown for each
)

// legacy is the fault of a file in a legacy encoding, at its first byte that is not UTF-8, with the possible
// encodings.
func legacy(cfg Config, f io.ReaderAt, at, line int64) error {
	evidence, utf8Text := apart(beyond(f, at))
	wrong := &fault.Fault{Code: "bad-encoding", Place: fmt.Sprintf("%s:%d", cfg.File, line),
		Text: "bytes that are not UTF-8", Final: true,
		Hint: "save the list as CSV UTF-8, or name its encoding in recipients.encoding"}
	if found := guesses(evidence); len(found) > 0 {
		for i, g := range found {
			wrong.Text += [2]string{"; ", ", "}[min(i, 1)] + g.name + " reads " + g.shown
			wrong.Encodings = append(wrong.Encodings, g.name)
		}
		wrong.Hint = "if one of them reads right, add it to recipients, as encoding: " + found[0].name +
			"; otherwise save the list as CSV UTF-8"
	}
	if utf8Text != "" {
		wrong.Text += "; but other cells are UTF-8, as " + fault.Quote(utf8Text)
		wrong.Hint = "the list was put together from files in two encodings, and no setting reads both: save this part " +
			"as CSV UTF-8, and put them together again"
	}
	return wrong
}

// apart takes the cells that are text in UTF-8 out of the evidence against it, and returns the first of them, "" if
// there is none. Two or three bytes of another encoding may be UTF-8 by chance, but are not the letters of one
// language then.
func apart(evidence [][]byte) (rest [][]byte, text string) {
	for _, cell := range evidence {
		if utf8.Valid(cell) && fit(string(cell)) >= good {
			if text == "" {
				text = string(cell)
			}
			continue
		}
		rest = append(rest, cell)
	}
	if len(rest) == 0 { // by chance
		return evidence, ""
	}
	return rest, text
}

// readAs shows a few pieces of text as an encoding reads them; "" if it cannot read one of them.
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

// beyond returns the cells that have bytes beyond ASCII, from the cell around at onwards.
func beyond(f io.ReaderAt, at int64) (cells [][]byte) {
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
