package oauth

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestOneRefresher: eight workers whose token has a second to live renew it once, also when the new token lives no
// longer. Without the look at Source.renewed after the waiting, eight renewals were counted with client credentials.
func TestOneRefresher(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lives int
		flow  Flow
		grant string
	}{{1, Loopback, "refresh_token"}, {3600, Loopback, "refresh_token"}, {1, ClientCredentials, "client_credentials"},
		{3600, ClientCredentials, "client_credentials"}} {
		a := newAuthority(t)
		a.lives = c.lives
		const workers = 8
		s := newSource(t, a.config(t, c.flow))
		now := time.Now()
		kept(t, s, a, record{Refresh: "refresh+token/0~secret", Access: "old", Obtained: now.Add(-time.Hour),
			Expiry: now.Add(time.Second)})
		s.turn <- struct{}{} // nobody begins before all are there
		var wg sync.WaitGroup
		tokens := make(chan string, workers)
		for range workers {
			wg.Go(func() {
				token, err := s.Token(t.Context())
				if err != nil {
					t.Error(err)
				}
				tokens <- token
			})
		}
		<-s.turn
		wg.Wait()
		for range workers {
			if token := <-tokens; token != "access+token/1~secret" {
				t.Errorf("got %q", token)
			}
		}
		if n := a.asked(c.grant); n != 1 {
			t.Errorf("%+v: %d renewals", c, n)
		}
	}
}

// TestRenew: a token is renewed from the login that is kept when less than five minutes are left. A new refresh token
// is kept before the access token is used.
func TestRenew(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		left    time.Duration
		keeps   bool
		renewed int
	}{
		"an hour left":     {left: time.Hour},
		"six minutes left": {left: 6 * time.Minute},
		"four minutes":     {left: 4 * time.Minute, renewed: 1},
		"none":             {left: -time.Minute, renewed: 1},
		"not rotated":      {left: -time.Minute, keeps: true, renewed: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAuthority(t)
			a.keeps = c.keeps
			cfg := a.config(t, Device)
			s := newSource(t, cfg)
			now := time.Now()
			kept(t, s, a, record{Refresh: "refresh+token/0~secret", Access: "kept", Obtained: now.Add(c.left - time.Hour),
				Expiry: now.Add(c.left)})
			want := "kept"
			if c.renewed > 0 {
				want = "access+token/1~secret"
			}
			for range 3 {
				if token, err := s.Token(t.Context()); err != nil || token != want {
					t.Errorf("%q, %v", token, err)
				}
			}
			// Another process finds what this one has kept.
			if token, err := newSource(t, cfg).Token(t.Context()); err != nil || token != want {
				t.Errorf("%q, %v", token, err)
			}
			if n := a.asked("refresh_token"); n != c.renewed {
				t.Errorf("%d renewals", n)
			}
			r, err := s.store.load()
			if err != nil || a.refresh != r.Refresh {
				t.Errorf("kept %+v, the good one is %q: %v", r, a.refresh, err)
			}
		})
	}
}

// TestTwoProcesses: sources that share a folder take turns, and the second uses what the first got. The authority takes
// the second use of a refresh token for theft.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	cfg := a.config(t, Device)
	kept(t, newSource(t, cfg), a, record{Refresh: "refresh+token/0~secret"})
	var wg sync.WaitGroup
	for range 4 {
		s := newSource(t, cfg)
		wg.Go(func() {
			if token, err := s.Token(t.Context()); err != nil || token != "access+token/1~secret" {
				t.Errorf("%q, %v", token, err)
			}
		})
	}
	wg.Wait()
	if n := a.asked("refresh_token"); n != 1 {
		t.Errorf("%d renewals", n)
	}
}

// TestRefusals: what an authorization server says becomes a text with what to do, and never shows a secret, however
// much of the request the server repeats.
func TestRefusals(t *testing.T) {
	t.Parallel()
	answer := func(status int, contentType, body string) func(http.ResponseWriter, url.Values) bool {
		return func(w http.ResponseWriter, f url.Values) bool {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			echo := f.Encode() + " " + f.Get("refresh_token") + " " +
				base64.StdEncoding.EncodeToString([]byte("x"+f.Get("refresh_token")))
			fmt.Fprint(w, strings.ReplaceAll(body, "ECHO", echo))
			return true
		}
	}
	const js = "application/json"
	for name, c := range map[string]struct {
		token func(http.ResponseWriter, url.Values) bool
		later bool
		want  string
	}{
		"invalid_grant": {answer(400, js,
			`{"error":"invalid_grant","error_description":"AADSTS70008: expired ECHO Trace ID: 1-2"}`), false,
			"no longer good.*AADSTS70008.*log in again: mailshot login campaign.yaml"},
		"invalid_client": {answer(401, js, `{"error":"invalid_client","error_description":"ECHO"}`), false,
			"are client_id and client_secret right"},
		"form": {answer(400, "application/x-www-form-urlencoded", "error=invalid_scope&error_description=ECHO"),
			false, "are the scopes right"},
		"HTML":             {answer(404, "text/html", "<h1>ECHO</h1>"), false, "HTTP status 404"},
		"busy":             {answer(503, "text/html", "ECHO"), true, "HTTP status 503"},
		"too often":        {answer(429, js, `{"error":"slow_down"}`), true, "slow_down"},
		"busy by the book": {answer(400, js, `{"error":"temporarily_unavailable"}`), true, "temporarily_unavailable"},
		"no token":         {answer(200, js, `{"token_type":"Bearer"}`), false, "missing access_token"},
		"no JSON":          {answer(200, js, `ECHO`), false, "cannot parse json"},
		"another type": {answer(200, js, `{"access_token":"access+token/1~secret","token_type":"mac"}`), false,
			"something other than a bearer token"},
		"broken off": {func(w http.ResponseWriter, _ url.Values) bool {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, "{")
			return true
		}, true, "cannot be reached"},
		"hung up": {func(http.ResponseWriter, url.Values) bool { panic(http.ErrAbortHandler) }, true, "cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAuthority(t)
			a.token = c.token
			s := newSource(t, a.config(t, Device))
			kept(t, s, a, record{Refresh: "refresh+token/0~secret"})
			_, err := s.Token(t.Context())
			var e *Error
			if !errors.As(err, &e) || e.Temporary() != c.later || !matches(c.want, err.Error()) {
				t.Errorf("got %v (%+v)", err, e)
			}
			leaks(t, all(err)+fmt.Sprintf("%v %+v %#v", s, s, s))
			if r, err := s.store.load(); err != nil || r.Refresh != "refresh+token/0~secret" {
				t.Errorf("kept %v, %v", r, err)
			}
		})
	}
}

// TestElsewhere: secrets do not follow a redirection, not even to the same machine.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	a, b := newAuthority(t), newAuthority(t)
	a.token = func(w http.ResponseWriter, _ url.Values) bool {
		w.Header().Set("Location", b.URL+"/token")
		w.WriteHeader(http.StatusTemporaryRedirect)
		return true
	}
	s := newSource(t, a.config(t, Device))
	kept(t, s, a, record{Refresh: "refresh+token/0~secret"})
	if _, err := s.Token(t.Context()); err == nil || !strings.Contains(err.Error(), "redirects the request") {
		t.Errorf("got %v", err)
	}
	if len(b.forms) != 0 {
		t.Errorf("sent %v", b.forms)
	}
}

// TestOldToken: while the authority cannot be reached, a token that is still good is used.
func TestOldToken(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.lives = 200
	cfg := a.config(t, ClientCredentials)
	s := newSource(t, cfg)
	if _, err := s.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.current.Obtained = s.current.Obtained.Add(-time.Hour) // as if it had lived longer
	a.token = func(w http.ResponseWriter, _ url.Values) bool { w.WriteHeader(503); return true }
	if token, err := s.Token(t.Context()); err != nil || token != "access+token/1~secret" {
		t.Errorf("%q, %v", token, err)
	}
	s.current.Expiry = time.Now().Add(time.Second)
	if _, err := s.Token(t.Context()); err == nil {
		t.Error("a token with a second to live was given")
	}
}

// TestInterrupted: the waiting ends with the context, but a renewal that was asked for is kept, because the old refresh
// token is void.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	ctx, cancel := context.WithCancel(t.Context())
	a.token = func(http.ResponseWriter, url.Values) bool { cancel(); return false }
	s := newSource(t, a.config(t, Device))
	kept(t, s, a, record{Refresh: "refresh+token/0~secret"})
	if token, err := s.Token(ctx); err != nil || token != "access+token/1~secret" {
		t.Errorf("%q, %v", token, err)
	}
	if r, err := s.store.load(); err != nil || r.Refresh != "refresh+token/1~secret" {
		t.Errorf("kept %v, %v", r, err)
	}
	s = newSource(t, a.config(t, Device))
	s.turn <- struct{}{}
	if _, err := s.Token(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestClientCredentials(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	cfg := a.config(t, ClientCredentials)
	cfg.Provider, cfg.Tenant = "microsoft", "t" // so that the secret goes in the body
	s := newSource(t, cfg)
	for range 2 {
		if token, err := s.Token(t.Context()); err != nil || token != "access+token/1~secret" {
			t.Errorf("%q, %v", token, err)
		}
	}
	if f := a.forms[0]; len(a.forms) != 1 || f.Get("scope") != "mail offline_access" {
		t.Errorf("asked %v", a.forms)
	}
	cfg.ClientSecret = func(context.Context) (string, error) { return "wrong+secret/of~test", nil }
	_, err := newSource(t, cfg).Token(t.Context())
	if err == nil || !strings.Contains(err.Error(), "invalid_client") {
		t.Errorf("got %v", err)
	}
	leaks(t, all(err), "wrong+secret/of~test")
	none := errors.New("SECRET is not set")
	cfg.ClientSecret = func(context.Context) (string, error) { return "", none }
	if _, err := newSource(t, cfg).Token(t.Context()); !errors.Is(err, none) {
		t.Errorf("got %v", err)
	}
}

// TestServiceAccount: the key signs the assertion, which is for the subject, and the key file is checked.
func TestServiceAccount(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	good, err := json.Marshal(map[string]string{"type": "service_account", "client_email": "robot@example.com",
		"private_key":    private,
		"private_key_id": "k1", "token_uri": "https://elsewhere.example/token"})
	if err != nil {
		t.Fatal(err)
	}
	a := newAuthority(t)
	cfg := a.config(t, ServiceAccount)
	cfg.ClientID, cfg.ClientSecret = "", nil
	cfg.KeyFile = filepath.Join(t.TempDir(), "key.json")
	write := func(b []byte) {
		if err := os.WriteFile(cfg.KeyFile, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(good)
	if token, err := newSource(t, cfg).Token(t.Context()); err != nil || token != "access+token/1~secret" {
		t.Fatalf("%q, %v", token, err)
	}
	parts := strings.Split(a.forms[0].Get("assertion"), ".")
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var said struct{ Iss, Sub, Aud, Scope string }
	if err := json.Unmarshal(claims, &said); err != nil || said.Iss != "robot@example.com" ||
		said.Sub != "ann@example.com" ||
		said.Aud != cfg.TokenURL || said.Scope != "mail offline_access" {
		t.Errorf("claims %s, %v", claims, err)
	}
	a.token = func(w http.ResponseWriter, f url.Values) bool {
		w.WriteHeader(400)
		fmt.Fprintf(w, `{"error":"invalid_grant","error_description":"Invalid JWT"}`)
		return true
	}
	if _, err := newSource(t, cfg).Token(t.Context()); err == nil || !strings.Contains(err.Error(), "Invalid JWT") ||
		!strings.Contains(err.Error(), "may the service account act for ann@example.com") {
		t.Errorf("got %v", err)
	}
	a.Close()
	var e *Error
	if _, err := newSource(t, cfg).Token(t.Context()); !errors.As(err, &e) || !e.Later {
		t.Errorf("got %v", err)
	}
	for _, bad := range []string{"", "nonsense " + private, `{"type":"authorized_user"}`,
		`{"type":"service_account","client_email":"a@b.c","private_key":"` + strings.ReplaceAll(private[:200], "\n", `\n`) +
			`"}`} {
		write([]byte(bad))
		if _, err := newSource(t, cfg).Token(t.Context()); err == nil || strings.Contains(err.Error(), private[60:100]) {
			t.Errorf("got %v", err)
		}
	}
	os.Remove(cfg.KeyFile)
	if _, err := newSource(t, cfg).Token(t.Context()); err == nil || !strings.Contains(err.Error(), "key.json") {
		t.Errorf("got %v", err)
	}
}

// TestConfig: endpoints of the providers, and every mistake at once.
func TestConfig(t *testing.T) {
	t.Parallel()
	base := Config{Username: "ann@example.com", Host: "smtp.example.com", Dir: "tokens", ClientID: "client"}
	google, microsoft := base, base
	google.Provider, microsoft.Provider = "google", "microsoft"
	if s := newSource(t, google); s.cfg.Flow != Loopback || s.cfg.TokenURL != "https://oauth2.googleapis.com/token" ||
		s.cfg.Scopes[0] != "https://mail.google.com/" {
		t.Errorf("%+v", s.cfg)
	}
	if s := newSource(t, microsoft); s.cfg.Flow != Device ||
		s.cfg.DeviceURL != "https://login.microsoftonline.com/common/oauth2/v2.0/devicecode" ||
		strings.Join(s.cfg.Scopes, " ") != "https://outlook.office.com/SMTP.Send offline_access" {
		t.Errorf("%+v", s.cfg)
	}
	for _, c := range []struct {
		cfg  Config
		want []string
	}{
		{Config{}, []string{"flow", "token_url", "user name"}},
		{Config{Flow: Device, Provider: "yahoo"}, []string{"yahoo", "device_url", "client_id", "folder"}},
		{Config{Flow: Loopback, TokenURL: "http://login.example.com/token", AuthURL: "https://ann:pw@login.example.com"},
			[]string{"token_url: secrets go to it", "auth_url: a URL with a login"}},
		{Config{Flow: ClientCredentials}, []string{"client_secret", "client_id"}},
		{Config{Flow: ServiceAccount}, []string{"key_file"}},
	} {
		_, err := New(c.cfg)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %v, want one about %q", c.cfg, err, want)
			}
		}
	}
	for u, good := range map[string]bool{"https://a.example/x": true, "http://127.0.0.1:80/x": true,
		"http://localhost/": true, "http://[::1]:1/": true,
		"http://a.example/": false, "ftp://a.example": false, "a.example/token": false, "https:a": false,
		"http://localhost.a.example/": false, "http://127.0.0.1@a.example/": false} {
		if err := CheckURL(u); (err == nil) != good {
			t.Errorf("%s: %v", u, err)
		}
	}
}

// TestLacks: without asking anybody it is known that nobody has logged in, that a login was refused before, and that a
// key cannot be read. Broken by not keeping the refusal.
func TestLacks(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	s := newSource(t, a.config(t, Device))
	lacks := func(want string) {
		t.Helper()
		if err := s.Lacks(); want == "" && err != nil || want != "" && (err == nil || !matches(want, err.Error())) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	lacks("has not logged in")
	kept(t, s, a, record{Refresh: "refresh+token/0~secret"})
	lacks("")
	a.token = func(w http.ResponseWriter, _ url.Values) bool {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_grant"}`)
		return true
	}
	if _, err := s.Token(t.Context()); err == nil {
		t.Fatal("a token")
	}
	lacks("no longer good.*log in again")
	a.token = nil
	if _, err := s.Token(t.Context()); err != nil { // it is taken again, and that is known too
		t.Fatal(err)
	}
	lacks("")

	c := a.config(t, ServiceAccount)
	c.KeyFile = filepath.Join(t.TempDir(), "gone.json")
	s = newSource(t, c)
	lacks("key file: .*gone.json")
}
