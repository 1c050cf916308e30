package message

import (
	"fmt"
	"strings"
	"unicode"

	"mailshot/campaign/definition/copies"
	"mailshot/render"
	"mailshot/render/transfer"
)

// Weight is how large a message is. A message that cannot be made has the zero Weight.
type Weight struct {
	Size int64 // bytes of the message
	Wire int64 // bytes of a connection that its transaction takes in our direction
	UTF8 bool  // the envelope is not ASCII

	Copies int64 // how many get the message besides its recipient

	From, To int // bytes of the envelope's sender, and of its recipients together
	// What the message is made of, before it is sealed; zero where nobody asked for it.
	transfer.Measured
}

// Weigh is the weight of a row's message without what it is made of, and releases the message; the zero Weight where
// there is none.
func Weigh(made Made) Weight { return weigh(made, false) }

func weigh(made Made, measured bool) Weight {
	m := made.Message
	if m == nil {
		return Weight{}
	}
	defer m.Release()
	beyond := func(r rune) bool { return r > unicode.MaxASCII }
	size := max(m.Size(), made.Sealed)
	w := Weight{Size: size, Wire: onWire(m, size), UTF8: strings.ContainsFunc(m.From()+m.To(), beyond),
		Copies: int64(len(m.Copies())), From: len(m.From()), To: len(m.To())}
	for _, c := range m.Copies() {
		w.Wire += int64(len("RCPT TO:<>\r\n") + len(c.Address))
		w.UTF8 = w.UTF8 || strings.ContainsFunc(c.Address, beyond)
		w.To += len(c.Address)
	}
	if measured {
		w.Measured = transfer.Measure(m.Buffers())
	}
	return w
}

// Copies is how many get a message besides its recipient, where each item of cc and bcc is one address. A campaign of
// which nothing is left to send has a nil Maker, and no copies.
func (m *Maker) Copies() int64 {
	if m == nil || m.c.To != nil {
		return 0
	}
	of := m.c.Definition.Copies
	return int64(len(copies.Entries(of.Cc, false)) + len(copies.Entries(of.Bcc, false)))
}

// onWire counts MAIL, RCPT, DATA, the message of this size and its dot.
func onWire(m *render.Message, size int64) int64 {
	envelope := fmt.Sprintf("MAIL FROM:<%s> SIZE=%d\r\nRCPT TO:<%s>\r\nDATA\r\n.\r\n", m.From(), size, m.To())
	return size + int64(len(envelope))
}

// Sample is the head of a message, for a person to look at.
type Sample struct {
	Number            int64 // of its row, from 1; 0 = not known
	From, To, Subject string
	Size              int64
	Attachments       []string
	Copies            []string // the addresses of cc, and then of bcc, that get the message, too
}

// Sampled is the head of a message.
func Sampled(m *render.Message) Sample {
	s := Sample{Subject: m.Subject(), To: m.To(), Size: m.Size()}
	for _, h := range m.Header() {
		switch h[0] {
		case "From":
			s.From = h[1]
		case "To":
			s.To = h[1]
		}
	}
	for _, c := range m.Copies() {
		s.Copies = append(s.Copies, c.Address)
	}
	for _, p := range m.Parts() {
		if p.Name != "" {
			s.Attachments = append(s.Attachments, p.Name)
		}
	}
	return s
}
