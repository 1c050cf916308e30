package render

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding"
	"encoding/base32"
	"hash"

	"mailshot/render/token"
)

// lower is base32 in small letters, without padding.
var lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// OldToken returns the token of a recipient of a campaign that was planned before there were those of package token. It
// has 32 characters, and cannot be guessed without the secret, nor from the Message-ID that everybody can read. Such a
// campaign goes on with it.
func OldToken(secret []byte, campaign, key string) string {
	return derive(subkey(secret, "token"), campaign, key)[:token.OldLength]
}

// Tokens say how the tokens are made that templates print. The zero value makes those of a new campaign.
type Tokens struct {
	Old           bool   // OldToken
	Domain, Topic string // of token.Campaign
	Rehearsal     bool   // they act on nobody
	Unprinted     bool   // no template prints them, so none is made
}

// IDForm says how long the left side of a Message-ID is. A campaign keeps its form, so that what was sent is found.
type IDForm int

const (
	// ShortID has 26 characters, which are 130 bits. With a domain of up to 37 characters the whole field is one line of
	// at most 78 columns (RFC 5322 section 2.1.1). With a longer domain the field is folded after its colon, as Exchange
	// folds its own, and the second line is longer than 78 columns only with a domain of more than 48.
	ShortID IDForm = iota
	// LongID has 52 characters, of which those of ShortID are the first, and is never folded.
	LongID
)

// of cuts a derived name to its form.
func (f IDForm) of(name []byte) []byte {
	if f == LongID {
		return name
	}
	return name[:shortLength]
}

const (
	shortLength = 26
	idLine      = 78 // RFC 5322 section 2.1.1
)

// MessageID returns the left side of the Message-ID of a campaign's message to the person with this key, as a mailbox
// or a log shows it. It is unique to campaign and key, and the same on each attempt. The right side is the domain of
// From.
func MessageID(form IDForm, secret []byte, campaign, key string) string {
	return string(form.of([]byte(derive(secret, campaign, key))))
}

// derive is unambiguous because a campaign's id has no NUL in it (see New).
func derive(secret []byte, campaign, key string) string {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(campaign))
	h.Write([]byte{0})
	h.Write([]byte(key))
	return lower.EncodeToString(h.Sum(nil))
}

// subkey gives each use a key of its own, so that the output of one use tells nothing about that of another.
func subkey(secret []byte, use string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte{0})
	h.Write([]byte(use))
	return h.Sum(nil)
}

// names makes what names the messages of one campaign: the same as MessageID and OldToken, without hashing the secret
// and the campaign anew for each. It is immutable.
type names struct {
	id, token, boundary keyed
	leave, back         *token.Maker // back makes the token of the return path
}

func newNames(secret []byte, campaign string, t Tokens) names {
	of := token.Campaign{ID: campaign, Domain: t.Domain, Topic: t.Topic}
	return names{newKeyed(secret, campaign), newKeyed(subkey(secret, "token"), campaign),
		newKeyed(subkey(secret, "boundary"), campaign), token.New(secret, of, token.Unsubscribe, t.Rehearsal),
		token.New(secret, of, token.ReturnPath, t.Rehearsal)}
}

// keyed is derive for one secret and campaign: the states of HMAC's two hashes (RFC 2104) after what is the same each
// time.
type keyed struct{ inner, outer []byte }

func newKeyed(secret []byte, campaign string) keyed {
	if len(secret) > sha256.BlockSize {
		sum := sha256.Sum256(secret)
		secret = sum[:]
	}
	after := func(pad byte, more string) []byte {
		block := make([]byte, sha256.BlockSize)
		copy(block, secret)
		for i := range block {
			block[i] ^= pad
		}
		h := sha256.New()
		h.Write(append(block, more...))
		state, err := h.(encoding.BinaryMarshaler).MarshalBinary()
		if err != nil {
			panic(err) // package sha256 says that it never is
		}
		return state
	}
	return keyed{after(0x36, campaign+"\x00"), after(0x5c, "")}
}

// hasher is what derives with one keyed after another. It is not safe for concurrent use.
type hasher struct {
	h      hash.Hash
	digest []byte
	name   []byte
}

// derive returns the same as the function derive. The text is valid until the next call.
func (h *hasher) derive(k keyed, key string) []byte {
	if h.h == nil {
		h.h = sha256.New()
	}
	h.resume(k.inner)
	h.name = append(h.name[:0], key...)
	h.h.Write(h.name)
	h.digest = h.h.Sum(h.digest[:0])
	h.resume(k.outer)
	h.h.Write(h.digest)
	h.digest = h.h.Sum(h.digest[:0])
	h.name = lower.AppendEncode(h.name[:0], h.digest)
	return h.name
}

func (h *hasher) resume(state []byte) {
	if err := h.h.(encoding.BinaryUnmarshaler).UnmarshalBinary(state); err != nil {
		panic(err) // the state is one of its own
	}
}

// appendBoundary appends the stem of a message's boundaries. A boundary occurs in no part, whatever the parts hold,
// because it begins with "=_". In quoted-printable an equals sign is followed by two hexadecimal digits or the end of
// the line, and in base64 by another equals sign or the end of the line. All parts are encoded so.
func (h *hasher) appendBoundary(b []byte, k keyed, key string) []byte {
	return append(append(b, "=_"...), h.derive(k, key)[:24]...)
}
