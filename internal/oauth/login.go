package oauth

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// Dialogue says how Login talks to the person.
type Dialogue struct {
	// Show tells the person where to go, and with which code. It is called once.
	Show func(Prompt)
	// Paste gives the last address of a browser on another machine, as one line. nil: the browser is on this machine, and
	// comes back by itself. It is used with Loopback only.
	Paste io.Reader
	// File keeps the login in a file, even where there is a keyring.
	File bool
}

// Prompt has what a person needs for a login.
type Prompt struct {
	URL     string    // to open
	Code    string    // to type there; "": none
	Expires time.Time // zero: not known
}

// Login gets a login from a person, keeps it, and returns where it is kept. In a flow without a login it gets a token,
// to show that the configuration works, and returns "". When ctx ends, so does Login, but not the reading of Paste.
func (s *Source) Login(ctx context.Context, d Dialogue) (string, error) {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	if !s.Interactive() {
		_, err := s.renew(ctx)
		return "", err
	}
	c, err := s.config(ctx)
	if err != nil {
		return "", err
	}
	var token *oauth2.Token
	if s.cfg.Flow == Device {
		token, err = s.device(ctx, c, d)
	} else {
		token, err = s.browser(ctx, c, d)
	}
	if err != nil {
		return "", err
	}
	r, err := s.taken(ctx, token, nil)
	if err != nil {
		return "", err
	}
	if r.Refresh == "" {
		return "", &Error{Code: "bad-answer",
			Text: "the authorization server gave no refresh token, so the login would end within the hour",
			Hint: "scopes may have to name offline_access"}
	}
	unlock, err := s.store.lock(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := s.store.remove(); err != nil {
		return "", err
	}
	return s.store.save(r, d.File)
}

// device gets a login by a code that the person types (RFC 8628).
func (s *Source) device(ctx context.Context, c *oauth2.Config, d Dialogue) (*oauth2.Token, error) {
	da, err := c.DeviceAuth(s.with(ctx))
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	if da.DeviceCode == "" || da.UserCode == "" || CheckURL(da.VerificationURI) != nil {
		return nil, &Error{Code: "bad-answer", Text: "the authorization server gave no code and page for the login"}
	}
	if da.Interval <= 0 {
		da.Interval = 5 // RFC 8628 3.2
	}
	da.Interval = min(da.Interval, 60)
	d.Show(Prompt{URL: tidy(da.VerificationURI, nil), Code: tidy(da.UserCode, nil), Expires: da.Expiry})
	token, err := c.DeviceAccessToken(s.with(ctx), da)
	if err != nil {
		return nil, s.fail(ctx, err, da.DeviceCode)
	}
	return token, nil
}

// browser gets a login by a browser (RFC 8252), which comes back to an address of this machine with a code. Only we can
// use the code, because only we have the verifier (PKCE, RFC 7636). The state shows that the code answers our question.
func (s *Source) browser(ctx context.Context, c *oauth2.Config, d Dialogue) (*oauth2.Token, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer ln.Close()
	c.RedirectURL = "http://" + ln.Addr().String() + "/"
	state, verifier := rand.Text(), oauth2.GenerateVerifier()
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier),
		oauth2.SetAuthURLParam("login_hint", s.cfg.Username)}
	if s.cfg.Provider == "google" {
		// Without these, Google gives a refresh token at the first consent only.
		options = append(options, oauth2.AccessTypeOffline, oauth2.SetAuthURLParam("prompt", "consent"))
	}
	p := Prompt{URL: c.AuthCodeURL(state, options...)}
	var code string
	if d.Paste != nil {
		ln.Close() // otherwise a browser that connects would wait
		d.Show(p)
		code, err = s.pasted(d.Paste, state)
	} else {
		code, err = s.received(ctx, ln, state, func() { d.Show(p) })
	}
	if err != nil {
		return nil, err
	}
	token, err := c.Exchange(s.with(ctx), code, oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, s.fail(ctx, err, code, verifier)
	}
	return token, nil
}

// pasted reads the browser's last address, or the part after its question mark.
func (s *Source) pasted(r io.Reader, state string) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, 1<<14)).ReadString('\n')
	if line = strings.TrimSpace(line); line == "" {
		if err != nil && err != io.EOF {
			return "", err
		}
		return "", &Error{Code: "bad-answer", Text: "no address was pasted", Next: s.cfg.Command + " --headless"}
	}
	query := line
	if u, err := url.Parse(line); err == nil && u.Scheme != "" {
		query = u.RawQuery
	}
	values, err := url.ParseQuery(query)
	if err != nil || !s.answers(values, state) {
		return "", &Error{Code: "bad-answer", Text: "this is not the address that the login ends at",
			Hint: "copy the whole address line of the browser, beginning with http://127.0.0.1",
			Next: s.cfg.Command + " --headless"}
	}
	return s.code(values)
}

// answers reports whether a query answers our question.
func (s *Source) answers(v url.Values, state string) bool {
	return subtle.ConstantTimeCompare([]byte(v.Get("state")), []byte(state)) == 1 &&
		(v.Get("code") != "" || v.Get("error") != "")
}

// code is the code of an answer, or the error that says why there is none.
func (s *Source) code(v url.Values) (string, error) {
	if v.Get("error") != "" {
		return "", s.refused(&oauth2.RetrieveError{ErrorCode: v.Get("error"), ErrorDescription: v.Get("error_description")},
			nil)
	}
	return v.Get("code"), nil
}

const (
	goBack  = "<!doctype html><title>mailshot</title><p>mailshot has its answer. Close this page and go back to the terminal.\n"
	strange = "This is not the answer to the login that mailshot waits for.\n"
)

// received waits for the browser. It refuses requests that do not answer our question, and goes on waiting.
func (s *Source) received(ctx context.Context, ln net.Listener, state string, show func()) (string, error) {
	answer := make(chan url.Values, 1)
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, ErrorLog: nil,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Cache-Control", "no-store")
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Content-Security-Policy", "default-src 'none'")
			h.Set("Connection", "close")
			if r.Method != http.MethodGet || r.URL.Path != "/" || r.Host != ln.Addr().String() ||
				!s.answers(r.URL.Query(), state) {
				http.Error(w, strange, http.StatusBadRequest)
				return
			}
			h.Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, goBack)
			select {
			case answer <- r.URL.Query():
			default: // the browser sent its answer twice
			}
		})}
	var serving sync.WaitGroup
	var failed error
	over := make(chan struct{})
	serving.Go(func() {
		defer close(over)
		failed = server.Serve(ln)
	})
	defer serving.Wait()
	defer server.Close()
	show()
	select {
	case v := <-answer:
		// The page is still being sent.
		limited, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_ = server.Shutdown(limited)
		return s.code(v)
	case <-ctx.Done():
		return "", ctx.Err()
	case <-over:
		return "", errors.Join(errors.New("waiting for the browser"), failed)
	}
}
