package records

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strings"
)

// tagList reads tags and values as DKIM and DMARC write them (RFC 6376 3.2).
func tagList(s string) map[string]string {
	tags := map[string]string{}
	for part := range strings.SplitSeq(s, ";") {
		if name, value, ok := strings.Cut(part, "="); ok {
			tags[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
		}
	}
	return tags
}

// without is a list of tags without one tag.
func without(s, tag string) string {
	var kept []string
	for part := range strings.SplitSeq(s, ";") {
		if name, _, _ := strings.Cut(part, "="); !strings.EqualFold(strings.TrimSpace(name), tag) {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, ";")
}

// bare is a value without the blanks that may stand anywhere in Base64.
func bare(s string) string { return strings.Join(strings.Fields(s), "") }

// keyBits is the strength of a DKIM key in bits of RSA; an Ed25519 key counts as 3072.
func keyBits(tags map[string]string) (int, error) {
	raw, err := base64.StdEncoding.DecodeString(bare(tags["p"]))
	if err != nil {
		return 0, errors.New("p is not Base64")
	}
	if strings.EqualFold(tags["k"], "ed25519") {
		if len(raw) != ed25519.PublicKeySize {
			return 0, errors.New("p is not an Ed25519 key")
		}
		return 3072, nil
	}
	key, err := x509.ParsePKIXPublicKey(raw)
	if err != nil {
		// RFC 6376 asks for the bare RSA key, and everybody publishes the key in an X.509 structure.
		if key, err = x509.ParsePKCS1PublicKey(raw); err != nil {
			return 0, errors.New("p is not an RSA key")
		}
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return 0, errors.New("p is not an RSA key")
	}
	return public.N.BitLen(), nil
}
