package pgp

import (
	"bytes"
	"errors"
	"slices"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// Merge makes one key from two copies of it, as gpg does when it imports a key that it already has: what either copy
// says about the key counts. So a key is revoked if one of its copies says so, however old the other copy is.
func Merge(a, b *Key) (*Key, error) {
	if a.fingerprint != b.fingerprint {
		return nil, errors.New("these are two keys, and not two copies of one")
	}
	if bytes.Equal(a.octets, b.octets) {
		return a, nil
	}
	to, err := a.entity()
	if err != nil {
		return nil, err
	}
	from, err := b.entity()
	if err != nil {
		return nil, err
	}
	to.Revocations = union(to.Revocations, from.Revocations)
	to.DirectSignatures = union(to.DirectSignatures, from.DirectSignatures)
	for name, theirs := range from.Identities {
		ours := to.Identities[name]
		if ours == nil {
			theirs.Primary, to.Identities[name] = to, theirs
			continue
		}
		ours.SelfCertifications = union(ours.SelfCertifications, theirs.SelfCertifications)
		ours.Revocations = union(ours.Revocations, theirs.Revocations)
	}
	for _, theirs := range from.Subkeys {
		i := slices.IndexFunc(to.Subkeys, func(s openpgp.Subkey) bool {
			return bytes.Equal(s.PublicKey.Fingerprint, theirs.PublicKey.Fingerprint)
		})
		if i < 0 {
			theirs.Primary = to
			to.Subkeys = append(to.Subkeys, theirs)
			continue
		}
		ours := &to.Subkeys[i]
		ours.Bindings = union(ours.Bindings, theirs.Bindings)
		ours.Revocations = union(ours.Revocations, theirs.Revocations)
	}
	return newKey(to)
}

// union adds to signatures those of others that are not among them.
func union(all, more []*packet.VerifiableSignature) []*packet.VerifiableSignature {
	octets := func(s *packet.VerifiableSignature) []byte {
		var b bytes.Buffer
		if s.Packet.Serialize(&b) != nil {
			return nil
		}
		return b.Bytes()
	}
	for _, s := range more {
		has := octets(s)
		if !slices.ContainsFunc(all, func(o *packet.VerifiableSignature) bool { return has != nil && bytes.Equal(has, octets(o)) }) {
			all = append(all, s)
		}
	}
	return all
}
