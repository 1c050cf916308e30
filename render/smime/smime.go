// Package smime signs and encrypts MIME entities by S/MIME (RFC 8551, over CMS, RFC 5652). [Signer.Sign] makes a
// multipart/signed of an entity, and [Encrypt] makes an application/pkcs7-mime that only the keys of the certificates
// can open. Sign first, and encrypt what Sign returned: then nobody without the key sees who signed.
//
// An entity is its Content-* fields, a blank line and its body, with CRLF as the only line end, and seven-bit if it is
// signed. Nothing here reads files or knows campaigns. Everything is safe for concurrent use.
//
// Encryption is AES-256 in CBC mode with a key that is encrypted to each certificate by RSA (PKCS #1 v1.5). Every
// program that reads S/MIME supports this (RFC 8551 section 2.7 keeps it for compatibility with version 3.2). This
// package writes encrypted messages itself. smallstep/pkcs7, which makes the signatures, takes the cipher from a
// package variable that is DES-CBC until somebody sets it, leaves out the NULL that RFC 3370 section 4.2.1 asks for
// after rsaEncryption, and pads in the caller's memory. In tests it opens the messages that are made here.
package smime

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/smallstep/pkcs7"

	"mailshot/render/entity"
)

// Signer signs with one private key.
type Signer struct {
	certificate *x509.Certificate
	chain       []*x509.Certificate // of CAs, which go with each signature
	key         crypto.Signer
}

// NewSigner returns the signer of a certificate and its private key, which is PEM or the base64 of PKCS #8. In the file
// the certificates of its CAs may follow the certificate. Errors contain no part of the key.
func NewSigner(certificate []byte, key string) (*Signer, error) {
	s, err := newSigner(certificate)
	if err != nil {
		return nil, err
	}
	if s.key, err = privateKey(key); err != nil {
		return nil, err
	}
	public, comparable := s.key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !comparable || !public.Equal(s.certificate.PublicKey) {
		return nil, errors.New("the key is not the one of the certificate")
	}
	return s, nil
}

// newSigner is a signer without its key.
func newSigner(certificate []byte) (*Signer, error) {
	all, err := parse(certificate)
	if err != nil {
		return nil, err
	}
	return &Signer{certificate: all[0], chain: all[1:]}, nil
}

// CheckSigner says why a certificate cannot sign at a time, as a code and in words; "" = it can sign.
func CheckSigner(certificate []byte, now time.Time) (code, why string) {
	s, err := newSigner(certificate)
	if err != nil {
		return "bad-certificate", err.Error()
	}
	c := s.certificate
	if code, why = lifetime(c, now); code != "" {
		return code, "the certificate " + why
	}
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < leastBits {
			return "weak-key", fmt.Sprintf("the certificate has an RSA key of %d bits; below %d it is too weak", key.N.BitLen(), leastBits)
		}
	case *ecdsa.PublicKey:
	default:
		return "unusable-key", "the certificate's key is neither RSA nor ECDSA"
	}
	signs := x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	switch {
	case c.IsCA && c.KeyUsage&x509.KeyUsageCertSign != 0 && len(s.chain) > 0:
		return "unusable-key", "the first certificate of the file is that of a CA; your own has to come first"
	case c.KeyUsage != 0 && c.KeyUsage&signs == 0:
		return "unusable-key", "the certificate is not for signatures (key usage)"
	case !forMail(c):
		return "unusable-key", "the certificate is not for mail (extended key usage)"
	}
	return "", ""
}

// SignerAddresses returns the e-mail addresses in a signer's certificate.
func SignerAddresses(certificate []byte) []string {
	s, err := newSigner(certificate)
	if err != nil {
		return nil
	}
	return Certificate{s.certificate}.Addresses()
}

// privateKey reads a private key. In PEM it takes the first private key. The key's certificate may come before it, as
// openssl pkcs12 writes it, or the parameters of its curve, as openssl ecparam writes them.
func privateKey(text string) (crypto.Signer, error) {
	public := false
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if _, encrypted := block.Headers["DEK-Info"]; encrypted || strings.Contains(block.Type, "ENCRYPTED") {
			return nil, ErrEncrypted
		}
		if strings.Contains(block.Type, "PRIVATE KEY") {
			return parsePrivate(block.Bytes)
		}
		public = true
	}
	if public {
		return nil, errors.New("this is what everybody may have; the private key is needed")
	}
	if isPKCS12([]byte(text)) {
		return nil, ErrPKCS12
	}
	if b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text)); err == nil && len(b) > 0 {
		return parsePrivate(b)
	}
	return nil, errors.New("this is not a private key in PEM")
}

// parsePrivate reads a private key in DER.
func parsePrivate(der []byte) (crypto.Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if rsaKey, err := x509.ParsePKCS1PrivateKey(der); err == nil {
			return rsaKey, nil
		}
		if ec, err := x509.ParseECPrivateKey(der); err == nil {
			return ec, nil
		}
		return nil, errors.New("this is not a private key in PKCS #8, PKCS #1 or SEC 1")
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return k, nil
	case *ecdsa.PrivateKey:
		return k, nil
	}
	return nil, errors.New("the key is neither RSA nor ECDSA")
}

// ErrEncrypted says that a private key has a passphrase.
var ErrEncrypted = errors.New("the key is encrypted by a passphrase; it must be without one: " +
	"openssl pkey -in key.pem -out open.pem")

// signatureFields are those of the part that has a signature (RFC 8551 section 3.5.3).
const signatureFields = "Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n" +
	"Content-Transfer-Encoding: base64\r\n" +
	"Content-Disposition: attachment; filename=\"smime.p7s\"\r\n"

// Sign returns a multipart/signed that contains an entity unchanged.
func (s *Signer) Sign(of []byte) ([]byte, error) {
	signed, err := pkcs7.NewSignedData(of)
	if err != nil {
		return nil, err
	}
	signed.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := signed.AddSigner(s.certificate, s.key, pkcs7.SignerInfoConfig{}); err != nil {
		return nil, err
	}
	for _, c := range s.chain {
		signed.AddCertificate(c)
	}
	signed.Detach()
	der, err := signed.Finish()
	if err != nil {
		return nil, err
	}
	return entity.Multipart("multipart/signed; protocol=\"application/pkcs7-signature\";\r\n micalg=sha-256",
		entity.Part{Body: of}, entity.Part{Fields: signatureFields, Body: bytes.TrimSuffix(entity.Base64(nil, der), []byte("\r\n"))}), nil
}

// Room returns the most octets that a signature by a certificate adds to an entity.
func Room(certificate []byte) int64 {
	s, err := newSigner(certificate)
	if err != nil {
		return 0
	}
	der := int64(2000 + len(s.certificate.RawIssuer)) // attributes, algorithms and a signature of up to 8,192 bits
	for _, c := range append([]*x509.Certificate{s.certificate}, s.chain...) {
		der += int64(len(c.Raw))
	}
	return entity.Base64Length(der) + 800
}

// Verify checks, as a reader does, that the signer has signed an entity.
func (s *Signer) Verify(signed []byte) error {
	parts := entity.Parts(signed)
	if len(parts) != 2 {
		return errors.New("it has not the two parts of a signed entity")
	}
	_, text, _ := bytes.Cut(parts[1], []byte("\r\n\r\n"))
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		return err
	}
	p7, err := pkcs7.Parse(der)
	if err != nil {
		return err
	}
	p7.Content = parts[0]
	if err := p7.Verify(); err != nil {
		return err
	}
	if by := p7.GetOnlySigner(); by == nil || !by.Equal(s.certificate) {
		return errors.New("it is signed by another key")
	}
	return nil
}

// The object identifiers of RFC 5652, 3370 and 3565.
var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidEnvelopedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 3}
	oidRSA           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidAES256CBC     = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
)

// The types of RFC 5652 section 6.1.
type (
	contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content envelopedData `asn1:"explicit,tag:0"`
	}
	envelopedData struct {
		Version    int
		Recipients []recipientInfo `asn1:"set"`
		Encrypted  encryptedContent
	}
	recipientInfo struct {
		Version   int
		ID        issuerAndSerial
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}
	issuerAndSerial struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
	encryptedContent struct {
		Type      asn1.ObjectIdentifier
		Algorithm pkix.AlgorithmIdentifier
		Content   []byte `asn1:"tag:0"`
	}
)

// encryptedFields are those of an encrypted entity (RFC 8551 section 3.3).
const encryptedFields = "Content-Type: application/pkcs7-mime; smime-type=enveloped-data;\r\n name=\"smime.p7m\"\r\n" +
	"Content-Transfer-Encoding: base64\r\n" +
	"Content-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n"

// Encrypt returns an entity that contains another entity, encrypted to certificates that are fit for it.
func Encrypt(of []byte, to []*Certificate) ([]byte, error) {
	if len(to) == 0 {
		return nil, errors.New("there is nobody to encrypt to")
	}
	key, iv := make([]byte, 32), make([]byte, aes.BlockSize)
	for _, b := range [][]byte{key, iv} {
		if _, err := rand.Read(b); err != nil {
			return nil, err
		}
	}
	envelope := envelopedData{Encrypted: encryptedContent{Type: oidData,
		Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidAES256CBC, Parameters: asn1.RawValue{Tag: asn1.TagOctetString, Bytes: iv}}}}
	for _, c := range to {
		public, is := c.of.PublicKey.(*rsa.PublicKey)
		if !is {
			return nil, errors.New("a certificate has no RSA key")
		}
		// Every program that opens S/MIME knows this way (RFC 8551 section 2.3); many do not know OAEP.
		//lint:ignore SA1019 what is dangerous is to decrypt it and say how that went, and nothing is decrypted here
		carried, err := rsa.EncryptPKCS1v15(rand.Reader, public, key)
		if err != nil {
			return nil, err
		}
		envelope.Recipients = append(envelope.Recipients, recipientInfo{
			ID:        issuerAndSerial{asn1.RawValue{FullBytes: c.of.RawIssuer}, c.of.SerialNumber},
			Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidRSA, Parameters: asn1.NullRawValue}, Key: carried,
		})
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	n := aes.BlockSize - len(of)%aes.BlockSize
	padded := append(append(make([]byte, 0, len(of)+n), of...), bytes.Repeat([]byte{byte(n)}, n)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(padded, padded)
	envelope.Encrypted.Content = padded
	der, err := asn1.Marshal(contentInfo{oidEnvelopedData, envelope})
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, int64(len(encryptedFields))+entity.Base64Length(int64(len(der))))
	return entity.Base64(append(b, encryptedFields...), der), nil
}

// mostRoom is the most octets that a certificate's share of an encrypted message takes, before base64: a key of up to
// 8,192 bits, and the name of the CA.
const mostRoom = 2048

// EncryptedSize returns the most octets that an entity of size octets has after it is encrypted to this many
// certificates.
func EncryptedSize(size int64, to int) int64 {
	der := size + aes.BlockSize + 200 + mostRoom*int64(to)
	return int64(len(encryptedFields)) + entity.Base64Length(der)
}

// Opens checks that an encrypted entity is for each of these certificates and for nobody else, as far as this can be
// seen without a private key.
func Opens(encrypted []byte, to []*Certificate) error {
	header, text, _ := bytes.Cut(encrypted, []byte("\r\n\r\n"))
	if !bytes.HasPrefix(header, []byte("Content-Type: application/pkcs7-mime; smime-type=enveloped-data;")) {
		return errors.New("it is not encrypted")
	}
	der, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(string(text), "\r\n", ""))
	if err != nil {
		return err
	}
	var got contentInfo
	if rest, err := asn1.Unmarshal(der, &got); err != nil || len(rest) > 0 || !got.Type.Equal(oidEnvelopedData) {
		return fmt.Errorf("it is not encrypted data: %w", err)
	}
	if !got.Content.Encrypted.Algorithm.Algorithm.Equal(oidAES256CBC) || len(got.Content.Recipients) != len(to) {
		return errors.New("it is encrypted to others")
	}
	for _, c := range to {
		if !slices.ContainsFunc(got.Content.Recipients, func(r recipientInfo) bool {
			return bytes.Equal(r.ID.Issuer.FullBytes, c.of.RawIssuer) && r.ID.Serial.Cmp(c.of.SerialNumber) == 0
		}) {
			return errors.New("it is not encrypted to each of its recipients")
		}
	}
	return nil
}
