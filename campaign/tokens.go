package campaign

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"mailshot/campaign/definition"
	"mailshot/internal/oauth"
	"mailshot/internal/shell"
)

// ErrNoOAuth: the campaign file has no oauth section, so there is nothing to log in for.
var ErrNoOAuth = errors.New("the campaign's server has no oauth: section, so there is nothing to log in for")

// Tokens is where the tokens of one of a definition's servers come from; accounts is the path of accounts.db ("": the
// user's), beside which logins are kept that are kept in files. The error is ErrNoOAuth, or says what is wrong with the section.
func Tokens(d *definition.Definition, s *definition.Server, accounts string) (*oauth.Source, error) {
	if s.OAuth == nil {
		return nil, ErrNoOAuth
	}
	if accounts == "" {
		var err error
		if accounts, err = DefaultAccounts(); err != nil {
			return nil, err
		}
	}
	o := s.OAuth
	which := ""
	if len(d.Servers) > 1 {
		which = "--server " + shell.Quote(s.Name) + " "
	}
	cfg := oauth.Config{
		Flow: oauth.Flow(o.Flow), Provider: o.Provider, AuthURL: o.AuthURL, TokenURL: o.TokenURL, DeviceURL: o.DeviceURL,
		ClientID: o.ClientID, Tenant: o.Tenant, Scopes: o.Scopes, Username: s.Username, Host: s.Host, Subject: o.Subject,
		KeyFile: o.KeyFile, Dir: filepath.Dir(accounts), Command: "mailshot login " + which + shell.Quote(d.Path),
	}
	if o.ClientSecret != nil {
		cfg.ClientSecret = func(ctx context.Context) (string, error) { return o.ClientSecret.Read(ctx, d.Dir) }
	}
	if o.KeyFile != "" {
		var err error
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
