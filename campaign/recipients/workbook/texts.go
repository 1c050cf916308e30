package workbook

import (
	"bytes"
	"strconv"
	"strings"

	"mailshot/campaign/recipients/workbook/strictxml"
)

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
