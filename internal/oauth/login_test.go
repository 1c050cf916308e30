package oauth

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/zalando/go-keyring"
)

func matches(pattern, s string) bool {
	for _, part := range strings.Split(pattern, ".*") {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return true
}

// browse opens a page as a browser does, following where it is sent.
func browse(t *testing.T, address string) (status int, page string) {
	t.Helper()
	r, err := http.Get(address)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	return r.StatusCode, string(b)
}

// TestLoopback logs in with a browser that comes back. A request without our state, by another name or to another path,
// is refused. The authority checks the verifier against the challenge; it refused an exchange without the verifier.
func TestLoopback(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	s := newSource(t, a.config(t, Loopback))
	var prompt Prompt
	came := make(chan struct{})
	place, err := s.Login(t.Context(), Dialogue{Show: func(p Prompt) {
		prompt = p
		go func() {
			defer close(came)
			u, err := url.Parse(p.URL)
			if err != nil {
				t.Error(err)
			}
			home := u.Query().Get("redirect_uri")
			if !strings.HasPrefix(home, "http://127.0.0.1:") {
				t.Errorf("comes back to %s", home)
			}
			for _, wrong := range []string{"?code=stolen", "?code=stolen&state=", "?code=stolen&state=guess",
				"elsewhere?code=x&state=" + u.Query().Get("state")} {
				if status, page := browse(t, home+wrong); status != http.StatusBadRequest || strings.Contains(page, "stolen") {
					t.Errorf("%s: %d %s", wrong, status, page)
				}
			}
			if status, page := browse(t, p.URL); status != http.StatusOK || !strings.Contains(page, "go back to the terminal") {
				t.Errorf("%d %s", status, page)
			}
		}()
	}})
	<-came
	if err != nil {
		t.Fatal(err)
	}
	if place != s.store.file() || prompt.Code != "" {
		t.Errorf("kept in %s, prompt %+v", place, prompt)
	}
	leaks(t, fmt.Sprintf("%+v", prompt))
	if token, err := s.Token(t.Context()); err != nil || token != "access+token/1~secret" ||
		a.asked("refresh_token") != 0 {
		t.Errorf("%q, %v", token, err)
	}
	info, err := os.Stat(place)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	for _, left := range must(filepath.Glob(filepath.Join(s.cfg.Dir, ".mailshot-*"))) {
		t.Errorf("%s was left", left)
	}
	// The token of one mail server is not that of another.
	other := s.cfg
	other.Host = "smtp.evil.example"
	var e *Error
	if _, err := newSource(t, other).Token(t.Context()); !errors.As(err, &e) || e.Code != "no-login" ||
		e.Next != "mailshot login campaign.yaml" {
		t.Errorf("got %v", err)
	}
	for _, want := range []bool{true, false} {
		if found, err := s.Logout(t.Context()); found != want || err != nil {
			t.Errorf("%v, %v", found, err)
		}
	}
	if _, err := newSource(t, s.cfg).Token(t.Context()); !errors.As(err, &e) || e.Code != "no-login" {
		t.Errorf("got %v", err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestDeclined: a person who says no, or goes away, ends the login.
func TestDeclined(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	s := newSource(t, a.config(t, Loopback))
	came := make(chan struct{})
	_, err := s.Login(t.Context(), Dialogue{Show: func(p Prompt) {
		u, _ := url.Parse(p.URL)
		go func() {
			defer close(came)
			browse(t, u.Query().Get("redirect_uri")+"?error=access_denied&state="+u.Query().Get("state"))
		}()
	}})
	<-came
	if err == nil || !strings.Contains(err.Error(), "declined") {
		t.Errorf("got %v", err)
	}
}

// TestHeadless: the browser is elsewhere, and its last address is pasted.
func TestHeadless(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		paste func(u *url.URL) string
		want  string // of the error; "": logs in
	}{
		"address": {func(u *url.URL) string {
			return " " + u.Query().Get("redirect_uri") + "?scope=x&code=code-secret&state=" + u.Query().Get("state") + "\r\nmore"
		}, ""},
		"query alone": {func(u *url.URL) string { return "code=code-secret&state=" + u.Query().Get("state") }, ""},
		"another state": {func(u *url.URL) string { return u.Query().Get("redirect_uri") + "?code=code-secret&state=x" },
			"not the address"},
		"wrong code": {func(u *url.URL) string { return "code=wrong-code-secret&state=" + u.Query().Get("state") },
			"no token: invalid_grant"},
		"nothing": {func(*url.URL) string { return "" }, "no address"},
		"an error": {func(u *url.URL) string { return "error=access_denied&state=" + u.Query().Get("state") },
			"declined"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAuthority(t)
			s := newSource(t, a.config(t, Loopback))
			r, w := io.Pipe()
			defer r.Close()
			_, err := s.Login(t.Context(), Dialogue{Paste: iotest.OneByteReader(r), Show: func(p Prompt) {
				u, _ := url.Parse(p.URL)
				q := u.Query()
				a.mu.Lock()
				a.challenge, a.redirect = q.Get("code_challenge"), q.Get("redirect_uri")
				a.mu.Unlock()
				go func() { io.WriteString(w, c.paste(u)); w.Close() }()
			}})
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
			leaks(t, all(err), "wrong-code-secret")
		})
	}
}

// TestDevice logs in with a code that is typed elsewhere.
func TestDevice(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	s := newSource(t, a.config(t, Device))
	place, err := s.Login(t.Context(), Dialogue{Show: func(p Prompt) {
		if p.Code != "ABCD-EFGH" || p.URL != a.URL+"/go" || p.Expires.IsZero() {
			t.Errorf("%+v", p)
		}
		leaks(t, fmt.Sprintf("%+v", p))
		a.mu.Lock()
		a.confirmed = true
		a.mu.Unlock()
	}})
	if err != nil || place == "" {
		t.Fatal(err)
	}
	if token, err := s.Token(t.Context()); err != nil || token != "access+token/1~secret" {
		t.Errorf("%q, %v", token, err)
	}
}

// TestKeyring: a login is kept in the keyring if there is one, in a file when that is asked for, and always in one
// place only.
func TestKeyring(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	cfg := a.config(t, Device)
	cfg.Keyring, cfg.Host = func() bool { return true }, "keyring.example.com"
	a.confirmed = true
	s := newSource(t, cfg)
	quiet := func(Prompt) {}
	login := func(file bool) string {
		t.Helper()
		place, err := s.Login(t.Context(), Dialogue{Show: quiet, File: file})
		if err != nil {
			t.Fatal(err)
		}
		return place
	}
	_, inKeyring := "", func() bool { _, err := keyring.Get(service, s.store.name); return err == nil }
	inFile := func() bool { _, err := os.Stat(s.store.file()); return err == nil }
	if place := login(false); place != "the system's keyring" || !inKeyring() || inFile() {
		t.Errorf("kept in %s", place)
	}
	if token, err := newSource(t, cfg).Token(t.Context()); err != nil || token != "access+token/1~secret" {
		t.Errorf("%q, %v", token, err)
	}
	if place := login(true); place != s.store.file() || inKeyring() || !inFile() {
		t.Errorf("kept in %s", place)
	}
	if place := login(false); place != "the system's keyring" || !inKeyring() || inFile() {
		t.Errorf("kept in %s", place)
	}
	if found, err := s.Logout(t.Context()); !found || err != nil || inKeyring() {
		t.Errorf("%v, %v", found, err)
	}
}

// TestBrokenKeyring: a login does without a keyring that does not work. Not parallel: all tests share the mock.
func TestBrokenKeyring(t *testing.T) {
	defer keyring.MockInit()
	a := newAuthority(t)
	a.confirmed = true
	cfg := a.config(t, Device)
	cfg.Keyring = func() bool { return true }
	keyring.MockInitWithError(errors.New("org.freedesktop.secrets was not provided"))
	if _, err := newSource(t, cfg).Token(t.Context()); err == nil || !strings.Contains(err.Error(), "--file") {
		t.Errorf("got %v", err)
	}
	keyring.MockInitWithError(keyring.ErrSetDataTooBig)
	s := newSource(t, cfg)
	now := record{Refresh: "refresh+token/0~secret"}
	if place, err := s.store.save(&now, false); err != nil || place != s.store.file() {
		t.Errorf("%s, %v", place, err)
	}
}

// TestOpenFile: a login that others may have read is not used.
func TestOpenFile(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("modes say nothing on Windows")
	}
	a := newAuthority(t)
	s := newSource(t, a.config(t, Device))
	kept(t, s, a, record{Refresh: "refresh+token/0~secret"})
	if err := os.Chmod(s.store.file(), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Token(t.Context()); err == nil || !strings.Contains(err.Error(), "other users may read it") {
		t.Errorf("got %v", err)
	}
	if err := os.Remove(s.store.file()); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/hostname", s.store.file()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Token(t.Context()); err == nil || !strings.Contains(err.Error(), "regular file") {
		t.Errorf("got %v", err)
	}
	os.Remove(s.store.file())
	if err := os.WriteFile(s.store.file(), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Token(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("got %v", err)
	}
}
