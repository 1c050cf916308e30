package transport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"mailshot/campaign/definition"
	"mailshot/campaign/definition/login"
	"mailshot/campaign/definition/returns"
	"mailshot/internal/inbox/drafts"
	"mailshot/internal/inbox/imap"
	"mailshot/internal/shell"
)

// ToDrafts has a definition's messages put into a Drafts folder in place of being sent: one account takes the place of
// its servers. That is the account of drafts, or the login of the first server that has one, at the IMAP host that
// belongs to the server's. Caps, warm-up, waves and hours are about sending, and do not hold. Call it right after the
// definition was loaded. The error says what is missing.
func ToDrafts(d *definition.Definition) error {
	if len(d.Copies.Bcc) > 0 {
		return errors.New("--to-drafts would lose bcc, which is not written into a message (remove bcc)")
	}
	s, err := drafting(d)
	if err != nil {
		return err
	}
	b := &s.Drafts
	if b.Kind == "" {
		*b = returns.Box{
			Kind: returns.IMAP, Username: s.Username, Password: s.Password, OAuth: s.OAuth, Borrowed: true,
			CAFile: s.CAFile, Dir: d.Dir,
		}
	}
	if b.Host == "" {
		if b.Host = returns.Home(s.Host); b.Host == "" {
			return fmt.Errorf("%s keeps no mail (add server.drafts with the host of the IMAP server, username and password)",
				s.Name)
		}
	}
	borrow(b, s)
	if !b.Borrowed {
		s.Password, s.OAuth = nil, nil // nobody logs in there
	}
	s.ToDrafts, s.Name, s.Weight, s.SentCopy = true, b.Host, 1, returns.Box{}
	s.Direct, s.Sendmail, s.Provider, s.Protocol, s.ClientCertificate = false, "", "", "", ""
	s.Limits = definition.Limits{Connections: s.Limits.Connections}
	d.Servers = []*definition.Server{s}
	l := &d.Limits
	l.Caps, l.Domains, l.CapGroup = nil, nil, ""
	l.Courtesy.Warmup, l.Courtesy.Waves = nil, definition.Courtesy{}.Waves
	d.Schedule.Hours, d.Schedule.ZoneColumn = definition.Schedule{}.Hours, definition.Text{}
	return nil
}

// drafting is a copy of the server whose account has the drafts.
func drafting(d *definition.Definition) (*definition.Server, error) {
	for _, s := range d.Servers {
		if s.Drafts.Kind != "" {
			c := *s
			return &c, nil
		}
	}
	for _, s := range d.Servers {
		if s.Username != "" && (s.Password != nil || s.OAuth != nil) && s.Host != "" {
			c := *s
			return &c, nil
		}
	}
	return nil, errors.New("no server has a login for the Drafts folder " +
		"(add server.drafts with host, username and password)")
}

// openDrafts opens the folder for drafts. A login that is the server's is asked for as the server's.
func openDrafts(c Config) (t Transport, tokens *Tokens, err error) {
	cfg, tokens, err := mailbox(c, &c.Server.Drafts)
	if err != nil {
		return nil, nil, fmt.Errorf("server.drafts: %w", err)
	}
	f, err := drafts.New(drafts.Config{IMAP: cfg, Connections: c.Allowance.Connections})
	if err != nil {
		return nil, nil, fmt.Errorf("server.drafts: %w", err)
	}
	return f, tokens, nil
}

// mailbox is how a box of a server's account is opened. tokens are those that log in there; nil where it wants none.
func mailbox(c Config, b *returns.Box) (cfg imap.Config, tokens *Tokens, err error) {
	cfg = imap.Config{Host: b.Host, Port: b.Port, TLS: b.TLS, Username: b.Username, Auth: b.Auth, Folder: b.Folder,
		Fingerprint: b.Fingerprint, Dial: c.Network.Dial, RootCAs: c.Network.RootCAs}
	if b.CAFile != "" {
		file, err := b.Authority()
		if err == nil {
			cfg.RootCAs, err = Authority("", file)
		}
		if err != nil {
			return cfg, nil, fmt.Errorf("ca_file: %w", err)
		}
	}
	switch {
	case b.OAuth == nil && b.Password != nil:
		cfg.Password = func(ctx context.Context) (string, error) { return b.Password.Read(ctx, b.Dir) }
	case b.OAuth != nil:
		if tokens = c.Tokens; tokens == nil || !b.Borrowed {
			own := TokensConfig{Definition: c.Definition, Server: c.Server, Accounts: c.Accounts}
			if tokens, err = NewBoxTokens(own, b); err != nil {
				return cfg, nil, err
			}
		}
		cfg.Token = tokens.Token
	}
	return cfg, tokens, nil
}

// NewBoxTokens is [NewTokens] for a box of the configuration's server, whose oauth may be its own.
func NewBoxTokens(c TokensConfig, b *returns.Box) (*Tokens, error) {
	s := *c.Server
	s.OAuth = b.OAuth
	if !b.Borrowed {
		s.Host, s.Username = b.Host, b.Username
		own := "mailshot login --server " + shell.Quote(b.Host) + " " + shell.Quote(c.Definition.Path)
		c.Command = cmp.Or(c.Command, own)
	}
	c.Server = &s
	return NewTokens(c)
}

// borrow fills in what a box has from its server.
func borrow(b *returns.Box, s *definition.Server) {
	if !b.Borrowed {
		return
	}
	if b.Auth == "" && b.OAuth != nil {
		b.Auth = s.Auth
	}
	if b.CAFile == "" && b.Fingerprint == "" {
		b.CAFile = s.CAFile
	}
}

// describeDrafts is Describe for messages that are not sent.
func describeDrafts(s *definition.Server) (way string, notes []string) {
	b := &s.Drafts
	notes = []string{"nothing is sent: the messages are put into a folder for drafts, and count as sent"}
	return where(b, "Drafts"), append(notes, lacksScope(b)...)
}

// where says in words where a box is. folder is the name for one that the account has for a purpose.
func where(b *returns.Box, folder string) string {
	port := cmp.Or(b.Port, 993)
	if b.Port == 0 && (b.TLS == "starttls" || b.TLS == "none") {
		port = 143
	}
	return fmt.Sprintf("%s:%d as %s, folder %s", b.Host, port, b.Username, cmp.Or(b.Folder, folder))
}

// lacksScope says that a server's token may not open its mailbox.
func lacksScope(b *returns.Box) []string {
	if b.OAuth == nil || !b.Borrowed || b.OAuth.Provider != "microsoft" || forIMAP(b.OAuth) {
		return nil
	}
	return []string{"Microsoft's token is for sending alone unless server.oauth.scopes names " +
		"https://outlook.office.com/IMAP.AccessAsUser.All"}
}

// forIMAP reports whether a token is asked for that opens mailboxes.
func forIMAP(o *login.OAuth) bool {
	return o.Flow == "client_credentials" || strings.Contains(strings.Join(o.Scopes, " "), "IMAP.")
}
