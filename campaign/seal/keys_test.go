package seal

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"mailshot/campaign/definition/sealing"
)

// keysIn is a folder of keys.
type keysIn struct {
	t   *testing.T
	dir string
	*shelf
}

func newKeysIn(t *testing.T, way string) keysIn {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	if err := os.Mkdir(filepath.Join(dir, "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := newShelf(root, way, "keys")
	if err != nil {
		t.Fatal(err)
	}
	return keysIn{t, dir, s}
}

func (k keysIn) write(name string, b []byte) {
	k.t.Helper()
	if err := os.WriteFile(filepath.Join(k.dir, "keys", name), b, 0o600); err != nil {
		k.t.Fatal(err)
	}
}

// again reads the folder, as one does whose time has changed: two writes may be in one tick of the file system's clock.
func (k keysIn) again() {
	k.t.Helper()
	if err := k.read(); err != nil {
		k.t.Fatal(err)
	}
}

// fit says what comes of an address's keys: the code of why none is fit, "several", "no-key" or "".
func (k keysIn) fit(address string, each bool) string {
	k.t.Helper()
	all, _, err := k.of(address, each)
	if err != nil {
		k.t.Fatal(err)
	}
	var keys []publicKey
	for _, f := range all {
		keys = append(keys, f.key)
	}
	if len(keys) == 0 {
		return "no-key"
	}
	_, several, code, _ := newest(keys, time.Now())
	if several {
		return "several"
	}
	return code
}

func entityOf(t *testing.T, address string) *openpgp.Entity {
	t.Helper()
	e, err := openpgp.NewEntity("", "", address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func armored(t *testing.T, all ...*openpgp.Entity) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := armor.Encode(&b, openpgp.PublicKeyType, nil)
	for _, e := range all {
		if err == nil {
			err = e.Serialize(w)
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// certificateOf has the address in both places, in other capitals.
func certificateOf(t *testing.T, address string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour),
		NotAfter:       time.Now().Add(time.Hour),
		EmailAddresses: []string{strings.ToUpper(address)},
		Subject: pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1},
			Value: asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte(address)}}}}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// A revocation counts wherever in the folder it is: an old keyring beside it has the key as it was. A copy of a key in
// another file is not another key.
//
// Seen to fail: with each copy as a key of its own, the one that is not revoked was taken, and two copies were several.
func TestCopiesOfOneKey(t *testing.T) {
	t.Parallel()
	k := newKeysIn(t, sealing.PGP)
	ann := entityOf(t, "ann@example.com")
	k.write("all.asc", armored(t, entityOf(t, "bob@example.com"), ann))
	k.write("ann.asc", armored(t, ann))
	k.again()
	if got := k.fit("ann@example.com", false); got != "" {
		t.Error(got)
	}
	if err := ann.Revoke(packet.KeyCompromised, "", nil); err != nil {
		t.Fatal(err)
	}
	k.write("z.asc", armored(t, ann))
	k.again()
	if got := k.fit("ann@example.com", false); got != "revoked-key" {
		t.Error(got)
	}
	if got := k.fit("bob@example.com", false); got != "" {
		t.Error(got)
	}
	c := newKeysIn(t, sealing.SMIME)
	ann2 := certificateOf(t, "ann@example.com")
	c.write("a.pem", ann2)
	c.write("b.pem", ann2)
	c.again()
	if all, _, err := c.of("ann@example.com", false); err != nil || len(all) != 1 || len(all[0].files) != 2 {
		t.Error(all, err)
	}
}

// A key that was put into a file that was there counts for a message that leaves, though the folder has not changed.
//
// Seen to fail: only the files of the person's own keys were looked at, and a person without one has none.
func TestKeyIntoFile(t *testing.T) {
	t.Parallel()
	k := newKeysIn(t, sealing.PGP)
	ann, bob := entityOf(t, "ann@example.com"), entityOf(t, "bob@example.com")
	k.write("all.asc", armored(t, ann))
	k.again()
	if got := k.fit("bob@example.com", true); got != "no-key" {
		t.Error(got)
	}
	k.write("all.asc", armored(t, ann, bob))
	if got := k.fit("bob@example.com", true); got != "" {
		t.Error(got)
	}
}

// Files as programs of Windows write them are read. A PKCS #12 file is named, with what takes the certificate out.
//
// Seen to fail: without sealing.Plain no certificate with a mark was read, and no key in UTF-16.
func TestFilesOfWindows(t *testing.T) {
	t.Parallel()
	utf16le := func(b []byte) []byte {
		out := []byte{0xff, 0xfe}
		for _, u := range utf16.Encode([]rune(string(b))) {
			out = append(out, byte(u), byte(u>>8))
		}
		return out
	}
	utf16be := func(b []byte) []byte {
		out := utf16le(b)
		for i := 0; i+1 < len(out); i += 2 {
			out[i], out[i+1] = out[i+1], out[i]
		}
		return out
	}
	mark := func(b []byte) []byte { return append([]byte("\xef\xbb\xbf"), b...) }
	crlf := func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")) }
	for name, as := range map[string]func([]byte) []byte{"mark": mark, "utf16le": utf16le, "utf16be": utf16be,
		"crlf": bytes.Clone} {
		for way, b := range map[string][]byte{
			sealing.PGP: armored(t, entityOf(t, "ann@example.com")), sealing.SMIME: certificateOf(t, "ann@example.com"),
		} {
			k := newKeysIn(t, way)
			k.write("a"+endings[way][0], as(crlf(b)))
			k.again()
			if all, broken, err := k.of("ann@example.com", false); len(all) != 1 {
				t.Error(name, way, broken, err)
			}
		}
	}
	k := newKeysIn(t, sealing.SMIME)
	k.write("Ann.P12", []byte("0"))
	k.again()
	if _, broken, _ := k.of("ann@example.com", false); len(broken) != 1 || !strings.Contains(broken[0], "openssl pkcs12") {
		t.Error(broken)
	}
}
