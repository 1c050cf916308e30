package returns_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign/definition/returns"
)

// config.yaml is where the XDG specification says, may be missing or say nothing, and is read strictly.
func TestConfig(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", home)
	path := filepath.Join(home, "mailshot", "config.yaml")
	if got, err := returns.ConfigPath(); got != path || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if r, err := returns.Load(""); err != nil || len(r.Boxes) > 0 {
		t.Errorf("no file: %+v, %v", r, err)
	}
	if _, err := returns.Load(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a named file that is missing: %v", err)
	}
	write := func(text string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"", "# nothing yet\n", "\n"} {
		write(text)
		if r, err := returns.Load(""); err != nil || len(r.Boxes) > 0 {
			t.Errorf("%q: %+v, %v", text, r, err)
		}
	}
	write("returns:\n  from:\n    - imap: { host: imap.example.com, username: ann, password: { file: pw } }\n" +
		"    - mbox: back.mbox\n  words: act\n")
	r, err := returns.Load("")
	if err != nil || len(r.Boxes) != 2 || !r.Acts() {
		t.Fatalf("%+v, %v", r, err)
	}
	if r.Boxes[0].Dir != filepath.Dir(path) || r.Boxes[0].Place != path+":3:7" {
		t.Errorf("%+v", r.Boxes[0])
	}
	if file, err := r.Boxes[1].File(); file != filepath.Join(filepath.Dir(path), "back.mbox") || err != nil {
		t.Errorf("%q, %v", file, err)
	}
	write("returns: [{ imap: { host: imap.example.com } }, { imap: { host: a, username: b, password: hunter2 } }]\n" +
		"server: { host: smtp.example.com }\n")
	_, err = returns.Load("")
	if err == nil {
		t.Fatal("no mistake was found")
	}
	text := err.Error()
	for _, want := range []string{path + ":1:19: a mailbox wants a login", path + ":1:91: a password does not belong",
		path + `:2:1: unknown key "server"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said:\n%s", want, text)
		}
	}
	if strings.Contains(text, "hunter2") {
		t.Errorf("the secret is shown:\n%s", text)
	}
}

// Certificates may lie anywhere, as mailboxes may; below the folder of the file they have to exist.
func TestAuthority(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(t.TempDir(), "ca.pem")
	parse := func(name string) (returns.Returns, error) {
		return returns.ParseConfig(filepath.Join(dir, "config.yaml"), []byte("returns: [{ imap: { host: imap.example.com, "+
			"username: ann, password: { env: PW }, ca_file: '"+name+"' } }]\n"))
	}
	r, err := parse(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Boxes[0].Authority(); got != file || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := parse("missing.pem"); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("%v", err)
	}
}
