package campaign_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
	"mailshot/render/address"
)

// reader is somebody with a certificate.
type reader struct {
	of       *x509.Certificate
	key      *rsa.PrivateKey
	pem, own string
}

// readerKeys are made once: they take long.
var readerKeys = sync.OnceValues(func() (keys []*rsa.PrivateKey, err error) {
	for range 4 {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
})

// readerOf makes the certificate of an address with one of four keys.
func readerOf(t testing.TB, key int, address string, change func(*x509.Certificate)) reader {
	t.Helper()
	keys, err := readerKeys()
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(int64(key) + 1), Subject: pkix.Name{CommonName: address},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), EmailAddresses: []string{address}}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, keys[key].Public(), keys[key])
	if err != nil {
		t.Fatal(err)
	}
	r := reader{key: keys[key], pem: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
	if r.of, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(r.key)
	if err != nil {
		t.Fatal(err)
	}
	r.own = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	return r
}

// opened is the entity in a message that only this reader can open.
func (r reader) opened(message []byte) (string, error) {
	_, text, _ := bytes.Cut(message, []byte("\r\n\r\n"))
	der, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(string(text), "\r\n", ""))
	if err != nil {
		return "", fmt.Errorf("not encrypted: %w", err)
	}
	p7, err := pkcs7.Parse(der)
	if err != nil {
		return "", err
	}
	inside, err := p7.Decrypt(r.of, r.key)
	return string(inside), err
}

// The texts that no octet on the wire may show.
const inClear = "Dear"

// sealedFolder is a campaign of three people whose messages are encrypted.
func sealedFolder(t *testing.T, o sink.Options, more string) (f *folder, box *letters, all []reader, file string) {
	t.Helper()
	f, box = newFolder(t), &letters{}
	o.Store = box
	s, _ := startSink(t, o)
	f.write(t, "people.csv", people(3))
	f.write(t, "body.txt", "Dear {{.name}}, {{.token}}\n")
	for i := range 3 {
		r := readerOf(t, i, fmt.Sprintf("p%d@example.com", i), nil)
		f.write(t, fmt.Sprintf("certs/%d.pem", i), r.pem)
		all = append(all, r)
	}
	file = base + server(s, "") + more
	f.write(t, "campaign.yaml", file)
	return f, box, all, file
}

// clear fails a test if a message that left can be read without a key.
func (l *letters) clear(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.all {
		if bytes.Contains(m, []byte(inClear)) || !bytes.Contains(m, []byte("enveloped-data")) {
			t.Errorf("in clear: %s", m)
		}
	}
}

const encrypted = "smime: { encrypt: { folder: certs } }\n"

// Each message is opened by its own reader and by nobody else, and has inside what was planned. The archive and a
// rehearsal have it encrypted, too.
func TestSealed(t *testing.T) {
	t.Parallel()
	f, box, all, _ := sealedFolder(t, sink.Options{}, encrypted+"archive: sent/\n")
	f.write(t, "people.csv", strings.Replace(people(3), "p1@", "P1@", 1)) // the certificate writes it otherwise
	f.write(t, "certs/3.cer", func() string { block, _ := pem.Decode([]byte(all[2].pem)); return string(block.Bytes) }())
	if err := os.Remove(filepath.Join(f.dir, "certs/2.pem")); err != nil {
		t.Fatal(err)
	}
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 3})
	copies, err := filepath.Glob(filepath.Join(f.dir, "sent", "*.eml"))
	if err != nil || len(copies) != 3 {
		t.Fatal(len(copies), err)
	}
	for _, name := range copies {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		box.all = append(box.all, b)
	}
	box.clear(t)
	opens := map[int]int{}
	for _, m := range box.all {
		for i, r := range all {
			inside, err := r.opened(m)
			if err != nil {
				continue
			}
			opens[i]++
			want := fmt.Sprintf("\r\n\r\nDear Person %d, tok%dtok\r\n", i, i)
			if !strings.HasPrefix(inside, "Content-Type: text/plain; charset=utf-8\r\n") || !strings.HasSuffix(inside, want) {
				t.Errorf("inside is %q", inside)
			}
			if !bytes.Contains(m, []byte(fmt.Sprintf("Subject: Hello Person %d\r\n", i))) ||
				bytes.Count(m, []byte("MIME-Version: 1.0")) != 1 {
				t.Errorf("%s", m)
			}
		}
	}
	if len(opens) != 3 || opens[0] != 2 || opens[1] != 2 || opens[2] != 2 {
		t.Error("opened by each:", opens)
	}
}

// reasons are why deliveries are in a state.
func (f *folder) reasons(t *testing.T, in ledger.State) string {
	t.Helper()
	l, err := ledger.Open(f.state())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var all []string
	for d, err := range l.Deliveries(t.Context(), "test", ledger.Filter{States: []ledger.State{in}}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d.Reason)
	}
	return strings.Join(all, "\n")
}

// A key that is not there, or not fit, is an error of the rows whose it is, one for all of a kind; nobody gets
// anything. With the errors skipped, the others get theirs.
func TestSealedWithoutKey(t *testing.T) {
	t.Parallel()
	f, box, _, _ := sealedFolder(t, sink.Options{}, encrypted)
	f.write(t, "people.csv", people(6))
	for i, change := range []func(*x509.Certificate){
		nil, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) },
		func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour / 2) },
		func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature },
	} {
		f.write(t, fmt.Sprintf("certs/%d.pem", i), readerOf(t, i, fmt.Sprintf("p%d@example.com", i), change).pem)
	}
	f.write(t, "certs/broken.pem", "hunter2")
	words := f.findings(t)
	var codes []string
	for _, one := range words {
		codes = append(codes, strings.Fields(one)[0])
	}
	if got := strings.Join(codes, " "); got != "expired-key early-key unusable-key no-key" {
		t.Errorf("%s\n%s", got, strings.Join(words, "\n"))
	}
	for _, part := range []string{`"p4@example.com"`, "(2 rows: people.csv:6, people.csv:7)", "campaign.yaml:10:29"} {
		if all := strings.Join(words, "\n"); !strings.Contains(all, part) {
			t.Errorf("%s is not in\n%s", part, all)
		}
	}
	if len(box.all) != 0 {
		t.Error("something left")
	}
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{SkipErrors: true}),
		map[ledger.State]int64{ledger.Sent: 1, ledger.Invalid: 5})
	box.clear(t)
}

// A key that vanishes, breaks or expires after the plan holds the message, and the run goes on with the others. A retry
// without it holds it again, and one with it sends it encrypted.
//
// Broken on purpose: with the error of Seal dropped, the messages of both left in clear.
func TestSealedKeyGone(t *testing.T) {
	t.Parallel()
	f, box, _, _ := sealedFolder(t, sink.Options{}, encrypted)
	now := time.Now()
	o := campaign.Options{Now: func() time.Time { return now }}
	c := f.open(t, o)
	defer c.Close()
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(f.dir, "certs/0.pem")); err != nil {
		t.Fatal(err)
	}
	f.write(t, "certs/1.pem", "broken")
	sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want(t, sum, map[ledger.State]int64{ledger.Sent: 1, ledger.Held: 2})
	box.clear(t)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	why := f.reasons(t, ledger.Held)
	for _, part := range []string{`no certificate in certs is for "p0@example.com"`, `for "p1@example.com"`} {
		if !strings.Contains(why, part) {
			t.Errorf("%q does not say %s", why, part)
		}
	}
	f.retry(t, ledger.Held)
	want(t, f.send(t, o, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 1, ledger.Held: 2})
	f.write(t, "certs/0.pem", readerOf(t, 0, "p0@example.com", nil).pem)
	f.retry(t, ledger.Held)
	want(t, f.send(t, o, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 2, ledger.Held: 1})
	now = now.Add(24 * time.Hour) // now all certificates have expired
	f.write(t, "certs/1.pem", readerOf(t, 1, "p1@example.com", nil).pem)
	f.retry(t, ledger.Held)
	want(t, f.send(t, o, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 2, ledger.Held: 1})
	if why := f.reasons(t, ledger.Held); !strings.Contains(why, "expired on") {
		t.Error(why)
	}
	box.clear(t)
}

// A campaign file without encrypt, or with another one, does not go on with messages that were planned to be encrypted;
// accepted as a change, it plans them anew, and those are what it then says. The folder gone ends the run.
func TestSealedChanged(t *testing.T) {
	t.Parallel()
	f, box, _, file := sealedFolder(t, sink.Options{}, "")
	f.write(t, "campaign.yaml", file+encrypted)
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{Limit: 1}),
		map[ledger.State]int64{ledger.Sent: 1, ledger.Pending: 2})
	f.write(t, "campaign.yaml", file)
	c := f.open(t, campaign.Options{})
	defer c.Close()
	_, err := c.Plan(t.Context(), campaign.PlanOptions{})
	var changed *campaign.ChangedError
	if !errors.As(err, &changed) || !strings.Contains(err.Error(), "campaign.yaml (smime)") {
		t.Fatalf("%v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	asked := campaign.Changes{}
	refuse := func(got campaign.Changes) (bool, error) { asked = got; return false, nil }
	no := f.open(t, campaign.Options{})
	defer no.Close()
	if _, err := no.Plan(t.Context(), campaign.PlanOptions{AcceptChanges: true, Confirm: refuse}); err == nil ||
		asked.Edited != 2 {
		t.Errorf("%v: %+v", err, asked)
	}
	if err := no.Close(); err != nil {
		t.Fatal(err)
	}
	box.clear(t)
	f.write(t, "campaign.yaml", file+encrypted)
	if err := os.Rename(filepath.Join(f.dir, "certs"), filepath.Join(f.dir, "gone")); err != nil {
		t.Fatal(err)
	}
	gone := f.open(t, campaign.Options{})
	defer gone.Close()
	if _, err := gone.Plan(t.Context(), campaign.PlanOptions{}); err == nil ||
		!strings.Contains(err.Error(), `"certs": no such`) {
		t.Errorf("%v", err)
	}
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(f.dir, "gone"), filepath.Join(f.dir, "certs")); err != nil {
		t.Fatal(err)
	}
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 3})
	box.clear(t)
}

// A rehearsal to one address is encrypted to that address's key, and cannot be made without one.
func TestSealedRehearsal(t *testing.T) {
	t.Parallel()
	f, box, _, _ := sealedFolder(t, sink.Options{}, encrypted)
	me, err := address.Parse("me@example.org")
	if err != nil {
		t.Fatal(err)
	}
	c := f.open(t, campaign.Options{To: &me})
	defer c.Close()
	var refused *campaign.CheckError
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); !errors.As(err, &refused) ||
		!strings.Contains(refused.Report.Findings[0].String(), "me@example.org") {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	mine := readerOf(t, 3, "me@example.org", nil)
	f.write(t, "certs/me.pem", mine.pem)
	want(t, f.send(t, campaign.Options{To: &me}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 3})
	box.clear(t)
	for _, m := range box.all {
		if inside, err := mine.opened(m); err != nil || !strings.Contains(inside, "Dear Person") {
			t.Error(inside, err)
		}
	}
}
