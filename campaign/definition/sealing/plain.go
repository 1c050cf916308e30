package sealing

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
)

// Plain is a file of keys in ASCII, without the byte order mark that programs of Windows write before texts; what is
// redirected into a file in PowerShell 5 is in UTF-16. Binary keys are as they were: none begins so.
func Plain(b []byte) []byte {
	order := binary.ByteOrder(binary.LittleEndian)
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		return b[3:]
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		order = binary.BigEndian
	case !bytes.HasPrefix(b, []byte("\xff\xfe")):
		return b
	}
	var units []uint16
	for b = b[2:]; len(b) > 1; b = b[2:] {
		units = append(units, order.Uint16(b))
	}
	return []byte(string(utf16.Decode(units)))
}
