package sender

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"mailshot/sender/mx"
	"mailshot/sender/reply"
	"mailshot/sender/smtp"
)

// DirectConfig describes a host that delivers mail by itself.
type DirectConfig struct {
	// Helo is this host's full name. It must have an address in the DNS (RFC 5321 4.1.4). Receivers
	// want that address to be the one that the mail comes from, with a PTR record that leads back
	// to the name.
	Helo string

	Resolver mx.Resolver    // nil: net.DefaultResolver
	Client   *http.Client   // fetches MTA-STS policies; nil: one of its own
	Policies string         // folder that keeps MTA-STS policies (see mx.STSConfig); "": memory only
	RootCAs  *x509.CertPool // for MTA-STS; nil: the system's

	Connections           int           // open at once in all; 10
	ConnectionsPerSite    int           // open at once to the servers of one site; 2
	ConnectionsPerGroup   int           // open at once to one provider, for all its sites; half of Connections
	MessagesPerConnection int           // 20
	Idle                  time.Duration // an unused connection is closed after it; 10 s
	Timeouts              Timeouts

	Observe func(Event)                // as in Config
	Port    int                        // 25
	Usable  func(addr netip.Addr) bool // where a mail exchanger may be; nil: mx.Usable
	// Dial opens network connections, to an address and never a name; nil: a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

const (
	maxAddresses = 5                // addresses tried for one message, as Postfix does
	maxSessions  = 2                // sessions past TLS tried for one message, as Postfix does
	routeLife    = 5 * time.Minute  // a lookup is believed for it; the resolver does not tell a record's own time
	failureLife  = 30 * time.Second // a failed lookup is believed for it
	mostRoutes   = 10_000           // routes remembered before all are dropped
	mostPools    = 256              // pools kept before those that nobody has used for a while are dropped
	unreachable  = 3                // domains that cannot be reached, with none that can, before this end is suspected
)

// Direct hands each message to a mail exchanger of its recipient's domain (RFC 5321 5.1), as a mail
// server does, without a server in between. It is safe for concurrent use.
//
// A domain's mail exchangers and its MTA-STS policy are its site, and domains with the same ones
// share a site. Sites whose first host belongs to one provider ([courtesy.GroupOfHost]) share that
// provider's part of the connections.
//
// The hosts of a site are tried in their order, up to five addresses and two whole sessions for one
// message. The next host is tried after a connection that cannot be had, a refused greeting or
// EHLO, a 421, or a connection that ends before begin. A refusal of the recipient or the message is
// final. A message that has begun is not moved to another host, because some server may have it.
//
// Each host and address has a [Pool] of its own, so that connections are used again and a host that
// is down is left alone for a growing while. When a new connection would exceed what is allowed,
// the connection unused the longest is closed first. Connections that are saying QUIT do not count.
//
// TLS is used where a server offers it, with whatever certificate. When TLS fails, Direct connects
// to the server again without it (RFC 7435). A domain whose MTA-STS policy is in mode enforce gets
// its mail only through hosts of the policy and over TLS with a certificate for the host's name, or
// not at all. DANE is not done.
//
// What one domain's servers say holds for its mail alone, and the outcome says so. It is never
// about the server or a reason to stop: it is deferred (about [reply.AboutGroup]) or refused, and a
// request to go slower is [reply.Hold] about that group. Only when nothing can be reached at all,
// as where port 25 is blocked, the outcome is about the server.
type Direct struct {
	cfg  DirectConfig
	sts  *mx.STS
	life context.Context // ends with Abort
	end  context.CancelFunc

	mu         sync.Mutex
	routes     map[string]*route // by domain
	sites      map[string]*site  // by hosts and policy
	crowds     map[string]*crowd // by provider
	pools      map[exchanger]*mxPool
	busy       int           // Sends that use a connection, or may
	changed    chan struct{} // closed when one of those Sends returns; nil: nobody waits
	reached    bool          // some server was reached
	unreached  map[string]struct{}
	closed     bool
	retirement sync.WaitGroup // dropped pools that are closing
}

// route is where a domain's mail goes, for a while.
type route struct {
	turn   chan struct{} // holds one token; its holder looks the domain up
	site   *site
	failed *Outcome
	until  time.Time
}

// site is a set of mail exchangers and how to speak to them. mu of Direct guards all but strict,
// which does not change.
type site struct {
	strict  bool        // MTA-STS demands verified TLS
	targets []mx.Target // replaced as a whole; its items do not change
	until   time.Time
	busy    int
	crowd   *crowd // of its provider; nil: it has none
}

// crowd counts the Sends that use one provider's servers. mu of Direct guards it.
type crowd struct{ busy int }

// exchanger is one mail server at one address, spoken to in one way.
type exchanger struct {
	mx.Target
	security smtp.Security
}

// mxPool is a pool and who uses it. mu of Direct guards it.
type mxPool struct {
	*Pool
	crowd *crowd // of its provider; nil: it has none
	users int
	last  time.Time
}

// NewDirect checks the configuration. Nothing is looked up or opened yet.
func NewDirect(cfg DirectConfig) (*Direct, error) {
	if !qualified(cfg.Helo) {
		return nil, fmt.Errorf("server: direct delivery needs helo, this host's full name, such as mail.example.com "+
			"(it is %q)", cfg.Helo)
	}
	if min(cfg.Connections, cfg.ConnectionsPerSite, cfg.ConnectionsPerGroup, cfg.MessagesPerConnection) < 0 ||
		cfg.Idle < 0 {
		return nil, errors.New("server: connections, messages per connection and idle time must not be negative")
	}
	if cfg.Resolver == nil {
		cfg.Resolver = net.DefaultResolver
	}
	if cfg.Dial == nil {
		cfg.Dial = (&net.Dialer{}).DialContext
	}
	cfg.Connections = cmp.Or(cfg.Connections, 10)
	cfg.ConnectionsPerSite = min(cmp.Or(cfg.ConnectionsPerSite, 2), cfg.Connections)
	cfg.ConnectionsPerGroup = cmp.Or(cfg.ConnectionsPerGroup, max(cfg.Connections/2, cfg.ConnectionsPerSite))
	cfg.MessagesPerConnection = cmp.Or(cfg.MessagesPerConnection, 20)
	cfg.Idle = cmp.Or(cfg.Idle, 10*time.Second)
	cfg.Port = cmp.Or(cfg.Port, 25)
	d := &Direct{
		cfg:    cfg,
		sts:    mx.NewSTS(mx.STSConfig{Resolver: cfg.Resolver, Client: cfg.Client, Dir: cfg.Policies}),
		routes: map[string]*route{}, sites: map[string]*site{}, crowds: map[string]*crowd{},
		pools: map[exchanger]*mxPool{}, unreached: map[string]struct{}{},
	}
	d.life, d.end = context.WithCancel(context.Background())
	return d, nil
}

// qualified reports whether a text is a full host name of ASCII letters.
func qualified(name string) bool {
	if !strings.Contains(name, ".") || len(name) > 253 || net.ParseIP(name) != nil {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		rest := strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-")
		if label == "" || len(label) > 63 || rest != "" {
			return false
		}
	}
	return true
}

// Send hands over one message, with the contract of [Pool.Send].
func (d *Direct) Send(ctx context.Context, m Mail, begin func(context.Context) error) Outcome {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// Abort ends what waits here. What has begun is the business of the pools, which Abort tells too.
	defer context.AfterFunc(d.life, func() { cancel(ErrAborted) })()

	if len(m.Copies) > 0 {
		return d.failure("", &mx.Error{Code: 553, Enhanced: "5.5.4", Text: "no copies by direct delivery"})
	}
	domain := strings.ToLower(m.To[strings.LastIndex(m.To, "@")+1:])
	if !qualified(domain) && !qualified(strings.ReplaceAll(domain, "_", "-")) {
		return d.failure("", &mx.Error{Code: 553, Enhanced: "5.1.2",
			Text: fmt.Sprintf("%q is not a domain that mail can be sent to", domain)})
	}
	s, failed := d.route(ctx, domain)
	if failed != nil {
		return *failed
	}
	targets, failed := d.enter(ctx, s)
	if failed != nil {
		return *failed
	}
	defer d.leave(s)
	return d.try(ctx, domain, targets, s.strict, m, begin)
}

// Check finds out whether the name given in EHLO has an address, and with it whether the DNS
// answers at all. It speaks to no mail server. The error is an [*Error].
func (d *Direct) Check(ctx context.Context) error {
	_, err := d.cfg.Resolver.LookupNetIP(ctx, "ip", strings.TrimSuffix(d.cfg.Helo, ".")+".")
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return &Error{Outcome{Time: time.Now(), Err: ctx.Err()}}
	}
	out := Outcome{Class: reply.Retry, About: reply.AboutServer, Stage: reply.Connect, Server: d.cfg.Helo,
		HoldOff: time.Minute, Time: time.Now(),
		Text: "the name " + d.cfg.Helo + " cannot be looked up: the DNS does not answer"}
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound && !dns.IsTemporary {
		out.Class, out.HoldOff = reply.Stop, 0
		out.Text = "helo " + d.cfg.Helo + " has no address in the DNS, and mail servers refuse such a name " +
			"(publish an address record that leads to this host)"
	}
	out.Err = fmt.Errorf("%s: %w", out.Text, err)
	return &Error{out}
}

// Close says QUIT on the idle connections and closes them, as [Pool.Close] does.
func (d *Direct) Close() error {
	var wg sync.WaitGroup
	for _, p := range d.shut() {
		wg.Go(func() { _ = p.Close() }) // it returns no error
	}
	wg.Wait()
	d.retirement.Wait()
	return nil
}

// Abort closes every connection at once, and ends the sender, as [Pool.Abort] does.
func (d *Direct) Abort() {
	d.end()
	for _, p := range d.shut() {
		p.Abort()
	}
}

// shut lets nothing new in, and returns all pools.
func (d *Direct) shut() []*Pool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	pools := make([]*Pool, 0, len(d.pools))
	for _, p := range d.pools {
		pools = append(pools, p.Pool)
	}
	return pools
}

// enter waits until a message for s may use a connection, and returns where it may go.
func (d *Direct) enter(ctx context.Context, s *site) ([]mx.Target, *Outcome) {
	for {
		d.mu.Lock()
		switch {
		case ctx.Err() != nil:
			d.mu.Unlock()
			return nil, d.nothing(context.Cause(ctx))
		case d.closed:
			d.mu.Unlock()
			return nil, d.nothing(d.over())
		case d.busy < d.cfg.Connections && s.busy < d.cfg.ConnectionsPerSite &&
			(s.crowd == nil || s.crowd.busy < d.cfg.ConnectionsPerGroup):
			d.busy++
			s.busy++
			if s.crowd != nil {
				s.crowd.busy++
			}
			defer d.mu.Unlock()
			return s.targets, nil
		}
		if d.changed == nil {
			d.changed = make(chan struct{})
		}
		changed := d.changed
		d.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// over is the reason why a closed sender takes nothing.
func (d *Direct) over() error {
	if d.life.Err() != nil {
		return ErrAborted
	}
	return ErrClosed
}

// leave gives back the place that enter took.
func (d *Direct) leave(s *site) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.busy--
	s.busy--
	if s.crowd != nil {
		s.crowd.busy--
	}
	if d.changed != nil {
		close(d.changed)
		d.changed = nil
	}
}

// try hands a message to the first of a site's servers that will have it.
func (d *Direct) try(ctx context.Context, domain string, targets []mx.Target, strict bool, m Mail,
	begin func(context.Context) error) Outcome {
	var last Outcome
	hold := time.Duration(-1)
	sessions := 0
	for _, t := range targets {
		out := d.deliver(ctx, strict, t, m, begin)
		if out.Stage != reply.Connect {
			d.mu.Lock()
			d.reached = true
			d.mu.Unlock()
		}
		if out.Class == "" || out.Begun || !elsewhere(out) {
			return own(out)
		}
		if hold < 0 || out.HoldOff < hold {
			hold = out.HoldOff
		}
		if out.Code != 0 || last.Code == 0 {
			last = out // a server's words say more than their absence
		}
		if !connecting(out) {
			if sessions++; sessions == maxSessions {
				break
			}
		}
	}
	last.HoldOff = hold
	if connecting(last) && last.Stage == reply.Connect && d.blocked(domain) {
		last.Class, last.About, last.HoldOff = reply.Retry, reply.AboutServer, max(last.HoldOff, time.Minute)
		last.Text = "no mail server of any domain can be reached: this network may block port " +
			strconv.Itoa(d.cfg.Port) + " (" + last.Text + ")"
		last.Err = fmt.Errorf("%s: %w", last.Text, last.Err)
		return last
	}
	return own(last)
}

// deliver hands a message to one server, without TLS if TLS fails and may be left out.
func (d *Direct) deliver(ctx context.Context, strict bool, t mx.Target, m Mail,
	begin func(context.Context) error) Outcome {
	security := smtp.Opportunistic
	if strict {
		security = smtp.StartTLS
	}
	out := d.through(ctx, exchanger{t, security}, m, begin)
	if !strict && out.Class != "" && !out.Begun && (out.Stage == reply.TLS || out.Stage == reply.StartTLS) {
		return d.through(ctx, exchanger{t, smtp.None}, m, begin)
	}
	return out
}

// through hands a message to one exchanger.
func (d *Direct) through(ctx context.Context, e exchanger, m Mail, begin func(context.Context) error) Outcome {
	p, err := d.pool(e)
	if err != nil {
		return *d.nothing(err)
	}
	defer func() {
		d.mu.Lock()
		p.users--
		p.last = time.Now()
		d.mu.Unlock()
	}()
	out := p.Send(ctx, m, begin)
	if out.Class == "" && d.life.Err() != nil && errors.Is(out.Err, context.Canceled) {
		out.Err = ErrAborted
	}
	return out
}

// blocked takes note that a domain's servers cannot be reached, and reports whether this end is
// more likely to be the cause.
func (d *Direct) blocked(domain string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.reached {
		return false
	}
	if len(d.unreached) < unreachable {
		d.unreached[domain] = struct{}{}
	}
	return len(d.unreached) >= unreachable
}

// connecting reports whether there was no session at all.
func connecting(out Outcome) bool {
	switch out.Stage {
	case reply.Connect, reply.TLS, reply.Greeting, reply.Ehlo, reply.StartTLS:
		return true
	}
	return false
}

// elsewhere reports whether another server of the site may be asked after an outcome that has not
// begun: whether the server, and not the recipient, was the trouble.
func elsewhere(out Outcome) bool {
	return connecting(out) || out.Code == 421 || out.Code == 0
}

// own limits an outcome to a single domain's mail. A server's trouble with us, or with itself, is a
// reason to come back later. What would stop a run where one server takes all mail is one domain's
// refusal here.
func own(out Outcome) Outcome {
	switch {
	case out.Class == reply.Stop && !connecting(out) && out.About == reply.AboutSender:
		out.Class = reply.Message
	case out.Class == reply.Stop && !connecting(out):
		out.Class, out.About = reply.Refuse, reply.AboutRecipient
	case out.Class == reply.Hold && out.Code != 0:
		out.About = reply.AboutGroup
	case out.Class == reply.Stop, out.Class == reply.Hold, out.Class == reply.Retry && out.About == reply.AboutServer:
		out.Class, out.About = reply.Retry, reply.AboutGroup
	}
	return out
}

// failure is the outcome for mail that has nowhere to go.
func (d *Direct) failure(server string, e *mx.Error) Outcome {
	out := Outcome{Class: reply.Refuse, About: reply.AboutRecipient, Stage: reply.Connect,
		Code: e.Code, Enhanced: e.Enhanced, Text: reply.Clean(e.Text), Server: server, Time: time.Now(), Err: e}
	if e.Temporary {
		out.Class, out.About = reply.Retry, reply.AboutGroup
	}
	return out
}

// nothing is the outcome of a Send that was cut short before anything happened.
func (d *Direct) nothing(why error) *Outcome { return &Outcome{Time: time.Now(), Err: why} }
