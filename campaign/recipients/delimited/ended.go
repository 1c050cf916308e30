package delimited

import (
	"bufio"
	"bytes"
	"io"
)

// byteOrderMark begins a text of some programs; a file that was put together from several begins with more.
const byteOrderMark = "\uFEFF"

// endOfText is Ctrl-Z, which old programs write at the end of a text.
const endOfText = "\x1A"

// ended reads a text without the Ctrl-Z at its end.
type ended struct {
	in   *bufio.Reader
	held int // bytes of Ctrl-Z that were read: they are part of the text if something follows
	back int // held bytes that are being returned
}

func newEnded(in io.Reader) io.Reader { return &ended{in: bufio.NewReaderSize(in, 64<<10)} }

func (e *ended) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for e.back == 0 {
		if _, err := e.in.Peek(1); err != nil { // fills the buffer
			return 0, err
		}
		b, _ := e.in.Peek(min(e.in.Buffered(), len(p)))
		if body := bytes.TrimRight(b, endOfText); len(body) > 0 {
			if e.held > 0 {
				e.back, e.held = e.held, 0
				break
			}
			n, err := e.in.Read(p[:len(body)])
			return n, err
		}
		e.held += len(b)
		if _, err := e.in.Discard(len(b)); err != nil {
			return 0, err
		}
	}
	n := min(e.back, len(p))
	copy(p, bytes.Repeat([]byte(endOfText), n))
	e.back -= n
	return n, nil
}
