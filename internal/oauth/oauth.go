// Package oauth gets OAuth2 access tokens for a mail server, keeps them and renews them: [New] returns a [Source],
// [Source.Login] logs a person in, and [Source.Token] returns a token that is good now.
//
// There are four ways to a token ([Flow]). In two of them a person logs in once: with a code on any device (RFC 8628),
// or in a browser that comes back to this machine (RFC 8252, with PKCE and a state). The login gives a refresh token,
// which is kept in the system's keyring or in a file that only the user can read. The other two ways need no person:
// client credentials (RFC 6749 4.4) and a service account's key (RFC 7523).
//
// A Source serves all connections of a campaign. The first caller renews the token, and the others wait for the
// outcome. Processes take turns too, by a lock beside the file. A server may hand out a new refresh token with each
// renewal, and take a second use of the old one for theft. So the answer is always waited for, and kept before it is
// used.
//
// A login is bound to the mail server it was made for: a campaign with another host does not find it. Tokens go to
// token endpoints under TLS only, and no redirection is followed. No error, and nothing that is printed here, contains
// a secret: the words of an authorization server are masked, and its answers are never quoted.
//
// mailshot brings no client id of its own: whoever runs it registers one.
package oauth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Flow is a way to a token.
type Flow string

// The ways to a token. Device and Loopback need a login.
const (
	Device            Flow = "device"
	Loopback          Flow = "loopback"
	ClientCredentials Flow = "client_credentials"
	ServiceAccount    Flow = "service_account"
)

// Config says whose token to get, and where to get it.
type Config struct {
	Flow     Flow   // "": the provider's usual one
	Provider string // "google", "microsoft", or "" with URLs
	// The endpoints; "": the provider's. Only https, or http on this machine.
	AuthURL, TokenURL, DeviceURL string

	ClientID string
	// ClientSecret is called when the secret is needed, until it has returned one; nil: the client has no secret.
	ClientSecret func(context.Context) (string, error)
	Tenant       string   // Microsoft's; "": common
	Scopes       []string // none: the provider's for sending mail
	Username     string   // the mailbox that logs in with the mail server
	Host         string   // the mail server that the tokens are for
	Subject      string   // service account: whom it acts for; "": Username
	KeyFile      string   // service account: its key (Google's JSON)

	Dir     string      // folder for tokens that are kept in files; made if it is missing
	Keyring func() bool // reports whether there is a keyring to keep tokens in; nil: SystemKeyring
	// Command is what a person types to log in; errors name it. "": mailshot login CAMPAIGN.
	Command string
	// Transport carries requests to the authorization server; nil: http.DefaultTransport.
	Transport http.RoundTripper
}

const (
	exchangeTimeout = 30 * time.Second // for one request to an authorization server
	early           = 5 * time.Minute  // a token with less than this left is renewed
	unsaid          = 30 * time.Minute // how long a token is used if the server does not say how long it lives
)

// New checks the configuration and reports all its mistakes at once. The source that it returns has asked nobody yet.
func New(c Config) (*Source, error) {
	c, err := c.resolve()
	if err != nil {
		return nil, err
	}
	s := &Source{cfg: c, turn: make(chan struct{}, 1), store: c.store(), secret: new(string), current: new(record)}
	s.carrier = &carrier{RoundTripper: c.Transport}
	s.client = &http.Client{Transport: s.carrier, Timeout: exchangeTimeout,
		// A redirected request would carry codes, secrets and tokens to any address that the server names.
		CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirect }}
	return s, nil
}

// Interactive reports whether the flow needs a person to log in.
func (s *Source) Interactive() bool { return s.cfg.Flow == Device || s.cfg.Flow == Loopback }

// resolve fills in what the configuration leaves open, and checks it.
func (c Config) resolve() (Config, error) {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("oauth: "+format, args...)) }
	c.Scopes = append([]string(nil), c.Scopes...)
	switch c.Provider {
	case "":
	case "google":
		c = c.google()
	case "microsoft":
		c = c.microsoft()
	default:
		bad("provider %q is not google or microsoft", c.Provider)
	}
	need := map[string]string{"token_url": c.TokenURL}
	switch c.Flow {
	case Device:
		need["device_url"], need["client_id"] = c.DeviceURL, c.ClientID
	case Loopback:
		need["auth_url"], need["client_id"] = c.AuthURL, c.ClientID
	case ClientCredentials:
		need["client_id"] = c.ClientID
		if c.ClientSecret == nil {
			bad("client_credentials needs a client_secret")
		}
	case ServiceAccount:
		need["key_file"] = c.KeyFile
	default:
		bad("flow %q is not device, loopback, client_credentials or service_account", string(c.Flow))
	}
	for _, name := range []string{"auth_url", "token_url", "device_url", "client_id", "key_file"} {
		if value, ok := need[name]; ok && value == "" {
			bad("flow %s needs %s", c.Flow, name)
		}
	}
	for _, u := range [][2]string{{"auth_url", c.AuthURL}, {"token_url", c.TokenURL}, {"device_url", c.DeviceURL}} {
		if u[1] != "" {
			if err := CheckURL(u[1]); err != nil {
				bad("%s: %w", u[0], err)
			}
		}
	}
	if c.Username == "" || c.Host == "" {
		bad("user name and mail server are needed")
	}
	if c.Dir == "" && (c.Flow == Device || c.Flow == Loopback) {
		bad("a folder for tokens is needed")
	}
	return c.defaults(), errors.Join(errs...)
}

// defaults fills in the fields whose zero value is a default.
func (c Config) defaults() Config {
	if c.Subject == "" {
		c.Subject = c.Username
	}
	if c.Keyring == nil {
		c.Keyring = SystemKeyring
	}
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	if c.Command == "" {
		c.Command = "mailshot login CAMPAIGN"
	}
	return c
}

// google fills in Google's endpoints. Its device flow gives no scope for mail, so the usual flow is Loopback.
func (c Config) google() Config {
	fill(&c.AuthURL, "https://accounts.google.com/o/oauth2/v2/auth")
	fill(&c.TokenURL, "https://oauth2.googleapis.com/token")
	if c.Flow == "" {
		c.Flow = Loopback
	}
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"https://mail.google.com/"}
	}
	return c
}

// microsoft fills in the endpoints of a tenant.
func (c Config) microsoft() Config {
	fill(&c.Tenant, "common")
	base := "https://login.microsoftonline.com/" + url.PathEscape(c.Tenant) + "/oauth2/v2.0/"
	fill(&c.AuthURL, base+"authorize")
	fill(&c.TokenURL, base+"token")
	fill(&c.DeviceURL, base+"devicecode")
	if c.Flow == "" {
		c.Flow = Device
	}
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"https://outlook.office.com/SMTP.Send", "offline_access"}
		if c.Flow == ClientCredentials {
			c.Scopes = []string{"https://outlook.office365.com/.default"}
		}
	}
	return c
}

func fill(s *string, v string) {
	if *s == "" {
		*s = v
	}
}

// CheckURL says what is wrong with the URL of an authorization server. Secrets go there, so it has to be https; http is
// allowed for this machine only.
func CheckURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return errors.New("not a URL")
	case u.User != nil || u.Fragment != "":
		return errors.New("a URL with a login or a fragment in it")
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return errors.New("secrets go to it, so it has to begin with https://")
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback() || strings.EqualFold(host, "localhost")
}

// config is the configuration as golang.org/x/oauth2 takes it.
func (s *Source) config(ctx context.Context) (*oauth2.Config, error) {
	secret, err := s.clientSecret(ctx)
	if err != nil {
		return nil, err
	}
	return &oauth2.Config{ClientID: s.cfg.ClientID, ClientSecret: secret, Scopes: s.cfg.Scopes, Endpoint: oauth2.Endpoint{
		AuthURL: s.cfg.AuthURL, TokenURL: s.cfg.TokenURL, DeviceAuthURL: s.cfg.DeviceURL, AuthStyle: s.style(secret)}}, nil
}

// style says how the client identifies itself: in the body, as the two providers want it and as a client without a
// secret must. For other servers golang.org/x/oauth2 finds out.
func (s *Source) style(secret string) oauth2.AuthStyle {
	if s.cfg.Provider != "" || secret == "" {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleAutoDetect
}

// clientSecret is the client's secret, "" if it has none. It is asked for once.
func (s *Source) clientSecret(ctx context.Context) (string, error) {
	if s.cfg.ClientSecret == nil || *s.secret != "" {
		return *s.secret, nil
	}
	secret, err := s.cfg.ClientSecret(ctx)
	if err != nil {
		return "", fmt.Errorf("client secret: %w", err)
	}
	*s.secret = secret
	return secret, nil
}
