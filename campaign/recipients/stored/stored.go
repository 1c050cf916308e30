// Package stored is the form in which a ledger keeps the cells of a row: [AppendText] and [AppendValue] write it,
// [Text] and [Value] read it.
//
// Equal cells give equal bytes. The form is never changed, because ledgers have rows in it.
package stored

import (
	"encoding/binary"
	"math"
	"time"
)

// The tags of typed values.
const (
	tagEmpty byte = iota
	tagNumber
	tagDate
	tagTrue
	tagFalse
)

// CutOff is why bytes cannot be read that end too early.
const CutOff = "cut off"

// AppendText appends what a person sees in a cell.
func AppendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// AppendValue appends the value of a typed cell: float64, time.Time, bool, or anything else for an empty cell.
func AppendValue(b []byte, value any) []byte {
	switch v := value.(type) {
	case float64:
		return binary.BigEndian.AppendUint64(append(b, tagNumber), math.Float64bits(v))
	case time.Time:
		b = binary.AppendVarint(append(b, tagDate), v.Unix())
		return binary.AppendUvarint(b, uint64(v.Nanosecond()))
	case bool:
		if v {
			return append(b, tagTrue)
		}
		return append(b, tagFalse)
	}
	return append(b, tagEmpty)
}

// Text reads the text at the start of s, of which it is a part. If it cannot be read, what says why.
func Text(s string) (text, rest, what string) {
	n, width := binary.Uvarint([]byte(s[:min(len(s), binary.MaxVarintLen64)]))
	if width <= 0 || n > uint64(len(s)-width) {
		return "", "", CutOff
	}
	return s[width : width+int(n)], s[width+int(n):], ""
}

// Value reads the typed value at the start of b; it is nil for an empty cell. If it cannot be read, what says why.
func Value(b []byte) (v any, rest []byte, what string) {
	if len(b) == 0 {
		return nil, nil, CutOff
	}
	tag, rest := b[0], b[1:]
	switch tag {
	case tagEmpty:
		return nil, rest, ""
	case tagNumber:
		if len(rest) < 8 {
			return nil, nil, CutOff
		}
		return math.Float64frombits(binary.BigEndian.Uint64(rest)), rest[8:], ""
	case tagDate:
		sec, n := binary.Varint(rest)
		if n <= 0 {
			return nil, nil, CutOff
		}
		nsec, m := binary.Uvarint(rest[n:])
		if m <= 0 || nsec >= 1e9 {
			return nil, nil, CutOff
		}
		return time.Unix(sec, int64(nsec)).UTC(), rest[n+m:], ""
	case tagTrue, tagFalse:
		return tag == tagTrue, rest, ""
	}
	return nil, nil, "unknown value"
}
