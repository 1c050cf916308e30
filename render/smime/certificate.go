package smime

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// leastBits is the length of the shortest RSA key that is accepted: NIST SP 800-131A disallows shorter keys, and
// OpenSSL refuses them.
const leastBits = 2048

// Certificate is a person's public key with what a CA says about it. It is immutable.
type Certificate struct{ of *x509.Certificate }

// Certificates reads a file of certificates: any number of them in PEM, one or more in DER, or one in base64. A CA's
// certificate, which is there as a link of a chain, is left out. An error says that there is no certificate.
func Certificates(b []byte) ([]*Certificate, error) {
	all, err := parse(b)
	if err != nil {
		return nil, err
	}
	var people []*Certificate
	for _, c := range all {
		if !c.IsCA || len(Certificate{c}.Addresses()) > 0 && c.KeyUsage&x509.KeyUsageCertSign == 0 {
			people = append(people, &Certificate{c})
		}
	}
	if len(people) == 0 {
		return nil, errors.New("only certificates of CAs are in it")
	}
	return people, nil
}

// parse reads certificates of any kind.
func parse(b []byte) (all []*x509.Certificate, err error) {
	if rest := b; bytes.Contains(b, []byte("-----BEGIN")) {
		for {
			var block *pem.Block
			if block, rest = pem.Decode(rest); block == nil {
				break
			}
			if block.Type != "CERTIFICATE" && block.Type != "X509 CERTIFICATE" && block.Type != "TRUSTED CERTIFICATE" {
				continue
			}
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, errors.New("a certificate in it cannot be read")
			}
			all = append(all, c)
		}
	} else {
		if text := strings.Join(strings.Fields(string(b)), ""); text != "" {
			if der, err := base64.StdEncoding.DecodeString(text); err == nil {
				b = der
			}
		}
		if all, err = x509.ParseCertificates(b); err != nil {
			if isPKCS12(b) {
				return nil, ErrPKCS12
			}
			return nil, errors.New("no certificate is in it")
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no certificate is in it")
	}
	return all, nil
}

// ErrPKCS12 says that a file has a certificate and its private key under a password.
var ErrPKCS12 = errors.New("it is a PKCS #12 file (.p12, .pfx), and PEM is needed")

// isPKCS12 says whether octets begin as a PKCS #12 file does: with version 3 and the content (RFC 7292 section 4).
func isPKCS12(b []byte) bool {
	var pfx struct {
		Version int
		Content struct {
			Type asn1.ObjectIdentifier
			Data asn1.RawValue `asn1:"optional"`
		}
		MAC asn1.RawValue `asn1:"optional"`
	}
	_, err := asn1.Unmarshal(b, &pfx)
	return err == nil && pfx.Version == 3 && pfx.Content.Type.Equal(oidData)
}

// emailAddress is the attribute of a subject's name that older certificates have an address in (RFC 2985).
var emailAddress = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}

// Addresses returns the e-mail addresses in the certificate, as they are written there: rfc822Name of the subject's
// other names, and emailAddress of its name (RFC 8550 section 3).
func (c Certificate) Addresses() []string {
	all := slices.Clone(c.of.EmailAddresses)
	for _, n := range c.of.Subject.Names {
		if text, ok := n.Value.(string); ok && n.Type.Equal(emailAddress) && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

// Unfit says why nothing may be encrypted to the certificate at a time, as a code for programs and in words; "" = the
// certificate may be used.
func (c Certificate) Unfit(now time.Time) (code, why string) {
	if code, why = lifetime(c.of, now); code != "" {
		return code, why
	}
	key, is := c.of.PublicKey.(*rsa.PublicKey)
	switch {
	case !is:
		return "unusable-key", "has no RSA key, and mailshot encrypts to no other kind (" + c.of.PublicKeyAlgorithm.String() + ")"
	case key.N.BitLen() < leastBits:
		return "weak-key", fmt.Sprintf("has an RSA key of %d bits; below %d it is too weak", key.N.BitLen(), leastBits)
	case c.of.KeyUsage != 0 && c.of.KeyUsage&x509.KeyUsageKeyEncipherment == 0:
		return "unusable-key", "is not for encryption (key usage)"
	case !forMail(c.of):
		return "unusable-key", "is not for mail (extended key usage)"
	}
	return "", ""
}

// lifetime says whether a certificate is not valid at a time, and why.
func lifetime(c *x509.Certificate, now time.Time) (code, why string) {
	switch {
	case now.After(c.NotAfter):
		return "expired-key", "expired on " + c.NotAfter.UTC().Format(time.DateOnly)
	case now.Before(c.NotBefore):
		return "early-key", "is not valid before " + c.NotBefore.UTC().Format("2006-01-02 15:04") + " UTC"
	}
	return "", ""
}

// forMail says whether a certificate may be used for mail (RFC 8550 section 4.4.4).
func forMail(c *x509.Certificate) bool {
	return len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 ||
		slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageEmailProtection) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
}

// Identity returns the certificate's octets: all copies of a certificate have the same octets.
func (c Certificate) Identity() string { return string(c.of.Raw) }

// Since returns the time from which the certificate is valid. The newer of two certificates has the later time.
func (c Certificate) Since() time.Time { return c.of.NotBefore }
