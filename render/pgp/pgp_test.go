package pgp

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"mailshot/render/entity"
)

// made makes a key by the library, and returns both halves in armor.
func made(t *testing.T, address string, cfg *packet.Config) (public, private string, e *openpgp.Entity) {
	t.Helper()
	e, err := openpgp.NewEntity("", "", address, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return armored(t, publicKind, e.Serialize), armored(t, openpgp.PrivateKeyType, func(w writer) error {
		return e.SerializePrivateWithoutSigning(w, nil)
	}), e
}

const publicKind = "PGP PUBLIC KEY BLOCK"

type writer = io.Writer

func armored(t *testing.T, kind string, serialize func(writer) error) string {
	t.Helper()
	var b bytes.Buffer
	w, err := armor.Encode(&b, kind, nil)
	if err == nil {
		err = serialize(w)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// gnupg is a folder with keys of GnuPG's.
type gnupg struct {
	t    *testing.T
	home string
}

// newGnupg makes one, whose path is short enough for the agent's socket.
func newGnupg(t *testing.T) gnupg {
	t.Helper()
	if _, err := exec.LookPath("gpg"); err != nil {
		t.Skip("no gpg on this machine: what was made was not read by it")
	}
	home, err := os.MkdirTemp("", "gpg")
	if err != nil {
		t.Fatal(err)
	}
	g := gnupg{t, home}
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run() // its agent, if there is one
		_ = os.RemoveAll(home)
	})
	return g
}

func (g gnupg) run(stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(g.t.Context(), "gpg", append([]string{"--homedir", g.home, "--batch", "--no-tty",
		"--trust-model", "always", "--pinentry-mode", "loopback", "--passphrase", ""}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, stderr.String())
	}
	return string(out), err
}

// must is run, whose error ends the test.
func (g gnupg) must(stdin string, args ...string) string {
	g.t.Helper()
	out, err := g.run(stdin, args...)
	if err != nil {
		g.t.Fatal(err)
	}
	return out
}

var bodies = map[string]string{
	"plain":  "Content-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n",
	"empty":  "Content-Type: text/plain\r\n\r\n",
	"spaces": "Content-Type: text/plain\r\n\r\ntrailing=20\r\n=20\r\n\r\n\r\n",
	"from":   "Content-Type: text/plain\r\n\r\n=46rom me\r\n=2E\r\n..\r\n- dash\r\n",
	"no end": "Content-Type: text/plain\r\n\r\nno line end",
	"long":   "Content-Type: text/plain\r\n\r\n" + strings.Repeat("x", 998) + "\r\n",
	"large":  "Content-Type: text/plain\r\n\r\n" + strings.Repeat(strings.Repeat("x", 76)+"\r\n", 20_000),
}

// inner is the armored text in an encrypted entity, or the signature of a signed one.
func inner(t *testing.T, b []byte) string {
	t.Helper()
	parts := entity.Parts(b)
	if len(parts) != 2 {
		t.Fatalf("%d parts: %.300q", len(parts), b)
	}
	_, text, _ := strings.Cut(string(parts[1]), "\r\n\r\n")
	return text
}

// What is encrypted is opened by gpg with each recipient's key, to the octet, with the signature inside good; with
// another key it is not. Keys are gpg's own, of two kinds.
func TestEncrypt(t *testing.T) {
	t.Parallel()
	g, eve := newGnupg(t), newGnupg(t)
	g.must("", "--quick-generate-key", "Ann <ann@example.com>", "future-default", "default", "1y")
	g.must("", "--quick-generate-key", "Bob <bob@example.com>", "rsa2048", "default", "1y")
	g.must("", "--quick-add-key", fingerprint(g, "bob@example.com"), "rsa2048", "encr")
	eve.must("", "--quick-generate-key", "Eve <eve@example.com>", "future-default", "default", "1y")
	to, err := Keys([]byte(g.must("", "--armor", "--export")))
	if err != nil || len(to) != 2 {
		t.Fatal(to, err)
	}
	other, err := Keys([]byte(eve.must("", "--export"))) // a binary keyring
	if err != nil || len(other) != 1 {
		t.Fatal(other, err)
	}
	by, err := NewSigner(g.must("", "--armor", "--export-secret-keys", "ann@example.com"), "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range bodies {
		for _, signer := range []*Signer{nil, by} {
			sealed, err := Encrypt([]byte(body), to, signer, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			most := EncryptedSize(int64(len(body)), len(to), signer != nil)
			if n := int64(len(sealed)); n > most || most > n+n/50+20_000 {
				t.Errorf("%s: %d octets, foreseen as %d", name, n, most)
			}
			if err := Opens(sealed, to); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if Opens(sealed, to[:1]) == nil || Opens(sealed, []*Key{to[0], other[0]}) == nil || Opens([]byte(body), to) == nil {
				t.Errorf("%s: others are taken for recipients", name)
			}
			status := filepath.Join(t.TempDir(), "status")
			got, err := g.run(inner(t, sealed), "--status-file", status, "--decrypt")
			if err != nil || got != body {
				t.Errorf("%s: gpg opened %.200q: %v", name, got, err)
			}
			said, err := os.ReadFile(status)
			if err != nil || signer != nil != strings.Contains(string(said), "GOODSIG") {
				t.Errorf("%s: gpg says %s", name, said)
			}
			if got, err := eve.run(inner(t, sealed), "--decrypt"); err == nil || got != "" {
				t.Errorf("%s: gpg opened %q with another key", name, got)
			}
		}
	}
}

func fingerprint(g gnupg, of string) string {
	for line := range strings.Lines(g.must("", "--with-colons", "--fingerprint", of)) {
		if rest, is := strings.CutPrefix(line, "fpr:::::::::"); is {
			return strings.TrimSuffix(strings.TrimSpace(rest), ":")
		}
	}
	return ""
}

// What is signed verifies by gpg, and a changed octet does not; the hash is the one that the entity names. One of the
// keys has a passphrase.
func TestSign(t *testing.T) {
	t.Parallel()
	g := newGnupg(t)
	g.must("", "--passphrase", "correct horse", "--quick-generate-key", "Ann <ann@example.com>", "rsa3072", "default",
		"1y")
	private := g.must("", "--passphrase", "correct horse", "--armor", "--export-secret-keys")
	if _, err := NewSigner(private, "", time.Now()); err != ErrPassphrase {
		t.Errorf("without a passphrase: %v", err)
	}
	if _, err := NewSigner(private, "wrong", time.Now()); err == nil || strings.Contains(err.Error(), "wrong") {
		t.Errorf("with another passphrase: %v", err)
	}
	if _, err := NewSigner(g.must("", "--armor", "--export"), "", time.Now()); err == nil ||
		!strings.Contains(err.Error(), "public") {
		t.Errorf("with a public key: %v", err)
	}
	s, err := NewSigner(private, "correct horse", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	_, own, _ := made(t, "eve@example.com", nil)
	other, err := NewSigner(own, "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range bodies {
		signed, err := s.Sign([]byte(body), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if n := int64(len(signed)); n > int64(len(body))+SignatureRoom {
			t.Errorf("%s: a signature of %d octets", name, n-int64(len(body)))
		}
		if err := s.Verify(signed, time.Now()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if other.Verify(signed, time.Now()) == nil {
			t.Errorf("%s: another's signature is taken for one's own", name)
		}
		dir := t.TempDir()
		for _, change := range []bool{false, true} {
			first := string(entity.Parts(signed)[0])
			if first != body {
				t.Errorf("%s: the signed part is %.200q", name, first)
			}
			if change {
				first = strings.Replace(first, "Content", "content", 1)
			}
			for file, text := range map[string]string{"m": first, "m.asc": inner(t, signed)} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			out, err := g.run("", "--status-fd", "1", "--verify", filepath.Join(dir, "m.asc"), filepath.Join(dir, "m"))
			if good := strings.Contains(out, "GOODSIG"); good == change || err == nil == change {
				t.Errorf("%s, changed %v: gpg says %s %v", name, change, out, err)
			}
		}
		if !strings.Contains(string(signed), "micalg=pgp-sha256") && !strings.Contains(string(signed), "micalg=pgp-sha512") {
			t.Errorf("%s: %.200s", name, signed)
		}
	}
}

// Each key that nothing may be encrypted to is refused in words of its own.
func TestUnfit(t *testing.T) {
	t.Parallel()
	now := time.Now()
	at := func(d time.Duration) func() time.Time { return func() time.Time { return now.Add(d) } }
	revoked := func(e *openpgp.Entity) {
		if err := e.Revoke(packet.KeyRetired, "", nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		cfg       *packet.Config
		change    func(*openpgp.Entity)
		code, why string
	}{
		{nil, nil, "", ""},
		{&packet.Config{Time: at(-2 * time.Hour), KeyLifetimeSecs: 3600}, nil, "expired-key", "expired"},
		{&packet.Config{Time: at(2 * time.Hour)}, nil, "early-key", "is not valid before 2"},
		{nil, revoked, "revoked-key", "is revoked"},
		{&packet.Config{RSABits: 1024, MinRSABits: 1024}, nil, "weak-key", "is too weak"},
		{nil, func(e *openpgp.Entity) { e.Subkeys = nil }, "unusable-key", "has no key for encryption"},
	} {
		_, _, e := made(t, "ann@example.com", c.cfg)
		if c.change != nil {
			c.change(e)
		}
		keys, err := Keys([]byte(armored(t, publicKind, e.Serialize)))
		if err != nil || len(keys) != 1 {
			t.Fatal(c.code, err)
		}
		if code, why := keys[0].Unfit(time.Now()); code != c.code || !strings.HasPrefix(why, c.why) {
			t.Errorf("%s %q, want %s %q", code, why, c.code, c.why)
		}
	}
}

// Several armored keys in one file are all read, also a private one by mistake, of which the public half is kept. What
// is not a key is refused.
func TestKeys(t *testing.T) {
	t.Parallel()
	a, _, _ := made(t, "ann@example.com", nil)
	_, b, _ := made(t, "bob@example.com", nil)
	keys, err := Keys([]byte("Ann's:\n" + a + "\nand Bob's:\n" + b))
	if err != nil || len(keys) != 2 {
		t.Fatal(keys, err)
	}
	if got := fmt.Sprint(keys[0].Addresses(), keys[1].Addresses()); got != "[ann@example.com] [bob@example.com]" {
		t.Error(got)
	}
	if e, err := keys[1].entity(); err != nil || e.PrivateKey != nil {
		t.Error("the private half is kept", err)
	}
	for _, bad := range []string{"", "x", publicMark, publicMark + "\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n"} {
		if got, err := Keys([]byte(bad)); err == nil {
			t.Errorf("%q gave %v", bad, got)
		}
	}
}

// Two copies of one key are one: what either says counts, in whatever order they come. A revocation counts though the
// other copy does not have it, and a subkey that one copy revokes and another one replaces is replaced.
//
// Seen to fail: without the union of revocations, the revoked key was fit; without that of subkeys, the new one was not
// taken.
func TestMerge(t *testing.T) {
	t.Parallel()
	key := func(e *openpgp.Entity) *Key {
		t.Helper()
		keys, err := Keys([]byte(armored(t, publicKind, e.Serialize)))
		if err != nil || len(keys) != 1 {
			t.Fatal(keys, err)
		}
		return keys[0]
	}
	merged := func(all ...*Key) (k *Key) {
		t.Helper()
		k = all[0]
		for _, other := range all[1:] {
			var err error
			if k, err = Merge(k, other); err != nil {
				t.Fatal(err)
			}
		}
		return k
	}
	_, _, e := made(t, "ann@example.com", nil)
	first := key(e)
	if err := e.AddUserId("", "", "new@example.com", nil); err != nil {
		t.Fatal(err)
	}
	if err := e.Subkeys[0].Revoke(packet.KeySuperseded, "", nil); err != nil {
		t.Fatal(err)
	}
	lost := key(e)
	if err := e.AddEncryptionSubkey(nil); err != nil {
		t.Fatal(err)
	}
	renewed := key(e)
	if err := e.Revoke(packet.KeyCompromised, "", nil); err != nil {
		t.Fatal(err)
	}
	gone := key(e)
	for want, all := range map[string][]*Key{
		"":            {first, lost, renewed},
		"revoked-key": {first, gone, renewed},
	} {
		for range 2 {
			k := merged(all...)
			if code, why := k.Unfit(time.Now()); code != want {
				t.Errorf("%s %s, want %q", code, why, want)
			}
			if len(k.Addresses()) != 2 || k.Identity() != first.Identity() {
				t.Error(k.Addresses())
			}
			slices.Reverse(all)
		}
	}
	if code, _ := merged(first, lost).Unfit(time.Now()); code != "revoked-key" {
		t.Error("the revoked subkey is taken:", code)
	}
	if same := merged(first, first); same != first {
		t.Error("one copy twice is another key")
	}
	_, _, other := made(t, "ann@example.com", nil)
	if _, err := Merge(first, key(other)); err == nil {
		t.Error("two keys are made one")
	}
}
