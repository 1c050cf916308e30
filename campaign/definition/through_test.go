package definition

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A definition that is sent through another one's servers finds what they name in that one's folder, and a mistake is
// at its place in that one's file.
func TestSendThrough(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	below := filepath.Join(dir, "below", "it")
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const head = "id: a\nfrom: a@example.com\nsubject: x\nrecipients: { file: to.csv }\nbody: { text: t.txt }\n"
	for _, folder := range []string{dir, below} {
		write(filepath.Join(folder, "to.csv"), "email\nb@example.com\n")
		write(filepath.Join(folder, "t.txt"), "text\n")
		write(filepath.Join(folder, "c.yaml"), head)
	}
	write(filepath.Join(dir, "ca.pem"), "pem")
	write(filepath.Join(dir, "password"), "swordfish\n")
	write(filepath.Join(dir, "c.yaml"), head+"server:\n  host: smtp.example.com\n  username: a\n  ca_file: ca.pem\n"+
		"  password: { file: password }\nlimits: { caps: 20/min }\n"+
		"dkim:\n  - { domain: example.org, selector: s1, key: { file: password } }\n"+
		"  - { domain: example.com, selector: s1, key: { file: password } }\n"+
		"pgp: { sign: { key: { file: password } }, encrypt: { folder: keys } }\n")
	own, err := Load(filepath.Join(below, "c.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := Load(filepath.Join(dir, "c.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := own.SendThrough(other); err != nil {
		t.Fatal(err)
	}
	s := own.Servers[0]
	if p, err := s.Password.Read(context.Background(), own.Dir); p != "swordfish" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
	if _, err := os.ReadFile(filepath.Join(own.Dir, s.CAFile)); err != nil {
		t.Error(err)
	}
	if e := own.Mistake(s, "password", "x", "x", ""); !strings.HasPrefix(e.Place, "c.yaml:10:") {
		t.Errorf("at %q", e.Place)
	}
	if len(own.Signatures) != 1 || own.Signatures[0].Domain != "example.com" || own.Signatures[0].Item != 1 {
		t.Fatalf("%+v", own.Signatures)
	}
	if p, err := own.Signatures[0].Key.Read(context.Background(), own.Dir); p != "swordfish" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
	if e := own.Mistake(nil, "dkim[1].key", "x", "x", ""); !strings.HasPrefix(e.Place, "c.yaml:14:") {
		t.Errorf("at %q", e.Place)
	}
	pgp := own.Sealing.PGP
	if p, err := pgp.Key.Read(context.Background(), own.Dir); p != "swordfish" || err != nil || pgp.Folder != "keys" {
		t.Errorf("%q, %v, %+v", p, err, pgp)
	}
	if home, err := filepath.EvalSymlinks(own.Sealing.Home(own.Dir)); err != nil {
		t.Error(home, err)
	} else if is, err := filepath.EvalSymlinks(dir); err != nil || home != is {
		t.Errorf("the keys are in %s, and not in %s: %v", home, is, err)
	}
	if e := own.Mistake(nil, "pgp.encrypt.folder", "x", "x", ""); !strings.HasPrefix(e.Place, "c.yaml:15:") {
		t.Errorf("at %q", e.Place)
	}
	if len(own.Limits.Caps) != 1 || own.Path != other.Path || other.Servers[0].CAFile != "ca.pem" {
		t.Errorf("%v, %s, %s", own.Limits, own.Path, other.Servers[0].CAFile)
	}
}
