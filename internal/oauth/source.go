package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/oauth2/jwt"
)

// Source gives access tokens for one account. It is safe for concurrent use.
type Source struct {
	cfg     Config
	store   store
	client  *http.Client
	turn    chan struct{} // holds one token: that of the goroutine that renews
	carrier *carrier      // the client's

	// These are written by the goroutine that has the turn. The secrets are behind pointers, which printing does not
	// follow.
	mu      sync.Mutex
	secret  *string // the client's, "" until it is read
	current *record
	renewed int   // how many renewals have ended
	err     error // how the last one did
}

// Token returns an access token that is good for at least five minutes, or for half its life if that is shorter. It is
// renewed once, however many callers ask at once. When ctx ends, so does the waiting. A renewal that has been asked for
// is still waited for and kept, for half a minute at most. An error is an [*Error], the error of ctx, or that of
// Config.ClientSecret.
func (s *Source) Token(ctx context.Context) (string, error) {
	s.mu.Lock()
	seen := s.renewed
	if s.current.fresh(time.Now()) {
		defer s.mu.Unlock()
		return s.current.Access, nil
	}
	s.mu.Unlock()

	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	defer func() { <-s.turn }()
	s.mu.Lock()
	current, ended, err := s.current, s.renewed, s.err
	s.mu.Unlock()
	if ended != seen { // another caller renewed it while we waited
		return current.Access, err
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	next, err := s.renew(ctx)
	var e *Error
	if errors.As(err, &e) && e.Later && current.usable(time.Now().Add(time.Minute)) {
		next, err = current, nil // the old token is still good
	}
	if err != nil && ctx.Err() != nil {
		return "", ctx.Err() // the next caller tries
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renewed++
	if s.err = err; err != nil {
		s.current = new(record)
		return "", err
	}
	s.current = next
	return next.Access, nil
}

// Err is the error of the last renewal; nil if there was no renewal.
func (s *Source) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// renew gets a new access token.
func (s *Source) renew(ctx context.Context) (*record, error) {
	switch s.cfg.Flow {
	case ClientCredentials:
		secret, err := s.clientSecret(ctx)
		if err != nil {
			return nil, err
		}
		c := clientcredentials.Config{ClientID: s.cfg.ClientID, ClientSecret: secret, TokenURL: s.cfg.TokenURL,
			Scopes: s.cfg.Scopes, AuthStyle: s.style(secret)}
		token, err := c.Token(s.with(ctx))
		return s.taken(ctx, token, err)
	case ServiceAccount:
		c, err := s.account()
		if err != nil {
			return nil, err
		}
		token, err := c.TokenSource(s.with(ctx)).Token()
		return s.taken(ctx, token, err)
	}
	unlock, err := s.store.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	kept, err := s.store.load()
	switch {
	case err != nil:
		return nil, err
	case kept == nil:
		return nil, s.noLogin()
	case kept.fresh(time.Now()): // another process has renewed it
		return kept, nil
	}
	c, err := s.config(ctx)
	if err != nil {
		return nil, err
	}
	// The old refresh token may be void once the server has seen it, so we must get the answer.
	whole := context.WithoutCancel(ctx)
	token, err := c.TokenSource(s.with(whole), &oauth2.Token{RefreshToken: kept.Refresh}).Token()
	next, err := s.taken(whole, token, err, kept.Refresh, kept.Access)
	if err != nil {
		err = s.ended(err)
		if e := (*Error)(nil); errors.As(err, &e) && e.Code == "invalid_grant" {
			kept.Refused = e.Text
			_, _ = s.store.save(kept, false) // so that Lacks knows; whoever renews again is told again
		}
		return nil, err
	}
	if next.Refresh == "" {
		next.Refresh = kept.Refresh
	}
	if _, err := s.store.save(next, false); err != nil {
		return nil, err
	}
	return next, nil
}

// Lacks says why there can be no token, as far as that is known without asking the authorization server: nobody has
// logged in, the server has refused the login before, or the key cannot be read. nil = there may be one.
func (s *Source) Lacks() error {
	switch s.cfg.Flow {
	case ClientCredentials:
		return nil
	case ServiceAccount:
		_, err := s.account()
		return err
	}
	kept, err := s.store.load()
	switch {
	case err != nil:
		return err
	case kept == nil:
		return s.noLogin()
	case kept.Refused != "" && !kept.usable(time.Now()):
		return &Error{Code: "invalid_grant", Text: kept.Refused, Hint: "log in again", Next: s.cfg.Command}
	}
	return nil
}

// noLogin is the error where no login is kept.
func (s *Source) noLogin() error {
	text := s.cfg.Username + " has not logged in for " + s.cfg.Host
	return &Error{Code: "no-login", Text: text, Hint: "log in", Next: s.cfg.Command}
}

// with gives golang.org/x/oauth2 the client to use. The caller has the turn.
func (s *Source) with(ctx context.Context) context.Context {
	s.carrier.broke = nil
	return context.WithValue(ctx, oauth2.HTTPClient, s.client)
}

// carrier carries requests, and remembers how the network failed, because not every error of golang.org/x/oauth2 tells
// that from an answer that makes no sense. It is for one goroutine at a time.
type carrier struct {
	http.RoundTripper
	broke error
}

func (c *carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := c.RoundTripper.RoundTrip(r)
	if err != nil {
		c.broke = err
		return nil, err
	}
	answer.Body = &carried{answer.Body, c}
	return answer, nil
}

// carried is the body of an answer.
type carried struct {
	io.ReadCloser
	by *carrier
}

func (b *carried) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.by.broke = err
	}
	return n, err
}

// taken makes a record from an authorization server's answer.
func (s *Source) taken(ctx context.Context, token *oauth2.Token, err error, secrets ...string) (*record, error) {
	if err != nil {
		return nil, s.fail(ctx, err, secrets...)
	}
	if token.AccessToken == "" || !strings.EqualFold(token.Type(), "Bearer") {
		return nil, &Error{Code: "bad-answer", Text: "the authorization server gave something other than a bearer token"}
	}
	now := time.Now()
	r := &record{Username: s.cfg.Username, Host: s.cfg.Host, Access: token.AccessToken, Refresh: token.RefreshToken,
		Obtained: now, Expiry: token.Expiry}
	if r.Expiry.IsZero() {
		r.Expiry = now.Add(unsaid)
	}
	return r, nil
}

// account reads the service account's key.
func (s *Source) account() (*jwt.Config, error) {
	bad := func(text string) error {
		return &Error{Code: "bad-key", Text: "the service account's key file " + text,
			Hint: "is key_file the JSON file that the provider's console gave?"}
	}
	f, err := os.Open(s.cfg.KeyFile)
	if err != nil {
		return nil, &Error{Code: "bad-key", Text: "the service account's key file: " + err.Error()}
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 1<<16))
	if err != nil {
		return nil, &Error{Code: "bad-key", Text: "the service account's key file: " + err.Error()}
	}
	var key struct {
		Type    string `json:"type"`
		Email   string `json:"client_email"`
		ID      string `json:"private_key_id"`
		Private string `json:"private_key"`
	}
	if json.Unmarshal(b, &key) != nil {
		return nil, bad("is not JSON")
	}
	if key.Type != "service_account" || key.Email == "" || key.Private == "" {
		return nil, bad("is not that of a service account")
	}
	return &jwt.Config{Email: key.Email, PrivateKey: []byte(key.Private), PrivateKeyID: key.ID,
		Subject: s.cfg.Subject, Scopes: s.cfg.Scopes, TokenURL: s.cfg.TokenURL}, nil
}

// Logout forgets the login on this machine and reports whether there was one. The provider is not told.
func (s *Source) Logout(ctx context.Context) (bool, error) {
	if !s.Interactive() {
		return false, nil
	}
	unlock, err := s.store.lock(ctx)
	if err != nil {
		return false, err
	}
	defer unlock()
	return s.store.remove()
}
