package definition

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

const loginFrame = "id: x\nfrom: a@example.com\nsubject: s\nrecipients: { file: '-' }\nbody: { text: body.txt }\n" +
	"server:\n  host: smtp.example.com\n  username: me@example.com\n"

func TestOAuth(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]OAuth{
		"oauth: { provider: google, client_id: abc }":    {Provider: "google", Flow: "loopback", ClientID: "abc"},
		"oauth: { provider: microsoft, client_id: abc }": {Provider: "microsoft", Flow: "device", ClientID: "abc"},
		"oauth: { provider: microsoft, flow: client_credentials, " +
			"client_id: abc, client_secret: { env: S }, tenant: acme.example }": {Provider: "microsoft",
			Flow: "client_credentials", ClientID: "abc", ClientSecret: &Secret{Env: "S"}, Tenant: "acme.example"},
		"oauth: { provider: google, flow: service_account, key_file: /run/key.json, subject: you@example.com }": {
			Provider: "google", Flow: "service_account", KeyFile: "/run/key.json", Subject: "you@example.com"},
		"oauth: { flow: loopback, client_id: abc, auth_url: 'http://127.0.0.1:8/a', " +
			"token_url: 'https://a.example/t', scopes: [a, b] }\n  auth: XOAuth2": {Flow: "loopback",
			ClientID: "abc", AuthURL: "http://127.0.0.1:8/a", TokenURL: "https://a.example/t", Scopes: []string{"a", "b"}},
	} {
		d, err := Parse("campaign.yaml", []byte(loginFrame+"  "+text+"\n"), "")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if s := d.Servers[0]; !reflect.DeepEqual(*s.OAuth, want) ||
			strings.Contains(text, "auth: X") != (s.Auth == "xoauth2") {
			t.Errorf("%s: %+v, auth %q", text, *d.Servers[0].OAuth, d.Servers[0].Auth)
		}
	}
	d, err := Parse("campaign.yaml", []byte(loginFrame+"  password: { env: S }\n  auth: SCRAM-SHA-256\n"), "")
	if err != nil || d.Servers[0].OAuth != nil || d.Servers[0].Auth != "scram-sha-256" {
		t.Errorf("%+v, %v", d, err)
	}
}

// The reference's oauth section, which is commented out, has no mistakes either.
func TestReferenceOAuth(t *testing.T) {
	t.Parallel()
	text := regexp.MustCompile(`(?m)^  password:.*\n`).ReplaceAllString(Reference(), "")
	before, rest, found := strings.Cut(text, "  # oauth:\n")
	if !found {
		t.Fatal(text)
	}
	section := regexp.MustCompile(`^(    # .*\n)+`).FindString(rest)
	lines := regexp.MustCompile(`(?m)^    # ([a-z_]+: )`).ReplaceAllString(section, "    $1")
	dir := t.TempDir()
	for _, name := range []string{"customers.xlsx", "body.md", "logo.png", "confirmation.txt", "do-not-mail.csv"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := Parse("campaign.yaml", []byte(before+"  oauth:\n"+lines+strings.TrimPrefix(rest, section)), dir)
	if err != nil || d.Servers[0].OAuth == nil || d.Servers[0].OAuth.KeyFile == "" || d.Servers[0].OAuth.DeviceURL == "" {
		t.Fatalf("%v\n%s", err, lines)
	}
}
