// Package costing says what a campaign costs on the wire, for estimate --traffic and report --traffic. [New] begins to
// count the messages of an estimate, [Counter.Add] takes each message, and [Counter.Traffic] says what they cost on
// every path. [Counted] compares what sessions have counted with the bounds of the model. [ParseLine] reads a line.
//
// The model is mailshot/internal/traffic. This package decides what to ask it: with which settings of the campaign's
// server, and with which assumptions where the campaign file says nothing.
package costing

import (
	"cmp"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"mailshot/campaign/caps"
	"mailshot/campaign/definition"
	"mailshot/campaign/message"
	"mailshot/internal/traffic"
	"mailshot/render/token"
)

// Config says what to count for. Allowance is what the campaign may use of Server; nil: it has no server yet.
type Config struct {
	Server    *definition.Server
	Several   int    // how many servers there are, of which Server is the first
	Signed    bool   // messages are signed when they leave (DKIM)
	Notify    string // on which events reports are asked for, as in sender.Mail; "" = nothing is asked for
	Allowance caps.Allowance
	Line      traffic.Line
	Timed     bool // Line has a rate and a round trip
	// Offers is what the server offered in the last session; nil: not known.
	Offers *Offers
}

// Offers is what a server offers.
type Offers struct{ Pipelining, Chunking bool }

// Traffic is what a campaign costs on the wire, in JSON.
type Traffic struct {
	Line    *Line    `json:"line,omitempty"`   // the line that times are for; absent: no times
	Server  string   `json:"server,omitempty"` // the server whose settings the first path has
	Assumed []string `json:"assumed"`          // the assumptions, in words
	Content Content  `json:"content"`
	Paths   []Path   `json:"paths"` // the first has the campaign's own settings
	Fetch   []Path   `json:"fetch"` // the same messages fetched from a mailbox, over one connection
	// Caps is over how many seconds the caps, hours and waves stretch the campaign.
	Caps float64 `json:"caps_seconds"`
	// Binds says what limits the campaign on its own path: bandwidth, round trips, or caps; absent: no line was given.
	Binds string `json:"binds,omitempty"`
}

// Line is a line in JSON.
type Line struct {
	Up         int64   `json:"up"`   // bits per second
	Down       int64   `json:"down"` // bits per second
	RTT        float64 `json:"rtt"`  // seconds
	MTU        int     `json:"mtu"`
	IPv6       bool    `json:"ipv6"`
	Timestamps bool    `json:"timestamps"`
}

// Content says what the octets of all messages consist of.
type Content struct {
	Messages int64 `json:"messages"`            // that were counted
	Size     int64 `json:"size"`                // bytes of the messages
	User     int64 `json:"user"`                // texts and files before they were encoded
	InBase64 int64 `json:"in_base64"`           // of User, what is in base64
	InQuoted int64 `json:"in_quoted_printable"` // of User, what is in quoted-printable
	Base64   int64 `json:"base64"`              // what base64 adds
	Quoted   int64 `json:"quoted_printable"`    // what quoted-printable adds
	Header   int64 `json:"header"`              // header fields, delimiters, and what sealing adds
}

// Path is the cost on one path.
type Path struct {
	// Path is lock-step, pipelined, ahead (the next envelope goes with the end of a message) or BDAT; for fetching POP3,
	// IMAP (one FETCH for all) or IMAP one by one.
	Path     string `json:"path"`
	Security string `json:"security"` // none, implicit or starttls
	traffic.Cost
	Efficiency float64 `json:"efficiency"` // user data as a part of all bytes, 0 to 1
	Time       *Time   `json:"time,omitempty"`
}

// Time is how long the messages take on the line, in seconds. The parts are sums over all connections; Total takes into
// account that connections are open at the same time.
type Time struct {
	Total      float64 `json:"total"`
	Bytes      float64 `json:"bytes"`       // while they are on the line
	Rounds     float64 `json:"round_trips"` // of commands
	Connecting float64 `json:"connecting"`
	SlowStart  float64 `json:"slow_start"`
	Binds      string  `json:"binds"` // bandwidth or round trips
	// Parallel is how many connections are open at the same time.
	Parallel int64 `json:"connections"`
}

// Defaults of the sender, and lengths that the campaign file does not give.
const (
	perConnection = 100
	connections   = 2
	secretBytes   = 20
	tokenBytes    = 1000
	nameBytes     = 20
)

// Counter counts messages. It is for one goroutine at a time.
type Counter struct {
	c       Config
	assumed []string
	content Content
	sends   []way
	fetches []way
	kinds   map[traffic.Message]int64
}

// way is a path that is being added up.
type way struct {
	path, security string
	tally          *traffic.Tally
	parallel       int
}

// New begins to count.
func New(c Config) *Counter {
	c.Line = here(c.Line)
	y := &Counter{c: c, kinds: map[traffic.Message]int64{}}
	own, security := y.own()
	other := traffic.Clear
	if security == traffic.Clear {
		other = traffic.StartTLS
	}
	for _, sec := range []traffic.Security{security, other} {
		for _, p := range firstOf(own) {
			s := y.session(p, sec)
			y.sends = append(y.sends, way{pathName(p), secured(sec), s.Tally(), s.Connections})
		}
	}
	for _, sec := range []traffic.Security{traffic.Implicit, traffic.Clear} {
		user := nameBytes
		if c.Server != nil && c.Server.Username != "" {
			user = len(c.Server.Username)
		}
		for _, f := range []struct {
			name  string
			fetch traffic.Fetch
		}{
			{"POP3", traffic.POP3(c.Line, user, secretBytes)},
			{"IMAP", traffic.IMAP(c.Line, user, secretBytes, true)},
			{"IMAP one by one", traffic.IMAP(c.Line, user, secretBytes, false)},
		} {
			f.fetch.Security = sec
			y.fetches = append(y.fetches, way{f.name, secured(sec), f.fetch.Tally(), 1})
		}
	}
	return y
}

// here is a line as TCP of this machine uses it: Windows offers no timestamps.
func here(l traffic.Line) traffic.Line {
	l.NoTimestamps = l.NoTimestamps || runtime.GOOS == "windows"
	return l
}

// firstOf are all paths, own first.
func firstOf(own traffic.Path) []traffic.Path {
	all := []traffic.Path{own}
	for _, p := range []traffic.Path{traffic.LockStep, traffic.Pipelined, traffic.Ahead, traffic.Chunked} {
		if p != own {
			all = append(all, p)
		}
	}
	return all
}

func pathName(p traffic.Path) string {
	if p == traffic.Chunked {
		return "BDAT"
	}
	return p.String()
}

func secured(s traffic.Security) string {
	if s == traffic.Clear {
		return "none"
	}
	return s.String()
}

func (y *Counter) assume(format string, args ...any) {
	y.assumed = append(y.assumed, fmt.Sprintf(format, args...))
}

// own is the path of the campaign's own server, by its settings.
func (y *Counter) own() (traffic.Path, traffic.Security) {
	s := y.c.Server
	if y.c.Signed {
		y.assume("no DKIM signature, which makes each message some 500 bytes longer")
	}
	if y.c.Notify != "" {
		y.assume("the server offers DSN, by which notify asks for reports")
	}
	if s == nil {
		y.assume("a server with STARTTLS on port 587 and without a login: the campaign names none")
		return traffic.Chunked, traffic.StartTLS
	}
	if y.c.Several > 1 {
		y.assume("everything goes to %s, the first of %d servers", s.Name, y.c.Several)
	}
	security := traffic.StartTLS
	switch {
	case s.TLS == "none" || s.Socket != "":
		security = traffic.Clear
	case s.TLS == "implicit" || s.TLS == "" && s.Port == 465:
		security = traffic.Implicit
	}
	switch {
	case s.ToDrafts:
		y.assume("SMTP, though these messages are put into a Drafts folder")
	case s.Sendmail != "":
		y.assume("SMTP, though the campaign hands its messages to a program of this machine")
	case s.Socket != "":
		y.assume("a line, though the server's socket is on this machine")
	case s.Direct:
		y.assume("each message has a connection of its own to the recipient's server, with TLS")
	}
	path := traffic.Chunked
	switch {
	case s.LockStep:
		return traffic.LockStep, security
	case y.c.Offers == nil && s.Chunking < 0:
		y.assume("the server offers PIPELINING")
	case y.c.Offers == nil:
		y.assume("the server offers PIPELINING and CHUNKING (mailshot probe shows what it offers)")
	case !y.c.Offers.Pipelining:
		path = traffic.LockStep
	case !y.c.Offers.Chunking:
		path = traffic.Ahead
	}
	if s.Chunking < 0 && path == traffic.Chunked {
		path = traffic.Ahead
	}
	return path, security
}

// session is the campaign's server, as far as its settings reach, on a path.
func (y *Counter) session(p traffic.Path, sec traffic.Security) traffic.Session {
	s := traffic.Session{Line: y.c.Line, Path: p, Security: sec, PerConnection: perConnection, Connections: connections}
	of := y.c.Server
	if of == nil {
		return s
	}
	s.PerConnection = cmp.Or(y.c.Allowance.Messages, perConnection)
	s.Connections = max(1, y.c.Allowance.Connections)
	if of.Direct {
		s.PerConnection = 1
	}
	if of.Chunking > 0 {
		s.ChunkLimit = int(of.Chunking)
	}
	if of.Helo != "" {
		s.Hello = len("EHLO \r\n") + len(of.Helo)
	}
	switch first := len(y.sends) == 0; {
	case of.OAuth != nil:
		s.Login = traffic.LoginOf(cmp.Or(strings.ToUpper(of.Auth), "XOAUTH2"), len(of.Username), tokenBytes)
		if first {
			y.assume("a token of %d bytes", tokenBytes)
		}
	case of.Password != nil:
		mechanism := cmp.Or(strings.ToUpper(of.Auth), "PLAIN")
		s.Login = traffic.LoginOf(mechanism, len(of.Username), secretBytes)
		if first {
			y.assume("a login by %s with a password of %d characters", mechanism, secretBytes)
		}
	}
	return s
}

// mostKinds is how many kinds of messages wait to be added up.
const mostKinds = 1 << 16

// Add counts a message.
func (y *Counter) Add(w message.Weight) {
	size := int(w.Size)
	m := traffic.Message{
		Mail: traffic.MailLine("", size) + w.From, Rcpt: int(1+w.Copies)*traffic.RcptLine("") + w.To, More: int(w.Copies),
		Size: size, Dots: int(w.Dots),
	}
	if w.UTF8 {
		m.Mail += len(" BODY=8BITMIME SMTPUTF8")
	}
	if y.c.Server != nil && y.c.Server.RequireTLS {
		m.Mail += len(" REQUIRETLS")
	}
	if events := y.c.Notify; events != "" { // RFC 3461; an ORCPT is longer by what xtext escapes: + and =, and no ASCII
		m.Mail += len(" RET=HDRS ENVID=") + token.Length
		m.Rcpt += int(1+w.Copies)*(len(" NOTIFY= ORCPT=rfc822;")+len(events)) + w.To
	}
	y.content.Messages++
	y.content.Size += w.Size
	y.content.User += w.Content
	y.content.InBase64 += w.InBase64
	y.content.InQuoted += w.InQuoted
	y.content.Base64 += w.Base64
	y.content.Quoted += w.Quoted
	y.content.Header += w.Size - w.Content - w.Base64 - w.Quoted
	if y.kinds[m]++; len(y.kinds) >= mostKinds {
		y.flush()
	}
}

// flush adds up what waits, on every processor: each path by itself.
func (y *Counter) flush() {
	var all sync.WaitGroup
	room := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, ways := range [][]way{y.sends, y.fetches} {
		for _, w := range ways {
			all.Go(func() {
				room <- struct{}{}
				for m, n := range y.kinds {
					w.tally.Add(m, n)
				}
				<-room
			})
		}
	}
	all.Wait()
	clear(y.kinds)
}

// Traffic returns what the counted messages cost. caps is how long caps, hours and waves stretch the campaign.
func (y *Counter) Traffic(caps time.Duration) Traffic {
	y.flush()
	t := Traffic{Assumed: append([]string{}, y.assumed...), Content: y.content, Caps: caps.Seconds(),
		Paths: y.costs(y.sends), Fetch: y.costs(y.fetches)}
	if y.c.Server != nil {
		t.Server = y.c.Server.Name
	}
	if y.c.Timed {
		l := y.c.Line
		t.Line = &Line{l.Up, cmp.Or(l.Down, l.Up), l.RTT.Seconds(), cmp.Or(l.MTU, 1500), l.IPv6, !l.NoTimestamps}
		own := t.Paths[0].Time
		if t.Binds = own.Binds; t.Caps > own.Total {
			t.Binds = "caps"
		}
	}
	return t
}

// costs are what ways cost.
func (y *Counter) costs(ways []way) (all []Path) {
	for _, w := range ways {
		c := w.tally.Cost()
		c.User = y.content.User
		if c.Lengths == nil {
			c.Lengths = []traffic.Length{}
		}
		p := Path{Path: w.path, Security: w.security, Cost: c, Efficiency: c.Efficiency()}
		if y.c.Timed {
			d := c.Delay(0)
			p.Time = &Time{d.Total.Seconds(), d.Bytes.Seconds(), d.Rounds.Seconds(), d.Connecting.Seconds(),
				d.SlowStart.Seconds(), d.Binds, min(int64(w.parallel), max(1, c.Connections))}
		}
		all = append(all, p)
	}
	return all
}
