package transfer

import (
	"bytes"
	"testing"
)

// Whatever the octets are, what is written is 7-bit and no control character, also in the runs of eight. It has caught
// x|x+each, which is (x|x)+each in Go: an octet 0xFF among seven plain ones was left as it is.
func TestEveryOctetIsSevenBit(t *testing.T) {
	for c := range 256 {
		for at := range 9 {
			text := bytes.Repeat([]byte("x"), 10)
			text[1+at] = byte(c)
			got := Literals{}.AppendQuotedPrintable(nil, text, nil)
			for _, g := range got {
				if g > '~' || g < ' ' && g != '\r' && g != '\n' {
					t.Errorf("%q becomes %q", text, got)
					break
				}
			}
		}
	}
}
