package campaign

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"path/filepath"

	"mailshot/sender"
)

// transport is a way out for finished messages: a server's pool, the recipients' own servers, a program. The contract
// is [sender.Pool]'s.
type transport interface {
	Send(ctx context.Context, m sender.Mail, begin func(context.Context) error) sender.Outcome
	Check(ctx context.Context) error // before the first message
	Close() error
	Abort()
}

// client fetches by the network; nil where that is this machine's.
func (n Network) client() *http.Client {
	if n.Dial == nil && n.RootCAs == nil {
		return nil
	}
	return &http.Client{Transport: &http.Transport{DialContext: n.Dial, TLSClientConfig: &tls.Config{RootCAs: n.RootCAs}}}
}

// transport opens the campaign's way out; nothing is spoken to yet.
func (c *Campaign) transport() (transport, error) {
	s := c.def.Server
	may := c.allowance()
	switch {
	case c.opts.Sink != nil:
	case s.Direct:
		accounts := c.opts.Accounts
		if accounts == "" {
			var err error
			if accounts, err = DefaultAccounts(); err != nil {
				return nil, err
			}
		}
		d, err := sender.NewDirect(sender.DirectConfig{
			Helo: s.Helo, Policies: filepath.Join(filepath.Dir(accounts), "mta-sts"),
			Connections: may.connections, MessagesPerConnection: c.def.Limits.MessagesPerConnection,
			Resolver: c.opts.Network.Resolver, Dial: c.opts.Network.Dial, RootCAs: c.opts.Network.RootCAs, Client: c.opts.Network.client(),
		})
		if err != nil {
			return nil, err
		}
		return d, nil
	case s.Sendmail != "":
		m, err := sender.NewSendmail(sender.SendmailConfig{Path: s.Sendmail, Processes: may.connections, Queues: sender.Sendmail8()})
		if err != nil {
			return nil, err
		}
		return m, nil
	}
	cfg, err := c.senderConfig()
	if err != nil {
		return nil, err
	}
	p, err := sender.New(cfg)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// way says where the campaign's messages go, in words, and what a person should know about it.
func (c *Campaign) way() (server string, notes []string) {
	s := c.def.Server
	switch {
	case c.opts.Sink != nil:
		server = "the built-in sink"
	case s.Direct:
		server = "the recipients' own, as " + s.Helo
		notes = append(notes, "direct delivery works only from an address that is yours and static, whose PTR record is "+s.Helo+
			": homes and most clouds block port 25 or are on blocklists, and the large providers refuse addresses without a name")
	case s.Sendmail != "":
		server = s.Sendmail
	case s.Socket != "":
		server = s.Socket
	case s.Host != "":
		server = fmt.Sprintf("%s:%d", s.Host, s.Port)
		if s.Username != "" {
			server += " as " + s.Username
		}
	}
	return server, notes
}
