// Package parsers is for tests: it reads finished messages with four independent MIME parsers. [GoMessage], [Enmime],
// [Python] and [Ruby] read a message by emersion/go-message, by jhillyerd/enmime, by Python's email package with its
// strict policy, and by ruby's mail. It is for tests only.
//
// What all of them see alike, and alike to what was put in, mail programs will see too. One parser alone, least of all
// our own, proves little. Each reader returns the same [Message], so that cmp.Diff compares them.
package parsers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	_ "github.com/emersion/go-message/charset" // go-message knows only UTF-8 without it
	"github.com/emersion/go-message/mail"
	"github.com/jhillyerd/enmime/v2"
)

// Message is a message as a parser sees it, decoded, in terms that all of them share.
type Message struct {
	From, To, ReplyTo Mailbox // one address each; zero = the field is missing
	Subject           string
	Names             []string // of the top-level header fields, lower case, sorted
	Parts             []Part   // the leaves of the tree, in their order
}

// Mailbox is a display name, decoded, and an address.
type Mailbox struct{ Name, Address string }

// Part is a leaf of the message's tree.
type Part struct {
	Type    string // media type without parameters, lower case
	Name    string // file name, decoded; "" = none
	CID     string // Content-ID without angle brackets; "" = none
	Inline  bool   // Content-Disposition says inline
	Content []byte // without its transfer encoding; text has CRLF line ends
}

// Clip returns m with contents cut to n bytes, for a diff that a person can read.
func (m Message) Clip(n int) Message {
	m.Parts = slices.Clone(m.Parts)
	for i, p := range m.Parts {
		m.Parts[i].Content = p.Content[:min(n, len(p.Content))]
	}
	return m
}

// GoMessage reads a message by emersion/go-message. Everything that it complains of is an error.
func GoMessage(raw []byte) (Message, error) {
	var m Message
	r, err := mail.CreateReader(bytes.NewReader(raw))
	if err != nil {
		return m, err
	}
	box := func(key string) Mailbox {
		list, e := r.Header.AddressList(key)
		if e != nil || len(list) > 1 {
			err = errors.Join(err, fmt.Errorf("%s: %d addresses, %v", key, len(list), e))
		}
		if len(list) == 0 {
			return Mailbox{}
		}
		return Mailbox{list[0].Name, list[0].Address}
	}
	m.From, m.To, m.ReplyTo = box("From"), box("To"), box("Reply-To")
	subject, e := r.Header.Subject()
	m.Subject, err = subject, errors.Join(err, e)
	for f := r.Header.Fields(); f.Next(); {
		m.Names = append(m.Names, strings.ToLower(f.Key()))
	}
	slices.Sort(m.Names)
	for {
		p, e := r.NextPart()
		if e == io.EOF {
			return m, err
		}
		if e != nil {
			return m, errors.Join(err, e)
		}
		content, e := io.ReadAll(p.Body)
		if e != nil {
			return m, errors.Join(err, e)
		}
		part := Part{Content: content}
		switch h := p.Header.(type) {
		case *mail.AttachmentHeader:
			part.Type, _, _ = h.ContentType()
			part.Name, e = h.Filename()
			err = errors.Join(err, e)
		case *mail.InlineHeader:
			part.Type, _, _ = h.ContentType()
			disposition, params, _ := h.ContentDisposition()
			part.Inline, part.Name = disposition == "inline", params["filename"]
			part.CID = strings.Trim(h.Get("Content-Id"), "<>")
		}
		m.Parts = append(m.Parts, part)
	}
}

// Enmime reads a message by jhillyerd/enmime. Everything that it complains of is an error, warnings too.
func Enmime(raw []byte) (Message, error) {
	var m Message
	root, err := enmime.ReadParts(bytes.NewReader(raw))
	if err != nil {
		return m, err
	}
	envelope, err := enmime.EnvelopeFromPart(root)
	if err != nil {
		return m, err
	}
	box := func(key string) Mailbox {
		list, e := envelope.AddressList(key)
		if e != nil || len(list) != 1 {
			return Mailbox{} // also if the field is missing; if it cannot be read, the other parsers see something else
		}
		return Mailbox{list[0].Name, list[0].Address}
	}
	m.From, m.To, m.ReplyTo = box("From"), box("To"), box("Reply-To")
	m.Subject = envelope.GetHeader("Subject")
	for _, name := range envelope.GetHeaderKeys() {
		for range envelope.GetHeaderValues(name) {
			m.Names = append(m.Names, strings.ToLower(name))
		}
	}
	slices.Sort(m.Names)
	for _, p := range root.DepthMatchAll(func(*enmime.Part) bool { return true }) {
		for _, e := range p.Errors {
			err = errors.Join(err, fmt.Errorf("%s: %s %s", p.FileName, e.Name, e.Detail))
		}
		if p.FirstChild == nil {
			m.Parts = append(m.Parts, Part{Type: p.ContentType, Name: p.FileName, CID: p.ContentID,
				Inline: p.Disposition == "inline", Content: p.Content})
		}
	}
	return m, err
}
