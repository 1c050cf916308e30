package smime

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"mailshot/render/entity"
)

// person is somebody with a certificate and its private key, both in PEM.
type person struct {
	of       *x509.Certificate
	key      any
	pem, own []byte
}

var serial = struct {
	sync.Mutex
	last int64
}{}

// issue makes a self-signed certificate.
func issue(t *testing.T, bits int, change func(*x509.Certificate)) person {
	t.Helper()
	serial.Lock()
	serial.last++
	n := serial.last
	serial.Unlock()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(n), Subject: pkix.Name{CommonName: fmt.Sprintf("Person %d", n)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		EmailAddresses: []string{"ann@example.com"},
	}
	if change != nil {
		change(template)
	}
	p := person{}
	var public any
	if bits > 0 {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		p.key, public = key, key.Public()
	} else {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		p.key, public = key, key.Public()
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, p.key)
	if err != nil {
		t.Fatal(err)
	}
	if p.of, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	p.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	p.own = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	return p
}

// certificate is the person's, as a campaign has it.
func (p person) certificate(t *testing.T) *Certificate {
	t.Helper()
	all, err := Certificates(p.pem)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	return all[0]
}

// bodies are entities with what programs on the way are known to change.
var bodies = map[string]string{
	"plain":  "Content-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n",
	"empty":  "Content-Type: text/plain\r\n\r\n",
	"spaces": "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ntrailing=20\r\n=20\r\n\r\n\r\n",
	"from":   "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=46rom me\r\n=2E\r\n..\r\n",
	"no end": "Content-Type: text/plain\r\n\r\nno line end",
	"long":   "Content-Type: text/plain\r\n\r\n" + strings.Repeat("x", 998) + "\r\n",
	"multipart": string(entity.Multipart("multipart/mixed", entity.Part{Fields: "Content-Type: text/plain\r\n",
		Body: []byte("a")}, entity.Part{Fields: "Content-Type: text/html\r\n", Body: []byte("<p>b\r\n")})),
	"block": "Content-Type: text/plain\r\n\r\n" + strings.Repeat("y", 48-28-4),
}

// run runs a program in a folder with files, and returns what it prints.
func run(t *testing.T, dir string, name string, args ...string) ([]byte, error) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("no %s on this machine: what was made was not read by it", name)
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, stderr.String())
	}
	return out, err
}

func write(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// What is encrypted is opened by openssl with each recipient's key, to the octet, and by the library; with another key
// nobody opens it. Nobody sees in it what it says.
func TestEncrypt(t *testing.T) {
	t.Parallel()
	ann, bob, eve := issue(t, 2048, nil), issue(t, 2048, nil), issue(t, 2048, nil)
	for name, body := range bodies {
		to := []*Certificate{ann.certificate(t), bob.certificate(t)}
		sealed, err := Encrypt([]byte(body), to)
		if err != nil {
			t.Fatal(err)
		}
		if most := EncryptedSize(int64(len(body)), len(to)); int64(len(sealed)) > most || most > int64(len(sealed))+6000 {
			t.Errorf("%s: %d octets, foreseen as %d", name, len(sealed), most)
		}
		if err := Opens(sealed, to); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if Opens(sealed, to[:1]) == nil || Opens(sealed, []*Certificate{to[0], eve.certificate(t)}) == nil ||
			Opens([]byte(body), to) == nil {
			t.Errorf("%s: others are taken for recipients", name)
		}
		dir := t.TempDir()
		write(t, dir, map[string][]byte{"m.eml": sealed, "ann": ann.own, "bob": bob.own, "eve": eve.own})
		for _, who := range []string{"ann", "bob"} {
			got, err := run(t, dir, "openssl", "cms", "-decrypt", "-in", "m.eml", "-inform", "SMIME", "-inkey", who)
			if err != nil || string(got) != body {
				t.Errorf("%s: openssl opened %q with the key of %s: %v", name, got, who, err)
			}
		}
		if got, err := run(t, dir, "openssl", "cms", "-decrypt", "-in", "m.eml", "-inform", "SMIME", "-inkey",
			"eve"); err == nil && string(got) == body {
			t.Errorf("%s: openssl opened it with another key", name)
		}
		_, text, _ := bytes.Cut(sealed, []byte("\r\n\r\n"))
		write(t, dir, map[string][]byte{"m.b64": text})
		der, err := run(t, dir, "openssl", "base64", "-d", "-in", "m.b64")
		if err != nil {
			t.Fatal(err)
		}
		p7, err := pkcs7.Parse(der)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p7.Decrypt(ann.of, ann.key); err != nil || string(got) != body {
			t.Errorf("%s: the library opened %q: %v", name, got, err)
		}
	}
}

// What is signed verifies by openssl, whole and unchanged; a changed octet does not. Keys are RSA and ECDSA.
func TestSign(t *testing.T) {
	t.Parallel()
	other := issue(t, 2048, nil)
	for kind, bits := range map[string]int{"RSA": 2048, "ECDSA": 0} {
		by := issue(t, bits, nil)
		s, err := NewSigner(by.pem, string(by.own))
		if err != nil {
			t.Fatal(err)
		}
		o, err := NewSigner(other.pem, string(other.own))
		if err != nil {
			t.Fatal(err)
		}
		for name, body := range bodies {
			signed, err := s.Sign([]byte(body))
			if err != nil {
				t.Fatal(err)
			}
			if most := int64(len(body)) + Room(by.pem); int64(len(signed)) > most || most > int64(len(signed))+4000 {
				t.Errorf("%s, %s: %d octets, foreseen as %d", kind, name, len(signed), most)
			}
			if err := s.Verify(signed); err != nil {
				t.Errorf("%s, %s: %v", kind, name, err)
			}
			if o.Verify(signed) == nil {
				t.Errorf("%s, %s: another's signature is taken for one's own", kind, name)
			}
			dir := t.TempDir()
			write(t, dir, map[string][]byte{"m.eml": signed, "ca": by.pem})
			verify := []string{"cms", "-verify", "-in", "m.eml", "-inform", "SMIME", "-CAfile", "ca", "-purpose", "any"}
			got, err := run(t, dir, "openssl", verify...)
			if err != nil || string(got) != body {
				t.Errorf("%s, %s: openssl read %q: %v", kind, name, got, err)
			}
			if at := bytes.Index(signed, []byte("\r\n\r\n--")); at > 0 {
				changed := bytes.Replace(signed, []byte("Content-Type: text"), []byte("Content-Type: Text"), 1)
				write(t, dir, map[string][]byte{"m.eml": changed})
				if _, err := run(t, dir, "openssl", verify...); err == nil && !bytes.Equal(changed, signed) {
					t.Errorf("%s, %s: openssl took a changed entity", kind, name)
				}
				if s.Verify(changed) == nil && !bytes.Equal(changed, signed) {
					t.Errorf("%s, %s: a changed entity is taken", kind, name)
				}
			}
		}
	}
}

// Each certificate that nothing may be encrypted to is refused in words of its own, and is read in each of its forms.
func TestUnfit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		bits      int
		change    func(*x509.Certificate)
		code, why string
	}{
		{2048, nil, "", ""},
		{2048, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, "expired-key", "expired on 2"},
		{2048, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }, "early-key", "is not valid before 2"},
		{2048, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature }, "unusable-key",
			"is not for encryption"},
		{2048, func(c *x509.Certificate) {
			c.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
		}, "", ""},
		{2048, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }, "unusable-key",
			"is not for mail"},
		{0, nil, "unusable-key", "has no RSA key"},
		{1024, nil, "weak-key", "has an RSA key of 1024 bits"},
	} {
		p := issue(t, c.bits, c.change)
		block, _ := pem.Decode(p.pem)
		for form, b := range map[string][]byte{"PEM": p.pem, "DER": block.Bytes, "base64": entity.Base64(nil, block.Bytes),
			"text before": append([]byte("Bag Attributes\n    friendlyName: Ann\n"), p.pem...)} {
			all, err := Certificates(b)
			if err != nil || len(all) != 1 {
				t.Fatalf("%s: %v", form, err)
			}
			if code, why := all[0].Unfit(time.Now()); code != c.code || !strings.HasPrefix(why, c.why) {
				t.Errorf("%s: %s %q, want %s %q", form, code, why, c.code, c.why)
			}
		}
	}
}

// Addresses come from both places of a certificate, and a CA beside a person's certificate is left out.
func TestCertificates(t *testing.T) {
	t.Parallel()
	old := issue(t, 2048, func(c *x509.Certificate) {
		c.EmailAddresses = nil
		c.Subject.ExtraNames = []pkix.AttributeTypeAndValue{{Type: emailAddress,
			Value: asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte("old@example.com")}}}
	})
	ca := issue(t, 2048, func(c *x509.Certificate) {
		c.EmailAddresses, c.IsCA, c.BasicConstraintsValid, c.KeyUsage = nil, true, true, x509.KeyUsageCertSign
	})
	all, err := Certificates(append(append(bytes.Clone(ca.pem), old.pem...), issue(t, 2048, nil).pem...))
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	if got := strings.Join(append(all[0].Addresses(), all[1].Addresses()...),
		" "); got != "old@example.com ann@example.com" {
		t.Error(got)
	}
	for _, bad := range [][]byte{nil, []byte("x"),
		[]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), ca.pem, old.own} {
		if got, err := Certificates(bad); err == nil {
			t.Errorf("%q gave %v", bad, got)
		}
	}
}

// A key that is not the certificate's, encrypted or public is refused in words, and no word is of the key.
func TestNewSigner(t *testing.T) {
	t.Parallel()
	a, b := issue(t, 2048, nil), issue(t, 2048, nil)
	for key, want := range map[string]string{
		string(b.own): "the key is not the one of the certificate",
		string(a.pem): "the private key is needed",
		"x":           "this is not a private key in PEM",
		"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n": "openssl pkey",
	} {
		if _, err := NewSigner(a.pem, key); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	late := issue(t, 2048, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	if code, why := CheckSigner(late.pem, time.Now()); code != "expired-key" ||
		!strings.HasPrefix(why, "the certificate expired on") {
		t.Error(code, why)
	}
	if code, why := CheckSigner(a.pem, time.Now()); code != "" {
		t.Error(code, why)
	}
}

// The private key is found behind what openssl writes in front of it: the parameters of its curve, and the certificate
// of a PKCS #12 file that was opened. PKCS #12 itself is named.
//
// Seen to fail: the first PEM block was taken, whatever it is.
func TestNewSignerOfOpenSSL(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for _, args := range []string{
		"ecparam -genkey -name prime256v1 -out ec.key",
		"req -x509 -key ec.key -out ec.pem -days 9 -subj /CN=Me -addext subjectAltName=email:me@example.com",
		"pkcs12 -export -inkey ec.key -in ec.pem -out me.p12 -passout pass:x",
		"pkcs12 -in me.p12 -nodes -passin pass:x -out me.pem",
		"req -newkey rsa:2048 -nodes -x509 -keyout rsa.key -out rsa.pem -days 9 -subj /CN=Me",
		"pkey -in rsa.key -aes256 -passout pass:x -out locked.key",
	} {
		if _, err := run(t, dir, "openssl", strings.Fields(args)...); err != nil {
			t.Fatal(args, err)
		}
	}
	for _, c := range []struct{ certificate, key, want string }{
		{"ec.pem", "ec.key", ""}, {"me.pem", "me.pem", ""}, {"rsa.pem", "rsa.key", ""},
		{"ec.pem", "me.p12", "PKCS #12"}, {"me.p12", "ec.key", "PKCS #12"},
		{"rsa.pem", "locked.key", "openssl pkey"}, {"ec.pem", "ec.pem", "the private key is needed"},
	} {
		switch _, err := NewSigner([]byte(read(c.certificate)), read(c.key)); {
		case c.want == "" && err != nil:
			t.Errorf("%s %s: %v", c.certificate, c.key, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s %s: %v, want %s", c.certificate, c.key, err, c.want)
		}
	}
}
