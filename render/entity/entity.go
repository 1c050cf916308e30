// Package entity takes a finished message apart into what stays outside of a signature or an encryption and what goes
// inside, and lays out the MIME parts around it (RFC 1847). Call [Split] first; package smime or pgp makes another
// entity of the one that Split returns, and [Join] puts it in its place.
//
// A MIME entity here is its Content-* fields, a blank line and its body, with CRLF as the only line end.
package entity

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"

	"mailshot/render/transfer"
)

// lower is base32 in small letters, without padding.
var lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Split returns the fields of a message that stay outside, with their CRLFs, and its MIME entity: the Content-* fields
// and the body. message is its octets in pieces, the first of which has the whole header. MIME-Version stays outside,
// for it says that the message has an entity. What is returned is the caller's.
func Split(message [][]byte) (outside, inside []byte) {
	header, rest := cut(message)
	total := len(header) + len(rest) + len("\r\n")
	for _, piece := range message[min(1, len(message)):] {
		total += len(piece)
	}
	outside, inside = make([]byte, 0, len(header)), make([]byte, 0, total)
	each(header, func(field []byte, content bool) {
		if content {
			inside = append(inside, field...)
		} else {
			outside = append(outside, field...)
		}
	})
	inside = append(append(inside, "\r\n"...), rest...)
	for _, piece := range message[min(1, len(message)):] {
		inside = append(inside, piece...)
	}
	return outside, inside
}

// Measure returns the sizes of what [Split] returns, in octets, without making it.
func Measure(message [][]byte) (outside, inside int64) {
	header, rest := cut(message)
	each(header, func(field []byte, content bool) {
		if content {
			inside += int64(len(field))
		} else {
			outside += int64(len(field))
		}
	})
	inside += int64(len("\r\n") + len(rest))
	for _, piece := range message[min(1, len(message)):] {
		inside += int64(len(piece))
	}
	return outside, inside
}

// Join is the message with these fields outside, and this entity.
func Join(outside, inside []byte) []byte {
	return append(append(make([]byte, 0, len(outside)+len(inside)), outside...), inside...)
}

// cut returns the header of a message without the blank line after it, and what of its first piece follows that line.
func cut(message [][]byte) (header, rest []byte) {
	if len(message) == 0 {
		return nil, nil
	}
	first := message[0]
	if at := bytes.Index(first, []byte("\r\n\r\n")); at >= 0 {
		return first[:at+2], first[at+4:]
	}
	return first, nil
}

// each calls fn for each field of a header, with its folded lines and its CRLF, and says whether it is of the entity.
func each(header []byte, fn func(field []byte, content bool)) {
	for len(header) > 0 {
		end := len(header)
		for at := 0; ; {
			i := bytes.Index(header[at:], []byte("\r\n"))
			if i < 0 {
				break
			}
			at += i + 2
			if at >= len(header) || header[at] != ' ' && header[at] != '\t' {
				end = at
				break
			}
		}
		const prefix = "content-"
		field := header[:end]
		fn(field, len(field) > len(prefix) && bytes.EqualFold(field[:len(prefix)], []byte(prefix)))
		header = header[end:]
	}
}

// Part is one part of a multipart: its fields with their CRLFs, and its body.
type Part struct {
	Fields string
	Body   []byte
}

// Multipart lays out a multipart entity of these parts. kind is its media type with the parameters but boundary. Its
// boundary is a sum of the parts, so that no part can have it in itself.
func Multipart(kind string, parts ...Part) []byte {
	h, size := sha256.New(), 300
	for _, p := range parts {
		h.Write([]byte(p.Fields))
		h.Write(p.Body)
		size += len(p.Fields) + len(p.Body) + 60
	}
	boundary := lower.EncodeToString(h.Sum(nil)[:20])
	b := make([]byte, 0, size)
	b = append(b, "Content-Type: "+kind+";\r\n boundary=\""+boundary+"\"\r\n\r\n"...)
	for _, p := range parts {
		b = append(b, "--"+boundary+"\r\n"...)
		if p.Fields != "" {
			b = append(b, p.Fields+"\r\n"...)
		}
		b = append(append(b, p.Body...), "\r\n"...)
	}
	return append(b, "--"+boundary+"--\r\n"...)
}

// Parts returns the parts of an entity that [Multipart] laid out, each whole as it was: fields, blank line and body.
func Parts(b []byte) (parts [][]byte) {
	const mark = "boundary=\""
	header, body, ok := bytes.Cut(b, []byte("\r\n\r\n"))
	_, after, named := bytes.Cut(header, []byte(mark))
	boundary, _, closed := bytes.Cut(after, []byte(`"`))
	if !ok || !named || !closed {
		return nil
	}
	all := bytes.Split(append([]byte("\r\n"), body...), []byte("\r\n--"+string(boundary)))
	for _, part := range all[1:] {
		if part, ok = bytes.CutPrefix(part, []byte("\r\n")); ok {
			parts = append(parts, part)
		}
	}
	return parts
}

// Base64 appends b in base64, in lines of 76 characters, each ended by CRLF.
func Base64(dst, b []byte) []byte { return transfer.AppendBase64(dst, b) }

// Base64Length is how many octets Base64 appends for n.
func Base64Length(n int64) int64 { return transfer.Base64Length(n) }
