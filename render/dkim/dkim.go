// Package dkim signs finished messages (DomainKeys Identified Mail, RFC 6376). [ParseKey] reads a private key, [New]
// makes a [Signer] of one or more of them, and [Signer.Sign] makes the DKIM-Signature fields that go in front of a
// message.
//
// It knows both algorithms of the standard: rsa-sha256, and ed25519-sha256 (RFC 8463). A message may have a signature
// by each, because not every receiver knows the second. Header and body are canonicalized as relaxed, because relays
// change blanks and fold fields. The whole body is signed: there is no l=, which would let anybody add to it. From is
// signed once more often than it occurs, so that a second From breaks the signature. If the message lacks a field of
// [Signed], somebody can add that field on the way.
//
// This package makes the signatures itself, because we made the messages and they are in memory in pieces, some of
// which many messages share. go-msgauth, which verifies in [Verify] and in tests, copies and parses each message again.
package dkim

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Signed are the fields that a signature covers if the message has them, in the order of its h= (RFC 6376 section
// 5.4.1; RFC 8058 section 4 asks for the two of unsubscribing, and Gmail for Feedback-ID).
var Signed = []string{
	"From", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "MIME-Version",
	"Content-Type", "Content-Transfer-Encoding", "List-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Help",
	"Feedback-ID", "Auto-Submitted",
}

// Key is a private key, and the place where its public half is published: a TXT record of SELECTOR._domainkey.DOMAIN.
type Key struct {
	Domain   string        // the signing domain (d=), as A-labels
	Selector string        // (s=)
	Private  crypto.Signer // an *rsa.PrivateKey or an ed25519.PrivateKey, see ParseKey
}

// The fewest bits of an RSA key: RFC 8301 section 3.2 has verifiers refuse shorter keys.
const leastBits = 1024

// ParseKey reads a private key: PEM in PKCS #8 or PKCS #1, or the text between the lines BEGIN and END, on one line.
// Its errors contain no part of the key.
func ParseKey(text string) (crypto.Signer, error) {
	der := []byte(nil)
	if block, _ := pem.Decode([]byte(text)); block != nil {
		if _, encrypted := block.Headers["DEK-Info"]; encrypted || strings.Contains(block.Type, "ENCRYPTED") {
			return nil, errors.New("the key is encrypted by a passphrase; it must be without one")
		}
		if strings.Contains(block.Type, "PUBLIC") {
			return nil, errors.New("this is the public key; the private one is needed")
		}
		der = block.Bytes
	} else {
		var err error
		if der, err = base64.StdEncoding.DecodeString(strings.TrimSpace(text)); err != nil || len(der) == 0 {
			return nil, errors.New("this is not a private key in PEM")
		}
	}
	var key any
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if key, err = x509.ParsePKCS1PrivateKey(der); err != nil {
			return nil, errors.New("this is not a private key in PKCS #8 or PKCS #1")
		}
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if n := k.N.BitLen(); n < leastBits {
			return nil, fmt.Errorf("the RSA key has %d bits; receivers take none below %d", n, leastBits)
		}
		return k, nil
	case ed25519.PrivateKey:
		return k, nil
	}
	return nil, errors.New("the key is neither RSA nor Ed25519")
}

// Record returns the TXT record that publishes the public half of a key (RFC 6376 section 3.6.1, RFC 8463 section 4).
func Record(k crypto.Signer) string {
	switch public := k.Public().(type) {
	case ed25519.PublicKey:
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
	default:
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			panic("dkim: " + err.Error()) // ParseKey lets no other kind through
		}
		return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
	}
}

// Signer signs messages with all of its keys. It is safe for concurrent use.
type Signer struct{ keys []key }

// key is a key with the parts that are the same in all of its signatures.
type key struct {
	Key
	head string // the fields of a signature up to t=
	hash crypto.Hash
}

// New returns a signer. A message gets a signature by each key, in this order.
func New(keys ...Key) *Signer {
	s := &Signer{}
	for _, k := range keys {
		algorithm, hash := "rsa-sha256", crypto.SHA256
		if _, is := k.Private.(ed25519.PrivateKey); is {
			algorithm, hash = "ed25519-sha256", crypto.Hash(0) // the key signs the digest as a message, RFC 8463 section 3
		}
		head := "DKIM-Signature: v=1; a=" + algorithm + "; c=relaxed/relaxed;\r\n d=" + k.Domain + "; s=" + k.Selector + ";"
		s.keys = append(s.keys, key{k, head, hash})
	}
	return s
}

// Sign appends the fields that go in front of a message to dst. The message is in pieces, whose first holds the whole
// header and the blank line after it; all lines end in CRLF. date is the time of signing (t=).
func (s *Signer) Sign(dst []byte, message [][]byte, date time.Time) ([]byte, error) {
	if len(message) == 0 {
		return nil, errors.New("dkim: there is no message")
	}
	end := bytes.Index(message[0], []byte("\r\n\r\n"))
	if end < 0 {
		return nil, errors.New("dkim: the header does not end in the first piece")
	}
	header := message[0][:end+2]
	body := newBody()
	body.write(message[0][end+4:])
	for _, piece := range message[1:] {
		body.write(piece)
	}
	bodyHash := base64.StdEncoding.EncodeToString(body.sum())
	names, covered := cover(header)
	for _, k := range s.keys {
		var err error
		if dst, err = k.sign(dst, covered, names, bodyHash, date); err != nil {
			return nil, fmt.Errorf("dkim: sign for %s: %w", k.Domain, err)
		}
	}
	return dst, nil
}

// sign appends one signature. covered is the canonical form of the fields with these names.
func (k *key) sign(dst, covered []byte, names []string, bodyHash string, date time.Time) ([]byte, error) {
	start := len(dst)
	dst = append(dst, k.head...)
	dst = append(strconv.AppendInt(append(dst, " t="...), date.Unix(), 10), ";\r\n h="...)
	column := len(" h=")
	for i, name := range names {
		if i > 0 {
			dst, column = append(dst, ':'), column+1
			if column+len(name) > 74 {
				dst, column = append(dst, "\r\n  "...), 2
			}
		}
		dst, column = append(dst, name...), column+len(name)
	}
	dst = append(append(append(dst, ";\r\n bh="...), bodyHash...), ";\r\n b="...)
	h := sha256.New()
	h.Write(covered)
	h.Write(relaxed(nil, dst[start:])) // with an empty b=, and without a line end: RFC 6376 section 3.7
	digest := h.Sum(nil)
	signature, err := k.Private.Sign(rand.Reader, digest, k.hash)
	if err != nil {
		return nil, err
	}
	text := base64.StdEncoding.EncodeToString(signature)
	for room := 72; len(text) > room; room = 75 {
		dst = append(append(dst, text[:room]...), "\r\n "...)
		text = text[room:]
	}
	return append(append(dst, text...), "\r\n"...), nil
}

// cover returns the names of the fields that a signature covers, and their canonical form. If a field occurs more than
// once, the last one comes first (RFC 6376 section 5.4.2).
func cover(header []byte) (names []string, canonical []byte) {
	fields := split(header)
	canonical = make([]byte, 0, len(header))
	for n, name := range signed {
		for i := len(fields) - 1; i >= 0; i-- {
			if f := fieldName(fields[i]); len(f) == len(name) && bytes.EqualFold(f, name) {
				names = append(names, Signed[n])
				canonical = append(relaxed(canonical, bytes.TrimSuffix(fields[i], crlf)), crlf...)
			}
		}
	}
	return append(names, "From"), canonical // one more than there are
}

var crlf, colon = []byte("\r\n"), []byte(":")

// signed is Signed, in octets.
var signed = func() (names [][]byte) {
	for _, name := range Signed {
		names = append(names, []byte(name))
	}
	return names
}()

// split returns the fields of a header, each with the line ends in it and after it.
func split(header []byte) (fields [][]byte) {
	for len(header) > 0 {
		end := 0
		for {
			n := bytes.Index(header[end:], crlf)
			if n < 0 {
				end = len(header)
				break
			}
			end += n + 2
			if end >= len(header) || header[end] != ' ' && header[end] != '\t' {
				break
			}
		}
		fields = append(fields, header[:end])
		header = header[end:]
	}
	return fields
}

// fieldName is the name of a field.
func fieldName(field []byte) []byte {
	name, _, _ := bytes.Cut(field, colon)
	return bytes.TrimRight(name, " \t")
}

// relaxed appends the canonical form of a field (RFC 6376 section 3.4.2): the name in small letters, the value on one
// line, one blank for many, and none at its ends.
func relaxed(dst, field []byte) []byte {
	_, value, _ := bytes.Cut(field, colon)
	for _, c := range fieldName(field) {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	dst = append(dst, ':')
	start, blank := len(dst), false
	for _, c := range value {
		switch c {
		case '\r', '\n':
		case ' ', '\t':
			blank = true
		default:
			if blank && len(dst) > start {
				dst = append(dst, ' ')
			}
			dst, blank = append(dst, c), false
		}
	}
	return dst
}
