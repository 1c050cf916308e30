package campaign_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"mailshot/campaign"
	"mailshot/campaign/definition"
	"mailshot/campaign/dispatch"
	"mailshot/campaign/ledger"
	"mailshot/campaign/transport"
	"mailshot/internal/oauth"
)

// tokenServer is a mail server that takes XOAUTH2 alone, with one token.
type tokenServer struct {
	good string

	mu     sync.Mutex
	logins int
	taken  int
}

func (s *tokenServer) NewSession(*smtp.Conn) (smtp.Session, error) { return &tokenSession{s: s}, nil }

type tokenSession struct {
	s  *tokenServer
	in bool
}

func (*tokenSession) AuthMechanisms() []string { return []string{"XOAUTH2"} }
func (x *tokenSession) Auth(string) (sasl.Server, error) {
	return &tokenDialogue{x: x}, nil
}
func (x *tokenSession) Mail(string, *smtp.MailOptions) error {
	if !x.in {
		return smtp.ErrAuthRequired
	}
	return nil
}
func (*tokenSession) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (x *tokenSession) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.taken++
	return err
}
func (*tokenSession) Reset()        {}
func (*tokenSession) Logout() error { return nil }

type tokenDialogue struct {
	x       *tokenSession
	refused string
}

func (d *tokenDialogue) Next(response []byte) ([]byte, bool, error) {
	switch {
	case response == nil:
		return nil, false, nil
	case d.refused != "":
		return nil, false, &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "no: " + d.refused}
	case string(response) != "user=u@example.org\x01auth=Bearer "+d.x.s.good+"\x01\x01":
		d.refused = base64.StdEncoding.EncodeToString(response)
		return []byte(`{"status":"401","schemes":"bearer","scope":"mail"}`), false, nil
	}
	d.x.in = true
	d.x.s.mu.Lock()
	defer d.x.s.mu.Unlock()
	d.x.s.logins++
	return nil, true, nil
}

func (s *tokenServer) start(t *testing.T) int {
	t.Helper()
	server := smtp.NewServer(s)
	server.Domain, server.AllowInsecureAuth = "mail.example", true
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { server.Serve(ln) })
	t.Cleanup(func() { server.Close(); serving.Wait() })
	return ln.Addr().(*net.TCPAddr).Port
}

const secretOfClient = "client+secret/~of-test"

// issuer gives the token away, and counts.
func issuer(t *testing.T, token string) (address string, asked func() int) {
	t.Helper()
	var mu sync.Mutex
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		n++
		w.Header().Set("Content-Type", "application/json")
		if _, secret, _ := r.BasicAuth(); secret != url.QueryEscape(secretOfClient) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error":"invalid_client","error_description":"bad secret %s"}`, secret)
			return
		}
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, token)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() int { mu.Lock(); defer mu.Unlock(); return n }
}

func tokenCampaign(t *testing.T, port int, issuer, secret string) *folder {
	t.Helper()
	f := newFolder(t)
	f.write(t, "secret", secret+"\n")
	f.write(t, "campaign.yaml", base+fmt.Sprintf(`server:
  host: 127.0.0.1
  port: %d
  tls: none
  username: u@example.org
  oauth: { flow: client_credentials, client_id: mailshot, client_secret: { file: secret }, token_url: '%s/token' }
limits: { connections: 4 }
`, port, issuer))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(20))
	return f
}

// secretFree looks for secrets, in every form, in a text and in every file below folders.
func secretFree(t *testing.T, secret, shown string, folders ...string) {
	t.Helper()
	whole := "user=u@example.org\x01auth=Bearer " + secret + "\x01\x01"
	forms := []string{
		secret, url.QueryEscape(secret), fmt.Sprintf("%x", secret),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(whole)),
	}
	for _, dir := range folders {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || e.Name() == "secret" {
				return err
			}
			b, err := os.ReadFile(path)
			shown += string(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, form := range forms {
		if strings.Contains(shown, form) {
			t.Errorf("%q shows", form)
		}
	}
}

// TestTokens sends a campaign by a token: it is asked for once for all
// connections, and is in no file and no event afterwards.
func TestTokens(t *testing.T) {
	t.Parallel()
	const token = "eyJ0eXAi.access+token/~of_test=="
	s := &tokenServer{good: token}
	address, asked := issuer(t, token)
	f := tokenCampaign(t, s.start(t), address, secretOfClient)
	shown := ""
	sum := f.send(t, campaign.Options{Observe: func(e dispatch.Event) { shown += fmt.Sprintf("%+v\n", e) }},
		campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 20})
	if s.taken != 20 || asked() != 1 || s.logins == 0 {
		t.Errorf("%d taken, %d tokens, %d logins", s.taken, asked(), s.logins)
	}
	for _, secret := range []string{token, secretOfClient} {
		secretFree(t, secret, shown, f.dir, filepath.Dir(f.accounts))
	}
}

// TestTokenRefused: a token that is not taken stops the run before the first message, a client that is not taken stops
// the plan, and what was refused is not shown.
func TestTokenRefused(t *testing.T) {
	t.Parallel()
	const token = "eyJ0eXAi.access+token/~of_test=="
	for name, c := range map[string]struct{ good, secret, want string }{
		"by the mail server":          {"another", secretOfClient, "mailshot login gets a new token"},
		"by the authorization server": {token, "wrong+secret/~of-test", "are client_id and client_secret right"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &tokenServer{good: c.good}
			address, _ := issuer(t, token)
			f := tokenCampaign(t, s.start(t), address, c.secret)
			shown := ""
			o := campaign.Options{Observe: func(e dispatch.Event) { shown += fmt.Sprintf("%+v\n", e) }}
			if c.secret == secretOfClient {
				sum := f.send(t, o, campaign.PlanOptions{})
				want(t, sum, map[ledger.State]int64{ledger.Pending: 20})
				if shown += fmt.Sprintf("%+v", sum); sum.ExitCode() != 1 || !strings.Contains(sum.Stopped, c.want) {
					t.Errorf("exit %d, stopped %q", sum.ExitCode(), sum.Stopped)
				}
			} else if said := f.unready(t, o); !strings.Contains(said, c.want) {
				t.Errorf("got %s", said)
			} else {
				shown += said
			}
			for _, secret := range []string{token, c.secret} {
				secretFree(t, secret, shown, f.dir, filepath.Dir(f.accounts))
			}
			if s.taken != 0 {
				t.Errorf("%d taken", s.taken)
			}
		})
	}
}

// TestNoLogin: where nobody has logged in, there is no plan but the command that does.
func TestNoLogin(t *testing.T) {
	t.Parallel()
	s := &tokenServer{good: "none"}
	f := tokenCampaign(t, s.start(t), "http://127.0.0.1:9", secretOfClient)
	path := filepath.Join(f.dir, "campaign.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f.write(t, "campaign.yaml", strings.Replace(string(text),
		"flow: client_credentials,", "flow: device, device_url: 'http://127.0.0.1:9/device',", 1))
	said := f.unready(t, campaign.Options{})
	if !strings.Contains(said, "has not logged in") || !strings.Contains(said, "mailshot login "+path) {
		t.Errorf("got %s", said)
	}
	d, err := definition.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	cfg := transport.TokensConfig{Definition: d, Server: d.Servers[0], Accounts: f.accounts}
	tokens, err := transport.NewTokens(cfg)
	var e *oauth.Error
	if err != nil || !tokens.Interactive() {
		t.Fatal(err)
	}
	if _, err := tokens.Token(t.Context()); !errors.As(err, &e) || e.Code != "no-login" {
		t.Errorf("got %v", err)
	}
	d.Servers[0].OAuth = nil
	if _, err := transport.NewTokens(cfg); !errors.Is(err, transport.ErrNoOAuth) {
		t.Errorf("got %v", err)
	}
}
