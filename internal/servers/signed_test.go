package servers_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"sync"
	"testing"

	"mailshot/internal/parsers"
	"mailshot/internal/servers"
	"mailshot/render/dkim"
)

// signingKeys are an RSA key and an Ed25519 key, in PEM; making the first takes long.
var signingKeys = sync.OnceValue(func() (all [2]string) {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	_, e, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	for i, k := range []crypto.Signer{r, e} {
		der, err := x509.MarshalPKCS8PrivateKey(k)
		if err != nil {
			panic(err)
		}
		all[i] = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	return all
})

// verified has others verify both signatures of a domain in each message of a mailbox: go-msgauth, dkimpy and
// opendkim. A program that this machine lacks is said, and not asked.
func verified(t *testing.T, s *servers.Server, domain, signs string) {
	t.Helper()
	var keys []dkim.Key
	records := map[string]string{}
	for i, selector := range []string{"r1", "e1"} {
		k, err := dkim.ParseKey(signingKeys()[i])
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, dkim.Key{Domain: signs, Selector: selector, Private: k})
		records[selector+"._domainkey."+signs] = dkim.Record(k)
	}
	box, err := s.Mailbox(domain)
	if err != nil {
		t.Fatal(err)
	}
	var messages, first [][]byte
	for i, text := range box {
		m := []byte(strings.ReplaceAll(text, "\n", "\r\n"))
		messages = append(messages, m)
		if err := dkim.New(keys...).Verify(m); err != nil {
			t.Errorf("message %d: %v", i, err)
		}
		// opendkim looks at one signature of the two; the other one of half of them goes.
		other := []string{"s=r1", "s=e1"}[i%2]
		first = append(first, without(m, other))
	}
	for _, err := range []error{
		parsers.DKIM(t.Context(), messages, records), parsers.OpenDKIM(t.Context(), t.TempDir(), first, records),
	} {
		if errors.Is(err, parsers.ErrNoDKIM) {
			t.Log(err)
		} else if err != nil {
			t.Error(err)
		}
	}
}

// without is a message without its signature that has this tag.
func without(m []byte, tag string) []byte {
	start := 0
	for {
		at := bytes.Index(m[start:], []byte("DKIM-Signature:"))
		if at < 0 {
			return m
		}
		start += at
		end := start
		for end < len(m) {
			end += bytes.Index(m[end:], []byte("\r\n")) + 2
			if m[end] != ' ' {
				break
			}
		}
		if bytes.Contains(m[start:end], []byte(tag)) {
			return append(append([]byte{}, m[:start]...), m[end:]...)
		}
		start = end
	}
}
