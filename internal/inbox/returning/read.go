// Package returning reads what came back and has it recorded. [Run] reads boxes once, or again and again; [Explain]
// says what it would make of messages and touches nothing.
package returning

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/mail"

	"mailshot/campaign/returns"
	"mailshot/internal/bounce"
	"mailshot/internal/inbox"
	"mailshot/internal/inbox/content"
)

// most is how many octets a message may have that is read. A larger one stays where it is, and is said.
const most = 50 << 20

// read reads a message of a box, as returns takes it.
func read(ctx context.Context, box string, m inbox.Message) (*returns.Message, error) {
	if m.Event != nil {
		out := of(m.Event)
		out.ID, out.Source, out.Trusted = m.ID, box, m.Trusted
		if !m.Received.IsZero() {
			out.Time = m.Received
		}
		return out, nil
	}
	if m.Size > most {
		return nil, &largeError{m.Size}
	}
	r, err := m.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	raw, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > most {
		return nil, &largeError{int64(len(raw))}
	}
	said, err := bounce.Read(bytes.NewReader(raw), bounce.Options{})
	if err != nil {
		return nil, err
	}
	out := of(said)
	if out.ID, _, err = content.Of(bytes.NewReader(raw)); err != nil {
		return nil, err
	}
	out.Source, out.Subject = box, subject(raw)
	if !m.Received.IsZero() {
		out.Time = m.Received
	}
	return out, nil
}

// largeError says that a message has more than most octets.
type largeError struct{ size int64 }

func (e *largeError) Error() string {
	return fmt.Sprintf("it has %d octets, and what has more than %d is not read", e.size, int64(most))
}

// of is what a message says, as returns takes it.
func of(m *bounce.Mail) *returns.Message {
	out := &returns.Message{Time: m.Date, From: m.From, To: m.To, EnvelopeID: m.About.EnvelopeID,
		Senders: m.About.Senders, MessageIDs: m.About.MessageIDs}
	for _, r := range m.Reports {
		out.Reports = append(out.Reports, returns.Report{Kind: string(r.Kind), Reason: string(r.Reason),
			Recipient: r.Recipient, Original: r.Original, Code: r.Code, Enhanced: r.Enhanced, Detail: r.Detail,
			Until: r.Until, Successor: r.Successor, Confidence: r.Confidence, Line: r.Line})
	}
	return out
}

// subject is the subject of a message; "" if it has none that can be read.
func subject(raw []byte) string {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return ""
	}
	text := m.Header.Get("Subject")
	if plain, err := new(mime.WordDecoder).DecodeHeader(text); err == nil {
		return plain
	}
	return text
}
