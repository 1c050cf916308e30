package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/zalando/go-keyring"
)

// The keyring of these tests is in memory; go-keyring has one for the whole process.
func TestMain(m *testing.M) {
	keyring.MockInit()
	os.Exit(m.Run())
}

// authority is an authorization server on loopback. It gives away what it is told to, rotates refresh tokens, and
// refuses refresh tokens that it has seen before.
type authority struct {
	*httptest.Server
	t *testing.T
	// token answers the token endpoint instead of the usual answer; true: it has answered.
	token    func(w http.ResponseWriter, form url.Values) bool
	lives    int  // expires_in of access tokens; 0: 3600
	keeps    bool // refresh tokens stay
	interval int  // of device codes

	mu        sync.Mutex
	issued    int
	refresh   string // the one that is good
	challenge string // of the code under way
	redirect  string
	confirmed bool
	forms     []url.Values
}

const clientSecret = "GOCSPX-client+secret/of~test"

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, interval: 1}
	mux := http.NewServeMux()
	mux.HandleFunc("/token", a.handleToken)
	mux.HandleFunc("/device", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w,
			`{"device_code":"device-code-secret","user_code":"ABCD-EFGH","verification_uri":"%s/go","expires_in":900,"interval":%d}`, a.URL, a.interval)
	})
	mux.HandleFunc("/auth", a.handleAuth)
	a.Server = httptest.NewServer(mux)
	t.Cleanup(a.Close)
	return a
}

// handleAuth is the page at which the person says yes.
func (a *authority) handleAuth(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	a.mu.Lock()
	a.challenge, a.redirect = q.Get("code_challenge"), q.Get("redirect_uri")
	a.mu.Unlock()
	if q.Get("code_challenge_method") != "S256" || q.Get("response_type") != "code" || len(q.Get("state")) < 20 {
		http.Error(w, "no PKCE or no state", http.StatusBadRequest)
		return
	}
	to := q.Get("redirect_uri") + "?" + url.Values{"state": {q.Get("state")}, "code": {"code-secret"}}.Encode()
	http.Redirect(w, r, to, http.StatusFound)
}

func (a *authority) handleToken(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		a.t.Error(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if id, secret, ok := r.BasicAuth(); ok {
		for name, v := range map[string]string{"client_id": id, "client_secret": secret} {
			v, err := url.QueryUnescape(v)
			if err != nil {
				a.t.Error(err)
			}
			r.PostForm.Set(name, v)
		}
	}
	a.forms = append(a.forms, r.PostForm)
	if a.token != nil && a.token(w, r.PostForm) {
		return
	}
	refuse := func(code string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		// As bad servers do, it repeats all that it was sent.
		fmt.Fprintf(w, `{"error":%q,"error_description":"no: %s %s"}`, code, r.PostForm.Encode(),
			r.PostForm.Get("refresh_token"))
	}
	f := r.PostForm
	switch f.Get("grant_type") {
	case "refresh_token":
		if f.Get("refresh_token") != a.refresh || f.Get("client_id") != "client" {
			refuse("invalid_grant")
			return
		}
	case "authorization_code":
		sum := sha256.Sum256([]byte(f.Get("code_verifier")))
		if f.Get("code") != "code-secret" || base64.RawURLEncoding.EncodeToString(sum[:]) != a.challenge ||
			f.Get("redirect_uri") != a.redirect {
			refuse("invalid_grant")
			return
		}
	case "urn:ietf:params:oauth:grant-type:device_code":
		if f.Get("device_code") != "device-code-secret" {
			refuse("invalid_grant")
			return
		}
		if !a.confirmed {
			refuse("authorization_pending")
			return
		}
	case "client_credentials":
		if f.Get("client_secret") != clientSecret {
			refuse("invalid_client")
			return
		}
	}
	a.issued++
	answer := map[string]any{"access_token": fmt.Sprintf("access+token/%d~secret", a.issued), "token_type": "Bearer",
		"expires_in": 3600}
	if a.lives != 0 {
		answer["expires_in"] = a.lives
	}
	if g := f.Get("grant_type"); g != "client_credentials" && !(a.keeps && g == "refresh_token") {
		a.refresh = fmt.Sprintf("refresh+token/%d~secret", a.issued)
		answer["refresh_token"] = a.refresh
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		a.t.Error(err)
	}
}

// asked counts the requests of one kind.
func (a *authority) asked(grant string) (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.forms {
		if f.Get("grant_type") == grant {
			n++
		}
	}
	return n
}

func (a *authority) config(t *testing.T, flow Flow) Config {
	return Config{Flow: flow, AuthURL: a.URL + "/auth", TokenURL: a.URL + "/token", DeviceURL: a.URL + "/device",
		ClientID: "client", ClientSecret: func(context.Context) (string, error) { return clientSecret, nil },
		Username: "ann@example.com", Host: "smtp.example.com", Scopes: []string{"mail", "offline_access"},
		Dir: t.TempDir(), Keyring: func() bool { return false }, Command: "mailshot login campaign.yaml"}
}

func newSource(t *testing.T, c Config) *Source {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// kept puts a login into the store.
func kept(t *testing.T, s *Source, a *authority, r record) {
	t.Helper()
	a.mu.Lock()
	a.refresh = r.Refresh
	a.mu.Unlock()
	if err := os.MkdirAll(s.cfg.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.save(&r, false); err != nil {
		t.Fatal(err)
	}
}

// leaks looks for secrets in what is shown, in every form.
func leaks(t *testing.T, shown string, more ...string) {
	t.Helper()
	for _, secret := range append(more, clientSecret, "device-code-secret", "code-secret", "access+token/1~secret",
		"access+token/2~secret",
		"refresh+token/0~secret", "refresh+token/1~secret", "refresh+token/2~secret") {
		for _, form := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)),
			fmt.Sprintf("%x", secret)} {
			if strings.Contains(shown, form) {
				t.Errorf("%q shows in %s", form, shown)
			}
		}
	}
}

// all is an error in every way it can be shown.
func all(err error) string {
	s := ""
	for e := err; e != nil; e = errors.Unwrap(e) {
		s += fmt.Sprintf("%v %+v %#v\n", e, e, e)
	}
	return s
}
