package imap

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// This file is the only one that knows the library. It is a beta: what it does is behind the types of this file, and
// what reaches it has gone through the guard.

// library speaks on a connection that is logged in. Its methods are for one goroutine at a time.
type library struct {
	g     *guard
	c     *imapclient.Client
	cfg   Config
	masks func(string) string
	idles bool // the server can say by itself that there is something new

	exists atomic.Int64  // messages in the folder, as far as is known
	grown  chan struct{} // has room for one: there may be something new
}

// capabilities are those that change how the library writes commands. LITERAL+ is not among them: with it a body is on
// its way before the server has said that it takes it.
var capabilities = []string{"IDLE", "UNSELECT", "UIDPLUS", "SPECIAL-USE"}

// talk takes a session over.
func talk(s *session) *library {
	l := &library{cfg: s.cfg, masks: s.masks, grown: make(chan struct{}, 1), idles: s.caps["IDLE"] || s.caps["IMAP4REV2"]}
	greeting := "* PREAUTH [CAPABILITY IMAP4rev1"
	if !s.caps["IMAP4REV1"] {
		greeting = "* PREAUTH [CAPABILITY IMAP4rev2"
	}
	for _, c := range capabilities {
		if s.caps[c] {
			greeting += " " + c
		}
	}
	l.g = newGuard(s, greeting+"] .\r\n")
	l.c = imapclient.New(l.g, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(m *imapclient.UnilateralDataMailbox) {
			if m.NumMessages != nil && l.exists.Swap(int64(*m.NumMessages)) < int64(*m.NumMessages) {
				l.tell()
			}
		},
		Expunge: func(uint32) { l.exists.Add(-1) },
	}})
	return l
}

// tell says that there may be something new.
func (l *library) tell() {
	select {
	case l.grown <- struct{}{}:
	default:
	}
}

// close closes the connection and waits for the library to end.
func (l *library) close() {
	_ = l.g.Close()
	_ = l.c.Close()
}

// run runs one command within its allowance. The error is that of ctx, a [*refusal], or an [*Error] after which the
// connection is closed.
func (l *library) run(ctx context.Context, a allowance, command func() error) error {
	if _, err := l.g.broken(); err != nil {
		return l.explain(err)
	}
	stop := context.AfterFunc(ctx, func() { l.g.fail(context.Canceled) })
	l.g.arm(a)
	err := command()
	l.g.disarm()
	if !stop() {
		return ctx.Err()
	}
	if err != nil {
		return l.explain(err)
	}
	return nil
}

// explain says what an error of the library means.
func (l *library) explain(err error) error {
	var no *imap.Error
	if errors.As(err, &no) {
		text := strings.TrimSuffix(no.Text, ".")
		return &refusal{string(no.Type), strings.TrimSuffix(string(no.Code), "-"), clean(l.masks(text))}
	}
	said, broken := l.g.broken()
	if broken == nil {
		broken = errStrange
		l.g.fail(broken)
	}
	e := l.cfg.broken(broken)
	if said != "" && e.Later {
		e.Text += " (" + clean(l.masks(said)) + ")"
	}
	return e
}

// answer is the allowance of a command whose answer is short.
func (l *library) answer() allowance {
	return allowance{total: idleTotal, literal: 64 << 10, time: l.cfg.Timeouts.Answer}
}

// examine opens a folder to read only.
func (l *library) examine(ctx context.Context, folder string) (validity, exists uint32, err error) {
	err = l.run(ctx, l.answer(), func() error {
		data, err := l.c.Select(folder, &imap.SelectOptions{ReadOnly: true}).Wait()
		if err == nil {
			validity, exists = data.UIDValidity, data.NumMessages
		}
		return err
	})
	l.exists.Store(int64(exists))
	select {
	case <-l.grown: // what it told is read now
	default:
	}
	return validity, exists, err
}

// uids are the UIDs of the folder in ascending order, of which there are at most about so many.
func (l *library) uids(ctx context.Context, exists int) ([]uint32, error) {
	if exists == 0 {
		return nil, nil
	}
	most := min(exists+exists/10+10_000, l.cfg.Limits.Messages)
	a := allowance{total: int64(most)*11 + idleTotal, numbers: most, time: l.cfg.Timeouts.Answer}
	err := l.run(ctx, a, func() error {
		_, err := l.c.UIDSearch(&imap.SearchCriteria{}, nil).Wait()
		return err
	})
	found, ok := l.g.found()
	if err == nil && !ok {
		l.g.fail(errStrange)
		err = l.explain(errStrange)
	}
	return found, err
}

// has reports whether the open folder has a message with this Message-ID.
func (l *library) has(ctx context.Context, id string) (bool, error) {
	a := l.answer()
	a.numbers = 10_000
	err := l.run(ctx, a, func() error {
		_, err := l.c.UIDSearch(&imap.SearchCriteria{
			Header: []imap.SearchCriteriaHeaderField{{Key: "Message-ID", Value: id}}}, nil).Wait()
		return err
	})
	found, ok := l.g.found()
	if err == nil && !ok {
		l.g.fail(errStrange)
		err = l.explain(errStrange)
	}
	return len(found) > 0, err
}

// about is what a server says about a message.
type about struct {
	uid      uint32
	size     int64     // -1: not said
	received time.Time // zero: not known
	body     []byte    // as much of it as was asked for
	given    bool      // there is a body
}

// part is what to ask for of the bodies of messages.
type part struct {
	offset, length int64 // of each; a length of 0 asks for no body, but for sizes and dates
	expected       int64 // octets of all of them together, by what the server said
}

// fetch asks about messages. What is not in the answer is not in the result.
func (l *library) fetch(ctx context.Context, uids []uint32, p part) (map[uint32]about, error) {
	var set imap.UIDSet
	asked := map[uint32]bool{}
	for _, uid := range uids {
		set.AddNum(imap.UID(uid))
		asked[uid] = true
	}
	o := &imap.FetchOptions{UID: true, RFC822Size: p.length == 0, InternalDate: p.length == 0}
	n := int64(len(uids))
	a := allowance{total: n*4096 + idleTotal, time: l.cfg.Timeouts.Answer, uids: asked}
	if p.length > 0 {
		o.BodySection = []*imap.FetchItemBodySection{{Peek: true,
			Partial: &imap.SectionPartial{Offset: p.offset, Size: p.length}}}
		a.total, a.literal = a.total+n*p.length, p.length
		a.time += time.Duration(max(0, min(p.expected, n*p.length))>>14) * time.Second
	}
	found := map[uint32]about{}
	err := l.run(ctx, a, func() error {
		cmd := l.c.Fetch(set, o)
		for m := cmd.Next(); m != nil; m = cmd.Next() {
			one, err := collect(m)
			if err != nil {
				return err // and the command is left alone, see collect
			}
			found[one.uid] = one
		}
		return cmd.Close()
	})
	return found, err
}

// collect reads what came about one message. After an error the connection has ended, and nothing more must be asked of
// the command: the library would read the rest of the body while its other goroutine reads too.
func collect(m *imapclient.FetchMessageData) (one about, err error) {
	for item := m.Next(); item != nil; item = m.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			one.uid = uint32(item.UID)
		case imapclient.FetchItemDataRFC822Size:
			one.size = item.Size
		case imapclient.FetchItemDataInternalDate:
			if item.Time.Year() > 1 {
				one.received = item.Time
			}
		case imapclient.FetchItemDataBodySection:
			if item.Literal == nil {
				continue
			}
			one.body, err = io.ReadAll(item.Literal)
			if one.given = true; err != nil || int64(len(one.body)) < item.Literal.Size() {
				return one, io.ErrUnexpectedEOF
			}
		}
	}
	return one, nil
}

// mailbox is a folder of the server.
type mailbox struct {
	name  string
	attrs []string // lower case, as \sent
}

// list lists the folders that can be opened.
func (l *library) list(ctx context.Context) (all []mailbox, err error) {
	a := l.answer()
	a.total = 4 << 20 // some accounts have thousands of folders
	err = l.run(ctx, a, func() error {
		cmd := l.c.List("", "*", nil)
		for m := cmd.Next(); m != nil; m = cmd.Next() {
			one := mailbox{name: m.Mailbox}
			for _, a := range m.Attrs {
				one.attrs = append(one.attrs, strings.ToLower(string(a)))
			}
			if !slices.Contains(one.attrs, `\noselect`) && !slices.Contains(one.attrs, `\nonexistent`) {
				all = append(all, one)
			}
		}
		return cmd.Close()
	})
	return all, err
}

// wait waits by IDLE until there may be something new, the time is over, or ctx ends.
func (l *library) wait(ctx context.Context, most time.Duration) error {
	timer := time.NewTimer(most)
	defer timer.Stop()
	var idle *imapclient.IdleCommand
	err := l.run(ctx, l.answer(), func() (err error) {
		idle, err = l.c.Idle()
		return err
	})
	if err != nil {
		return err
	}
	select {
	case <-l.grown:
	case <-timer.C:
	case <-l.c.Closed():
	case <-ctx.Done():
	}
	err = l.run(ctx, l.answer(), func() error {
		if err := idle.Close(); err != nil {
			return err
		}
		return idle.Wait()
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// noop asks whether there is something new.
func (l *library) noop(ctx context.Context) error {
	return l.run(ctx, l.answer(), func() error { return l.c.Noop().Wait() })
}

// add appends a message to a folder. begin is called when the server has said that it takes the message, before its
// first octet is written; its error closes the connection. whole reports whether all of it was handed over.
func (l *library) add(ctx context.Context, folder string, m Message, begin func() error) (whole bool, err error) {
	a := l.answer()
	a.time += time.Duration(m.Size>>14) * time.Second
	err = l.run(ctx, a, func() error {
		o := &imap.AppendOptions{Time: m.Time}
		for _, f := range m.Flags {
			o.Flags = append(o.Flags, imap.Flag(f))
		}
		cmd := l.c.Append(folder, m.Size, o)
		if _, err := cmd.Write(nil); err != nil {
			_ = cmd.Close()
			_, err := cmd.Wait()
			return err
		}
		if err := begin(); err != nil {
			l.g.fail(err)
			_ = cmd.Close()
			return err
		}
		if _, err := m.Body.WriteTo(writer{cmd}); err != nil {
			l.g.fail(err)
			_ = cmd.Close()
			return err
		}
		whole = true
		if err := cmd.Close(); err != nil {
			return err
		}
		_, err := cmd.Wait()
		return err
	})
	return whole, err
}

// writer hides what else an AppendCommand can do.
type writer struct{ io.Writer }
