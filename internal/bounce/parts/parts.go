// Package parts takes a message apart that may be broken: [Read] returns the tree of its parts within limits.
//
// What comes back after a campaign was written by thousands of programs, and many of them break the rules of MIME (RFC
// 2045, 2046): a boundary that is nowhere announced, a header line without a colon, a mailbox's "From " line, a report
// that is called text. Nothing of this is an error here: what cannot be a part is text of the part around it. The only
// errors are those of the reader and a limit that is passed ([LimitError]), so that no message, however it was made up,
// takes more memory or time than the limits allow. Bodies are decoded when somebody asks for them, and only as far.
package parts

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// Limits say how much of a message is looked at. A field that is zero has its default.
type Limits struct {
	Depth   int   // parts within parts, and messages within messages; 32
	Parts   int   // in the whole tree; 1,000
	Header  int   // octets of one part's header; 1,048,576
	Message int64 // octets of the whole message; 52,428,800
	// Work is how many octets are searched for boundaries, those of a part within a part once for each level; 209,715,200.
	// It bounds the time, without a clock.
	Work int64
}

// LimitError says which limit a message passes.
type LimitError struct {
	What  string // "depth", "parts", "header", "message" or "work"
	Limit int64
}

func (e *LimitError) Error() string {
	unit := map[string]string{"depth": "levels", "parts": "parts"}[e.What]
	if unit == "" {
		unit = "octets"
	}
	return fmt.Sprintf("the message passes the limit of its %s, %d %s", e.What, e.Limit, unit)
}

// Part is a part of a message, or the message itself.
type Part struct {
	Header Header
	Type   string            // its media type in lower case; "text/plain" where none is named or it cannot be read
	Params map[string]string // of the media type, names in lower case
	// Parts are those within it: of a multipart, those between its boundaries; of a message within a message, one.
	Parts []*Part
	// Raw is its body as it came, with LF as line end; of a multipart what stands before the first boundary. It shares
	// memory with the message.
	Raw []byte
}

// Walk calls do for the part and all parts below it, in their order. Where do returns false, the parts below are left out.
func (p *Part) Walk(do func(*Part) bool) {
	if !do(p) {
		return
	}
	for _, one := range p.Parts {
		one.Walk(do)
	}
}

// Read reads a message to its end, or to its limit, and takes it apart. The errors are those of r, and a [LimitError].
func Read(r io.Reader, l Limits) (*Part, error) {
	l = l.filled()
	b, err := io.ReadAll(io.LimitReader(r, l.Message+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > l.Message {
		return nil, &LimitError{What: "message", Limit: l.Message}
	}
	b = withoutEmptyLines(unixLines(b))
	t := taker{limits: l, parts: l.Parts, work: l.Work}
	return t.part(b, 1, true, "text/plain")
}

func (l Limits) filled() Limits {
	if l.Depth == 0 {
		l.Depth = 32
	}
	if l.Parts == 0 {
		l.Parts = 1000
	}
	if l.Header == 0 {
		l.Header = 1 << 20
	}
	if l.Message == 0 {
		l.Message = 50 << 20
	}
	if l.Work == 0 {
		l.Work = 200 << 20
	}
	return l
}

// withoutEmptyLines takes off the lines before the header that have only blanks, which some programs put before a message
// that they save.
func withoutEmptyLines(b []byte) []byte {
	for {
		end := bytes.IndexByte(b, '\n')
		if end < 0 || len(bytes.TrimSpace(b[:end])) > 0 {
			return b
		}
		b = b[end+1:]
	}
}

// unixLines makes all line ends LF. A CR alone is a line end only where there is no LF at all.
func unixLines(b []byte) []byte {
	if !bytes.ContainsRune(b, '\r') {
		return b
	}
	if !bytes.ContainsRune(b, '\n') {
		return bytes.ReplaceAll(b, []byte{'\r'}, []byte{'\n'})
	}
	return bytes.ReplaceAll(b, []byte("\r\n"), []byte{'\n'})
}

// taker takes one message apart.
type taker struct {
	limits Limits
	parts  int
	work   int64
}

// part takes apart what has a header and a body. kind is its media type where the header names none.
func (t *taker) part(b []byte, depth int, whole bool, kind string) (*Part, error) {
	if depth > t.limits.Depth {
		return nil, &LimitError{What: "depth", Limit: int64(t.limits.Depth)}
	}
	if t.parts--; t.parts < 0 {
		return nil, &LimitError{What: "parts", Limit: int64(t.limits.Parts)}
	}
	header, body, err := readHeader(b, whole, t.limits.Header)
	if err != nil {
		return nil, err
	}
	p := &Part{Header: header, Raw: body}
	p.Type, p.Params = mediaType(header.Get("Content-Type"), kind)
	switch {
	case strings.HasPrefix(p.Type, "multipart/"):
		return p, t.multipart(p, depth)
	case strings.HasPrefix(p.Type, "message/") && !fields[p.Type]:
		return p, t.message(p, depth)
	}
	return p, nil
}

// fields are the parts that hold fields, and no message.
var fields = map[string]bool{
	"message/delivery-status": true, "message/global-delivery-status": true, "message/feedback-report": true,
	"message/disposition-notification": true, "message/global-disposition-notification": true,
	"message/rfc822-headers": true, "message/global-headers": true, "message/partial": true,
	"message/external-body": true, "message/tracking-status": true, "message/delivery-report": true,
}

// message takes apart the message within p.
func (t *taker) message(p *Part, depth int) error {
	b := p.Raw
	if encoding := p.Header.Get("Content-Transfer-Encoding"); !identity(encoding) {
		// RFC 2046 forbids it, and it is done. What is decoded is smaller than what was there.
		b = unixLines(p.Decode(len(b)))
	}
	one, err := t.part(bytes.TrimLeft(b, "\n"), depth+1, true, "text/plain")
	if err != nil {
		return err
	}
	p.Parts = []*Part{one}
	return nil
}

// multipart takes apart what is between the boundaries of p.
func (t *taker) multipart(p *Part, depth int) error {
	boundary := p.Params["boundary"]
	if boundary == "" || !bytes.Contains(p.Raw, []byte("--"+boundary)) {
		boundary = likelyBoundary(p.Raw)
	}
	if boundary == "" {
		return nil
	}
	kind := "text/plain"
	if p.Type == "multipart/digest" {
		kind = "message/rfc822"
	}
	rest, preamble := p.Raw, []byte(nil)
	for first := true; ; first = false {
		before, after, last, found := cutBoundary(rest, boundary)
		if t.work -= int64(len(rest) - len(after)); t.work < 0 {
			return &LimitError{What: "work", Limit: t.limits.Work}
		}
		switch {
		case first && !found:
			return nil
		case first:
			preamble = before
		default:
			one, err := t.part(before, depth+1, false, kind)
			if err != nil {
				return err
			}
			p.Parts = append(p.Parts, one)
		}
		if !found || last {
			p.Raw = preamble
			return nil
		}
		rest = after
	}
}

// cutBoundary cuts b at the next line that is the boundary. Blanks around it are allowed. last says that it is the one
// that ends the multipart.
func cutBoundary(b []byte, boundary string) (before, after []byte, last, found bool) {
	delimiter := []byte("--" + boundary)
	for at := 0; ; {
		i := bytes.Index(b[at:], delimiter)
		if i < 0 {
			return b, nil, false, false
		}
		start, end := at+i, at+i+len(delimiter)
		line := bytes.LastIndexByte(b[max(0, start-8):start], '\n')
		begin := max(0, start-8) + line + 1
		at = end
		if line < 0 && start > 8 || len(bytes.TrimSpace(b[begin:start])) > 0 {
			continue
		}
		stop := bytes.IndexByte(b[end:], '\n')
		if stop < 0 {
			stop = len(b) - end
		}
		switch rest := bytes.TrimSpace(b[end : end+stop]); {
		case len(rest) == 0:
		case string(rest) == "--":
			last = true
		default:
			continue
		}
		return bytes.TrimSuffix(b[:begin], []byte{'\n'}), b[min(len(b), end+stop+1):], last, true
	}
}

// likelyBoundary finds the boundary of a multipart whose header does not say it: the first line that begins with two
// hyphens and is followed by the header of a part.
func likelyBoundary(b []byte) string {
	for n := 0; len(b) > 0 && n < 200; n++ {
		line, rest, _ := bytes.Cut(b, []byte{'\n'})
		line = bytes.TrimSpace(line)
		if len(line) > 2 && len(line) < 200 && bytes.HasPrefix(line, []byte("--")) &&
			len(rest) > 8 && bytes.EqualFold(rest[:8], []byte("content-")) {
			return string(line[2:])
		}
		b = rest
	}
	return ""
}
