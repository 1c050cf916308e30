package transfer

import "bytes"

// Measured is what the octets of a finished message are. The others are header fields and delimiters.
type Measured struct {
	Content  int64 // octets of texts and files before they were encoded; lines of texts count with CRLF
	InBase64 int64 // of Content, what is encoded in base64
	InQuoted int64 // of Content, what is encoded in quoted-printable
	Base64   int64 // what base64 adds
	Quoted   int64 // what quoted-printable adds
	Dots     int64 // lines that begin with a dot
}

// Measure takes the measure of a message that render made, in the pieces of its Buffers: a file is a piece of its own,
// and the first piece holds the whole header. clean says that no line begins with a dot. A file in base64 is not looked
// through. Nothing is kept of the message.
func Measure(message [][]byte, clean bool) Measured {
	var l leaves
	last := byte('\n')
	for _, b := range message {
		if len(b) == 0 {
			continue
		}
		if !clean {
			if last == '\n' && b[0] == '.' {
				l.Dots++
			}
			l.Dots += int64(bytes.Count(b, []byte("\n.")))
			last = b[len(b)-1]
		}
		l.take(b)
	}
	l.end(0)
	return l.Measured
}

// leaves goes through the leaves of a message's tree.
type leaves struct {
	Measured
	delimiter []byte // what begins each line between parts; nil: the message has one part
	known     bool   // the header of the whole message was read
	body      bool   // in the body of a part, else in a header

	encoding encoding
	size     int64   // of the part so far, encoded
	signs    int64   // its equals signs, in quoted-printable
	soft     int64   // of those, the ones that end a line
	tail     [4]byte // its last octets
}

type encoding byte

const (
	nothing encoding = iota // a part of other parts, or what is behind them
	asIs
	inBase64
	inQuoted
)

var (
	endOfHeader = []byte("\r\n\r\n")
	softBreak   = []byte("=\r\n")
)

// take takes a piece.
func (l *leaves) take(b []byte) {
	if l.body && l.encoding == inBase64 && allBase64(b) {
		l.part(b)
		return
	}
	for len(b) > 0 {
		if !l.body {
			i := bytes.Index(b, endOfHeader)
			if i < 0 {
				return // the fields of a signature: the header goes on in the next piece
			}
			l.header(b[:i+2])
			b = b[i+len(endOfHeader):]
			continue
		}
		at := l.next(b)
		l.part(b[:at])
		if at == len(b) {
			return
		}
		l.end(len("\r\n")) // which belongs to the delimiter
		line := bytes.IndexByte(b[at:], '\n')
		if line < 0 {
			return
		}
		l.body = bytes.HasSuffix(b[at:at+line], []byte("--\r")) // behind the last of several parts comes no header
		b = b[at+line+1:]
	}
}

// allBase64 reports whether a piece is that of a file in base64, by its first and its last line: no other piece is.
func allBase64(b []byte) bool {
	line := min(len(b), LineLength+2)
	return bytes.IndexByte(b[:line], '-') < 0 && bytes.IndexByte(b[len(b)-line:], '-') < 0
}

// next is where the next delimiter begins, or where b ends.
func (l *leaves) next(b []byte) int {
	for from := 0; l.delimiter != nil; {
		i := bytes.Index(b[from:], l.delimiter)
		if i < 0 {
			break
		}
		if from += i; from == 0 || b[from-1] == '\n' {
			return from
		}
		from++
	}
	return len(b)
}

// header reads the header of the message or of a part.
func (l *leaves) header(b []byte) {
	if boundary := []byte(`boundary="`); !l.known {
		if i := bytes.Index(b, boundary); i >= 0 {
			stem := b[i+len(boundary):]
			if i := bytes.IndexByte(stem, '"'); i > 0 {
				l.delimiter = append([]byte("--"), stem[:i-1]...) // the last octet is the level
			}
		}
	}
	l.known, l.body = true, true
	switch {
	case bytes.Contains(b, []byte("Transfer-Encoding: base64\r\n")):
		l.encoding = inBase64
	case bytes.Contains(b, []byte("Transfer-Encoding: quoted-printable\r\n")):
		l.encoding = inQuoted
	case bytes.Contains(b, []byte("Content-Type: multipart/")):
		l.encoding = nothing
	default:
		l.encoding = asIs
	}
}

// part takes octets of the body of a part.
func (l *leaves) part(b []byte) {
	l.size += int64(len(b))
	switch l.encoding {
	case inQuoted:
		l.signs += int64(bytes.Count(b, softBreak[:1]))
		l.soft += int64(bytes.Count(b, softBreak))
	case inBase64:
		last := b[max(0, len(b)-len(l.tail)):]
		copy(l.tail[:], l.tail[len(last):])
		copy(l.tail[len(l.tail)-len(last):], last)
	}
}

// end ends a part, of which the last octets are not its own.
func (l *leaves) end(others int) {
	size := max(0, l.size-int64(others))
	switch l.encoding {
	case asIs:
		l.Content += size
	case inQuoted:
		added := 2*(l.signs-l.soft) + int64(len(softBreak))*l.soft
		l.Content += size - added
		l.InQuoted += size - added
		l.Quoted += added
	case inBase64:
		tail := l.tail[:]
		if bytes.HasSuffix(tail, softBreak[1:]) {
			l.size, tail = l.size-2, tail[:2]
		}
		letters := l.size - 2*((l.size+LineLength+1)/(LineLength+2)-1)
		content := letters/4*3 - int64(bytes.Count(tail[len(tail)-2:], softBreak[:1]))
		if l.size <= 0 {
			content = 0
		}
		l.Content += content
		l.InBase64 += content
		l.Base64 += size - content
	}
	l.encoding, l.size, l.signs, l.soft, l.tail = nothing, 0, 0, 0, [4]byte{}
}
