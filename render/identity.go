package render

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// Token is the opaque text by which an unsubscribe link or a bounce address
// names a recipient of a campaign: 32 characters, not to be guessed without the
// secret, nor from the Message-ID that everybody can read.
func Token(secret []byte, campaign, key string) string {
	return derive(subkey(secret, "token"), campaign, key)[:32]
}

// MessageID is the left side of the Message-ID of a campaign's message to the person with this key: what a mailbox or a log has it by.
// The right side is the domain of From.
func MessageID(secret []byte, campaign, key string) string { return messageID(secret, campaign, key) }

// messageID is the left side of a Message-ID: unique to campaign and key, and
// the same on each attempt.
func messageID(secret []byte, campaign, key string) string {
	return derive(secret, campaign, key)
}

// boundary is the stem of a message's boundaries. A boundary is absent from
// every part, whatever is in them: it begins with "=_", and in quoted-printable
// an equals sign is followed by two hexadecimal digits or the end of the line,
// in base64 by another one or the end of the line. All parts are encoded so.
func boundary(secret []byte, campaign, key string) string {
	return "=_" + derive(subkey(secret, "boundary"), campaign, key)[:24]
}

// derive is unambiguous because a campaign's id has no NUL in it (see New).
func derive(secret []byte, campaign, key string) string {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(campaign))
	h.Write([]byte{0})
	h.Write([]byte(key))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil)))
}

// subkey gives each use a key of its own: no use's output tells about another's.
func subkey(secret []byte, use string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte{0})
	h.Write([]byte(use))
	return h.Sum(nil)
}
