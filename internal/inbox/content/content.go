// Package content names a message by what it says, for boxes that have no name of their own for it: call [Of], or write
// the message to a [Hash].
//
// A message has the same name wherever it lies: the ends of its lines do not count, and neither do the header fields in
// which mail programs keep what they know of it (Status, X-UID, X-Mozilla-Status and their like). A program that marks
// a message as read does not make another message of it.
package content

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
)

// kept are the fields that mail programs write into a message that is in a file of theirs, in lower case.
var kept = [...]string{
	"status", "x-status", "x-uid", "x-keywords", "x-imap", "x-imapbase", "x-mozilla-status", "x-mozilla-status2",
	"x-mozilla-keys", "content-length", "lines", "x-evolution", "x-gmail-labels", "x-gm-thrid",
}

// longestName is the length of a field's name in bytes up to which it is compared with those that are kept.
const longestName = 32

// Hash makes the name of what is written to it. Its zero value is ready. It is not for concurrent use.
type Hash struct {
	sum   hash.Hash
	size  int64
	body  bool   // the header has ended
	name  []byte // the beginning of the line, as long as it is not known whether the line counts
	known bool   // it is known whether the line counts
	drop  bool   // it does not
	cr    bool   // the last byte was a CR, which counts unless LF follows
	empty bool   // nothing of the line was there yet
	begun bool
}

// Of reads a message to its end, and returns its name and its size in octets.
func Of(r io.Reader) (id string, size int64, err error) {
	var h Hash
	if _, err := io.Copy(&h, r); err != nil {
		return "", 0, err
	}
	return h.ID(), h.size, nil
}

// Write takes a piece of the message. It never fails.
func (h *Hash) Write(p []byte) (int, error) {
	if !h.begun {
		h.sum, h.begun, h.empty = sha256.New(), true, true
	}
	h.size += int64(len(p))
	for rest := p; len(rest) > 0; {
		piece, ended := rest, false
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			piece, ended = rest[:i], true
			rest = rest[i+1:]
		} else {
			rest = nil
		}
		h.piece(piece)
		if ended {
			h.end()
		}
	}
	return len(p), nil
}

// piece takes a piece of a line.
func (h *Hash) piece(p []byte) {
	if len(p) == 0 {
		return
	}
	if h.cr {
		h.cr = false
		h.count([]byte("\r"))
	}
	if p[len(p)-1] == '\r' {
		h.cr, p = true, p[:len(p)-1]
	}
	h.count(p)
}

// count takes bytes of a line that are not of its end.
func (h *Hash) count(p []byte) {
	if len(p) == 0 {
		return
	}
	if h.body {
		h.sum.Write(p)
		return
	}
	if h.empty && (p[0] == ' ' || p[0] == '\t') {
		h.known = true // it goes on with the field before it
	}
	h.empty = false
	if !h.known {
		h.name = append(h.name, p...)
		if bytes.IndexByte(h.name, ':') >= 0 || len(h.name) > longestName {
			h.decide()
		}
		return
	}
	if !h.drop {
		h.sum.Write(p)
	}
}

// decide says whether the line counts whose beginning is in name.
func (h *Hash) decide() {
	field, _, is := bytes.Cut(h.name, []byte(":"))
	h.known, h.drop = true, false
	field = bytes.ToLower(bytes.TrimRight(field, " \t"))
	for _, name := range kept {
		h.drop = h.drop || is && string(field) == name
	}
	if !h.drop {
		h.sum.Write(h.name)
	}
	h.name = h.name[:0]
}

// end ends a line.
func (h *Hash) end() {
	switch {
	case h.body:
		h.sum.Write([]byte("\n"))
	case h.empty:
		h.body = true
		h.sum.Write([]byte("\n"))
	default:
		if !h.known {
			h.decide()
		}
		if !h.drop {
			h.sum.Write([]byte("\n"))
		}
	}
	h.cr, h.known, h.empty = false, false, true
}

// Size is how many octets were written.
func (h *Hash) Size() int64 { return h.size }

// ID is the name of what was written. Nothing may be written after it.
func (h *Hash) ID() string {
	h.Write(nil)
	if !h.body && !h.known && len(h.name) > 0 {
		h.decide()
	}
	if h.cr && !h.drop {
		h.sum.Write([]byte("\r"))
	}
	return hex.EncodeToString(h.sum.Sum(nil)[:16])
}
