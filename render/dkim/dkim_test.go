package dkim

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var date = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// keys are one key of each algorithm.
var keys = sync.OnceValue(func() []Key {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	_, e, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return []Key{{"acme.example", "r1", r}, {"news.acme.example", "e1", e}}
})

const letter = "Date: Sun, 29 Nov 2026 12:00:00 +0000\r\nFrom: Acme  <news@acme.example>\r\nTo:\tA <a@example.org>\r\n" +
	"Subject: one\r\n  two \t three\r\nX-Other: not signed\r\nList-Unsubscribe: <https://acme.example/u/1>\r\n" +
	"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n" +
	"Hello  there \r\n \t\r\nBye\r\n\r\n \r\n"

func signature(t *testing.T, s *Signer, pieces ...string) []byte {
	t.Helper()
	var message [][]byte
	for _, p := range pieces {
		message = append(message, []byte(p))
	}
	b, err := s.Sign(nil, message, date)
	if err != nil {
		t.Fatal(err)
	}
	return append(b, strings.Join(pieces, "")...)
}

// Another program's verification takes both signatures of messages of all shapes, in pieces of all lengths. Each line
// of a field is of at most 78 octets.
//
// Broken on purpose: with empty lines counted where they end the body, and with a line's last blank kept for the next.
func TestSign(t *testing.T) {
	t.Parallel()
	s := New(keys()...)
	if err := s.Verify(signature(t, s, letter)); err != nil {
		t.Error(err)
	}
	words := []string{" ", "  ", "\t", "\r\n", "\r\n\r\n", "a", "Hello", "=20", strings.Repeat("x", 200), ".", "é"}
	r := mathrand.New(mathrand.NewPCG(1, 2))
	head, _, _ := strings.Cut(letter, "\r\n\r\n")
	for range 300 {
		var text strings.Builder
		for range r.IntN(30) {
			text.WriteString(words[r.IntN(len(words))])
		}
		body := text.String()
		if body != "" && !strings.HasSuffix(body, "\r\n") {
			body += "\r\n" // what is written always ends its last line
		}
		pieces := []string{head + "\r\n\r\n"}
		for len(body) > 0 {
			n := 1 + r.IntN(min(len(body), 40))
			pieces, body = append(pieces, body[:n]), body[n:]
		}
		b := signature(t, s, pieces...)
		if err := s.Verify(b); err != nil {
			t.Fatalf("%v\n%q", err, b)
		}
		for line := range strings.SplitSeq(string(b), "\r\n") {
			if line == "" {
				break
			}
			if len(line) > 78 {
				t.Fatalf("%d octets in %q", len(line), line)
			}
		}
	}
}

// Nobody changes, adds or takes away what is signed. A second From, before or after ours, breaks the signature, and so
// do words behind the body.
func TestChanged(t *testing.T) {
	t.Parallel()
	s := New(keys()...)
	good := string(signature(t, s, letter))
	for what, change := range map[string]func(string) string{
		"a From in front": func(m string) string { return "From: x@evil.example\r\n" + m },
		"a From behind": func(m string) string {
			return strings.Replace(m, "X-Other", "From: x@evil.example\r\nX-Other",
				1)
		},
		"another address":   func(m string) string { return strings.Replace(m, "<a@", "<b@", 1) },
		"another subject":   func(m string) string { return strings.Replace(m, "one\r\n", "four\r\n", 1) },
		"another link":      func(m string) string { return strings.Replace(m, "/u/1", "/u/2", 1) },
		"no one-click":      func(m string) string { return strings.Replace(m, "List-Unsubscribe-Post", "X", 1) },
		"words behind":      func(m string) string { return m + "Buy\r\n" },
		"a word in it":      func(m string) string { return strings.Replace(m, "Bye", "Buy", 1) },
		"another time":      func(m string) string { return strings.ReplaceAll(m, "t=1", "t=2") },
		"an empty line":     func(m string) string { return strings.Replace(m, "Bye", "\r\nBye", 1) },
		"no blank in words": func(m string) string { return strings.Replace(m, "Hello  there", "Hellothere", 1) },
	} {
		m := change(good)
		if m == good {
			t.Errorf("%s: nothing changed", what)
		}
		if err := s.Verify([]byte(m)); err == nil {
			t.Errorf("%s: verified", what)
		}
	}
	for what, change := range map[string]func(string) string{ // as relays do
		"one blank":        func(m string) string { return strings.Replace(m, "Hello  there ", "Hello there", 1) },
		"folded otherwise": func(m string) string { return strings.Replace(m, "\r\n  two \t three", " two\r\n three", 1) },
		"a trace field":    func(m string) string { return "Received: from x by y; now\r\n" + m },
	} {
		if err := s.Verify([]byte(change(good))); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// What is signed is named: all fields that are there, of each as many as there are, and one From more.
func TestCovered(t *testing.T) {
	t.Parallel()
	names, _ := cover([]byte("List-ID: a\r\nfrom: a@example.com\r\nTo: b\r\nX: c\r\nFeedback-ID: d\r\n"))
	if want := []string{"From", "To", "List-ID", "Feedback-ID", "From"}; !slices.Equal(names, want) {
		t.Error(names)
	}
	b := string(signature(t, New(keys()[0]), letter))
	if strings.Contains(b, " l=") || strings.Contains(b, ";l=") {
		t.Error("a part of the body is signed:", b)
	}
}

// A message without a whole header in its first piece is not signed.
func TestNoHeader(t *testing.T) {
	t.Parallel()
	for _, pieces := range [][][]byte{nil, {[]byte("From: a\r\n")}, {[]byte("From: a\r\n"), []byte("\r\nHello\r\n")}} {
		if b, err := New(keys()...).Sign(nil, pieces, date); err == nil {
			t.Errorf("%q", b)
		}
	}
}

// Keys are read as openssl and hosters write them, and what is not one is said without showing it.
func TestParseKey(t *testing.T) {
	t.Parallel()
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	pkcs8 := func(k crypto.Signer) []byte {
		der, err := x509.MarshalPKCS8PrivateKey(k)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	r, e := keys()[0].Private.(*rsa.PrivateKey), keys()[1].Private
	for _, good := range []string{
		text("PRIVATE KEY", pkcs8(r)), text("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(r)), text("PRIVATE KEY", pkcs8(e)),
		base64.StdEncoding.EncodeToString(pkcs8(e)), "# a remark\n" + text("PRIVATE KEY", pkcs8(e)) + "\n\n",
	} {
		k, err := ParseKey(good)
		if err != nil {
			t.Errorf("%v\n%s", err, good)
			continue
		}
		s := New(Key{"acme.example", "s", k})
		if err := s.Verify(signature(t, s, letter)); err != nil {
			t.Error(err)
		}
	}
	public, err := x509.MarshalPKIXPublicKey(r.Public())
	if err != nil {
		t.Fatal(err)
	}
	for bad, want := range map[string]string{
		"":                                      "not a private key in PEM",
		"hunter2-secret":                        "not a private key in PEM",
		text("PUBLIC KEY", public):              "the public key",
		text("PRIVATE KEY", public):             "PKCS #8 or PKCS #1",
		"aHVudGVyMi1zZWNyZXQ=":                  "PKCS #8 or PKCS #1",
		"-----BEGIN X-----\n-----END":           "not a private key",
		text("ENCRYPTED PRIVATE KEY", pkcs8(r)): "passphrase",
	} {
		if _, err := ParseKey(bad); err == nil || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// FuzzBody has another program agree about any body, however it is cut.
func FuzzBody(f *testing.F) {
	f.Add([]byte("Hello \n\n"), 3)
	f.Add([]byte(" \t\n\n \ra\r\n"), 1)
	for _, odd := range []string{"\n\n", "a  b\n", "a\tb\n", "a \n", "  a\n", " a\n", " \n", "a"} {
		f.Add([]byte("one\ntwo words\n"+odd+"three\nfour\n"), 9)
		f.Add([]byte("one\n\n"+odd+odd), 2)
	}
	s := New(keys()[1])
	f.Fuzz(func(t *testing.T, text []byte, cut int) {
		text = bytes.ReplaceAll(text, []byte("\r"), nil) // a message has none alone, and programs differ about them
		text = append(bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")), "\r\n"...)
		cut = max(0, min(cut, len(text)))
		b := signature(t, s, "From: a@acme.example\r\n\r\n", string(text[:cut]), string(text[cut:]))
		if err := s.Verify(b); err != nil {
			t.Errorf("%v\n%q", err, b)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	for i, name := range []string{"rsa", "ed25519"} {
		s := New(keys()[i])
		for _, size := range []int{10 << 10, 400 << 10} {
			body := bytes.Repeat([]byte("A line of words, as letters have them, of about seventy-six octets each.\r\n"), size/74)
			b.Run(fmt.Sprint(name, "/", size>>10, "K"), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := s.Sign(nil, [][]byte{[]byte(letter), body}, date); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
