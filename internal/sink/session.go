package sink

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"mailshot/internal/mailbox"
)

// errFault tells go-smtp that a command failed by a rule. The rule's answer replaces go-smtp's reply.
var errFault = errors.New("fault")

// session is one conversation after EHLO.
type session struct {
	c    *conn
	user string
	from string
	to   []string
	// What the client asked for by DSN.
	notify, envid string
}

func (s *Server) newSession(sc *smtp.Conn) (smtp.Session, error) {
	c := sc.Conn().(*conn)
	x := &session{c: c}
	if c.top != c.Conn && s.o.TLS == "starttls" {
		// The rule was applied before STARTTLS, at the same command.
		return x, nil
	}
	if err := x.fault("ehlo", ""); err != nil {
		return nil, err
	}
	return x, nil
}

// fault applies the rules for a command. nil means that the caller carries the command out.
func (x *session) fault(point, address string) error {
	f := x.c.fault(point, address, Event{From: x.from, To: x.to})
	if f.usual {
		return nil
	}
	if !f.gone {
		x.c.replace(f.answer)
		if f.good {
			return nil
		}
	}
	return errFault
}

func (x *session) observe(kind, text string) {
	if x.c.server.o.Observe != nil {
		x.c.server.observe(Event{Kind: kind, Connection: x.c.number, From: x.from, To: slices.Clone(x.to), Text: text})
	}
}

// AuthMechanisms implements smtp.AuthSession.
func (x *session) AuthMechanisms() []string {
	if x.c.server.o.Username == "" {
		return nil
	}
	return []string{sasl.Plain, sasl.Login}
}

// Auth implements smtp.AuthSession.
func (x *session) Auth(mech string) (sasl.Server, error) {
	switch {
	case x.c.server.o.Username == "":
		return nil, smtp.ErrAuthUnsupported
	case mech == sasl.Plain:
		return sasl.NewPlainServer(func(_, user, password string) error { return x.login(user, password) }), nil
	case mech == sasl.Login:
		return &loginServer{done: x.login}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

func (x *session) login(user, password string) error {
	o := x.c.server.o
	if subtle.ConstantTimeCompare([]byte(user), []byte(o.Username))&
		subtle.ConstantTimeCompare([]byte(password), []byte(o.Password)) != 1 {
		return smtp.ErrAuthFailed
	}
	if err := x.fault("auth", ""); err != nil {
		return err
	}
	x.user = user
	x.observe("authenticated", user)
	return nil
}

// loginServer is the server's side of AUTH LOGIN, which go-sasl does not have.
type loginServer struct {
	done func(user, password string) error
	step int
	user string
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if l.step == 0 && response == nil {
		l.step = 1
		return []byte("Username:"), false, nil
	}
	if l.step < 2 {
		l.step, l.user = 2, string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.done(l.user, string(response))
}

// Mail implements smtp.Session.
func (x *session) Mail(from string, o *smtp.MailOptions) error {
	if x.c.server.o.Username != "" && x.user == "" {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	x.from, x.to, x.notify, x.envid = from, nil, "", o.EnvelopeID
	x.observe("mail", "")
	return x.fault("mail", from)
}

// Rcpt implements smtp.Session.
func (x *session) Rcpt(to string, o *smtp.RcptOptions) error {
	x.to = append(x.to, to)
	var events []string
	for _, n := range o.Notify {
		events = append(events, string(n))
	}
	x.notify = strings.Join(events, ",")
	x.observe("rcpt", "")
	if err := x.fault("rcpt", to); err != nil {
		x.to = x.to[:len(x.to)-1]
		return err
	}
	return nil
}

// Reset implements smtp.Session.
func (x *session) Reset() { x.from, x.to = "", nil }

// Logout implements smtp.Session.
func (x *session) Logout() error { return nil }

// recipient is the address that rules about a message match. Of several recipients, which mailshot never sends to, it
// is the first.
func (x *session) recipient() string {
	if len(x.to) == 0 {
		return ""
	}
	return x.to[0]
}

// Data implements smtp.Session, for DATA and for BDAT.
func (x *session) Data(r io.Reader) error {
	c := x.c
	if _, bdat := r.(*io.PipeReader); !bdat {
		if !x.goAhead() {
			return errFault
		}
		r = &wire{c: c}
	}
	m, err := x.read(r)
	if err != nil {
		return err
	}
	if limit := c.server.o.MaxSize; limit > 0 && m.size > limit {
		return smtp.ErrDataTooLarge
	}
	x.observe("dot", "")
	rule := c.rule("dot", x.recipient(), Event{From: x.from, To: x.to})
	if rule == nil {
		return x.take(m)
	}
	if rule.store {
		// The message is kept, whatever the client is told.
		if err := x.keep(m); err != nil {
			return err
		}
	}
	f := c.act("dot", rule)
	switch {
	case f.gone:
		return errFault
	case !f.usual && !f.good:
		c.replace(f.answer)
		return errFault
	}
	if !rule.store {
		if err := x.keep(m); err != nil {
			return err
		}
	}
	if !f.usual {
		c.replace(f.answer)
	}
	x.promise()
	return nil
}

// goAhead answers DATA, and reports whether the client sends a body now.
func (x *session) goAhead() bool {
	c := x.c
	x.observe("data", "")
	// go-smtp has written its 354, but it is not sent yet.
	go354 := c.retract()
	// go-smtp reads a body in any case. We read the real one, and it gets an empty one.
	c.mu.Lock()
	c.feed = []byte(".\r\n")
	c.mu.Unlock()
	f := c.fault("data", x.recipient(), Event{From: x.from, To: x.to})
	switch {
	case f.gone:
		return false
	case f.usual:
		c.say(answer{go354, ""})
	case f.good:
		c.say(f.answer)
	default:
		c.replace(answer{}) // go-smtp's reply to the empty body is dropped
		c.say(f.answer)
		return false
	}
	return true
}

// take keeps a message that the client is told is taken.
func (x *session) take(m *message) error {
	if err := x.keep(m); err != nil {
		return err
	}
	x.promise()
	return nil
}

// promise arranges that the observer is told when the reply that takes the message is sent.
func (x *session) promise() {
	if x.c.server.o.Observe == nil {
		return
	}
	x.c.mu.Lock()
	x.c.replied = &Event{Kind: "replied", Connection: x.c.number, From: x.from, To: slices.Clone(x.to)}
	x.c.mu.Unlock()
}

// message is what was read of a message.
type message struct {
	size int64
	sum  [sha256.Size]byte
	head []byte
	body []byte // only if there is a store

	hash    hash.Hash // only if there is a record, as for head
	headEnd bool
}

// add takes a piece of the body, which is in size already.
func (m *message) add(p []byte, o Options) {
	if o.Store != nil && (o.MaxSize <= 0 || m.size <= o.MaxSize) {
		m.body = append(m.body, p...)
	}
	if m.hash == nil {
		return
	}
	m.hash.Write(p)
	if m.headEnd {
		return
	}
	m.head = append(m.head, p...)
	if i := bytes.Index(m.head, []byte("\r\n\r\n")); i >= 0 {
		m.head, m.headEnd = m.head[:i+2], true
	} else if len(m.head) >= maxHead {
		m.headEnd = true
	}
}

// maxHead is how many bytes of a message are kept to look for header fields.
const maxHead = 64 << 10

// read takes the body off the wire.
func (x *session) read(r io.Reader) (*message, error) {
	c, o := x.c, x.c.server.o
	m := &message{}
	if o.Record != nil {
		m.hash = sha256.New()
	}
	buf := c.server.buffers.Get().(*[]byte)
	defer c.server.buffers.Put(buf)
	// One byte shows that the body has begun.
	p := (*buf)[:1]
	for {
		n, err := r.Read(p)
		if n > 0 {
			if m.size == 0 {
				if f := c.fault("body", x.recipient(), Event{From: x.from, To: x.to}); f.gone {
					return nil, errFault
				}
			}
			m.size += int64(n)
			if o.Observe != nil {
				c.server.observe(Event{Kind: "body", Connection: c.number, From: x.from, To: slices.Clone(x.to), Size: m.size})
			}
			m.add(p[:n], o)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		p = *buf
	}
	c.mu.Lock()
	broken := c.broken
	c.mu.Unlock()
	if broken {
		// go-smtp takes a BDAT chunk that a lost connection cut short for a whole one. A message that did not arrive must not
		// be on record.
		return nil, io.ErrUnexpectedEOF
	}
	if m.hash != nil {
		m.hash.Sum(m.sum[:0])
	}
	return m, nil
}

// keep stores the message and writes its record.
func (x *session) keep(m *message) error {
	s := x.c.server
	temporary := func(err error) error {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "sink: " + err.Error()}
	}
	now := time.Now()
	if s.o.Store != nil {
		it := mailbox.Item{From: x.from, To: x.recipient(), Date: now, Body: bytes.NewReader(m.body)}
		if _, err := s.o.Store.Add(it); err != nil {
			return temporary(err)
		}
	}
	if s.o.Record != nil {
		_, secured := x.c.top.(*tls.Conn)
		rec := Record{
			Time: now, Connection: x.c.number, User: x.user, TLS: secured, From: x.from, To: x.to, Notify: x.notify,
			EnvID: x.envid, Size: m.size, SHA256: hex.EncodeToString(m.sum[:]),
		}
		rec.read(m.head, s.o.Headers)
		if err := s.rec.add(rec); err != nil {
			return temporary(err)
		}
	}
	s.accepted.Add(1)
	x.observe("stored", "")
	return nil
}
