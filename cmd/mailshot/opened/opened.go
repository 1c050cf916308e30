// Package opened takes a finished message apart again, as a mail program does. Call [Read] with its octets. What a page
// shows of a message is what is in these octets, and not what the program meant to write.
//
// Everything in a message is hostile to a page: the texts are returned as they are, and whoever shows them escapes
// them.
package opened

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"
)

// Message is a message that was taken apart.
type Message struct {
	Header [][2]string // the fields of the message in their order, unfolded, their words not decoded
	Text   string      // its first text/plain without a name
	HTML   string      // its first text/html without a name
	Files  []File      // what is neither
}

// File is a part that is not a body.
type File struct {
	Name, Type string
	CID        string // of its Content-ID, without angle brackets; "" = none
	Body       []byte // decoded
}

// Read takes a message apart. An error means that its octets are not a message.
func Read(raw []byte) (*Message, error) {
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	m := &Message{Header: fields(raw)}
	err = walk(msg.Header.Get, msg.Body, func(f File) {
		switch {
		case f.Name == "" && f.CID == "" && f.Type == "text/plain" && m.Text == "":
			m.Text = string(f.Body)
		case f.Name == "" && f.CID == "" && f.Type == "text/html" && m.HTML == "":
			m.HTML = string(f.Body)
		default:
			m.Files = append(m.Files, f)
		}
	})
	return m, err
}

// fields are the header's fields in their order.
func fields(raw []byte) [][2]string {
	head, _, _ := strings.Cut(string(raw), "\r\n\r\n")
	head = strings.NewReplacer("\r\n ", " ", "\r\n\t", " ").Replace(head)
	var all [][2]string
	for line := range strings.SplitSeq(head, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		all = append(all, [2]string{name, strings.TrimSpace(value)})
	}
	return all
}

var cid = regexp.MustCompile(`cid:[^\s"'<>()&]+`)

// Inlined is the HTML with the message's images in place of their cid: addresses. A name that is not an image of the
// message stays, and so does an SVG, which may hold a script.
func (m *Message) Inlined() string {
	images := map[string]File{}
	for _, f := range m.Files {
		if f.CID != "" && strings.HasPrefix(f.Type, "image/") && f.Type != "image/svg+xml" {
			images[f.CID] = f
		}
	}
	return cid.ReplaceAllStringFunc(m.HTML, func(address string) string {
		f, ok := images[address[len("cid:"):]]
		if !ok {
			return address
		}
		return "data:" + f.Type + ";base64," + base64.StdEncoding.EncodeToString(f.Body)
	})
}

// walk calls visit for each leaf of a message, in order.
func walk(get func(string) string, body io.Reader, visit func(File)) error {
	kind, params, err := mime.ParseMediaType(get("Content-Type"))
	if err != nil {
		return err
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			part, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if err := walk(part.Header.Get, part, visit); err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	f := File{Type: kind, CID: strings.Trim(get("Content-Id"), "<>"), Body: b}
	if _, disposition, err := mime.ParseMediaType(get("Content-Disposition")); err == nil {
		f.Name = disposition["filename"]
	}
	visit(f)
	return nil
}
