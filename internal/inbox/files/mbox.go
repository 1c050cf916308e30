package files

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"

	"mailshot/internal/inbox/content"
)

// longestPostmark is the length in bytes up to which a line may be a separator.
const longestPostmark = 1000

var (
	separator = []byte("From ")
	// dated is a separator with a moment in it: "From a@example.com Mon Nov  2 02:04:05 2026", also with a zone before or
	// after the year, and with words behind it ("remote from").
	dated = regexp.MustCompile(`^From .*\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +(?:[A-Z][a-z][a-z] +\d{1,2}|` +
		`\d{1,2} +[A-Z][a-z][a-z])\b.*\b\d{1,2}:\d\d`)
	// bare is a separator without one: "From MAILER-DAEMON", "From -".
	bare = regexp.MustCompile(`^From +[^\s]+\s*$`)
)

// isPostmark reports whether a text begins with the separator of an mbox.
func isPostmark(text []byte) bool { return postmarkLength(text) > 0 }

// postmarkLength is how many bytes the separator has with which a text begins; 0 if it begins with none.
func postmarkLength(text []byte) int64 {
	i := bytes.IndexByte(text, '\n')
	if i < 0 || i > longestPostmark || !isSeparator(text[:i], text[i+1:], true) {
		return 0
	}
	return int64(i) + 1
}

// isSeparator reports whether a line separates messages; next is what follows it, and blank says that an empty line or
// nothing is before it. Bodies have lines that begin with "From ", and not all programs quote these.
func isSeparator(line, next []byte, blank bool) bool {
	if !bytes.HasPrefix(line, separator) {
		return false
	}
	header := false
	if i := bytes.IndexByte(next, '\n'); i > 0 {
		_, header = fieldName(next[:i])
		header = header || bytes.HasPrefix(next, []byte(">From "))
	} else {
		_, header = fieldName(next) // the line is longer than what we see of it
	}
	if dated.Match(line) {
		return blank || header
	}
	return blank && header && bare.Match(line)
}

// count finds the messages of an mbox.
func count(ctx context.Context, in io.ReaderAt, size int64) ([]part, error) {
	if parts, ok := measured(in, size); ok {
		for i := range parts {
			p := &parts[i]
			var err error
			if p.id, p.size, err = content.Of(io.NewSectionReader(in, p.from, p.to-p.from)); err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return nil, err
			}
		}
		return parts, nil
	}
	c := counter{blank: true}
	r := bufio.NewReaderSize(io.NewSectionReader(in, 0, size), 256<<10)
	for n := 0; ; n++ {
		if n%1000 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		piece, err := r.ReadSlice('\n')
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		c.take(piece, r)
		if errors.Is(err, io.EOF) {
			c.finish()
			return c.parts, nil
		}
	}
}

// counter finds the messages of an mbox that are separated by lines.
type counter struct {
	parts []part
	at    int64  // the offset of the next piece
	inner bool   // the next piece is not the beginning of a line
	blank bool   // the line before was empty, or there is none
	held  []byte // that empty line: the last one before a separator is not of the message
	open  bool   // a message has begun
	hash  content.Hash
}

// take takes a piece of a line, which ends with it or is longer than the buffer. r is what follows.
func (c *counter) take(piece []byte, r *bufio.Reader) {
	begins := !c.inner
	c.inner = len(piece) > 0 && piece[len(piece)-1] != '\n'
	from := c.at
	c.at += int64(len(piece))
	if len(piece) == 0 {
		return
	}
	if begins && !c.inner && len(piece) <= longestPostmark && bytes.HasPrefix(piece, separator) {
		piece = bytes.Clone(piece) // to look ahead moves what is in the buffer
		next, _ := r.Peek(longestPostmark)
		if isSeparator(bytes.TrimRight(piece, "\r\n"), next, c.blank) {
			c.end(from - int64(len(c.held)))
			c.parts = append(c.parts, part{from: c.at, quoted: true, number: len(c.parts) + 1})
			c.open, c.blank, c.held = true, false, nil
			return
		}
	}
	if !c.open {
		return // what is before the first separator is no message
	}
	c.hash.Write(c.held)
	c.held = nil
	c.blank = begins && (string(piece) == "\n" || string(piece) == "\r\n")
	switch {
	case c.blank:
		c.held = bytes.Clone(piece)
	case begins && isQuoted(piece):
		c.hash.Write(piece[1:])
	default:
		c.hash.Write(piece)
	}
}

// end ends the message that is open.
func (c *counter) end(at int64) {
	if !c.open {
		return
	}
	p := &c.parts[len(c.parts)-1]
	p.to, p.id, p.size = at, c.hash.ID(), c.hash.Size()
	c.hash = content.Hash{}
}

func (c *counter) finish() { c.end(c.at - int64(len(c.held))) }

// isQuoted reports whether a line is "From " behind one ">" or more.
func isQuoted(line []byte) bool {
	rest := bytes.TrimLeft(line, ">")
	return len(rest) < len(line) && bytes.HasPrefix(rest, separator)
}

// unquoted takes one ">" from the lines that are quoted.
func unquoted(in io.Reader) io.Reader {
	return &unquoter{in: bufio.NewReaderSize(in, 64<<10)}
}

type unquoter struct {
	in    *bufio.Reader
	piece []byte
	inner bool
	err   error
}

func (u *unquoter) Read(p []byte) (int, error) {
	for len(u.piece) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		u.piece, u.err = u.in.ReadSlice('\n')
		if errors.Is(u.err, bufio.ErrBufferFull) {
			u.err = nil
		}
		begins := !u.inner
		u.inner = len(u.piece) > 0 && u.piece[len(u.piece)-1] != '\n'
		if begins && isQuoted(u.piece) {
			u.piece = u.piece[1:]
		}
	}
	n := copy(p, u.piece)
	u.piece = u.piece[n:]
	return n, nil
}
