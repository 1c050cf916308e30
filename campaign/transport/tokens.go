package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"mailshot/campaign/definition"
	"mailshot/internal/oauth"
	"mailshot/internal/shell"
)

// ErrNoOAuth: the campaign file has no oauth section, so there is nothing to log in for.
var ErrNoOAuth = errors.New("the campaign's server has no oauth: section, so there is nothing to log in for")

// TokensConfig says for which account tokens are got.
type TokensConfig struct {
	Definition *definition.Definition // its folder is where secrets and keys are looked for
	Server     *definition.Server     // one with an oauth section
	Accounts   string                 // path of accounts.db, beside which logins are kept in files; "" = the user's
	Command    string                 // what a person types to log in; "" = mailshot login with the definition's path
}

// Tokens are the OAuth2 tokens that log a campaign in with one of its servers. It is safe for concurrent use.
//
// The error of a method that got no token is for a person, and has no secret in it. It has a method Temporary() bool,
// which reports whether it may work later without anybody doing anything.
type Tokens struct{ source *oauth.Source }

// NewTokens checks the server's oauth section and asks nobody yet. The error is [ErrNoOAuth], or says what is wrong
// with the section.
func NewTokens(c TokensConfig) (*Tokens, error) {
	source, err := tokenSource(c)
	if err != nil {
		return nil, err
	}
	return &Tokens{source}, nil
}

// Interactive reports whether a person has to log in once before there are tokens.
func (t *Tokens) Interactive() bool { return t.source.Interactive() }

// Token returns an access token, renewed if need be. Without a login that is needed the error says so.
func (t *Tokens) Token(ctx context.Context) (string, error) { return t.source.Token(ctx) }

// Lack is what a login needs and does not have.
type Lack struct {
	Text, Hint string
	Next       string // the command that mends it; "" = none
}

// Lacks says why there can be no token; nil = there may be one. Only if ask is true it asks the authorization server
// for one, as a run would. An answer that may be another later is no lack.
func (t *Tokens) Lacks(ctx context.Context, ask bool) *Lack {
	err := t.source.Lacks()
	if err == nil && ask {
		_, err = t.source.Token(ctx)
	}
	var e *oauth.Error
	if !errors.As(err, &e) || e.Later {
		return nil
	}
	hint := e.Hint
	if e.Next != "" {
		hint += ": " + e.Next
	}
	return &Lack{Text: e.Text, Hint: hint, Next: e.Next}
}

// LoginDialogue is how [Tokens.Login] talks to the person who logs in.
type LoginDialogue struct {
	Show  func(LoginPrompt) // tells where to go; called once. Required if Tokens.Interactive is true
	Paste io.Reader         // one line, the address at which a browser on another machine ends; nil = it is on this one
	File  bool              // keep the login in a file, even where the system has a keyring
}

// LoginPrompt is what a person needs to log in.
type LoginPrompt struct {
	URL     string    // to open in a browser
	Code    string    // to type there; "" = none
	Expires time.Time // of the code; zero = not said
}

// Login has a person log in and keeps the login. It returns, in words, where the login is kept. Where nobody has to log
// in, it gets a token, to show that the configuration works, and returns "". The end of ctx ends Login, but not the
// reading of Paste.
func (t *Tokens) Login(ctx context.Context, d LoginDialogue) (kept string, err error) {
	show := func(p oauth.Prompt) { d.Show(LoginPrompt(p)) }
	return t.source.Login(ctx, oauth.Dialogue{Show: show, Paste: d.Paste, File: d.File})
}

// Mend is the command that mends the login after a token could not be got; "" = none is known, or none is needed.
func (t *Tokens) Mend() string {
	var e *oauth.Error
	if errors.As(t.source.Err(), &e) {
		return e.Next
	}
	return ""
}

// Logout forgets the login on this machine. It reports whether there was one.
func (t *Tokens) Logout(ctx context.Context) (found bool, err error) { return t.source.Logout(ctx) }

// tokenSource is what Tokens are got from.
func tokenSource(c TokensConfig) (*oauth.Source, error) {
	d, s, o := c.Definition, c.Server, c.Server.OAuth
	if o == nil {
		return nil, ErrNoOAuth
	}
	file, err := accountsFile(c.Accounts)
	if err != nil {
		return nil, err
	}
	cfg := oauth.Config{
		Flow: oauth.Flow(o.Flow), Provider: o.Provider,
		AuthURL: o.AuthURL, TokenURL: o.TokenURL, DeviceURL: o.DeviceURL,
		ClientID: o.ClientID, Tenant: o.Tenant, Scopes: o.Scopes,
		Username: s.Username, Host: s.Host, Subject: o.Subject, KeyFile: o.KeyFile,
		Dir: filepath.Dir(file), Command: c.Command,
	}
	if cfg.Command == "" {
		which := ""
		if len(d.Servers) > 1 {
			which = "--server " + shell.Quote(s.Name) + " "
		}
		cfg.Command = "mailshot login " + which + shell.Quote(d.Path)
	}
	if o.ClientSecret != nil {
		cfg.ClientSecret = func(ctx context.Context) (string, error) { return o.ClientSecret.Read(ctx, d.Dir) }
	}
	if o.KeyFile != "" {
		if cfg.KeyFile, err = definition.Path(o.KeyFile, d.Dir); err != nil {
			return nil, fmt.Errorf("server.oauth.key_file: %w", err)
		}
	}
	source, err := oauth.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	return source, nil
}
