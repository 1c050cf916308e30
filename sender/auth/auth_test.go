package auth

import (
	"errors"
	"strings"
	"testing"

	"github.com/emersion/go-sasl"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	password, token := Credentials{Username: "ann", Password: "pw"}, Credentials{Username: "ann", Token: "tk"}
	all := strings.Join(Mechanisms(), " ")
	for _, c := range []struct {
		offered string
		with    Credentials
		asked   string
		want    string // "": none
	}{
		{"PLAIN LOGIN", password, "", "PLAIN"},
		{"LOGIN PLAIN", password, "", "PLAIN"},
		{"login", password, "", "LOGIN"},
		{"NTLM plain CRAM-MD5", password, "", "PLAIN"},
		{"CRAM-MD5 LOGIN", password, "", "LOGIN"},
		{"CRAM-MD5 EXTERNAL", password, "", "CRAM-MD5"},
		{"PLAIN SCRAM-SHA-1", password, "", "SCRAM-SHA-1"},
		{"SCRAM-SHA-1 SCRAM-SHA-256 PLAIN", password, "", "SCRAM-SHA-256"},
		{all, password, "", "SCRAM-SHA-256"}, // no TLS, so nothing to bind to
		{all, password, "plain", "PLAIN"},
		{all, password, "Cram-MD5", "CRAM-MD5"},
		{all, token, "", "XOAUTH2"},
		{"PLAIN OAUTHBEARER", token, "", "OAUTHBEARER"},
		{all, token, "oauthbearer", "OAUTHBEARER"},
		{"PLAIN LOGIN", token, "", ""},
		{"PLAIN", password, "login", ""},
		{"XOAUTH2 OAUTHBEARER EXTERNAL", password, "", ""},
		{all, Credentials{}, "external", "EXTERNAL"},
		{"", password, "", ""}, {"NTLM", password, "", ""}, {"PLAIN-CLIENTTOKEN", password, "", ""},
	} {
		c.with.Mechanism = c.asked
		client, err := Choose(Server{Offered: strings.Fields(c.offered)}, c.with)
		if c.want == "" {
			var none *NoMechanismError
			if !errors.As(err, &none) || strings.Join(none.Offered, " ") != c.offered {
				t.Errorf("%+v: %v", c, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		if name, _, _ := client.Start(); name != c.want {
			t.Errorf("%+v: %s", c, name)
		}
	}
}

func TestChooseRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []Credentials{
		{Username: "a\x00b", Password: "secretpw"},
		{Username: "ann", Password: "secret\x00pw"},
		{Username: "ann", Token: "secret\x01auth=Bearer x"},
		{Username: "ann", Token: "secret\r\n"},
		{Username: "ann\x01auth=Bearer x\x01", Token: "secrettoken"},
		{Username: "ann", Password: "secretpw", Mechanism: "XOAUTH2"},
		{Username: "ann", Token: "secrettoken", Mechanism: "PLAIN"},
		{Username: "ann", Password: "secretpw", Mechanism: "NTLM"},
		{Username: "ann", Password: "secretpw", Mechanism: "SCRAM-SHA-256-PLUS"}, // no TLS
	} {
		_, err := Choose(Server{Offered: append(Mechanisms(), "NTLM")}, c)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// exchange plays the client against what a server says; the initial response comes first.
func exchange(t *testing.T, c sasl.Client, challenges ...string) (answers []string, err error) {
	t.Helper()
	_, initial, err := c.Start()
	if err != nil {
		t.Fatal(err)
	}
	answers = append(answers, string(initial))
	for _, challenge := range challenges {
		answer, err := c.Next([]byte(challenge))
		if err != nil {
			return answers, err
		}
		if answer == nil {
			t.Errorf("nil answer to %q", challenge)
		}
		answers = append(answers, string(answer))
	}
	return answers, nil
}

func TestLogin(t *testing.T) {
	t.Parallel()
	got, err := exchange(t, &login{answers: [][]byte{[]byte("ann"), []byte("pw")}}, "Benutzer", "whatever")
	if err != nil || strings.Join(got, "|") != "|ann|pw" {
		t.Errorf("%q, %v", got, err)
	}
	_, err = exchange(t, &login{answers: [][]byte{[]byte("ann"), []byte("pw")}}, "Username:", "Password:", "Password:")
	if !errors.Is(err, sasl.ErrUnexpectedServerChallenge) {
		t.Errorf("third challenge: %v", err)
	}
}

// TestCramMD5 is the example of RFC 2195 2.
func TestCramMD5(t *testing.T) {
	t.Parallel()
	c := func() sasl.Client { return &cramMD5{username: "tim", password: "tanstaaftanstaaf"} }
	got, err := exchange(t, c(), "<1896.697170952@postoffice.reston.mci.net>")
	if err != nil || got[1] != "tim b913a602c7eda7a495b4e6e7334d3890" {
		t.Errorf("%q, %v", got, err)
	}
	for _, said := range [][]string{{""}, {"<1@example.net>", "<2@example.net>"}} {
		if _, err := exchange(t, c(), said...); !errors.Is(err, sasl.ErrUnexpectedServerChallenge) {
			t.Errorf("%q: %v", said, err)
		}
	}
}

// TestXOAuth2 is the example of Google's description of the mechanism.
func TestXOAuth2(t *testing.T) {
	t.Parallel()
	x := &xoauth2{bearer{username: "someuser@example.com", token: "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"}}
	got, err := exchange(t, x, `{"status":"401","schemes":"bearer mac","scope":"https://mail.google.com/"}`)
	if err != nil || len(got) != 2 || got[1] != "" ||
		got[0] != "user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\x01\x01" {
		t.Errorf("%q, %v", got, err)
	}
	if x.refusal() != "status 401, wanted scope https://mail.google.com/" {
		t.Errorf("%q", x.refusal())
	}
	if _, err := x.Next([]byte("{}")); err == nil {
		t.Error("a second challenge was answered")
	}
	for _, said := range []string{"", "Password:", "\xff"} {
		_, err := exchange(t, &xoauth2{bearer{username: "ann", token: "tk"}}, said)
		if !errors.Is(err, sasl.ErrUnexpectedServerChallenge) {
			t.Errorf("%q: %v", said, err)
		}
	}
}

// TestOAuthBearer is the example of RFC 7628 4.1, and its error of 4.3.
func TestOAuthBearer(t *testing.T) {
	t.Parallel()
	o := &oauthBearer{bearer: bearer{username: "user@example.com", token: "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="},
		host: "server.example.com", port: 143}
	got, err := exchange(t, o,
		`{"status":"invalid_token","scope":"example_scope",`+
			`"openid-configuration":"https://example.com/.well-known/openid-configuration"}`)
	if err != nil || len(got) != 2 || got[1] != "\x01" ||
		got[0] != "n,a=user@example.com,\x01host=server.example.com\x01port=143\x01"+
			"auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01" {
		t.Errorf("%q, %v", got, err)
	}
	odd := &oauthBearer{bearer: bearer{username: "a=b,c", token: "tk"}}
	if got, _ := exchange(t, odd); !strings.HasPrefix(got[0], "n,a=a=3Db=2Cc,\x01") {
		t.Errorf("%q", got)
	}
}

func TestExternal(t *testing.T) {
	t.Parallel()
	if got, err := exchange(t, &external{identity: "ann"}); err != nil || got[0] != "ann" {
		t.Errorf("%q, %v", got, err)
	}
	e := &external{}
	if _, initial, _ := e.Start(); initial == nil || len(initial) != 0 {
		t.Errorf("%q: an empty response has to be said", initial)
	}
	if _, err := e.Next(nil); err == nil {
		t.Error("a challenge was answered")
	}
}
