// Package drafts puts finished messages into a folder of an IMAP server in place of sending them: [New] returns a
// [Folder]. It takes the place of a sender's pool of connections.
//
// A message is written to memory first, so that its size is known and a message that cannot be made is never begun.
// It is appended once. The server's OK makes it sent. NO and BAD mean that it is not in the folder, and the code that
// comes with NO says whether another try can help. Where the whole message was handed over and no complete answer came,
// nobody knows whether it is in the folder.
package drafts

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mailshot/internal/inbox/imap"
	"mailshot/sender"
	"mailshot/sender/reply"
)

// Config says which folder, and over how many connections. Only IMAP is required.
type Config struct {
	IMAP        imap.Config // Folder "": the account's own for drafts
	Connections int         // 2
	// Patience is how long the server is left alone after it could not be had; 5 s.
	Patience time.Duration
}

// Folder takes messages for a folder. Its contract is that of [sender.Pool]. It is safe for concurrent use.
type Folder struct {
	cfg   Config
	name  string // as a URL
	slots chan *imap.Appender
	life  context.Context // ends with Abort
	end   context.CancelFunc

	mu     sync.Mutex
	closed bool
}

// New checks the configuration. Nothing is spoken to yet.
func New(c Config) (*Folder, error) {
	c.Connections = cmp.Or(max(c.Connections, 0), 2)
	c.Patience = cmp.Or(c.Patience, 5*time.Second)
	c.IMAP.Folder = cmp.Or(c.IMAP.Folder, imap.Drafts)
	f := &Folder{cfg: c, slots: make(chan *imap.Appender, c.Connections)}
	for range c.Connections {
		a, err := imap.NewAppender(c.IMAP)
		if err != nil {
			return nil, err
		}
		f.name = a.Name()
		f.slots <- a
	}
	f.life, f.end = context.WithCancel(context.Background())
	return f, nil
}

// Send puts one message into the folder. begin is called once at most, when the server has said that it takes the
// message and before its first byte leaves; after its error nothing was appended. Copies are named in the message, and
// the folder holds one message for all. The rest of the contract is that of [sender.Pool.Send].
func (f *Folder) Send(ctx context.Context, m sender.Mail, begin func(context.Context) error) sender.Outcome {
	a, err := f.take(ctx)
	if err != nil {
		return f.nothing(err)
	}
	defer func() { f.slots <- a }()
	var body bytes.Buffer
	if _, err := m.Body.WriteTo(&body); err != nil {
		return f.failed(reply.Message, reply.AboutMessage, fmt.Errorf("message: %w", err))
	}
	if err := f.may(ctx); err != nil {
		return f.nothing(err)
	}
	var refused error
	begun := false
	// Before begin the end of ctx ends the conversation. After it only Abort and the time-outs do.
	talk, cancel := context.WithCancel(f.life)
	defer cancel()
	stop := context.AfterFunc(ctx, cancel)
	defer stop()
	err = a.Append(talk, imap.Message{
		Size: int64(body.Len()), Body: bytes.NewReader(body.Bytes()), Flags: []string{`\Draft`, `\Seen`},
	}, func() error {
		if refused = f.may(ctx); refused != nil {
			return refused
		}
		if refused = begin(ctx); refused == nil {
			begun = true
			stop()
		}
		return refused
	})
	switch {
	case refused != nil:
		return f.nothing(refused)
	case !begun && err != nil && f.life.Err() != nil:
		return f.nothing(sender.ErrAborted)
	case !begun && err != nil && ctx.Err() != nil:
		return f.nothing(ctx.Err())
	}
	out := f.outcome(err)
	if out.Begun = begun; begun {
		out.Copies = copied(m.Copies, out)
	}
	return out
}

// take waits for a connection that nobody uses.
func (f *Folder) take(ctx context.Context) (*imap.Appender, error) {
	select {
	case a := <-f.slots:
		if err := f.may(ctx); err != nil {
			f.slots <- a
			return nil, err
		}
		return a, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-f.life.Done():
		return nil, cmp.Or(f.may(ctx), sender.ErrAborted)
	}
}

// may returns the reason why nothing may begin now, nil if something may.
func (f *Folder) may(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return sender.ErrClosed
	case f.life.Err() != nil:
		return sender.ErrAborted
	}
	return ctx.Err()
}

// copied is what became of a message for those who get copies: the same as for its recipient.
func copied(to []string, out sender.Outcome) (all []sender.Copied) {
	for _, address := range to {
		all = append(all, sender.Copied{
			Address: address, Accepted: out.Class == reply.OK, Stage: out.Stage, Text: out.Text,
		})
	}
	return all
}

// outcome is what the end of an Append means.
func (f *Folder) outcome(err error) sender.Outcome {
	out := sender.Outcome{Stage: reply.End, Server: f.name, Time: time.Now()}
	if err == nil {
		out.Class, out.Text = reply.OK, "put into Drafts, not sent"
		return out
	}
	var e *imap.AppendError
	if !errors.As(err, &e) { // Append has no other errors. If it had one, nothing would be known.
		return f.failed(reply.Unknown, reply.AboutMessage, err)
	}
	switch {
	case e.Unknown:
		out.Class, out.About = reply.Unknown, reply.AboutMessage
	case e.Refused && e.Lasting():
		out.Class, out.About = reply.Stop, reply.AboutServer
	case e.Refused && e.Passes():
		out.Class, out.About = reply.Retry, reply.AboutMessage
	case e.Refused:
		out.Class, out.About = reply.Message, reply.AboutMessage
	case e.Later:
		out.Class, out.About, out.HoldOff = reply.Retry, reply.AboutServer, f.cfg.Patience
		out.Stage = reply.Connect
	default:
		out.Class, out.About, out.Stage = reply.Stop, reply.AboutServer, reply.Connect
	}
	out.Text, out.Err = reply.Clean(e.Err.Error()), err
	return out
}

// Check connects, logs in and finds the folder. The error is a [*sender.Error].
func (f *Folder) Check(ctx context.Context) error {
	a, err := f.take(ctx)
	if err != nil {
		return &sender.Error{Outcome: f.nothing(err)}
	}
	defer func() { f.slots <- a }()
	talk, cancel := context.WithCancel(f.life)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	if _, err = a.Check(talk); err == nil {
		return nil
	}
	if cut := f.may(ctx); cut != nil {
		return &sender.Error{Outcome: f.nothing(cut)}
	}
	var t interface{ Temporary() bool }
	later := errors.As(err, &t) && t.Temporary()
	return &sender.Error{Outcome: f.outcome(&imap.AppendError{Folder: f.name, Later: later, Err: err})}
}

// Close lets nothing begin any more, waits for what is under way and ends the connections.
func (f *Folder) Close() error {
	f.mu.Lock()
	was := f.closed
	f.closed = true
	f.mu.Unlock()
	if was {
		return nil
	}
	var errs []error
	for range f.cfg.Connections {
		errs = append(errs, (<-f.slots).Close())
	}
	f.end()
	return errors.Join(errs...)
}

// Abort ends every connection at once. The Sends under way return: before begin with Class "" and
// [sender.ErrAborted], after it as of a connection that broke.
func (f *Folder) Abort() { f.end() }

func (f *Folder) nothing(why error) sender.Outcome {
	return sender.Outcome{Server: f.name, Time: time.Now(), Err: why}
}

// failed is the outcome where the server has heard nothing.
func (f *Folder) failed(class reply.Class, about reply.About, err error) sender.Outcome {
	return sender.Outcome{
		Class: class, About: about, Stage: reply.Connect, Server: f.name, Text: reply.Clean(err.Error()),
		Time: time.Now(), Err: fmt.Errorf("%s: %w", f.name, err),
	}
}
