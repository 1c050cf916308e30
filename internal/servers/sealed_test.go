package servers_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailshot/campaign"
	"mailshot/campaign/definition"
	"mailshot/campaign/message"
	"mailshot/internal/parsers"
	"mailshot/internal/servers"
)

// sealedFile is a campaign whose messages have what programs on the way are known to change.
const sealedFile = `id: sealed
from: Größe & Söhne <me@sealed.example>
subject: "Nº {{.number}} für {{.name}}"
recipients: { file: people.csv, key: number }
body: { text: body.txt, html: body.html }
attachments: [{ file: data.bin }, { file: letter.eml }]
limits: { connections: 3 }
dkim:
  - { domain: sealed.example, selector: r1, key: { file: r1.pem } }
  - { domain: sealed.example, selector: e1, key: { file: e1.pem } }
`

const hardText = "Dear {{.name}},\nFrom here on  \n.\n..two\n \t\n-- \n- dash\nBegin: ünïcödé 漢字 {{.number}}\n"

// readersOfSealed is how many people get the messages, each of them many.
const readersOfSealed = 4

// reading is somebody who opens what was sent: the folder of gpg's keys, or the file of a private key for openssl.
type reading struct{ home, key string }

// TestSealed sends messages that are signed, encrypted, or both, by S/MIME and by OpenPGP, through a Postfix; and each
// has two DKIM signatures outside. openssl and gpg open each of them with the key of its reader, and not with
// another's, and find the signature good; Python's email package finds inside what the plan has, attachments too.
//
//	go test ./internal/servers -run TestSealed -servers.long -v    1,000 messages of each kind, in place of 20
func TestSealed(t *testing.T) {
	t.Parallel()
	n := 20
	if *long {
		n = 1000
	}
	kinds := map[string]string{
		"smime-both": "smime: { sign: { certificate: me.pem, key: { file: me.key } }, encrypt: { folder: certs } }\n",
		"smime-open": "smime: { encrypt: { column: cert } }\n",
		"smime-sign": "smime: { sign: { certificate: me.pem, key: { file: me.key } } }\n",
		"pgp-both":   "pgp: { sign: { key: { file: me.asc }, passphrase: { file: pass } }, encrypt: { folder: keys } }\n",
		"pgp-open":   "pgp: { encrypt: { column: pgp } }\n",
		"pgp-sign":   "pgp: { sign: { key: { file: me.asc }, passphrase: { file: pass } } }\n",
	}
	certificate := servers.NewCertificate(t)
	ca, err := os.ReadFile(certificate.File)
	if err != nil {
		t.Fatal(err)
	}
	var domains []string
	for kind := range kinds {
		domains = append(domains, kind+".example")
	}
	s := servers.Postfix(t, certificate, domains, "")
	for kind, keys := range kinds {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			domain := kind + ".example"
			people := readers(t, dir, domain, strings.HasPrefix(kind, "pgp"))
			var list strings.Builder
			list.WriteString("email,name,number,cert,pgp\n")
			for i := range n {
				who := i % readersOfSealed
				fmt.Fprintf(&list, "p%d@%s,%s %d,%d,certs/%[1]d.pem,keys/%[1]d.asc\n", who, domain,
					[]string{"Ann", "Zoë", "محمد", "李"}[i%4], i, i)
			}
			server := fmt.Sprintf("server: { host: 127.0.0.1, port: %d, tls: starttls, username: %s, "+
				"password: { file: password }, ca_file: ca.pem }\n", s.Ports[0], servers.Username)
			for name, text := range map[string]string{
				"campaign.yaml": sealedFile + keys + server, "people.csv": list.String(), "body.txt": hardText,
				"body.html": "<p>Dear {{.name}}</p>\n<p>" + strings.Repeat("long ", 400) +
					"</p>\n", "password": servers.Password + "\n",
				"ca.pem": string(ca), "r1.pem": signingKeys()[0], "e1.pem": signingKeys()[1],
				"data.bin":   strings.Repeat("\x00\r\n.\r\n\xff", 300),
				"letter.eml": "From: x@example.com\nSubject: y\n\nFrom the start\n.\ntrailing  \n",
			} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			plain := sendSealed(t, dir, n)
			if err := s.Log.Wait(waiting(t), n, "@"+domain+">", "status=sent"); err != nil {
				t.Fatal(err)
			}
			box, err := s.Mailbox(domain)
			if err != nil || len(box) != n {
				t.Fatalf("%d messages came of %d: %v", len(box), n, err)
			}
			verified(t, s, domain, "sealed.example")
			same(t, kind, box, plain, people)
		})
	}
}

// sendSealed sends the campaign in a folder, and returns its messages as they were planned, by their Message-IDs.
func sendSealed(t *testing.T, dir string, n int) map[string][]byte {
	t.Helper()
	d, err := definition.Load(filepath.Join(dir, "campaign.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	plain := map[string][]byte{}
	c, err := campaign.Open(t.Context(), campaign.Options{Definition: d,
		Accounts: filepath.Join(dir, "user", "accounts.db"),
		Made: func(m message.Made) {
			var b bytes.Buffer
			if m.Message == nil {
				t.Error(m.Err)
				return
			}
			if _, err := m.Message.WriteTo(&b); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			plain[messageID(b.String())] = b.Bytes()
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
	if err != nil || sum.Sent != int64(n) {
		t.Fatalf("%v %+v", err, sum)
	}
	return plain
}

// readers makes the keys of all who read, and of who signs, in a folder.
func readers(t *testing.T, dir, domain string, pgp bool) (people []reading) {
	t.Helper()
	folder := map[bool]string{false: "certs", true: "keys"}[pgp]
	if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
		t.Fatal(err)
	}
	put := func(name, text string) string {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(dir, name)
	}
	if !pgp {
		ca, caKey := issued(t, nil, nil, "")
		for i := range readersOfSealed {
			cert, key := issued(t, ca, caKey, fmt.Sprintf("p%d@%s", i, domain))
			put(fmt.Sprintf("certs/%d.pem", i), block("CERTIFICATE", cert.Raw))
			people = append(people, reading{key: put(fmt.Sprintf("%d.own", i), private(t, key))})
		}
		cert, key := issued(t, ca, caKey, "me@sealed.example")
		put("me.pem", block("CERTIFICATE", cert.Raw)+block("CERTIFICATE", ca.Raw))
		put("me.key", private(t, key))
		put("signers.pem", block("CERTIFICATE", ca.Raw))
		return people
	}
	if _, err := exec.LookPath("gpg"); err != nil {
		t.Skip("no gpg on this machine: what was made was not read by it")
	}
	for i := range readersOfSealed + 1 {
		home, err := os.MkdirTemp("", "gpg") // the path of the agent's socket must be short
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run() // its agent, if there is one
			_ = os.RemoveAll(home)
		})
		r := reading{home: home}
		who, pass := fmt.Sprintf("P <p%d@%s>", i, domain), ""
		if i == readersOfSealed {
			who, pass = "Me <me@sealed.example>", "correct horse"
		}
		must(t)(r.gpg("", "--passphrase", pass, "--quick-generate-key", who, "future-default", "default", "1y"))
		public := must(t)(r.gpg("", "--armor", "--export"))
		if i < readersOfSealed {
			put(fmt.Sprintf("keys/%d.asc", i), public)
			people = append(people, r)
			continue
		}
		put("pass", pass+"\n")
		put("me.asc", must(t)(r.gpg("", "--passphrase", pass, "--armor", "--export-secret-keys")))
		for _, p := range people {
			must(t)(p.gpg(public, "--import"))
		}
	}
	return people
}

// must returns what a program printed, and ends the test on its error.
func must(t *testing.T) func(string, error) string {
	return func(out string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// gpg runs gpg with the reader's keys.
func (r reading) gpg(stdin string, args ...string) (string, error) {
	return piped(stdin, "gpg", append([]string{"--homedir", r.home, "--batch", "--no-tty", "--trust-model", "always",
		"--pinentry-mode", "loopback"}, args...)...)
}

func piped(stdin, program string, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = strings.NewReader(stdin), &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", program, err, stderr.String())
	}
	return string(out), err
}

// readerKey is made once for each of a few people: it takes long.
var readerKey = sync.OnceValue(func() (all [6]*rsa.PrivateKey) {
	for i := range all {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		all[i] = k
	}
	return all
})

var issues struct {
	sync.Mutex
	last int64
}

// issued makes a certificate by a CA, or that of a CA itself. Neighbours have different keys.
func issued(t *testing.T, ca *x509.Certificate, by *rsa.PrivateKey, address string) (*x509.Certificate,
	*rsa.PrivateKey) {
	t.Helper()
	issues.Lock()
	issues.last++
	n := issues.last
	issues.Unlock()
	key := readerKey()[n%6]
	template := &x509.Certificate{SerialNumber: big.NewInt(n), Subject: pkix.Name{CommonName: "C " + address},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), BasicConstraintsValid: true}
	if ca == nil {
		template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
		ca, by = template, key
	} else {
		template.EmailAddresses = []string{address}
		template.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c, key
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func private(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return block("PRIVATE KEY", der)
}

// same opens each message of a mailbox, and has Python compare what is inside with what was planned.
func same(t *testing.T, kind string, box []string, plain map[string][]byte, people []reading) {
	t.Helper()
	var inside, planned [][]byte
	for i, text := range box {
		m := strings.ReplaceAll(text, "\n", "\r\n")
		p := plain[messageID(m)]
		if p == nil {
			t.Fatalf("message %d was not planned", i)
		}
		if strings.Contains(kind, "both") || strings.Contains(kind, "open") {
			if strings.Contains(m, "From the start") || strings.Contains(m, "multipart/mixed") {
				t.Errorf("in clear: %s", m)
			}
		}
		entity, err := openedBy(t, kind, m, people, readerOf(p))
		if err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		outside := p[:bytes.Index(p, []byte("MIME-Version: 1.0\r\n"))+len("MIME-Version: 1.0\r\n")]
		inside = append(inside, append(bytes.Clone(outside), entity...))
		planned = append(planned, p)
	}
	got, err := parsers.Python(t.Context(), inside)
	if errors.Is(err, parsers.ErrNoPython) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	want, err := parsers.Python(t.Context(), planned)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if len(want[i].Parts) != 4 {
			t.Fatalf("%d parts", len(want[i].Parts))
		}
		if diff := cmp.Diff(want[i].Parts, got[i].Parts); diff != "" {
			t.Fatalf("message %d has inside what was not planned:\n%s", i, diff)
		}
	}
}

// readerOf is the number of the person in a planned message's To.
func readerOf(m []byte) (who int) {
	_, to, _ := bytes.Cut(m, []byte("\r\nTo:"))
	_, to, _ = bytes.Cut(to, []byte("<p"))
	_, _ = fmt.Sscanf(string(to), "%d@", &who)
	return who
}

// openedBy is the entity inside of a message, as its reader opens and verifies it. Another reader must not open it.
func openedBy(t *testing.T, kind, m string, people []reading, who int) ([]byte, error) {
	t.Helper()
	reader, other := people[who], people[(who+1)%len(people)]
	signed := !strings.HasSuffix(kind, "open")
	if strings.HasPrefix(kind, "smime") {
		return smimeOpened(kind, m, reader, other, signed)
	}
	dir := t.TempDir()
	if kind == "pgp-sign" {
		content, signature := halves(m)
		for name, text := range map[string]string{"m": content, "m.asc": signature} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				return nil, err
			}
		}
		_, err := reader.gpg("", "--verify", filepath.Join(dir, "m.asc"), filepath.Join(dir, "m"))
		return []byte(content), err
	}
	_, armored, _ := strings.Cut(m, "-----BEGIN PGP MESSAGE-----")
	armored, _, _ = strings.Cut("-----BEGIN PGP MESSAGE-----"+armored, "-----END PGP MESSAGE-----")
	armored += "-----END PGP MESSAGE-----\r\n"
	if out, err := other.gpg(armored, "--passphrase", "", "--decrypt"); err == nil || out != "" {
		return nil, fmt.Errorf("another reader opened %.100q", out)
	}
	status := filepath.Join(dir, "status")
	out, err := reader.gpg(armored, "--passphrase", "", "--status-file", status, "--decrypt")
	if err != nil {
		return nil, err
	}
	said, err := os.ReadFile(status)
	if err == nil && signed != strings.Contains(string(said), "GOODSIG") {
		err = fmt.Errorf("gpg says %s", said)
	}
	return []byte(out), err
}

// smimeOpened is openedBy for S/MIME.
func smimeOpened(kind, m string, reader, other reading, signed bool) (inside []byte, err error) {
	if kind != "smime-sign" {
		clear, err := piped(m, "openssl", "cms", "-decrypt", "-inform", "SMIME", "-inkey", other.key)
		if err == nil && strings.Contains(clear, "Content-Type") {
			return nil, fmt.Errorf("another reader opened %.100q", clear)
		}
		if m, err = piped(m, "openssl", "cms", "-decrypt", "-inform", "SMIME", "-inkey", reader.key); err != nil {
			return nil, err
		}
	}
	if !signed {
		return []byte(m), nil
	}
	signers := filepath.Join(filepath.Dir(reader.key), "signers.pem")
	if m, err = piped(m, "openssl", "cms", "-verify", "-inform", "SMIME", "-CAfile", signers); err != nil {
		return nil, err
	}
	return []byte(m), nil
}

// halves are the two parts of a signed message: what is signed, and the signature.
func halves(m string) (content, signature string) {
	_, boundary, _ := strings.Cut(m, "boundary=\"")
	boundary, _, _ = strings.Cut(boundary, "\"")
	pieces := strings.Split(m, "\r\n--"+boundary)
	_, signature, _ = strings.Cut(pieces[2], "\r\n\r\n")
	return strings.TrimPrefix(pieces[1], "\r\n"), signature
}
