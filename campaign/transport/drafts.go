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
		if b.Host = hostOfDrafts(s.Host); b.Host == "" {
			return fmt.Errorf("%s keeps no mail (add server.drafts with the host of the IMAP server, username and password)",
				s.Name)
		}
	}
	if b.Borrowed {
		if b.Auth == "" && b.OAuth != nil {
			b.Auth = s.Auth
		}
		if b.CAFile == "" && b.Fingerprint == "" {
			b.CAFile = s.CAFile
		}
	} else {
		s.Password, s.OAuth = nil, nil // nobody logs in there
	}
	s.ToDrafts, s.Name, s.Weight = true, b.Host, 1
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

// homes are the IMAP hosts that cannot be told from the name of the provider's server for sending; "" = the provider
// keeps no mail.
var homes = [...]struct{ sends, keeps string }{
	{"smtp.gmail.com", "imap.gmail.com"},
	{"smtp.googlemail.com", "imap.gmail.com"},
	{"smtp-relay.gmail.com", "imap.gmail.com"},
	{"smtp.office365.com", "outlook.office365.com"},
	{"smtp.outlook.office365.com", "outlook.office365.com"},
	{"smtp-mail.outlook.com", "outlook.office365.com"},
	{"smtp.live.com", "outlook.office365.com"},
	{"smtp.mail.yahoo.com", "imap.mail.yahoo.com"},
	{"smtp.mail.yahoo.co.jp", "imap.mail.yahoo.co.jp"},
	{"mail.gmx.net", "imap.gmx.net"},
	{"mail.gmx.com", "imap.gmx.com"},
	{"securesmtp.t-online.de", "secureimap.t-online.de"},
	{"smtp.sendgrid.net", ""},
	{"smtp.postmarkapp.com", ""},
	{"smtp-broadcasts.postmarkapp.com", ""},
	{"smtp.mailgun.org", ""},
	{"smtp.eu.mailgun.org", ""},
	{"smtp-relay.brevo.com", ""},
	{"smtp-relay.sendinblue.com", ""},
	{"in-v3.mailjet.com", ""},
	{"smtp.mandrillapp.com", ""},
	{"smtp.sparkpostmail.com", ""},
}

// hostOfDrafts is the IMAP host that belongs to a host that sends: of a known provider, imap.example.com for
// smtp.example.com, and else the same host; "" = there is none.
func hostOfDrafts(host string) string {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	for _, h := range homes {
		if h.sends == host {
			return h.keeps
		}
	}
	if strings.HasPrefix(host, "email-smtp.") && strings.HasSuffix(host, ".amazonaws.com") {
		return ""
	}
	first, rest, _ := strings.Cut(host, ".")
	if strings.HasPrefix(first, "smtp") && strings.Contains(rest, ".") {
		return "imap." + rest
	}
	return host
}

// openDrafts opens the folder for drafts. A login that is the server's is asked for as the server's.
func openDrafts(c Config) (t Transport, tokens *Tokens, err error) {
	b := c.Server.Drafts
	cfg := imap.Config{Host: b.Host, Port: b.Port, TLS: b.TLS, Username: b.Username, Auth: b.Auth, Folder: b.Folder,
		Fingerprint: b.Fingerprint, Dial: c.Network.Dial, RootCAs: c.Network.RootCAs}
	if b.CAFile != "" {
		if cfg.RootCAs, err = Authority(b.Dir, b.CAFile); err != nil {
			return nil, nil, fmt.Errorf("server.drafts.ca_file: %w", err)
		}
	}
	switch {
	case b.OAuth == nil && b.Password != nil:
		cfg.Password = func(ctx context.Context) (string, error) { return b.Password.Read(ctx, b.Dir) }
	case b.OAuth != nil:
		if tokens = c.Tokens; tokens == nil || !b.Borrowed {
			s := *c.Server
			s.OAuth = b.OAuth
			if !b.Borrowed {
				s.Host, s.Username = b.Host, b.Username
			}
			if tokens, err = NewTokens(TokensConfig{Definition: c.Definition, Server: &s, Accounts: c.Accounts}); err != nil {
				return nil, nil, err
			}
		}
		cfg.Token = tokens.Token
	}
	f, err := drafts.New(drafts.Config{IMAP: cfg, Connections: c.Allowance.Connections})
	if err != nil {
		return nil, nil, fmt.Errorf("server.drafts: %w", err)
	}
	return f, tokens, nil
}

// describeDrafts is Describe for messages that are not sent.
func describeDrafts(s *definition.Server) (way string, notes []string) {
	b := s.Drafts
	port := cmp.Or(b.Port, 993)
	if b.Port == 0 && (b.TLS == "starttls" || b.TLS == "none") {
		port = 143
	}
	notes = []string{"nothing is sent: the messages are put into a folder for drafts, and count as sent"}
	if b.OAuth != nil && b.Borrowed && b.OAuth.Provider == "microsoft" && !forIMAP(b.OAuth) {
		notes = append(notes, "Microsoft's token is for sending alone unless server.oauth.scopes names "+
			"https://outlook.office.com/IMAP.AccessAsUser.All")
	}
	return fmt.Sprintf("%s:%d as %s, folder %s", b.Host, port, b.Username, cmp.Or(b.Folder, "Drafts")), notes
}

// forIMAP reports whether a token is asked for that opens mailboxes.
func forIMAP(o *login.OAuth) bool {
	return o.Flow == "client_credentials" || strings.Contains(strings.Join(o.Scopes, " "), "IMAP.")
}
