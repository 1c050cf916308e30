package sender

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"mailshot/sender/reply"
	"mailshot/sender/smtp"
)

// ProbeSteps returns the steps of a probe, in order.
func ProbeSteps() []string { return []string{"connect", "ehlo", "tls", "auth", "mail", "rcpt"} }

// ProbeOptions say how far a probe goes. No message is ever sent.
type ProbeOptions struct {
	Until    string // the last step, one of ProbeSteps; "": auth where the configuration has a login, else tls
	From, To string // envelope addresses for the steps mail and rcpt
}

// Probed is what a server has shown of itself.
type Probed struct {
	Server  string // host:port
	Until   string // the step that was asked for
	Reached string // the last step that succeeded; "": none
	// Err is why the next step failed, with what to do where that is known; nil: all is well.
	Err          error
	Conversation []Line
	Connect      time.Duration       // to the TCP connection
	RoundTrip    time.Duration       // the shortest time from a command to its answer; 0: there was no answer
	TLS          bool                // the connection was protected at the end
	TLSVersion   uint16              // as in crypto/tls
	Certificates []*x509.Certificate // what the server showed, its own first, also when it was not accepted
	Extensions   map[string]string   // of the last EHLO: keywords in upper case, with their parameters
	MaxSize      int64               // of a message in bytes; 0: not said
}

// Line is one line of a conversation, without its line end. Secrets are masked, and it is safe to show.
type Line struct {
	Server bool // the server said it
	Text   string
}

// Mechanisms returns the mechanisms of AUTH that the server offers, as it writes them.
func (p *Probed) Mechanisms() []string { return strings.Fields(p.Extensions["AUTH"]) }

// Probe opens a connection, goes as far as the options say, and closes it. The error is about the
// configuration. What the server does wrong is in the result.
func Probe(ctx context.Context, cfg Config, o ProbeOptions) (*Probed, error) {
	cfg, err := cfg.resolve()
	if err != nil {
		return nil, err
	}
	o, last, err := o.resolve(cfg)
	if err != nil {
		return nil, err
	}
	steps := ProbeSteps()
	if last < slices.Index(steps, "auth") {
		cfg.Password, cfg.Token, cfg.Auth = nil, nil, ""
	}
	result := &Probed{Server: cfg.address(), Until: o.Until}
	cfg.Dial = result.timed(cfg.Dial)
	p, err := New(cfg)
	if err != nil {
		return nil, err
	}
	tracer := &tracer{into: result}
	p.tune = func(so *smtp.Options) {
		so.Trace = tracer.line
		so.Secured = result.secured
		so.Until = map[string]reply.Stage{"connect": reply.Greeting, "ehlo": reply.Ehlo}[o.Until]
	}
	s, err := p.dial(ctx)
	if err != nil {
		result.failed(err, cfg.authenticates())
		return result, nil
	}
	defer s.Close()
	result.Reached = steps[min(last, slices.Index(steps, "auth"))]
	if last > slices.Index(steps, "tls") && !cfg.authenticates() {
		result.Reached = "tls"
	}
	result.Extensions, result.MaxSize = s.Extensions(), s.MaxSize()
	if last > slices.Index(steps, "auth") {
		stop := context.AfterFunc(ctx, s.Close)
		_, err := s.Try(o.From, o.To)
		stop()
		if err != nil {
			result.failed(err, cfg.authenticates())
		} else {
			result.Reached = o.Until
		}
	}
	s.Quit()
	return result, nil
}

// resolve checks the options and fills in their defaults. last is the index of the last step.
func (o ProbeOptions) resolve(cfg Config) (_ ProbeOptions, last int, err error) {
	if o.Until == "" {
		o.Until = "tls"
		if cfg.authenticates() {
			o.Until = "auth"
		}
	}
	steps := ProbeSteps()
	last = slices.Index(steps, o.Until)
	switch {
	case last < 0:
		return o, 0, fmt.Errorf("probe: no step %q, only %s", o.Until, strings.Join(steps, ", "))
	case o.Until == "auth" && !cfg.authenticates():
		return o, 0, errors.New("probe: there is nothing to log in with")
	case o.Until == "rcpt" && o.To == "":
		return o, 0, errors.New("probe: rcpt needs an address to ask about")
	}
	if o.Until == "mail" {
		o.To = ""
	}
	return o, last, nil
}

// timed returns a dial function that records how long connecting takes. If dial is nil, a
// net.Dialer is used.
func (p *Probed) timed(dial dialer) dialer {
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		start := time.Now()
		conn, err := dial(ctx, network, address)
		p.Connect = time.Since(start)
		return conn, err
	}
}

// dialer is the type of Config.Dial.
type dialer = func(ctx context.Context, network, address string) (net.Conn, error)

// secured takes note of TLS, also where the login is refused afterwards.
func (p *Probed) secured(state tls.ConnectionState) {
	p.TLS, p.TLSVersion, p.Certificates = true, state.Version, state.PeerCertificates
}

// failed takes note of what went wrong, and of the last step that had worked.
func (p *Probed) failed(err error, login bool) {
	p.Err = fmt.Errorf("%s: %w", p.Server, err)
	var e *smtp.Error
	if errors.As(err, &e) {
		switch e.Stage {
		case reply.Ehlo:
			p.Reached = "connect"
		case reply.StartTLS:
			p.Reached = "ehlo"
		case reply.TLS:
			if len(p.Conversation) > 0 { // behind STARTTLS
				p.Reached = "ehlo"
			}
		case reply.Auth:
			p.Reached = "tls"
		case reply.Mail:
			p.Reached = "tls"
			if login {
				p.Reached = "auth"
			}
		case reply.Rcpt:
			p.Reached = "mail"
		}
	}
	var unverified *tls.CertificateVerificationError
	var pinned *smtp.FingerprintError
	switch {
	case errors.As(err, &unverified):
		p.Certificates = unverified.UnverifiedCertificates
	case errors.As(err, &pinned):
		p.Certificates = []*x509.Certificate{pinned.Certificate}
	}
}

// tracer keeps the conversation, and how long answers took.
type tracer struct {
	into  *Probed
	asked time.Time
}

func (t *tracer) line(server bool, text string) {
	if text = reply.Clean(text); !server {
		t.asked = time.Now()
	} else if !t.asked.IsZero() {
		if took := time.Since(t.asked); t.into.RoundTrip == 0 || took < t.into.RoundTrip {
			t.into.RoundTrip = took
		}
		t.asked = time.Time{}
	}
	t.into.Conversation = append(t.into.Conversation, Line{Server: server, Text: text})
}
