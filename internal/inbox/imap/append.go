package imap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Message is a finished message for a folder.
type Message struct {
	Size  int64 // in octets, as Body writes it
	Body  io.WriterTo
	Flags []string  // as \Seen, \Draft
	Time  time.Time // when it was received; zero = now
}

// Sent and Drafts name the folder for a purpose in place of a name (RFC 6154).
const (
	Sent   = `\Sent`
	Drafts = `\Drafts`
)

// Appender puts messages into a folder, over one connection. It is not for concurrent use.
type Appender struct {
	cfg    Config
	l      *library
	folder string // found; "" = not yet
}

// NewAppender checks a configuration and reports all its mistakes at once. Its Folder may be [Sent] or [Drafts]: the
// folder that the server has for that purpose, or else one with a common name. The appender connects at its first use.
func NewAppender(c Config) (*Appender, error) {
	c, err := c.resolve()
	if err != nil {
		return nil, err
	}
	return &Appender{cfg: c}, nil
}

// Name is the folder as a URL, without a secret.
func (a *Appender) Name() string { return a.cfg.name() }

// Close ends the connection. The appender connects again when it is used again.
func (a *Appender) Close() error {
	if a.l != nil {
		a.l.close()
		a.l = nil
	}
	return nil
}

// Check connects, logs in and finds the folder, unless it has done so, and returns the folder's name.
func (a *Appender) Check(ctx context.Context) (folder string, err error) {
	if a.l != nil {
		return a.folder, nil
	}
	s, err := open(ctx, a.cfg)
	if err != nil {
		return "", err
	}
	a.l = talk(s)
	if a.folder, err = a.find(ctx); err != nil {
		_ = a.Close()
	}
	return a.folder, err
}

// find finds the folder.
func (a *Appender) find(ctx context.Context) (string, error) {
	attr := ""
	switch a.cfg.Folder {
	case Sent:
		attr = `\sent`
	case Drafts:
		attr = `\drafts`
	default:
		return a.cfg.Folder, nil
	}
	all, err := a.l.list(ctx)
	if err != nil {
		return "", err
	}
	name := purpose(attr, all)
	if name == "" {
		return "", &NoFolderError{Folder: a.cfg.Folder, Said: "no folder of the account is for that", Near: near(attr[1:], all)}
	}
	return name, nil
}

// AppendError is the error of Append.
type AppendError struct {
	Folder string
	// Unknown: the whole message was handed over and no complete answer came. It may be in the folder or not, so it must
	// not be appended again without a person.
	Unknown bool
	Refused bool   // the server has said NO or BAD: the message is not in the folder
	Code    string // that came with NO or BAD, in upper case, as OVERQUOTA (RFC 5530); "" = none
	Later   bool   // it may work another time without anybody doing anything
	// Reached: the server was there and took the login, and the error is that of what it was asked then. So it may be
	// about this message.
	Reached bool
	Err     error
}

func (e *AppendError) Error() string {
	if e.Unknown {
		return fmt.Sprintf("%s: no answer after the message: %v", e.Folder, e.Err)
	}
	return fmt.Sprintf("%s: %v", e.Folder, e.Err)
}

// Unwrap returns the cause.
func (e *AppendError) Unwrap() error { return e.Err }

// Lasting reports whether a refusal is about the folder or the login, and would come for every message (RFC 3501 7.1,
// RFC 5530).
func (e *AppendError) Lasting() bool {
	switch e.Code {
	case "TRYCREATE", "NONEXISTENT", "NOPERM", "AUTHORIZATIONFAILED", "AUTHENTICATIONFAILED", "EXPIRED",
		"PRIVACYREQUIRED":
		return true
	}
	return false
}

// Passes reports whether another try may help, by the code, or by the words of a server without codes.
func (e *AppendError) Passes() bool {
	text := strings.ToLower(e.Error())
	return e.Later || slices.ContainsFunc(passing[:], func(word string) bool { return strings.Contains(text, word) })
}

var passing = [...]string{"quota", "mailbox is full", "mailbox full", "temporar", "try again", "later", "unavailable"}

// Append puts a message into the folder, once. begin is called when the server has said that it takes the message and
// before its first octet is written, so that it is on record what may be in the folder from then on; its error is
// returned as it is, and nothing was appended. nil = there is nothing to record. Any other error is an [*AppendError],
// or that of ctx where begin was not called.
func (a *Appender) Append(ctx context.Context, m Message, begin func() error) error {
	used := a.l != nil
	begun := false
	err := a.try(ctx, m, func() (err error) {
		if begin != nil {
			err = begin()
		}
		begun = true
		return err
	})
	var e *AppendError
	if used && !begun && errors.As(err, &e) && e.Later && !e.Refused && ctx.Err() == nil {
		return a.try(ctx, m, begin) // the server has closed the connection meanwhile
	}
	return err
}

// try is Append over the connection that there is, or a new one.
func (a *Appender) try(ctx context.Context, m Message, begin func() error) error {
	folder, err := a.Check(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		e := a.failure(err)
		e.Refused, e.Code = false, "" // the message is not what was refused
		return e
	}
	var begun bool
	var stopped error
	whole, err := a.l.add(ctx, folder, m, func() error {
		if begin != nil {
			stopped = begin()
		}
		begun = stopped == nil
		return stopped
	})
	if err == nil {
		return nil
	}
	_ = a.Close() // what else may come over it is not sure
	if stopped != nil {
		return stopped
	}
	e := a.failure(err)
	e.Reached = true
	switch {
	case e.Refused:
	case begun && whole:
		e.Unknown, e.Later = true, false
	case ctx.Err() != nil && !begun:
		return ctx.Err()
	}
	return e
}

// failure says what the error of a command means.
func (a *Appender) failure(err error) *AppendError {
	e := &AppendError{Folder: a.Name(), Err: err}
	var no *refusal
	var t interface{ Temporary() bool }
	switch {
	case errors.As(err, &no):
		e.Refused, e.Code = true, no.code
		switch no.code {
		case "OVERQUOTA", "UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "CONTACTADMIN", "EXPUNGEISSUED":
			e.Later = true
		}
	default:
		e.Later = errors.As(err, &t) && t.Temporary()
	}
	return e
}

// Has reports whether the folder has a message with a Message-ID, as "<a@example.com>". It opens the folder read only,
// and closes the connection. The error is that of ctx or an [*AppendError], and nothing is known then.
func (a *Appender) Has(ctx context.Context, id string) (found bool, err error) {
	folder, err := a.Check(ctx)
	reached := err == nil
	if reached {
		if _, _, err = a.l.examine(ctx, folder); err == nil {
			found, err = a.l.has(ctx, id)
		}
		_ = a.Close() // a message that is appended to an open folder is told of
	}
	if err == nil {
		return found, nil
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	e := a.failure(err)
	if e.Reached = reached; !reached {
		e.Refused, e.Code = false, "" // the question is not what was refused
	}
	return false, e
}
