// Package mojibake finds text that was written in UTF-8 and read as windows-1252: "MÃ¼ller" for "Müller". [Mended]
// returns what it was.
package mojibake

import (
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Mended encodes a text in windows-1252 and decodes the bytes as UTF-8. It returns "" if that is not possible. Real
// text almost never allows both.
func Mended(text string) string {
	b := make([]byte, 0, len(text))
	beyond := false
	for _, r := range text {
		c, ok := charmap.Windows1252.EncodeRune(r)
		if !ok {
			if r >= 0x80 && r < 0xA0 { // the five bytes that windows-1252 does not define
				c = byte(r)
			} else {
				return ""
			}
		}
		beyond = beyond || c >= utf8.RuneSelf
		b = append(b, c)
	}
	if !beyond || !utf8.Valid(b) {
		return ""
	}
	for _, r := range string(b) {
		if r >= 0x80 && r < 0xA0 {
			return ""
		}
	}
	return string(b)
}
