package smtp

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
)

// FingerprintError says that a server has shown another certificate than the one that it is known
// by.
type FingerprintError struct {
	Got         string // SHA-256 of the certificate shown, in hexadecimal
	Certificate *x509.Certificate
}

func (e *FingerprintError) Error() string {
	return "the server shows a certificate with another fingerprint: " + e.Got
}

// pin makes c accept one certificate and no other, whatever its names, dates and issuer say.
// Resumed sessions are checked too.
func pin(c *tls.Config, fingerprint []byte) {
	c.InsecureSkipVerify = true
	c.VerifyConnection = func(state tls.ConnectionState) error {
		sum := sha256.Sum256(state.PeerCertificates[0].Raw) // a server shows one at least
		if !bytes.Equal(sum[:], fingerprint) {
			return &FingerprintError{Got: hex.EncodeToString(sum[:]), Certificate: state.PeerCertificates[0]}
		}
		return nil
	}
}
