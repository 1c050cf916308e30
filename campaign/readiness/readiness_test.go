package readiness_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"mailshot/campaign/definition"
	"mailshot/campaign/readiness"
)

const head = "id: news\nfrom: a@example.org\nsubject: x\nrecipients: { file: l.csv }\nbody: { text: b.txt }\n"

// folder is a campaign's folder with what the tests name.
func folder(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	template.NotAfter = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	mine, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signs, err := x509.MarshalPKCS8PrivateKey(ed)
	if err != nil {
		t.Fatal(err)
	}
	pair := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: signs})
	dir := t.TempDir()
	for name, b := range map[string][]byte{
		"l.csv": []byte("email\n"), "b.txt": []byte("Hello\n"), "empty": nil, "two": []byte("a\nb\n"), "one": []byte("a\n"),
		"ca.pem": certificate, "key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		"good.pem": pair, "open.pem": pair, "me.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: mine}),
		"open-key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		"locked.pem":   pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: private}), "me.asc": locked(t),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"open.pem", "open-key.pem"} {
		if err := os.Chmod(filepath.Join(dir, name), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// locked is a private key of OpenPGP with a passphrase.
func locked(t *testing.T) []byte {
	t.Helper()
	at := &packet.Config{Time: func() time.Time { return time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC) }}
	e, err := openpgp.NewEntity("", "", "a@example.org", at)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.EncryptPrivateKeys([]byte("correct horse"), at); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := armor.Encode(&b, openpgp.PrivateKeyType, nil)
	if err == nil {
		err = e.SerializePrivateWithoutSigning(w, at)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Each of what a run would need is found, at its place, and nothing else.
//
// Broken by leaving out each of the looks.
func TestLacks(t *testing.T) {
	dir := folder(t)
	t.Setenv("READY_SET", "x")
	t.Setenv("READY_EMPTY", "")
	t.Setenv("READY_PGP", "correct horse")
	t.Setenv("HOME", "")
	signed := "dkim: [{ domain: example.org, selector: s1, key: "
	login := "server: { host: localhost, username: u, "
	for _, test := range []struct{ file, want string }{
		{"", ""},
		{login + "password: { env: READY_SET } }", ""},
		{login + "password: { env: READY_UNSET } }", "no-secret c.yaml:6:58: environment variable READY_UNSET is not set"},
		{login + "password: { env: READY_EMPTY } }", "no-secret c.yaml:6:58: environment variable READY_EMPTY is empty"},
		{login + "password: { file: one } }", ""},
		{login + "password: { file: empty } }", "no-secret c.yaml:6:59: file empty is empty"},
		{login + "password: { file: two } }", "no-secret c.yaml:6:59: file two holds more than one line"},
		{login + "password: { file: ./gone } }", "no-secret c.yaml:6:59: file ./gone: "},
		{login + "password: { command: [./gone, x] } }", "no-secret c.yaml:6:62: command ./gone: "},
		{login + "oauth: { provider: microsoft, client_id: c } }", "no-login c.yaml:6:48: u has not logged in for localhost"},
		{login + "oauth: { provider: microsoft, client_id: c, client_secret: { env: READY_UNSET } } }",
			"no-secret c.yaml:6:107: environment variable READY_UNSET is not set"},
		{login + "oauth: { provider: google, flow: service_account, key_file: one } }",
			"no-login c.yaml:6:101: the service account's key file is not JSON"},
		{"server: { host: localhost, ca_file: ca.pem }", ""},
		{"server: { host: localhost, ca_file: one }", "bad-certificate c.yaml:6:37: no certificate in one"},
		{"server: { host: localhost, client_certificate: ca.pem, client_key: /gone.pem }",
			"bad-certificate c.yaml:6:68: /gone.pem: "},
		{"server: { host: localhost, client_certificate: ca.pem, client_key: key.pem }",
			"bad-certificate c.yaml:6:48: ca.pem was good until 2026-11-01"},
		{login + "password: { env: READY_SET }, sent_copy: imap }", ""},
		{login + "password: { env: READY_SET }, sent_copy: { username: v, password: { env: READY_UNSET } } }",
			"no-secret c.yaml:6:114: environment variable READY_UNSET is not set"},
		{login + "password: { env: READY_SET }, sent_copy: { ca_file: one } }",
			"bad-certificate c.yaml:6:93: no certificate in one"},
		{login + "password: { env: READY_SET }, sent_copy: { ca_file: ~/gone.pem } }", "bad-certificate c.yaml:6:93: $HOME is not defined"},
		{login + "password: { env: READY_SET }, sent_copy: { host: imap.example, username: v, " +
			"oauth: { provider: microsoft, client_id: c } } }", "no-login c.yaml:6:124: v has not logged in for imap.example"},
		{"server: { sendmail: /gone/sendmail }", "no-program c.yaml:6:21: /gone/sendmail is not there"},
		{signed + "{ file: key.pem } }]", "no-key c.yaml:6:58: file key.pem: the key is neither RSA nor Ed25519"},
		{signed + "{ file: one } }]", "no-key c.yaml:6:58: file one: this is not a private key in PEM"},
		{signed + "{ file: gone } }]", "no-key c.yaml:6:58: file gone: "},
		{signed + "{ env: READY_UNSET } }]", "no-key c.yaml:6:57: environment variable READY_UNSET is not set"},
		{signed + "{ command: [./gone] } }]", "no-key c.yaml:6:61: command ./gone: "},
		{signed + "{ file: good.pem } }]", ""},
		{signed + "{ file: open.pem } }]", "no-key c.yaml:6:58: file open.pem: others may read or write it (mode 0640)"},
		{"smime: { sign: { certificate: ca.pem, key: { file: key.pem } } }",
			"no-key c.yaml:6:31: ca.pem: the certificate expired on 2026-11-01"},
		{"smime: { sign: { certificate: me.pem, key: { file: key.pem } } }", ""},
		{"smime: { sign: { certificate: me.pem, key: { file: gone } } }", "no-key c.yaml:6:52: file gone: "},
		{"smime: { sign: { certificate: me.pem, key: { file: good.pem } } }",
			"no-key c.yaml:6:52: file good.pem: the key is neither RSA nor ECDSA"},
		{"smime: { sign: { certificate: me.pem, key: { file: open-key.pem } } }",
			"no-key c.yaml:6:52: file open-key.pem: others may read or write it (mode 0640)"},
		{"smime: { sign: { certificate: me.pem, key: { file: locked.pem } } }",
			"no-key c.yaml:6:52: the key has a passphrase, and must be without one"},
		{"smime: { sign: { certificate: me.pem, key: { command: [./gone] } } }", "no-key c.yaml:6:55: command ./gone: "},
		{"pgp: { sign: { key: { file: key.pem } } }",
			"no-key c.yaml:6:29: file key.pem: this is not a private key of OpenPGP"},
		{"pgp: { sign: { key: { file: me.asc } } }",
			"no-key c.yaml:6:29: file me.asc: the key has a passphrase, and passphrase is not given"},
		{"pgp: { sign: { key: { file: me.asc }, passphrase: { env: READY_SET } } }",
			"no-key c.yaml:6:58: file me.asc: the passphrase is not that of the key"},
		{"pgp: { sign: { key: { file: me.asc }, passphrase: { env: READY_UNSET } } }",
			"no-key c.yaml:6:58: passphrase: environment variable READY_UNSET is not set"},
		{"pgp: { sign: { key: { file: me.asc }, passphrase: { env: READY_PGP } } }", ""},
		{"schedule: { zone: UTC, not_after: 2026-11-02 12:00 }",
			"too-late c.yaml:6:35: schedule.not_after (Mon 2026-11-02 12:00 UTC) has passed"},
		{"schedule: { zone: UTC, not_after: 2026-11-02 12:01 }", ""},
	} {
		d, err := definition.Parse("c.yaml", []byte(head+test.file+"\n"), dir)
		if err != nil {
			t.Errorf("%s: %v", test.file, err)
			continue
		}
		c := readiness.Config{Definition: d, Accounts: filepath.Join(dir, "accounts.db"),
			Now: time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)}
		got := ""
		for _, f := range readiness.Lacks(t.Context(), c) {
			got += f.Code + " " + f.Place + ": " + f.Text + "\n"
			if f.Severity != "error" || f.Excerpt == "" || f.Column == 0 {
				t.Errorf("%s: %+v", test.file, f)
			}
		}
		if !strings.HasPrefix(got, test.want) || (got == "") != (test.want == "") || strings.Count(got, "\n") > 1 {
			t.Errorf("%s: got\n%swant\n%s", test.file, got, test.want)
		}
		c.Rehearsal = true
		unasked := strings.HasPrefix(test.want, "too-late") || strings.Contains(test.file, "sent_copy")
		if fs := readiness.Lacks(t.Context(), c); unasked && len(fs) > 0 {
			t.Errorf("a rehearsal keeps to the schedule, or files copies: %+v", fs)
		}
	}
}
