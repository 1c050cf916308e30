package definition

import (
	"context"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"

	"mailshot/campaign/definition/secret"
)

// A password may be in the system's keyring, under a name.
func TestSecretKeyring(t *testing.T) {
	keyring.MockInit()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere") // it is asked for nothing
	s := &Secret{Keyring: "ann@smtp.example.org"}
	if _, err := s.Read(context.Background(), ""); err == nil || !strings.Contains(err.Error(), "nothing of that name") {
		t.Errorf("%v", err)
	}
	if err := secret.Keep(s.Keyring, "swordfish"); err != nil {
		t.Fatal(err)
	}
	if p, err := s.Read(context.Background(), ""); p != "swordfish" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
	if err := s.Lacks(context.Background(), ""); err != nil {
		t.Error(err)
	}
	d, err := Parse("c.yaml", []byte("id: a\nfrom: a@example.com\nsubject: x\nrecipients: { file: to.csv }\n"+
		"body: { text: t.txt }\nserver: { host: smtp.example.com, username: a, password: { keyring: a@b } }\n"), "")
	if err != nil || d.Servers[0].Password.Keyring != "a@b" {
		t.Errorf("%v", err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", "")
	if secret.HasKeyring() {
		t.Skip("a system whose keyring needs no session bus")
	}
	if _, err := s.Read(context.Background(), ""); err == nil || !strings.Contains(err.Error(), "no keyring") {
		t.Errorf("%v", err)
	}
}
