package files

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
	"strings"
)

// longestHeader is the size of a header in bytes up to which its Content-Length is looked for.
const longestHeader = 1 << 20

// measured finds the messages of an mbox whose messages say how long they are (mboxcl2), in which nothing is quoted. It
// is one only if each message says so, and is followed by a separator or the end: a message from outside may have a
// Content-Length too, and must not hide the messages behind it.
func measured(in io.ReaderAt, size int64) (parts []part, ok bool) {
	for at := int64(0); at < size; {
		begins, ends, ok := extent(in, at, size)
		if !ok {
			return nil, false
		}
		parts = append(parts, part{from: begins, to: ends, number: len(parts) + 1})
		between, ok := gap(in, ends, size)
		if !ok {
			return nil, false
		}
		at = ends + between
	}
	return parts, len(parts) > 0
}

// extent is where the message begins and ends whose separator is at an offset, by its Content-Length.
func extent(in io.ReaderAt, at, size int64) (begins, ends int64, ok bool) {
	r := bufio.NewReaderSize(io.NewSectionReader(in, at, min(size-at, longestHeader)), 32<<10)
	mark, _ := r.Peek(2 * longestPostmark)
	begins = at + postmarkLength(mark)
	if begins == at {
		return 0, 0, false
	}
	r.Discard(int(begins - at))
	length := int64(-1)
	for header := begins; ; {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, 0, false
		}
		header += int64(len(line))
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			ends = header + length
			return begins, ends, length >= 0 && ends >= header && ends <= size
		}
		if name, is := fieldName(line); is && strings.EqualFold(name, "content-length") {
			_, value, _ := bytes.Cut(line, []byte(":"))
			n, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
			if err != nil || n < 0 || length >= 0 {
				return 0, 0, false
			}
			length = n
		}
	}
}

// gap is how many bytes there are between the end of a message and the next separator or the end of the file.
func gap(in io.ReaderAt, at, size int64) (n int64, ok bool) {
	text := make([]byte, min(size-at, 2*longestPostmark))
	if _, err := in.ReadAt(text, at); err != nil && err != io.EOF {
		return 0, false
	}
	for _, blank := range []string{"", "\n", "\r\n"} {
		if rest, is := bytes.CutPrefix(text, []byte(blank)); is && (len(rest) == 0 || isPostmark(rest)) {
			return int64(len(blank)), true
		}
	}
	return 0, false
}
