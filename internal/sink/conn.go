package sink

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// conn is between go-smtp and the socket. go-smtp sees a plain connection: TLS is done here, so that what go-smtp
// writes can be changed before it is encrypted.
//
// Replies are held until go-smtp wants to read again. That answers a pipelined group of commands in one write, and lets
// a reply be taken back: go-smtp writes 354 before anybody else hears of DATA.
//
// go-smtp writes one line of a reply per call of Write; the layer counts on it.
//
// go-smtp is given one line at a time, or a chunk of BDAT. So it never has bytes of a body in its own buffer, and the
// body of DATA is read here: go-smtp looks at each byte of it several times, which costs more than all the rest.
type conn struct {
	net.Conn // the socket: addresses and deadlines; TLS keeps none of its own
	server   *Server
	number   int64
	crowd    int // connections open when this one came, including this one

	started bool // the handshakes are over; only go-smtp's goroutine uses it
	greeted bool // we have greeted; go-smtp's greeting is dropped

	// What came in and was not read yet; of go-smtp's goroutine as well.
	in    []byte // a part of space
	space []byte
	chunk int // bytes of in and of what follows it that are a chunk of BDAT

	mu      sync.Mutex // BDAT runs a session in a goroutine of its own
	top     net.Conn   // where bytes go: the socket or TLS on it
	out     []byte     // replies not yet sent
	last    int        // where the last reply begins in out
	feed    []byte     // bytes go-smtp reads before the socket's
	instead *answer    // what to send in place of go-smtp's next reply
	ehlo    []string   // lines of an answer to EHLO, while it is collected
	broken  bool       // a read failed: nothing more will come
	replied *Event     // to be observed when what is held is sent

	dead   chan struct{} // closed with the connection
	closed atomic.Bool
	text   atomic.Value // string: why it ended, for the event
}

// answer is what a rule sends in place of a reply.
type answer struct {
	text string
	then string // "", "drop" (without a farewell), "reset", "close"
}

func newConn(nc net.Conn, s *Server, number int64) *conn {
	space := make([]byte, 32<<10)
	return &conn{Conn: nc, top: nc, server: s, number: number, space: space, dead: make(chan struct{})}
}

// Read gives go-smtp a line, or a part of a chunk.
func (c *conn) Read(p []byte) (int, error) {
	c.mu.Lock()
	if len(c.feed) > 0 {
		n := copy(p, c.feed)
		c.feed = c.feed[n:]
		c.mu.Unlock()
		return n, nil
	}
	c.mu.Unlock()
	n := 0
	for n == 0 {
		switch end := bytes.IndexByte(c.in, '\n') + 1; {
		case c.chunk > 0 && len(c.in) > 0:
			n = min(c.chunk, len(c.in))
			c.chunk -= min(n, len(p))
		case end > 0:
			n, c.chunk = end, chunkOf(c.in[:end])
		case len(c.in) == len(c.space):
			n = len(c.in) // a line that is far too long
		default:
			if err := c.more(); err != nil {
				return 0, err
			}
		}
	}
	n = copy(p, c.in[:n])
	c.in = c.in[n:]
	return n, nil
}

// chunkOf is how many bytes follow a command as its chunk.
func chunkOf(command []byte) int {
	words := bytes.Fields(command)
	if len(words) < 2 || len(words) > 3 || !bytes.EqualFold(words[0], []byte("BDAT")) {
		return 0
	}
	size, err := strconv.ParseUint(string(words[1]), 10, 32)
	if err != nil || len(words) == 3 && !bytes.EqualFold(words[2], []byte("LAST")) {
		return 0 // go-smtp takes no chunk either
	}
	return int(size)
}

// more sends what is held, and adds to in what comes then. There is room in space.
func (c *conn) more() error {
	if err := c.flush(); err != nil {
		return err
	}
	c.mu.Lock()
	top := c.top
	c.mu.Unlock()
	if c.closed.Load() {
		return net.ErrClosed
	}
	kept := copy(c.space, c.in)
	n, err := top.Read(c.space[kept:])
	c.in = c.space[:kept+n]
	if err != nil {
		c.mu.Lock()
		c.broken = true
		c.mu.Unlock()
		if c.closed.Load() {
			err = net.ErrClosed // TLS may report something else
		}
	}
	if n > 0 {
		return nil // an error comes again
	}
	return err
}

// Write takes one line of a reply from go-smtp. The first line is the greeting.
func (c *conn) Write(p []byte) (int, error) {
	if !c.started {
		c.started = true
		if !c.start() {
			return 0, net.ErrClosed
		}
		if c.greeted {
			return len(p), nil
		}
	}
	if c.closed.Load() {
		return 0, net.ErrClosed
	}
	c.mu.Lock()
	final := len(p) < 4 || p[3] != '-'
	if c.instead != nil {
		if !final {
			c.mu.Unlock()
			return len(p), nil
		}
		a := *c.instead
		c.instead = nil
		c.mu.Unlock()
		c.say(a)
		return len(p), nil
	}
	defer c.mu.Unlock()
	if len(c.server.o.Hide) > 0 && (c.ehlo != nil || bytes.HasPrefix(p, []byte("250-Hello "))) {
		c.ehlo = append(c.ehlo, string(p[4:]))
		if !final {
			return len(p), nil
		}
		p = hide(c.ehlo, c.server.o.Hide)
		c.ehlo = nil
		c.out = append(c.out, p...)
		return len(p), nil
	}
	c.last = len(c.out)
	c.out = append(c.out, p...)
	return len(p), nil
}

// hide makes the answer to EHLO from its lines, without the extensions named.
func hide(lines, names []string) []byte {
	kept := slices.DeleteFunc(lines, func(line string) bool {
		word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, word) })
	})
	var b bytes.Buffer
	for i, line := range kept {
		sep := "250-"
		if i == len(kept)-1 {
			sep = "250 "
		}
		b.WriteString(sep + line)
	}
	return b.Bytes()
}

// flush sends what is held.
func (c *conn) flush() error {
	c.mu.Lock()
	if len(c.out) == 0 {
		c.mu.Unlock()
		return nil
	}
	_, err := c.top.Write(c.out)
	c.out, c.last = c.out[:0], 0
	replied := c.replied
	c.replied = nil
	c.mu.Unlock()
	if replied != nil && err == nil {
		c.server.observe(*replied)
	}
	return err
}

// retract takes the last reply back, if it is not sent yet.
func (c *conn) retract() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := string(c.out[c.last:])
	c.out = c.out[:c.last]
	return s
}

// say sends an answer, and then ends the connection if the answer says so.
func (c *conn) say(a answer) {
	c.mu.Lock()
	c.last = len(c.out)
	c.out = append(c.out, a.text...)
	c.mu.Unlock()
	switch a.then {
	case "drop":
		c.flush()
		c.drop()
	case "reset":
		c.flush()
		c.kill(true)
	case "close":
		c.flush()
		if t, ok := c.top.(*tls.Conn); ok {
			t.CloseWrite()
		}
		c.drop()
	}
}

// replace makes a the next reply, in place of go-smtp's.
func (c *conn) replace(a answer) {
	c.mu.Lock()
	c.instead = &a
	c.mu.Unlock()
}

// drop closes our side, and then waits for the client to close. A plain close would reset the connection if anything
// arrived after it, and the reset could destroy replies that the client has not read yet.
func (c *conn) drop() {
	if t, ok := c.Conn.(interface{ CloseWrite() error }); ok && t.CloseWrite() == nil {
		io.Copy(io.Discard, c.Conn)
	}
	c.kill(false)
}

// stall says nothing more until the client or the server closes.
func (c *conn) stall() {
	c.flush()
	io.Copy(io.Discard, c.Conn)
	c.kill(false)
}

// wait lets time pass. It returns false when the connection or the server ended meanwhile.
func (c *conn) wait(d time.Duration) bool {
	c.flush()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.dead:
	case <-c.server.stopping:
	}
	return false
}

// kill closes the socket at once, by a reset if reset is set. It may be called from any goroutine.
func (c *conn) kill(reset bool) {
	if !c.closed.CompareAndSwap(false, true) {
		return
	}
	if t, ok := c.Conn.(*net.TCPConn); ok && reset {
		t.SetLinger(0)
	}
	c.Conn.Close()
	close(c.dead)
}

// Close is how go-smtp ends the connection. It calls Close from its own goroutine: after QUIT, after the client has
// gone, and once more when the goroutine ends.
func (c *conn) Close() error {
	if !c.closed.Load() {
		c.Conn.SetWriteDeadline(time.Now().Add(time.Second)) // a client that does not read cannot hold us
		c.flush()
		if t, ok := c.top.(*tls.Conn); ok {
			t.CloseWrite()
		}
		c.kill(false)
	}
	c.server.forget(c)
	return nil
}

// start does what comes before go-smtp's greeting. It returns false when the connection ended meanwhile.
func (c *conn) start() bool {
	s := c.server
	s.observe(Event{Kind: "connected", Connection: c.number})
	if s.o.TLS == "implicit" && !c.handshake() {
		return false
	}
	if s.o.MaxConnections > 0 && c.crowd > s.o.MaxConnections {
		c.say(answer{"421 4.7.0 " + s.o.Hostname + " too many connections\r\n", "close"})
		return false
	}
	f := c.fault("connect", "", Event{})
	if !f.usual {
		if f.gone {
			return false
		}
		c.say(f.answer)
		if !f.good {
			return !c.closed.Load() && c.refuse()
		}
		c.greeted = true
	}
	if s.o.TLS == "starttls" {
		return c.clear()
	}
	return true
}

// refuse follows a greeting that refuses the client: only QUIT is understood (RFC 5321 section 3.1).
func (c *conn) refuse() bool {
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			c.kill(false)
			return false
		}
		if verb(line) == "QUIT" {
			c.say(answer{"221 2.0.0 Bye\r\n", "close"})
			return false
		}
		c.say(answer{"503 5.5.1 No service here\r\n", ""})
	}
}

// clear leads the conversation up to STARTTLS, which is required. It returns false when the connection ended meanwhile.
func (c *conn) clear() bool {
	s := c.server
	if !c.greeted {
		c.greeted = true
		c.say(answer{"220 " + s.o.Hostname + " ESMTP Service Ready\r\n", ""})
	}
	r := bufio.NewReader(c)
	for {
		if s.o.IdleTimeout > 0 {
			c.SetReadDeadline(time.Now().Add(s.o.IdleTimeout))
		}
		line, err := r.ReadSlice('\n')
		if err != nil {
			c.kill(false)
			return false
		}
		reply := "530 5.7.0 Must issue a STARTTLS command first\r\n"
		switch v := verb(line); v {
		case "EHLO", "HELO":
			f := c.fault("ehlo", "", Event{})
			if f.gone {
				return false
			}
			reply = "250 " + s.o.Hostname + "\r\n"
			if v == "EHLO" {
				reply = string(hide([]string{s.o.Hostname + "\r\n", "PIPELINING\r\n", "8BITMIME\r\n",
					"ENHANCEDSTATUSCODES\r\n", "STARTTLS\r\n"}, s.o.Hide))
			}
			if !f.usual {
				c.say(f.answer)
				continue
			}
		case "NOOP", "RSET":
			reply = "250 2.0.0 OK\r\n"
		case "QUIT":
			c.say(answer{"221 2.0.0 Bye\r\n", "close"})
			return false
		case "STARTTLS":
			if ready, goOn := c.startTLS(r.Buffered() + len(c.in)); ready || !goOn {
				return ready
			}
			continue
		}
		c.say(answer{reply, ""})
	}
}

// startTLS answers STARTTLS and makes the handshake. ready: TLS is on. goOn: the conversation goes on in clear. behind
// is how many bytes came in after the command.
func (c *conn) startTLS(behind int) (ready, goOn bool) {
	// Commands after STARTTLS in one packet would be taken as if they had come under TLS (CVE-2011-0411).
	if behind > 0 {
		c.say(answer{"554 5.5.0 Nothing may follow STARTTLS\r\n", "close"})
		return false, false
	}
	f := c.fault("starttls", "", Event{})
	switch {
	case f.gone:
		return false, false
	case f.usual:
		c.say(answer{"220 2.0.0 Ready to start TLS\r\n", ""})
	default:
		c.say(f.answer)
		if !f.good {
			return false, true
		}
	}
	return c.flush() == nil && c.handshake(), false
}

// verb is the command of a line.
func verb(line []byte) string {
	word, _, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
	return strings.ToUpper(word)
}

// handshake puts TLS on the socket.
func (c *conn) handshake() bool {
	if f := c.fault("tls", "", Event{}); f.gone {
		return false
	}
	if d := c.server.o.IdleTimeout; d > 0 {
		c.SetDeadline(time.Now().Add(d))
	}
	t := tls.Server(c.Conn, c.server.tls.config)
	if err := t.Handshake(); err != nil {
		c.text.Store("tls: " + err.Error())
		c.kill(false)
		return false
	}
	c.SetDeadline(time.Time{})
	c.mu.Lock()
	c.top = t
	c.mu.Unlock()
	return true
}
