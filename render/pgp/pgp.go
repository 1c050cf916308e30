// Package pgp signs and encrypts MIME entities by OpenPGP (RFC 3156, RFC 9580). [Signer.Sign] makes a multipart/signed
// of an entity, and [Encrypt] makes a multipart/encrypted that only the given keys can open. With a signer, the content
// is signed inside the encryption (RFC 3156 section 6.2), so that nobody without a key sees who signed.
//
// An entity is its Content-* fields, a blank line and its body, with CRLF as the only line end, and seven-bit if it is
// signed. Nothing here reads files or knows campaigns. Everything is safe for concurrent use.
//
// The cipher is AES-256, unless a recipient's key asks for another cipher. Nothing is compressed, so the size of the
// result reveals only the size of the content. Algorithms and keys are those that the library accepts, with one
// addition, as in gpg: a key that does not say what it is for may be used for everything that it can do.
package pgp

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"mailshot/render/entity"
)

// config returns how the library should work, as of a time.
func config(at time.Time) *packet.Config {
	return &packet.Config{
		DefaultHash: crypto.SHA256, DefaultCipher: packet.CipherAES256, DefaultCompressionAlgo: packet.CompressionNone,
		Time: func() time.Time { return at }, InsecureAllowAllKeyFlagsWhenMissing: true,
	}
}

// Signer signs with one private key.
type Signer struct {
	addresses []string
	// entities are copies of the key, for a caller each: the library writes into a key that it uses.
	entities chan *openpgp.Entity
}

// NewSigner returns the signer of a private key, which is in ASCII armor. passphrase is "" for a key without one. The
// key must be able to sign at the time at. Errors contain no part of the key or of the passphrase.
func NewSigner(key, passphrase string, at time.Time) (*Signer, error) {
	e, err := unlocked(key, passphrase, at)
	if err != nil {
		return nil, err
	}
	n := runtime.GOMAXPROCS(0)
	s := &Signer{addresses: addresses(e), entities: make(chan *openpgp.Entity, n)}
	s.entities <- e
	// Removing a passphrase takes long, so the others are copies of the open key.
	var open bytes.Buffer
	if err := e.SerializePrivateWithoutSigning(&open, config(at)); err != nil {
		return s, nil // as one that has a subkey alone: one caller after the other
	}
	for range n - 1 {
		another, err := openpgp.ReadEntity(packet.NewReader(bytes.NewReader(open.Bytes())))
		if err != nil {
			return s, nil
		}
		s.entities <- another
	}
	return s, nil
}

// unlocked reads a private key and removes its passphrase.
func unlocked(key, passphrase string, at time.Time) (*openpgp.Entity, error) {
	all, err := read([]byte(key))
	switch {
	case err != nil:
		return nil, errors.New("this is not a private key of OpenPGP in ASCII armor")
	case len(all) > 1:
		return nil, errors.New("several keys are in it; which one signs?")
	case all[0].PrivateKey == nil:
		return nil, errors.New("this is the public key; the private one is needed")
	}
	e := all[0]
	if e.Revoked(at) {
		return nil, errors.New("the key is revoked")
	}
	signing, ok := e.SigningKey(at, config(at))
	if !ok {
		return nil, errors.New("the key cannot sign now: it has expired, is too weak, or is not for signatures")
	}
	if signing.PrivateKey == nil || signing.PrivateKey.Dummy() {
		return nil, errors.New("the private half of the key that signs is not in it")
	}
	if signing.PrivateKey.Encrypted && passphrase == "" {
		return nil, ErrPassphrase
	}
	if passphrase != "" {
		if err := e.DecryptPrivateKeys([]byte(passphrase)); err != nil || signing.PrivateKey.Encrypted {
			return nil, errors.New("the passphrase is not that of the key")
		}
	}
	return e, nil
}

// ErrPassphrase says that a private key has a passphrase, and no passphrase is given.
var ErrPassphrase = errors.New("the key has a passphrase, and passphrase is not given")

// Addresses returns the e-mail addresses in the user ids of the signer's key.
func (s *Signer) Addresses() []string { return s.addresses }

// micalgs are the names of hashes in multipart/signed (RFC 3156 section 5).
var micalgs = map[crypto.Hash]string{
	crypto.SHA256: "pgp-sha256", crypto.SHA384: "pgp-sha384", crypto.SHA512: "pgp-sha512", crypto.SHA224: "pgp-sha224",
	crypto.SHA3_256: "pgp-sha3-256", crypto.SHA3_512: "pgp-sha3-512",
}

// signatureFields are those of the part that has a signature.
const signatureFields = "Content-Type: application/pgp-signature; name=\"signature.asc\"\r\n" +
	"Content-Description: OpenPGP signature\r\n" +
	"Content-Disposition: attachment; filename=\"signature.asc\"\r\n"

// Sign returns a multipart/signed that contains an entity unchanged, as of a time.
func (s *Signer) Sign(of []byte, at time.Time) ([]byte, error) {
	e := <-s.entities
	defer func() { s.entities <- e }()
	var octets bytes.Buffer
	if err := openpgp.DetachSign(&octets, []*openpgp.Entity{e}, bytes.NewReader(of), config(at)); err != nil {
		return nil, err
	}
	p, err := packet.Read(bytes.NewReader(octets.Bytes()))
	if err != nil {
		return nil, err
	}
	made, is := p.(*packet.Signature)
	if !is || micalgs[made.Hash] == "" {
		return nil, errors.New("the key signs by a hash that has no name in mail")
	}
	armored, err := armor64("PGP SIGNATURE", octets.Bytes())
	if err != nil {
		return nil, err
	}
	return entity.Multipart("multipart/signed; protocol=\"application/pgp-signature\";\r\n micalg="+micalgs[made.Hash],
		entity.Part{Body: of}, entity.Part{Fields: signatureFields, Body: armored}), nil
}

// SignatureRoom is the most octets that a signature adds to an entity, outside or inside an encryption.
const SignatureRoom = 4096

// Verify checks, as a reader does at a time, that the signer has signed an entity.
func (s *Signer) Verify(signed []byte, at time.Time) error {
	parts := entity.Parts(signed)
	if len(parts) != 2 {
		return errors.New("it has not the two parts of a signed entity")
	}
	e := <-s.entities
	defer func() { s.entities <- e }()
	_, text, _ := bytes.Cut(parts[1], []byte("\r\n\r\n"))
	_, _, err := openpgp.VerifyArmoredDetachedSignature(openpgp.EntityList{e}, bytes.NewReader(parts[0]),
		bytes.NewReader(text), config(at))
	return err
}

// armor64 puts octets into ASCII armor, with CRLF as line end and none at its end.
func armor64(kind string, octets []byte) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(len(octets)/3*4 + len(octets)/30 + 200)
	w, err := armor.Encode(&b, kind, nil)
	if err == nil {
		_, err = w.Write(octets)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, err
	}
	return bytes.ReplaceAll(bytes.TrimRight(b.Bytes(), "\n"), []byte("\n"), []byte("\r\n")), nil
}

// encryptedFields are the fields of the part with the encrypted octets (RFC 3156 section 4).
const encryptedFields = "Content-Type: application/octet-stream; name=\"encrypted.asc\"\r\n" +
	"Content-Disposition: inline; filename=\"encrypted.asc\"\r\n"

// versionFields and version are the part that says what the other one is.
const (
	versionFields = "Content-Type: application/pgp-encrypted\r\n"
	version       = "Version: 1"
)

// Encrypt returns an entity that contains another entity, encrypted to keys that are fit for it, as of a time. If by is
// not nil, the content is signed inside.
func Encrypt(of []byte, to []*Key, by *Signer, at time.Time) ([]byte, error) {
	if len(to) == 0 {
		return nil, errors.New("there is nobody to encrypt to")
	}
	keys := make([]*openpgp.Entity, len(to))
	for i, k := range to {
		var err error
		if keys[i], err = k.entity(); err != nil {
			return nil, err
		}
	}
	var octets bytes.Buffer
	octets.Grow(len(of) + len(of)/128 + 1024*len(to) + 2048)
	how := &openpgp.EncryptParams{Config: config(at)}
	if by != nil {
		e := <-by.entities
		defer func() { by.entities <- e }()
		how.Signers = []*openpgp.Entity{e}
	}
	w, err := openpgp.EncryptWithParams(&octets, keys, nil, how)
	if err == nil {
		_, err = w.Write(of)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, err
	}
	armored, err := armor64("PGP MESSAGE", octets.Bytes())
	if err != nil {
		return nil, err
	}
	return entity.Multipart("multipart/encrypted; protocol=\"application/pgp-encrypted\"",
		entity.Part{Fields: versionFields, Body: []byte(version)}, entity.Part{Fields: encryptedFields, Body: armored}), nil
}

// mostRoom is the most octets that a key's share of an encrypted message takes, before ASCII armor: a key of up to
// 8,192 bits, or one of ML-KEM.
const mostRoom = 2048

// EncryptedSize returns the most octets that an entity of size octets has after it is encrypted to this many keys, and
// signed if signed is true.
func EncryptedSize(size int64, to int, signed bool) int64 {
	octets := size + size/128 + 1024 + mostRoom*int64(to) // packets of partial lengths have an octet for each 512, twice
	if signed {
		octets += SignatureRoom
	}
	return octets/48*66 + 66 + 1200
}

// Opens checks that an encrypted entity is for each of these keys and for nobody else, as far as this can be seen
// without a private key.
func Opens(encrypted []byte, to []*Key) error {
	parts := entity.Parts(encrypted)
	if len(parts) != 2 || !bytes.HasPrefix(encrypted, []byte("Content-Type: multipart/encrypted;")) {
		return errors.New("it is not encrypted")
	}
	_, text, _ := bytes.Cut(parts[1], []byte("\r\n\r\n"))
	block, err := armor.Decode(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("it is not encrypted: %w", err)
	}
	var ids []uint64
	packets := packet.NewReader(block.Body)
	for {
		p, err := packets.Next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				break
			}
			return err
		}
		key, is := p.(*packet.EncryptedKey)
		if !is {
			break
		}
		ids = append(ids, key.KeyId)
	}
	if len(ids) != len(to) {
		return errors.New("it is encrypted to others")
	}
	for _, k := range to {
		e, err := k.entity()
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(ids, func(id uint64) bool { return len(openpgp.EntityList{e}.KeysById(id)) > 0 && id != 0 }) {
			return errors.New("it is not encrypted to each of its recipients: " + strings.Join(k.addresses, ", "))
		}
	}
	return nil
}
