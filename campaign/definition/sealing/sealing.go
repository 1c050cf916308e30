// Package sealing reads the keys of a campaign file that have its messages signed and encrypted for their readers, by
// S/MIME or by OpenPGP: [Keys] reads smime and pgp, and [Check] holds the rules of more than one key. [Mail.Open]
// fetches the private key of a run, and [Mail.Lacks] says before that why it could not.
package sealing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
	"mailshot/campaign/definition/secret"
	"mailshot/render/pgp"
	"mailshot/render/smime"
)

// Mail is what a campaign file says of signing and encrypting its messages. The zero value says nothing. At most one
// of the two ways is given.
type Mail struct {
	SMIME, PGP Way
	Dir        string // of the campaign that names them, where another one is sent as that one is; "" = the campaign's
}

// Way is what one of the two does.
type Way struct {
	Certificate string         // of who signs: a file with it, and those of its CAs, below the folder; only of S/MIME
	Key         *secret.Secret // the private key that signs; nil = messages are not signed
	Passphrase  *secret.Secret // of that key; only of OpenPGP; nil = it has none

	Folder string      // with the keys of those who get messages; "" = see Column
	Column schema.Text // that has each row's key, or names its file; not given and no Folder = nothing is encrypted
}

// Encrypts says whether messages are encrypted.
func (w Way) Encrypts() bool { return w.Folder != "" || w.Column.Given() }

// Any says whether there is anything to do.
func (w Way) Any() bool { return w.Key != nil || w.Encrypts() }

// The names of the ways, as the campaign file writes them.
const (
	SMIME = "smime"
	PGP   = "pgp"
)

// Way returns the way that is given, and its name; the name is "" if none is.
func (m Mail) Way() (name string, w Way) {
	switch {
	case m.SMIME.Any():
		return SMIME, m.SMIME
	case m.PGP.Any():
		return PGP, m.PGP
	}
	return "", Way{}
}

// Column is the column that has each row's key; "" = none has.
func (m Mail) Column() string {
	_, w := m.Way()
	return w.Column.Text
}

// Promise says in one word after the other what a plan promises of each message, whatever the keys are: that it is
// signed, and to whose keys it is encrypted. It is "" if there is nothing of it.
func (w Way) Promise() string {
	var words []string
	if w.Key != nil {
		words = append(words, "signed")
	}
	if w.Folder != "" {
		words = append(words, "encrypted by folder "+w.Folder)
	}
	if w.Column.Given() {
		words = append(words, "encrypted by column "+w.Column.Text)
	}
	return strings.Join(words, ", ")
}

// Keys are the keys of a campaign file for m.
func Keys(m *Mail) []schema.Key {
	return []schema.Key{
		{Name: SMIME, Off: true, Keys: m.SMIME.keys(SMIME),
			Doc: "Signs and encrypts each message for its reader (S/MIME), when it leaves. A row whose person has no key is an " +
				"error, and nothing goes in clear; the subject and the other header fields stay readable. docs/encryption.md."},
		{Name: PGP, Off: true, Keys: m.PGP.keys(PGP), Doc: "The same by OpenPGP, in place of smime."},
	}
}

func (w *Way) keys(name string) []schema.Key {
	certificate := schema.Key{Name: "certificate", Required: true, Read: schema.FileName(&w.Certificate), Example: "certs/me.pem",
		Doc: "A file below the folder: your certificate in PEM, and behind it those of its CAs."}
	passphrase := schema.Key{Name: "passphrase", Read: secret.Reader(&w.Passphrase, "a passphrase", passphraseHint),
		Example: "{ env: PGP_PASSPHRASE }", Doc: "Where its passphrase is. Default: it has none."}
	folder := schema.Key{Name: "folder", Read: schema.Folder(&w.Folder), Example: "certs",
		Doc: "A folder with the certificates of your readers (.pem, .crt, .cer), found by the addresses in them."}
	column := schema.Key{Name: "column", Read: schema.OneLine(into(&w.Column)), Example: "certificate",
		Doc: "In place of folder: a column that names the file of each row's certificate, or has its PEM."}
	key := schema.Key{Name: "key", Required: true, Read: secret.Reader(&w.Key, "a private key", keyHint(name)), Example: "{ file: keys/me.key }",
		Doc: "Where its private key is, in a file that only you may read; without a passphrase."}
	sign := []schema.Key{certificate, key}
	if name == PGP {
		key.Doc, key.Example = "Where your private key is, in ASCII armor, in a file that only you may read.", "{ file: keys/me.asc }"
		folder.Doc = "A folder with the public keys of your readers (.asc, .gpg, .pgp), found by the addresses in them."
		folder.Example = "keys"
		column.Doc = "In place of folder: a column that names the file of each row's key, or has it in ASCII armor."
		column.Example = "key"
		sign = []schema.Key{key, passphrase}
	}
	return []schema.Key{
		{Name: "sign", Keys: sign, Doc: "Who signs. Default: nobody."},
		{Name: "encrypt", Keys: []schema.Key{folder, column}, Doc: "To whose keys messages are encrypted. Default: they are not."},
	}
}

func into(t *schema.Text) func(*schema.Decoder, *yaml.Node, schema.Text) {
	return func(dec *schema.Decoder, n *yaml.Node, got schema.Text) {
		if schema.IsTemplate(got.Text) {
			dec.Bad(n, "column is the name of a column, and not a template", "write it without the braces")
			return
		}
		*t = got
	}
}

const passphraseHint = "write passphrase: { env: NAME }, { file: path }, { command: [pass, show, pgp] } or { keyring: name }"

func keyHint(name string) string {
	file := "keys/me.key"
	if name == PGP {
		file = "keys/me.asc"
	}
	return "write key: { file: " + file + " }, or { env: NAME }, { command: [pass, show, key] } or { keyring: name }"
}

// Check reports what does not go together. cc and bcc say whether anybody gets a copy.
func Check(dec *schema.Decoder, m Mail, cc, bcc bool) {
	if n := dec.Given(PGP); n != nil && dec.Given(SMIME) != nil {
		dec.Report(n, "bad-value", "smime and pgp do not go together: a message is sealed in one way",
			"send those who have the one and those who have the other as two campaigns, with recipients.where")
		return
	}
	for name, w := range map[string]Way{SMIME: m.SMIME, PGP: m.PGP} {
		n := dec.Given(name)
		if n == nil || dec.Failed(name) {
			continue
		}
		if !w.Any() {
			dec.Report(n, "missing-key", name+" says neither who signs nor to whose keys messages are encrypted",
				"give sign, encrypt or both")
			continue
		}
		at := dec.Given(name + ".encrypt")
		if at == nil {
			continue
		}
		switch {
		case !w.Encrypts():
			dec.Report(at, "missing-key", name+".encrypt names no keys", "give folder or column")
		case w.Folder != "" && w.Column.Given():
			dec.Report(at, "bad-value", "folder and column do not go together: which of them has a person's key?", "remove one of them")
		case bcc:
			dec.Report(dec.Given("bcc"), "copies", "bcc and "+name+".encrypt do not go together: what is encrypted names all who can open it",
				"use cc, or put them into the list, each in a row of their own")
		case cc && w.Column.Given():
			dec.Report(dec.Given("cc"), "copies", "cc and "+name+".encrypt.column do not go together: a row's cell is the key of its own person",
				"use "+name+".encrypt.folder, which has the keys of all")
		}
	}
}

// In is m as another campaign has it, in whose place it is sent; dir is the folder of m's own.
func (m Mail) In(dir string) Mail {
	m.Dir = dir
	for _, w := range []*Way{&m.SMIME, &m.PGP} {
		w.Key, w.Passphrase = w.Key.In(dir), w.Passphrase.In(dir)
	}
	return m
}

// Home is the folder in which m's files are; dir is the campaign's.
func (m Mail) Home(dir string) string { return cmp.Or(m.Dir, dir) }

// certificate reads the file of the certificate that signs.
func (m Mail) certificate(dir string) ([]byte, error) {
	f, err := os.OpenInRoot(m.Home(dir), filepath.FromSlash(m.SMIME.Certificate))
	if err != nil {
		return nil, fmt.Errorf("certificate %s: %w", m.SMIME.Certificate, secret.Bare(err))
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, secret.Most))
	if err != nil {
		return nil, fmt.Errorf("certificate %s: %w", m.SMIME.Certificate, secret.Bare(err))
	}
	return Plain(b), nil
}

// Signer is what signs the messages of a run. At most one of its fields is set; neither, if nothing signs.
type Signer struct {
	SMIME *smime.Signer
	PGP   *pgp.Signer
}

// Open fetches the private key and makes the signer of a run. dir is the campaign's folder. No error holds a part of
// a key.
func (m Mail) Open(ctx context.Context, dir string, now time.Time) (s Signer, err error) {
	name, w := m.Way()
	if w.Key == nil {
		return s, nil
	}
	fail := func(err error) (Signer, error) { return Signer{}, fmt.Errorf("%s.sign: %w", name, err) }
	if name == SMIME {
		certificate, err := m.certificate(dir)
		if err != nil {
			return fail(err)
		}
		if _, why := smime.CheckSigner(certificate, now); why != "" {
			return fail(fmt.Errorf("%s: %s", w.Certificate, why))
		}
		key, err := text(ctx, w.Key, dir)
		if err == nil {
			s.SMIME, err = smime.NewSigner(certificate, key)
		}
		if err != nil {
			return fail(named(w.Key, err))
		}
		return s, nil
	}
	key, err := text(ctx, w.Key, dir)
	if err != nil {
		return fail(err)
	}
	pass := ""
	if w.Passphrase != nil {
		if pass, err = w.Passphrase.Read(ctx, dir); err != nil {
			return fail(fmt.Errorf("passphrase: %w", err))
		}
	}
	if s.PGP, err = pgp.NewSigner(key, pass, now); err != nil {
		return fail(named(w.Key, err))
	}
	return s, nil
}

// text fetches a private key, and refuses a file that others may read.
func text(ctx context.Context, at *secret.Secret, dir string) (string, error) {
	text, err := at.Text(ctx, dir)
	text = string(Plain([]byte(text)))
	if err != nil || at.File == "" || runtime.GOOS == "windows" {
		return text, err
	}
	name, err := at.Path(dir)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(name)
	if err != nil {
		return "", named(at, secret.Bare(err))
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", &OpenError{Place: at.Place(), Mode: info.Mode().Perm()}
	}
	return text, nil
}

// OpenError says that others than its owner may read a key's file.
type OpenError struct {
	Place string
	Mode  fs.FileMode
}

func (e *OpenError) Error() string {
	return fmt.Sprintf("%s: others may read or write it (mode %04o)", e.Place, e.Mode)
}

// named puts the place of a secret before an error that does not have it.
func named(at *secret.Secret, err error) error {
	if strings.HasPrefix(err.Error(), at.Place()) {
		return err
	}
	return fmt.Errorf("%s: %w", at.Place(), err)
}

// Lack is something that a run would need and does not have: of the key at a path of the campaign file.
type Lack struct{ Path, Text, Hint string }

// Lacks says what keeps a run from signing, as far as that is known without running a program.
func (m Mail) Lacks(ctx context.Context, dir string, now time.Time) []Lack {
	name, w := m.Way()
	if w.Key == nil {
		return nil
	}
	if name == SMIME {
		certificate, err := m.certificate(dir)
		if err != nil {
			return []Lack{{"smime.sign.certificate", err.Error(), "put your certificate there, in PEM"}}
		}
		if _, why := smime.CheckSigner(certificate, now); why != "" {
			hint := "put your certificate for mail there, in PEM"
			if why == smime.ErrPKCS12.Error() {
				hint = "openssl pkcs12 -in FILE -clcerts -nokeys -out CERTIFICATE.pem"
			}
			return []Lack{{"smime.sign.certificate", w.Certificate + ": " + why, hint}}
		}
	}
	for at, s := range map[string]*secret.Secret{"key": w.Key, "passphrase": w.Passphrase} {
		if s == nil || len(s.Command) == 0 {
			continue
		}
		if err := s.Lacks(ctx, dir); err != nil {
			return []Lack{{name + ".sign." + at, err.Error(), "install the program, or write its whole path"}}
		}
		return nil // the rest is known when it has run
	}
	_, err := m.Open(ctx, dir, now)
	if err == nil {
		return nil
	}
	lack := Lack{name + ".sign.key", strings.TrimPrefix(err.Error(), name+".sign: "), "put the private key of the certificate there, in PEM"}
	if name == PGP {
		lack.Hint = "put the private key there: gpg --armor --export-secret-keys ADDRESS"
	}
	open := (*OpenError)(nil)
	switch {
	case errors.As(err, &open):
		lack.Hint = "chmod 600 " + w.Key.File
	case errors.Is(err, smime.ErrEncrypted):
		lack.Text, lack.Hint = "the key has a passphrase, and must be without one", "openssl pkey -in KEY -out OPEN-KEY; chmod 600 OPEN-KEY"
	case errors.Is(err, smime.ErrPKCS12):
		lack.Hint = "openssl pkcs12 -in FILE -nocerts -nodes -out KEY.pem; chmod 600 KEY.pem"
	case errors.Is(err, pgp.ErrPassphrase), strings.Contains(err.Error(), "passphrase"):
		lack.Hint = passphraseHint
		if w.Passphrase != nil {
			lack.Path = name + ".sign.passphrase"
		}
	}
	return []Lack{lack}
}
