// Package transport connects a campaign to what takes its mail: an SMTP or LMTP server, the recipients' own mail
// servers, a sendmail program, or a Drafts folder.
//
// Call [Open] with one of a definition's servers: it returns a pool of connections to that server, direct delivery to
// the recipients' own servers, or a program that takes messages. Nothing is spoken to before the first message or
// Check. [SenderConfig] is the same for who wants to look at a server, and [NewTokens] for who logs in with tokens.
package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"mailshot/campaign/accounts"
	"mailshot/campaign/caps"
	"mailshot/campaign/definition"
	"mailshot/sender"
	"mailshot/sender/mx"
	"mailshot/sender/reply"
	"mailshot/sender/sendmail"
)

// Network is how servers are found and reached. Each nil field is this machine's own.
type Network struct {
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
	Resolver mx.Resolver    // the DNS
	RootCAs  *x509.CertPool // whom to trust where the campaign file names no authority
}

// client fetches by the network; nil where that is this machine's.
func (n Network) client() *http.Client {
	if n.Dial == nil && n.RootCAs == nil {
		return nil
	}
	return &http.Client{Transport: &http.Transport{DialContext: n.Dial, TLSClientConfig: &tls.Config{RootCAs: n.RootCAs}}}
}

// Sink is a catch-all server that takes the place of the definition's server and login.
type Sink struct {
	Host    string
	Port    int
	TLS     string         // as in sender.Config
	RootCAs *x509.CertPool // whom to trust; nil = the system
}

// Config says which way out to open. Definition and Server are required.
type Config struct {
	Definition *definition.Definition // its folder is where secrets and certificates are looked for
	Server     *definition.Server
	Allowance  caps.Allowance // how many connections there may be, and messages on each
	Accounts   string         // path of accounts.db, beside which logins and policies are kept; "" = the user's
	Tokens     *Tokens        // that log in there; nil = new ones
	Network    Network
	Sink       *Sink              // goes there instead; nil = to Server
	Observe    func(sender.Event) // news of connections, from any goroutine; nil = nobody is told
}

// Transport is a way out. Its contract is that of [sender.Pool].
type Transport interface {
	Send(ctx context.Context, m sender.Mail, begin func(context.Context) error) sender.Outcome
	Check(ctx context.Context) error
	Abort()
	Close() error
}

// ErrNoServer is wrapped by the error about a definition that says nowhere to send to.
var ErrNoServer = errors.New("no server to send to (add server: with host and port, or try --to-sink)")

// NoServer is the error about a definition that says nowhere to send to.
func NoServer(d *definition.Definition) error { return fmt.Errorf("%s: %w", d.Name, ErrNoServer) }

// Open opens the way out by a server. tokens are those that log in there; nil where the server wants none. The caller
// closes the transport.
func Open(c Config) (t Transport, tokens *Tokens, err error) {
	switch {
	case c.Server.ToDrafts:
		t, tokens, err = openDrafts(c)
	case c.Server.Direct:
		t, err = direct(c)
	case c.Server.Sendmail != "":
		t, err = sendmail.New(sendmail.Config{
			Path: c.Server.Sendmail, Processes: c.Allowance.Connections, Queues: sendmail.Queues(),
		})
	default:
		var cfg sender.Config
		if cfg, tokens, err = SenderConfig(c); err == nil {
			t, err = sender.New(cfg)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	return t, tokens, nil
}

// direct delivers to the recipients' own servers.
func direct(c Config) (Transport, error) {
	file, err := accountsFile(c.Accounts)
	if err != nil {
		return nil, err
	}
	return sender.NewDirect(sender.DirectConfig{
		Helo: c.Server.Helo, Policies: filepath.Join(filepath.Dir(file), "mta-sts"),
		Connections: c.Allowance.Connections, MessagesPerConnection: c.Server.Limits.MessagesPerConnection,
		Resolver: c.Network.Resolver, Dial: c.Network.Dial, RootCAs: c.Network.RootCAs, Client: c.Network.client(),
		Observe: c.Observe,
	})
}

// accountsFile is the path of accounts.db.
func accountsFile(path string) (string, error) {
	if path != "" {
		return path, nil
	}
	return accounts.DefaultPath()
}

// SenderConfig is how a server is spoken to. tokens are those that log in there; nil where the server wants none.
func SenderConfig(c Config) (cfg sender.Config, tokens *Tokens, err error) {
	s, dir := c.Server, c.Definition.Dir
	cfg = sender.Config{
		Connections: c.Allowance.Connections, MessagesPerConnection: c.Allowance.Messages,
		Dial: c.Network.Dial, RootCAs: c.Network.RootCAs, Observe: c.Observe,
	}
	if t := c.Sink; t != nil {
		cfg.Host, cfg.Port, cfg.TLS, cfg.RootCAs = t.Host, t.Port, t.TLS, t.RootCAs
		return cfg, nil, nil
	}
	if s.Host == "" && s.Socket == "" {
		return cfg, nil, NoServer(c.Definition)
	}
	cfg.Host, cfg.Port, cfg.TLS, cfg.Username, cfg.Helo = s.Host, s.Port, s.TLS, s.Username, s.Helo
	cfg.Socket, cfg.Protocol, cfg.RequireTLS = s.Socket, s.Protocol, s.RequireTLS
	cfg.ChunkLimit, cfg.LockStep, cfg.Auth, cfg.Fingerprint = s.Chunking, s.LockStep, s.Auth, s.Fingerprint
	if p, ok := reply.Preset(s.Provider); ok {
		cfg.Replies = p.Replies
	}
	if s.Password != nil {
		cfg.Password = func(ctx context.Context) (sender.Secret, error) {
			p, err := s.Password.Read(ctx, dir)
			return sender.Secret(p), err
		}
	}
	if s.OAuth != nil {
		if tokens = c.Tokens; tokens == nil {
			tokens, err = NewTokens(TokensConfig{Definition: c.Definition, Server: s, Accounts: c.Accounts})
			if err != nil {
				return cfg, nil, err
			}
		}
		cfg.Token = func(ctx context.Context) (sender.Secret, error) {
			t, err := tokens.Token(ctx)
			return sender.Secret(t), err
		}
	}
	if s.CAFile != "" {
		if cfg.RootCAs, err = Authority(dir, s.CAFile); err != nil {
			return cfg, nil, fmt.Errorf("server.ca_file: %w", err)
		}
	}
	certificate, err := s.Certificate(dir)
	if certificate != nil {
		cfg.Certificates = []tls.Certificate{*certificate}
	}
	return cfg, tokens, err
}

// Authority reads the certificates of server.ca_file. dir is the campaign's folder.
func Authority(dir, name string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("no certificate in %s", name)
	}
	return pool, nil
}

// Describe says where a server's messages go, in words, and what a person should know about it.
func Describe(s *definition.Server) (way string, notes []string) {
	switch {
	case s.ToDrafts:
		return describeDrafts(s)
	case s.Direct:
		return "the recipients' own, as " + s.Helo, []string{
			"direct delivery works only from an address that is yours and static, whose PTR record is " + s.Helo +
				": homes and most clouds block port 25 or are on blocklists, and the large providers refuse addresses without a name",
			"TLS is as the recipients' servers offer it, or as their MTA-STS policy demands; DANE is not done",
		}
	case s.Sendmail != "":
		return s.Sendmail, nil
	case s.Socket != "":
		return s.Socket, nil
	case s.Username != "":
		return fmt.Sprintf("%s:%d as %s", s.Host, s.Port, s.Username), nil
	}
	return fmt.Sprintf("%s:%d", s.Host, s.Port), nil
}
