package campaign_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/internal/mailbox"
	"mailshot/internal/sink"
	"mailshot/render/dkim"
)

// letters is a mailbox that keeps what came, as it came.
type letters struct {
	mu  sync.Mutex
	all [][]byte
}

func (l *letters) Add(item mailbox.Item) (string, error) {
	var raw bytes.Buffer
	_, err := item.Body.WriteTo(&raw)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, raw.Bytes())
	return "", err
}

func (l *letters) Close() error { return nil }

// signing writes a key, and returns the campaign's lines that sign with it and the signer whose Verify knows it.
func signing(t *testing.T, f *folder, name string) (lines string, s *dkim.Signer) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(crypto.Signer(private))
	if err != nil {
		t.Fatal(err)
	}
	f.write(t, name, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	return "dkim: [{ domain: example.org, selector: s1, key: { file: " + name + " } }]\n",
		dkim.New(dkim.Key{Domain: "example.org", Selector: "s1", Private: private})
}

// Each message that leaves is signed, its archive's copy too. What was planned is the message alone: a campaign begun
// with one key goes on with another, and with none, and nobody gets a message twice.
//
// Broken on purpose: with nothing signed, all came by no key.
func TestSigned(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	box := &letters{}
	s, _ := startSink(t, sink.Options{Store: box})
	f.write(t, "people.csv", people(30))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	first, signer := signing(t, f, "keys/s1.pem")
	campaignFile := base + "archive: sent/\n" + server(s, "")
	f.write(t, "campaign.yaml", campaignFile+first)
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{Limit: 10}),
		map[ledger.State]int64{ledger.Sent: 10, ledger.Pending: 20})
	second, other := signing(t, f, "keys/s2.pem")
	f.write(t, "campaign.yaml", campaignFile+second)
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{Limit: 10, AcceptChanges: true}),
		map[ledger.State]int64{ledger.Sent: 20, ledger.Pending: 10})
	f.write(t, "campaign.yaml", campaignFile)
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{AcceptChanges: true}),
		map[ledger.State]int64{ledger.Sent: 30})
	got := box.all
	if len(got) != 30 {
		t.Fatal(len(got), "messages")
	}
	verified := [3]int{}
	for _, m := range got {
		switch {
		case signer.Verify(m) == nil:
			verified[0]++
		case other.Verify(m) == nil:
			verified[1]++
		case !strings.Contains(string(m), "DKIM-Signature"):
			verified[2]++
		}
	}
	if verified != [3]int{10, 10, 10} {
		t.Error("signed by the first key, by the second, by none:", verified)
	}
	copies, err := filepath.Glob(filepath.Join(f.dir, "sent", "*.eml"))
	if err != nil || len(copies) != 30 {
		t.Fatal(len(copies), err)
	}
	signed := 0
	for _, name := range copies {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if signer.Verify(b) == nil || other.Verify(b) == nil {
			signed++
		}
	}
	if signed != 20 {
		t.Error(signed, "signed copies")
	}
}

// A key that is not there, is not one, or may be read by others, keeps the campaign from being planned. One that
// vanishes after the plan ends the run before a message leaves: none goes unsigned.
//
// Broken on purpose: with the error of Open dropped, all went without a signature.
func TestNoKey(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	s, rec := startSink(t, sink.Options{})
	f.write(t, "people.csv", people(3))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	lines, _ := signing(t, f, "s1.pem")
	f.write(t, "campaign.yaml", base+server(s, "")+lines)
	c := f.open(t, campaign.Options{})
	defer c.Close()
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(f.dir, "s1.pem")
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Run(t.Context(), nil, campaign.RunOptions{}); err == nil ||
		!strings.Contains(err.Error(), "s1._domainkey.example.org") {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if got := f.unready(t, campaign.Options{}); !strings.Contains(got, "file s1.pem: no such file") {
		t.Error(got)
	}
	f.write(t, "s1.pem", "hunter2\n")
	if got := f.unready(t, campaign.Options{}); !strings.Contains(got, "not a private key") ||
		strings.Contains(got, "hunter2") {
		t.Error(got)
	}
	signing(t, f, "s1.pem")
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := f.unready(t, campaign.Options{}); !strings.Contains(got, "chmod 600 s1.pem") {
		t.Error(got)
	}
	if n := len(rec.accepted(t)); n > 0 {
		t.Error(n, "messages left")
	}
	if err := os.Chmod(name, 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 3})
}
