package campaign

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"mailshot/campaign/definition"
	"mailshot/campaign/dispatch"
	"mailshot/internal/oauth"
	"mailshot/sender"
	"mailshot/sender/reply"
	"mailshot/sender/sendmail"
)

// transport is a way out that this package opens and closes.
type transport interface {
	dispatch.Transport
	Close() error
}

// client fetches by the network; nil where that is this machine's.
func (n Network) client() *http.Client {
	if n.Dial == nil && n.RootCAs == nil {
		return nil
	}
	return &http.Client{Transport: &http.Transport{DialContext: n.Dial, TLSClientConfig: &tls.Config{RootCAs: n.RootCAs}}}
}

// noServer is the mistake of a campaign that is to be sent and says nowhere to.
func (c *Campaign) noServer() error {
	return fmt.Errorf("%s: no server to send to (add server: with host and port, or try --to-sink)", c.def.Name)
}

// transport opens the way out by a server; nothing is spoken to yet. tokens are what its logins come from, nil without any.
func (c *Campaign) transport(s *definition.Server) (_ transport, tokens *oauth.Source, err error) {
	may := c.allowance(s)
	switch {
	case s.Direct:
		accounts := c.opts.Accounts
		if accounts == "" {
			if accounts, err = DefaultAccounts(); err != nil {
				return nil, nil, err
			}
		}
		d, err := sender.NewDirect(sender.DirectConfig{
			Helo: s.Helo, Policies: filepath.Join(filepath.Dir(accounts), "mta-sts"),
			Connections: may.Connections, MessagesPerConnection: s.Limits.MessagesPerConnection,
			Resolver: c.opts.Network.Resolver, Dial: c.opts.Network.Dial, RootCAs: c.opts.Network.RootCAs, Client: c.opts.Network.client(),
		})
		if err != nil {
			return nil, nil, err
		}
		return d, nil, nil
	case s.Sendmail != "":
		m, err := sendmail.New(sendmail.Config{Path: s.Sendmail, Processes: may.Connections, Queues: sendmail.Queues()})
		if err != nil {
			return nil, nil, err
		}
		return m, nil, nil
	}
	cfg, tokens, err := c.senderConfig(s)
	if err != nil {
		return nil, nil, err
	}
	p, err := sender.New(cfg)
	if err != nil {
		return nil, nil, err
	}
	return p, tokens, nil
}

// senderConfig is how a server is spoken to, and where its tokens come from, nil without any.
func (c *Campaign) senderConfig(s *definition.Server) (_ sender.Config, tokens *oauth.Source, err error) {
	may := c.allowance(s)
	cfg := sender.Config{Connections: may.Connections, MessagesPerConnection: may.Messages, Dial: c.opts.Network.Dial, RootCAs: c.opts.Network.RootCAs}
	if t := c.opts.Sink; t != nil {
		cfg.Host, cfg.Port, cfg.TLS, cfg.RootCAs = t.Host, t.Port, t.TLS, t.RootCAs
		return cfg, nil, nil
	}
	if s.Host == "" && s.Socket == "" {
		return cfg, nil, c.noServer()
	}
	cfg.Host, cfg.Port, cfg.TLS, cfg.Username, cfg.Helo = s.Host, s.Port, s.TLS, s.Username, s.Helo
	cfg.Socket, cfg.Protocol, cfg.RequireTLS, cfg.ChunkLimit, cfg.LockStep = s.Socket, s.Protocol, s.RequireTLS, s.Chunking, s.LockStep
	if p, ok := reply.Preset(s.Provider); ok {
		cfg.Replies = p.Replies
	}
	if s.Password != nil {
		cfg.Password = func(ctx context.Context) (sender.Secret, error) {
			p, err := s.Password.Read(ctx, c.def.Dir)
			return sender.Secret(p), err
		}
	}
	if s.OAuth != nil {
		if tokens, err = tokenSource(TokensConfig{Definition: c.def, Server: s, Accounts: c.opts.Accounts}); err != nil {
			return cfg, nil, err
		}
		cfg.Token = func(ctx context.Context) (sender.Secret, error) {
			t, err := tokens.Token(ctx)
			return sender.Secret(t), err
		}
	}
	cfg.Auth = s.Auth
	if s.CAFile != "" {
		pem, err := os.ReadFile(filepath.Join(c.def.Dir, filepath.FromSlash(s.CAFile)))
		if err != nil {
			return cfg, nil, fmt.Errorf("server.ca_file: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return cfg, nil, fmt.Errorf("server.ca_file: no certificate in %s", s.CAFile)
		}
	}
	cfg.Fingerprint = s.Fingerprint
	certificate, err := s.Certificate(c.def.Dir)
	if certificate != nil {
		cfg.Certificates = []tls.Certificate{*certificate}
	}
	return cfg, tokens, err
}

// wayOf says where a server's messages go, in words, and what a person should know about it.
func (c *Campaign) wayOf(s *definition.Server) (way string, notes []string) {
	switch {
	case c.opts.Sink != nil:
		way = s.Name
	case s.Direct:
		way = "the recipients' own, as " + s.Helo
		notes = append(notes, "direct delivery works only from an address that is yours and static, whose PTR record is "+s.Helo+
			": homes and most clouds block port 25 or are on blocklists, and the large providers refuse addresses without a name",
			"TLS is as the recipients' servers offer it, or as their MTA-STS policy demands; DANE is not done")
	case s.Sendmail != "":
		way = s.Sendmail
	case s.Socket != "":
		way = s.Socket
	default:
		way = fmt.Sprintf("%s:%d", s.Host, s.Port)
		if s.Username != "" {
			way += " as " + s.Username
		}
	}
	return way, notes
}
