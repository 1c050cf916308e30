// Package boxes opens the mailboxes that a campaign file or the user's config.yaml names: call [Open]. [Messages] reads
// all that is in them, for who remembers nothing of it.
package boxes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"mailshot/campaign/definition"
	"mailshot/campaign/definition/returns"
	"mailshot/campaign/transport"
	"mailshot/internal/inbox"
	"mailshot/internal/inbox/events"
	"mailshot/internal/inbox/files"
	"mailshot/internal/inbox/imap"
	"mailshot/internal/inbox/pop3"
	"mailshot/internal/shell"
)

// Config says which boxes to open.
type Config struct {
	Boxes      []returns.Box
	Definition *definition.Definition // of the campaign whose boxes they are; nil = they are config.yaml's
	Accounts   string                 // path of accounts.db, beside which logins are kept; "" = the user's
	Network    transport.Network      // how servers are reached, and whom to trust where the file names no authority
}

// Open opens boxes, in their order. A server is spoken to when its box is read, and a password is fetched before each
// login; but for what lies in files, nothing is read before. All that is wrong is reported at once, each with the place
// of its box, and then no box is open. The caller closes the boxes.
func Open(c Config) ([]inbox.Box, error) {
	var list []inbox.Box
	var errs []error
	for _, b := range c.Boxes {
		box, err := c.open(b)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %s: %w", cmp.Or(b.Place, "returns"), b, err))
			continue
		}
		list = append(list, box)
	}
	if len(errs) == 0 {
		return list, nil
	}
	for _, box := range list {
		errs = append(errs, box.Close())
	}
	return nil, errors.Join(errs...)
}

func (c Config) open(b returns.Box) (inbox.Box, error) {
	switch b.Kind {
	case returns.IMAP:
		cfg, err := c.imap(b)
		if err != nil {
			return nil, err
		}
		return imap.New(cfg)
	case returns.POP3:
		cfg, err := c.imap(b)
		if err != nil {
			return nil, err
		}
		return pop3.New(pop3.Config{Host: cfg.Host, Port: cfg.Port, TLS: cfg.TLS, Username: cfg.Username,
			Password: cfg.Password, Token: cfg.Token, Auth: cfg.Auth, RootCAs: cfg.RootCAs, Fingerprint: cfg.Fingerprint,
			Dial: cfg.Dial})
	}
	path, err := b.File()
	if err != nil {
		return nil, err
	}
	switch b.Kind {
	case returns.Maildir:
		return files.Maildir(path, "")
	case returns.Mbox:
		return files.Mbox(path), nil
	case returns.Folder:
		return files.Folder(path), nil
	case returns.Events:
		return events.Open(events.Config{Path: path, Provider: events.Provider(b.From)})
	}
	return nil, fmt.Errorf("%q is not a kind of box", b.Kind)
}

// imap is how the box's server is spoken to; a POP3 server is no different.
func (c Config) imap(b returns.Box) (imap.Config, error) {
	cfg := imap.Config{Host: b.Host, Port: b.Port, TLS: b.TLS, Username: b.Username, Auth: b.Auth, Folder: b.Folder,
		Fingerprint: b.Fingerprint, Dial: c.Network.Dial, RootCAs: c.Network.RootCAs}
	if b.CAFile != "" {
		path, err := b.Authority()
		if err != nil {
			return cfg, fmt.Errorf("ca_file: %w", err)
		}
		pool, err := transport.Authority("", path)
		if err != nil {
			return cfg, fmt.Errorf("ca_file: %w", err)
		}
		cfg.RootCAs = pool
	}
	if b.OAuth == nil {
		if b.Password == nil {
			return cfg, errors.New("there is no login")
		}
		cfg.Password = func(ctx context.Context) (string, error) { return b.Password.Read(ctx, b.Dir) }
		return cfg, nil
	}
	tokens, err := c.tokens(b)
	if err != nil {
		return cfg, err
	}
	cfg.Token = tokens.Token
	return cfg, nil
}

// tokens are those that log in at the box. A login that is the server's is asked for as the server's.
func (c Config) tokens(b returns.Box) (*transport.Tokens, error) {
	d, command := c.Definition, "mailshot login --server "+shell.Quote(b.Host)
	if d == nil {
		d, command = &definition.Definition{Dir: b.Dir}, command+" CAMPAIGN"
	} else {
		command += " " + shell.Quote(d.Path)
	}
	for _, s := range d.Servers {
		if b.Borrowed && s.OAuth == b.OAuth {
			return transport.NewTokens(transport.TokensConfig{Definition: d, Server: s, Accounts: c.Accounts})
		}
	}
	return transport.NewTokens(transport.TokensConfig{
		Definition: &definition.Definition{Path: d.Path, Dir: b.Dir}, Server: server(b), Accounts: c.Accounts,
		Command: command,
	})
}

// server is a box as a server that a person logs in to.
func server(b returns.Box) *definition.Server {
	return &definition.Server{Name: b.Host, Host: b.Host, Username: b.Username, OAuth: b.OAuth}
}

// Logins are the servers of boxes that want tokens of their own, for who logs in there.
func Logins(list []returns.Box) (wanting []*definition.Server) {
	for _, b := range list {
		if b.OAuth != nil && !b.Borrowed {
			wanting = append(wanting, server(b))
		}
	}
	return wanting
}

// Messages calls do for each message in the boxes, and says where the message is. A message that its box cannot give is
// left out, and so are events. An mbox that is not there, in a folder that is, is empty. An error of do ends it; what is
// wrong with a box does not keep the others from being read, and is returned at the end. Messages closes the boxes.
func Messages(ctx context.Context, list []inbox.Box, do func(r io.Reader, place string) error) error {
	var errs []error
	for _, box := range list {
		var stopped error
		err := box.Each(ctx, func(string) bool { return false }, func(m inbox.Message) error {
			if m.Open == nil || m.Event != nil {
				return nil
			}
			r, err := m.Open(ctx)
			if err != nil {
				return ctx.Err() // the connection says itself that it is lost
			}
			stopped = errors.Join(do(r, cmp.Or(m.Place, box.Name()+" "+m.ID)), r.Close())
			return stopped
		})
		if stopped == nil && errors.As(err, new(*files.AbsentError)) {
			err = nil
		}
		errs = append(errs, box.Close(), err)
		if stopped != nil || ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}
