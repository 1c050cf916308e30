package workbook

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"

	"mailshot/campaign/recipients/workbook/strictxml"
)

// inPiece is how many texts are kept together.
const inPiece = 4 << 10

// texts are the shared texts of a workbook, which stay in memory while it is read. A text costs its bytes and four
// more: a string for each would cost sixteen, and an allocation.
type texts struct {
	pieces []piece
	n      int
}

// piece is inPiece texts, the last piece fewer.
type piece struct {
	all  string
	ends []uint32 // where each ends in all
}

// at is text i, or false if there is none.
func (t *texts) at(i int) (string, bool) {
	if i < 0 || i >= t.n {
		return "", false
	}
	p, from := &t.pieces[i/inPiece], uint32(0)
	if i %= inPiece; i > 0 {
		from = p.ends[i-1]
	}
	return p.all[from:p.ends[i]], true
}

// sharedStrings reads the texts that cells refer to.
func (b *Book) sharedStrings() (out texts, err error) {
	if _, ok := b.parts[strings.ToLower(b.shared)]; !ok {
		return out, nil // a cell that refers to one is an error then
	}
	var all []byte
	var ends []uint32
	flush := func() {
		out.pieces = append(out.pieces, piece{string(all), slices.Clone(ends)})
		all, ends = all[:0], ends[:0]
	}
	err = b.document(b.shared, func(s *strictxml.Scanner) error {
		for {
			t, err := s.Next()
			if err != nil {
				return err
			}
			if t.Kind != strictxml.StartTag || t.Name != "si" {
				continue
			}
			from := len(all)
			if all, err = richText(s, all); err != nil {
				return cutOff(err)
			}
			if text := all[from:]; bytes.Contains(text, []byte("_x")) {
				all = append(all[:from], unescape(string(text))...)
			}
			ends = append(ends, uint32(len(all))) // of maxStrings bytes at most
			if len(ends) == inPiece {
				flush()
			}
			if out.n++; out.n > 16<<20 {
				return errors.New("more than 16 million texts")
			}
		}
	})
	flush()
	return out, err
}

// richText appends the text of a string item (si, is) after its start tag: its own t elements and those of its runs,
// but not the phonetic ones. Text beside t elements, and in elements that string items do not have, is text as well.
func richText(s *strictxml.Scanner, b []byte) ([]byte, error) {
	for depth := s.Depth(); ; {
		t, err := s.Next()
		if err != nil {
			return b, err
		}
		if s.Depth() < depth {
			return b, nil
		}
		if t.Kind == strictxml.CharData && len(bytes.TrimSpace(t.Text)) > 0 {
			b = append(b, t.Text...)
		}
		if t.Kind != strictxml.StartTag {
			continue
		}
		switch t.Name {
		case "t":
			if b, err = s.Text(b); err != nil {
				return b, err
			}
			if len(b) > strictxml.MaxToken {
				return b, strictxml.ErrTooLong
			}
		case "rPh", "phoneticPr", "rPr", "extLst", "Fallback":
			if err := s.Skip(); err != nil {
				return b, err
			}
		}
	}
}

// unescape replaces _xHHHH_, in which workbooks write characters that XML does not allow (ECMA-376 part 1,
// 22.9.2.19).
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var b strings.Builder
	for {
		i := strings.Index(s, "_x")
		if i < 0 || i+7 > len(s) {
			b.WriteString(s)
			return b.String()
		}
		code, err := strconv.ParseUint(s[i+2:i+6], 16, 16)
		if err != nil || s[i+6] != '_' || code >= 0xD800 && code < 0xE000 {
			b.WriteString(s[:i+2])
			s = s[i+2:]
			continue
		}
		b.WriteString(s[:i])
		b.WriteRune(rune(code))
		s = s[i+7:]
	}
}
