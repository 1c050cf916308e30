// Package token makes and reads tokens: opaque texts by which a message names its person to its sender. They are in the
// unsubscribe link, in the return path, and in the envelope id that a report gives back. [Maker.Append] makes tokens,
// [Find] finds them in a pasted text, and [Read] says whether a token is genuine and what it names.
//
// A token has 52 small letters and digits, which are base32 of 32 octets:
//
//	version, use, rehearsal, key's id   1 octet: two bits, two, one and three
//	campaign                            5 octets
//	person                              16 octets
//	HMAC-SHA-256 of all before it       10 octets, which are 80 bits
//
// So "unsubscribe+TOKEN" fits into the local part of an address (64 octets, RFC 5321 section 4.5.3.1.1).
//
// Each use has a key of its own, derived from one secret. So a token of one use counts as forged for another use: a
// report that names an envelope unsubscribes nobody. The person is a keyed hash, not the address. So a token is
// understood as long as the secret exists, even if the campaign's rows were erased. Nobody without the secret can tell
// who the person is, or make a token.
package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"hash"
	"regexp"
	"strings"
	"sync"
)

// Use is what a token is for.
type Use byte

// The uses.
const (
	Unsubscribe Use = 1 + iota // names a person by their address, in a message
	ReturnPath                 // names a row of a campaign, in the envelope sender
	Envelope                   // names a row of a campaign, in the envelope id (RFC 3461 section 4.4)
)

// String returns the use in words: "unsubscribe", "return path" or "envelope id".
func (u Use) String() string {
	if u == Envelope {
		return "envelope id"
	}
	if int(u) < len(keys) {
		return keys[u]
	}
	return ""
}

// keys are the names of the uses' keys.
var keys = [...]string{Unsubscribe: "unsubscribe", ReturnPath: "return path", Envelope: "envelope"}

// Campaign is how a token names a campaign. The topic and the sender's domain are a part of it, because they say which
// mail a person leaves.
type Campaign struct{ ID, Domain, Topic string }

// The lengths of a token's parts in octets.
const (
	head     = 1
	campaign = 5
	person   = 16
	check    = 10
	total    = head + campaign + person + check
)

// Length is how many letters a token has, and OldLength is how many letters a token of an older mailshot has.
const (
	Length    = (total*8 + 4) / 5
	OldLength = 32
)

// version is the version of new tokens.
const version = 1

// first is a token's first octet.
func first(secret []byte, u Use, rehearsal bool) byte {
	b := byte(version<<6) | byte(u)<<4 | derive(secret, "", "token key id")[0]&keyID
	if rehearsal {
		b |= 8
	}
	return b
}

// keyID are the bits of the first octet that tell secrets apart without revealing them. A campaign keeps one secret:
// its plan has a check value of it.
const keyID = 7

var lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// derive returns the first octets of an HMAC over a name and what belongs to it, with NUL between them. No name and no
// id contains a NUL.
func derive(secret []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(strings.Join(parts, "\x00")))
	return h.Sum(nil)
}

// key is the key of a use.
func key(secret []byte, u Use) []byte { return derive(secret, "", "token", keys[u]) }

// Of returns the octets by which a token names a campaign.
func Of(secret []byte, c Campaign) [campaign]byte {
	return [campaign]byte(derive(secret, "", "token campaign", c.ID, c.Domain, c.Topic))
}

// Maker makes the tokens of one campaign for one use. It is safe for concurrent use.
type Maker struct {
	secret, key []byte
	before      string // of what is hashed in place of the person
	start       []byte // of each token
	desks       sync.Pool
}

// desk is what one token is made on.
type desk struct {
	name, mac hash.Hash
	b, sum    []byte
}

// New returns the maker of a campaign's tokens. Tokens of a rehearsal say so, and act on nobody.
func New(secret []byte, c Campaign, u Use, rehearsal bool) *Maker {
	of := Of(secret, c)
	m := &Maker{secret: secret, key: key(secret, u), before: "row\x00" + c.ID + "\x00"}
	if u == Unsubscribe {
		m.before = "forgotten\x00"
	}
	m.start = append([]byte{first(secret, u, rehearsal)}, of[:]...)
	return m
}

// Append appends to dst the token that names a person: by the key of the address (address.Address.Key) if the token is
// for unsubscribing, otherwise by the key of the row.
func (m *Maker) Append(dst []byte, name string) []byte {
	d, _ := m.desks.Get().(*desk)
	if d == nil {
		d = &desk{name: hmac.New(sha256.New, m.secret), mac: hmac.New(sha256.New, m.key)}
	}
	defer m.desks.Put(d)
	d.b = append(append(d.b[:0], m.before...), name...)
	d.name.Reset()
	d.name.Write(d.b)
	d.sum = d.name.Sum(d.sum[:0])
	d.b = append(append(d.b[:0], m.start...), d.sum[:person]...)
	d.mac.Reset()
	d.mac.Write(d.b)
	d.sum = d.mac.Sum(d.sum[:0])
	d.b = append(d.b, d.sum[:check]...)
	return lower.AppendEncode(dst, d.b)
}

// Token is what a genuine token says.
type Token struct {
	Use       Use
	Rehearsal bool
	Campaign  [campaign]byte // see Of
	// Person is the keyed hash of an address, as the suppression list keeps it for a forgotten person
	// (accounts.Accounts.Forget); or the keyed hash of a row's key, as a ledger keeps it (accounts.Accounts.KeyHash).
	Person [person]byte
}

// The reasons why a text is not a token that was made with a secret.
var (
	ErrNone   = errors.New("not a token")
	ErrForged = errors.New("not a genuine token: it was altered, or somebody made it up")
	ErrOther  = errors.New("a token that was made with another accounts.db, or that was altered")
)

// Read reads a token of the present form, as Find gives it. The error is ErrNone, ErrForged or ErrOther.
func Read(secret []byte, text string) (Token, error) {
	b, err := lower.DecodeString(text)
	if err != nil || len(b) != total || lower.EncodeToString(b) != text || b[0]>>6 != version {
		return Token{}, ErrNone
	}
	u, rehearsal := Use(b[0]>>4&3), b[0]&8 != 0
	if u == 0 {
		return Token{}, ErrNone
	}
	if b[0] != first(secret, u, rehearsal) {
		return Token{}, ErrOther
	}
	mac := hmac.New(sha256.New, key(secret, u))
	mac.Write(b[:total-check])
	if !hmac.Equal(mac.Sum(nil)[:check], b[total-check:]) { // in constant time
		return Token{}, ErrForged
	}
	return Token{u, rehearsal, [campaign]byte(b[head:]), [person]byte(b[head+campaign:])}, nil
}

// runs are the pieces of a text that may be a token.
var runs = regexp.MustCompile(`[a-z0-9]+`)

// Find returns the parts of a pasted text that have the form of a token. The token may be alone, in capitals, with
// blanks and line breaks in it, or within a whole link. An address is left alone, because it is a name of its own.
func Find(text string) (found []string) {
	text = strings.ToLower(text)
	if strings.Contains(text, "@") && !strings.Contains(text, "://") {
		return nil
	}
	joined := strings.Join(strings.Fields(text), "")
	for _, s := range []string{text, joined} {
		for _, run := range runs.FindAllString(s, -1) {
			long := len(run) == Length || len(run) == OldLength
			if long && !strings.ContainsAny(run, "0189") {
				found = append(found, run)
			}
		}
		if joined == text {
			break
		}
	}
	return found
}
