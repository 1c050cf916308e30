// Package outgoing makes the mail of a delivery: the message that was planned, made once more from its frozen row,
// signed, and in its envelope. [Messages] is what a run asks for it.
package outgoing

import (
	"fmt"
	"sync"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/campaign/message"
	"mailshot/campaign/repeats"
	"mailshot/render"
	"mailshot/render/dkim"
	"mailshot/sender"
)

// Messages makes the mails of a campaign's deliveries, see dispatch.Messages. It is safe for concurrent use.
type Messages struct {
	Maker  *message.Maker
	Now    func() time.Time
	Notify string                  // as in sender.Mail
	Report func(key string) string // the envelope id of the delivery with this key, which a report names
	Memory *repeats.Recorder       // is told of each message; nil = nobody is
	Signer *dkim.Signer            // nil = messages are not signed
	Copies *Copies                 // nil = no message has copies

	first sync.Once
	wrong error // the first message's signature is not one
}

// Message is that of dispatch.Messages. The signature is made last, of the octets that go on the wire.
func (m *Messages) Message(d *ledger.Delivery) (sender.Mail, error) {
	planned := message.Planned{Place: d.Place, Number: d.Number, Fields: d.Fields, Digest: d.Digest}
	msg, err := m.Maker.Again(planned, m.Now())
	if err != nil {
		return sender.Mail{}, err
	}
	if m.Memory != nil {
		m.Memory.Made(d, msg)
	}
	if err := m.sign(msg); err != nil {
		msg.Release()
		return sender.Mail{}, err
	}
	var copies []string
	if m.Copies != nil {
		if copies, err = m.Copies.choose(d, msg.Copies()); err != nil {
			msg.Release()
			return sender.Mail{}, err
		}
	}
	mail := sender.Mail{Copies: copies, From: msg.From(), To: msg.To(), Size: msg.Size(), Body: msg, Notify: m.Notify}
	if mail.Notify != "" {
		mail.EnvID = m.Report(d.Key)
	}
	return mail, nil
}

// sign signs a message. The first one is verified as a receiver does it. If that fails, no message leaves: a signature
// that is wrong is worse than none.
func (m *Messages) sign(msg *render.Message) error {
	if m.Signer == nil {
		return nil
	}
	if err := msg.Sign(m.Signer, m.Now()); err != nil {
		return err
	}
	m.first.Do(func() {
		pieces, _ := msg.Buffers()
		if err := m.Signer.Verify(pieces...); err != nil {
			m.wrong = fmt.Errorf("the signature of the first message is not right, so none is sent: %w", err)
		}
	})
	return m.wrong
}
