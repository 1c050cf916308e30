package imap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"mailshot/internal/inbox"
)

// How much is asked for at once.
const (
	abouts   = 500       // messages whose sizes are asked for
	bodies   = 64        // messages whose bodies are asked for
	together = 4 << 20   // octets of bodies, as the server says
	piece    = 256 << 10 // octets of one body; what is larger comes piece by piece as it is read
)

// Box is a folder of an IMAP server. It is an [inbox.Box] and an [inbox.Waiter]. It is not for concurrent use.
type Box struct {
	cfg      Config
	l        *library // nil: not connected
	validity uint32
}

var (
	_ inbox.Box    = (*Box)(nil)
	_ inbox.Waiter = (*Box)(nil)
)

// New checks a configuration and reports all its mistakes at once. The box that it returns is connected at its first
// use.
func New(c Config) (*Box, error) {
	c, err := c.resolve()
	if err != nil {
		return nil, err
	}
	return &Box{cfg: c}, nil
}

// Name is the folder as a URL, as "imap://ann@imap.example.com:993/INBOX".
func (b *Box) Name() string { return b.cfg.name() }

// Close ends the connection. The box connects again when it is used again.
func (b *Box) Close() error {
	if b.l != nil {
		b.l.close()
		b.l = nil
	}
	return nil
}

// examine opens the folder, over a new connection if there is none, or if the one that there is was lost.
func (b *Box) examine(ctx context.Context) (exists uint32, err error) {
	if b.l != nil {
		if b.validity, exists, err = b.l.examine(ctx, b.cfg.Folder); err == nil || ctx.Err() != nil {
			return exists, err
		}
		_ = b.Close()
	}
	s, err := open(ctx, b.cfg)
	if err != nil {
		return 0, err
	}
	b.l = talk(s)
	b.validity, exists, err = b.l.examine(ctx, b.cfg.Folder)
	var no *refusal
	if errors.As(err, &no) {
		err = b.noFolder(ctx, no)
	}
	if err == nil && b.validity == 0 {
		err = b.cfg.broken(fmt.Errorf("%w: the folder has no UIDVALIDITY, so its messages cannot be told apart", errStrange))
	}
	if err != nil {
		_ = b.Close()
	}
	return exists, err
}

// noFolder is the error of a folder that the server does not open.
func (b *Box) noFolder(ctx context.Context, no *refusal) error {
	all, _ := b.l.list(ctx) // it only helps
	return &NoFolderError{Folder: b.cfg.Folder, Said: no.Error(), Near: near(b.cfg.Folder, all)}
}

// Each calls do for each message in the folder whose ID skip does not know, by ascending UID. It goes on from one
// message to the next only when do has returned. A message that another program removes meanwhile is left out. An
// error of do, or of ctx, is returned as it is. Any other is a [*PartError] or, before the first message, what kept the
// folder from being opened.
func (b *Box) Each(ctx context.Context, skip func(id string) bool, do func(inbox.Message) error) error {
	exists, err := b.examine(ctx)
	if err != nil {
		return err
	}
	uids, err := b.l.uids(ctx, int(exists))
	if err != nil {
		return b.ended(ctx, 0, -1, err)
	}
	var left []uint32
	for _, uid := range uids {
		if !skip(b.id(uid)) {
			left = append(left, uid)
		}
	}
	r := &reading{box: b, do: do}
	for total := len(left); len(left) > 0; {
		n := min(abouts, len(left))
		if err := r.batch(ctx, left[:n]); err != nil {
			if r.stopped {
				return err
			}
			return b.ended(ctx, r.done, total-r.past, err)
		}
		left = left[n:]
	}
	return nil
}

// ended closes a connection that broke, and says how far the reading came.
func (b *Box) ended(ctx context.Context, done, left int, err error) error {
	_ = b.Close()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &PartError{Folder: b.Name(), Done: done, Left: left, Err: err}
}

// id names a message for good.
func (b *Box) id(uid uint32) string {
	return strconv.FormatUint(uint64(b.validity), 10) + "/" + strconv.FormatUint(uint64(uid), 10)
}

// reading is one call of Each.
type reading struct {
	box     *Box
	do      func(inbox.Message) error
	done    int  // messages given to do
	past    int  // those that do has taken, and those that are not there any more
	stopped bool // by do
}

// batch reads messages: first their sizes, then the bodies of as many as may be asked for together.
func (r *reading) batch(ctx context.Context, uids []uint32) error {
	known, err := r.box.l.fetch(ctx, uids, part{})
	if err != nil {
		return err
	}
	var some []about
	var sum int64
	for _, uid := range uids {
		m, ok := known[uid]
		if !ok {
			r.past++
			continue
		}
		if len(some) == bodies || len(some) > 0 && sum+min(m.size, piece) > together {
			if err := r.bodies(ctx, some); err != nil {
				return err
			}
			some, sum = nil, 0
		}
		some, sum = append(some, m), sum+min(m.size, piece)
	}
	return r.bodies(ctx, some)
}

// bodies reads the first piece of the body of each message, and gives the messages to do.
func (r *reading) bodies(ctx context.Context, some []about) error {
	var uids []uint32
	var expected int64
	for _, m := range some {
		if m.size <= r.box.cfg.Limits.Message {
			uids, expected = append(uids, m.uid), expected+min(m.size, piece)
		}
	}
	parts, said, err := r.pieces(ctx, uids, expected)
	if err != nil {
		return err
	}
	for _, m := range some {
		if err := ctx.Err(); err != nil {
			return err
		}
		p := parts[m.uid]
		if !p.given && m.size <= r.box.cfg.Limits.Message {
			if there, err := r.there(ctx, m.uid); err != nil {
				return err
			} else if !there {
				r.past++
				continue
			}
		}
		m.body, m.given = p.body, p.given
		if err := r.give(m, said); err != nil {
			return err
		}
	}
	return nil
}

// there reports whether the server still has a message whose body it did not give. A server says that a message was
// removed when it has the time to, as with NOOP.
func (r *reading) there(ctx context.Context, uid uint32) (bool, error) {
	if err := r.box.l.noop(ctx); err != nil {
		return false, err
	}
	found, err := r.box.l.fetch(ctx, []uint32{uid}, part{})
	var no *refusal
	if errors.As(err, &no) {
		return false, nil
	}
	_, ok := found[uid]
	return ok, err
}

// pieces asks for the first piece of each body. A server may refuse them all because of one: then it is asked for each.
// said is what it says about those that it does not give.
func (r *reading) pieces(ctx context.Context, uids []uint32, expected int64) (
	parts map[uint32]about, said string, err error,
) {
	if len(uids) == 0 {
		return nil, "", nil
	}
	parts, err = r.box.l.fetch(ctx, uids, part{length: piece, expected: expected})
	var no *refusal
	if !errors.As(err, &no) {
		return parts, "", err
	}
	said = no.Error()
	for _, uid := range uids {
		if parts[uid].given {
			continue
		}
		one, err := r.box.l.fetch(ctx, []uint32{uid}, part{length: piece, expected: piece})
		if err != nil && !errors.As(err, &no) {
			return nil, "", err
		}
		if p, ok := one[uid]; ok {
			parts[uid] = p
		}
	}
	return parts, said, nil
}

// give calls do for one message.
func (r *reading) give(m about, said string) error {
	id, limit := r.box.id(m.uid), r.box.cfg.Limits.Message
	message := inbox.Message{ID: id, Received: m.received, Size: m.size}
	message.Open = func(ctx context.Context) (io.ReadCloser, error) {
		switch {
		case m.size > limit:
			return nil, &TooLargeError{Size: m.size, Limit: limit}
		case !m.given:
			return nil, &NoBodyError{ID: id, Said: said}
		case len(m.body) < piece:
			return io.NopCloser(bytes.NewReader(m.body)), nil
		}
		return &body{ctx: ctx, box: r.box, m: m, rest: m.body, read: int64(len(m.body))}, nil
	}
	r.done++
	if err := r.do(message); err != nil {
		r.stopped = true
		return err
	}
	r.past++
	return nil
}

// body is a large message, which comes piece by piece.
type body struct {
	ctx  context.Context
	box  *Box
	m    about
	rest []byte // not yet read
	read int64  // octets that the server has given
	err  error
}

func (b *body) Read(p []byte) (int, error) {
	for len(b.rest) == 0 {
		if b.err == nil {
			b.err = b.more()
		}
		if b.err != nil {
			return 0, b.err
		}
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// more fetches the next piece. A piece that is not full is the last.
func (b *body) more() error {
	if limit := b.box.cfg.Limits.Message; b.read > limit {
		return &TooLargeError{Size: b.read, Limit: limit}
	}
	if b.read%piece != 0 {
		return io.EOF
	}
	if b.box.l == nil {
		return errEnded
	}
	found, err := b.box.l.fetch(b.ctx, []uint32{b.m.uid}, part{b.read, piece, b.m.size - b.read})
	if err != nil {
		return err
	}
	one, ok := found[b.m.uid]
	if !ok {
		return &NoBodyError{ID: b.box.id(b.m.uid), Said: "it was removed while it was read"}
	}
	if len(one.body) == 0 {
		return io.EOF
	}
	b.rest, b.read = one.body, b.read+int64(len(one.body))
	return nil
}

// Close has nothing to do.
func (b *body) Close() error { return nil }

// Wait waits until there may be something new in the folder: by IDLE where the server can say so, else for a minute.
// A connection that is lost meanwhile is not an error: the next Each says if there can be no other.
func (b *Box) Wait(ctx context.Context) error {
	began := time.Now()
	if b.l != nil && b.l.idles {
		err := b.l.wait(ctx, b.cfg.Timeouts.Idle)
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		_ = b.Close()
	}
	timer := time.NewTimer(b.cfg.Timeouts.Poll - time.Since(began))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
