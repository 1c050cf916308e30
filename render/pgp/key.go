package pgp

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// Key is somebody's public key. It is immutable.
//
// It is kept as its octets and read anew for each use. The library notes in a key which of its signatures it has
// verified, so several goroutines would write to a key that they share.
type Key struct {
	octets      []byte
	fingerprint string
	addresses   []string
	since       time.Time
}

// The marks of keys in ASCII armor.
const (
	publicMark  = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
	privateMark = "-----BEGIN PGP PRIVATE KEY BLOCK-----"
)

// Keys reads a file of public keys: one or more in ASCII armor, or a binary keyring. If a private key is there by
// mistake, only its public half is kept. An error says that there is no key. Keys of kinds that the library does not
// know are left out.
func Keys(b []byte) ([]*Key, error) {
	entities, err := read(b)
	if err != nil {
		return nil, err
	}
	var keys []*Key
	for _, e := range entities {
		k, err := newKey(e)
		if err != nil {
			return nil, errors.New("a key in it cannot be read")
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// newKey keeps the public half of an entity.
func newKey(e *openpgp.Entity) (*Key, error) {
	var octets bytes.Buffer
	if err := e.Serialize(&octets); err != nil {
		return nil, err
	}
	return &Key{octets.Bytes(), string(e.PrimaryKey.Fingerprint), addresses(e), e.PrimaryKey.CreationTime}, nil
}

// read reads keys of any form.
func read(b []byte) (all openpgp.EntityList, err error) {
	text := string(b)
	if !strings.Contains(text, publicMark) && !strings.Contains(text, privateMark) {
		if all, err = openpgp.ReadKeyRing(bytes.NewReader(b)); err != nil || len(all) == 0 {
			return nil, errors.New("no OpenPGP key is in it")
		}
		return all, nil
	}
	for {
		at := strings.Index(text, "-----BEGIN PGP P")
		if at < 0 {
			break
		}
		block, err := armor.Decode(strings.NewReader(text[at:]))
		if err != nil {
			return nil, errors.New("a key in it cannot be read")
		}
		octets, err := io.ReadAll(block.Body)
		if err != nil {
			return nil, errors.New("a key in it cannot be read")
		}
		some, err := openpgp.ReadKeyRing(bytes.NewReader(octets))
		if err != nil {
			return nil, errors.New("a key in it cannot be read")
		}
		all = append(all, some...)
		text = text[at+len("-----BEGIN PGP P"):]
	}
	if len(all) == 0 {
		return nil, errors.New("no OpenPGP key is in it")
	}
	return all, nil
}

// addresses are the e-mail addresses in the user ids that the key's owner has signed and not revoked.
func addresses(e *openpgp.Entity) (all []string) {
	for _, id := range e.Identities {
		if _, err := id.Verify(time.Time{}, config(time.Now())); err != nil || id.UserId == nil {
			continue
		}
		switch {
		case id.UserId.Email != "":
			all = append(all, id.UserId.Email)
		case strings.Count(id.UserId.Id, "@") == 1 && !strings.ContainsAny(id.UserId.Id, " <>"):
			all = append(all, id.UserId.Id)
		}
	}
	return all
}

// entity returns the key in the library's form, for one caller.
func (k *Key) entity() (*openpgp.Entity, error) {
	return openpgp.ReadEntity(packet.NewReader(bytes.NewReader(k.octets)))
}

// Addresses returns the e-mail addresses in the key's user ids, as they are written there.
func (k *Key) Addresses() []string { return k.addresses }

// Identity returns the fingerprint of the key: all copies of a key have the same fingerprint.
func (k *Key) Identity() string { return k.fingerprint }

// Since returns when the key was made.
func (k *Key) Since() time.Time { return k.since }

// Unfit says why nothing may be encrypted to the key at a time, as a code for programs and in words; "" = the key may
// be used.
func (k *Key) Unfit(now time.Time) (code, why string) {
	e, err := k.entity()
	if err != nil {
		return "unusable-key", "cannot be read"
	}
	if e.Revoked(now) {
		return "revoked-key", "is revoked"
	}
	if k.since.After(now) {
		return "early-key", "is not valid before " + k.since.UTC().Format("2006-01-02 15:04") + " UTC"
	}
	_, err = e.EncryptionKeyWithError(now, config(now))
	if err == nil {
		return "", ""
	}
	return said(err)
}

// said puts into words why no key of an entity can be used.
func said(err error) (code, why string) {
	var value pgperrors.ErrEncryptionKeySelection
	var pointer *pgperrors.ErrEncryptionKeySelection
	if errors.As(err, &pointer) {
		value = *pointer
	} else {
		errors.As(err, &value)
	}
	which := ""
	if value.PrimaryKeyErr != nil {
		err = value.PrimaryKeyErr
	} else if err = value.EncSelectionErr; value.EncSelectionKeyId != nil {
		which = "has no subkey for encryption but one that "
	}
	weak := pgperrors.WeakAlgorithmError("")
	switch {
	case errors.Is(err, pgperrors.ErrKeyExpired), errors.Is(err, pgperrors.ErrSignatureExpired):
		return "expired-key", which + "expired"
	case errors.Is(err, pgperrors.ErrKeyRevoked):
		return "revoked-key", which + "is revoked"
	case errors.As(err, &weak):
		return "weak-key", which + "is too weak (an RSA key below 2,048 bits, or an algorithm that is not taken any more)"
	}
	return "unusable-key", "has no key for encryption"
}
