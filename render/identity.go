package render

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// Token returns the opaque text by which an unsubscribe link or a bounce address names a recipient of a campaign. It
// has 32 characters, and cannot be guessed without the secret, nor from the Message-ID that everybody can read.
func Token(secret []byte, campaign, key string) string {
	return derive(subkey(secret, "token"), campaign, key)[:32]
}

// MessageID returns the left side of the Message-ID of a campaign's message to the person with this key, as a mailbox
// or a log shows it. It is unique to campaign and key, and the same on each attempt. The right side is the domain of
// From.
func MessageID(secret []byte, campaign, key string) string {
	return derive(secret, campaign, key)
}

// boundary is the stem of a message's boundaries. A boundary occurs in no part, whatever the parts hold, because it
// begins with "=_". In quoted-printable an equals sign is followed by two hexadecimal digits or the end of the line,
// and in base64 by another equals sign or the end of the line. All parts are encoded so.
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

// subkey gives each use a key of its own, so that the output of one use tells nothing about that of another.
func subkey(secret []byte, use string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte{0})
	h.Write([]byte(use))
	return h.Sum(nil)
}
