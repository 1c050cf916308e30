// Package outgoing makes the mail of a delivery: the message that was planned, made once more from its frozen row,
// signed, and in its envelope. [Messages] is what a run asks for it.
package outgoing

import (
	"context"
	"fmt"
	"sync"
	"time"

	"mailshot/campaign/definition"
	"mailshot/campaign/definition/signing"
	"mailshot/campaign/ledger"
	"mailshot/campaign/message"
	"mailshot/campaign/repeats"
	"mailshot/campaign/seal"
	"mailshot/render"
	"mailshot/render/dkim"
	"mailshot/sender"
)

// Messages makes the mails of a campaign's deliveries, see dispatch.Messages. It is safe for concurrent use.
type Messages struct {
	Maker  *message.Maker
	Now    func() time.Time
	Notify string            // as in sender.Mail
	Memory *repeats.Recorder // is told of each message; nil = nobody is
	Signer *dkim.Signer      // nil = messages are not signed by DKIM
	Sealer *seal.Sealer      // nil = no message is sealed for its reader
	Copies *Copies           // nil = no message has copies

	first sync.Once
	wrong error // the first message's signature is not one
}

// Open fetches the private keys of a run, and makes what signs and seals with them. The message maker is set. An error
// means that nothing may be sent.
func (m *Messages) Open(ctx context.Context, d *definition.Definition) (err error) {
	if m.Signer, err = signing.Open(ctx, d.Signatures, d.Dir); err == nil {
		m.Sealer, err = m.Maker.Keys().Sealer(ctx, m.Now())
	}
	return err
}

// Message is that of dispatch.Messages. A message is sealed first, and the signature of DKIM is made last, of the
// octets that go on the wire.
func (m *Messages) Message(d *ledger.Delivery) (sender.Mail, error) {
	planned := message.Planned{Place: d.Place, Number: d.Number, Fields: d.Fields, Digest: d.Digest}
	msg, err := m.Maker.Again(planned, m.Now())
	if err != nil {
		return sender.Mail{}, err
	}
	if m.Memory != nil {
		m.Memory.Made(d, msg)
	}
	if err = m.Sealer.Seal(msg, m.Now()); err == nil {
		err = m.sign(msg)
	}
	if err != nil {
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
		mail.EnvID = m.Maker.EnvelopeID(d.Key)
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
