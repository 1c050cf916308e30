package desk

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// undoable is how long an unsubscribe can be taken back.
const undoable = time.Hour

// note is in the form for taking back. It says when the entries were made that may be removed from the list.
type note struct {
	until time.Time
	now   time.Time // of this unsubscribe
	first time.Time // of the same one, if the button was pressed twice; else the same
}

// sealer returns the cipher for notes. Its key is used for nothing else.
func sealer(secret []byte) cipher.AEAD {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("\x00unsubscribe undo"))
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		panic(err) // 32 octets
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // AES
	}
	return aead
}

// close seals a note for an address. Nobody can read its contents, so nobody sees whether there was an entry.
func (n note) close(aead cipher.AEAD, address string) string {
	b := make([]byte, 0, 24)
	for _, t := range []time.Time{n.until, n.now, n.first} {
		b = binary.BigEndian.AppendUint64(b, uint64(t.UnixNano()))
	}
	return base64.RawURLEncoding.EncodeToString(aead.Seal(nil, nil, b, sum(address)))
}

// open reads a note that close has sealed for the same address. ok is false if the text is not such a note, or is too
// old.
func open(aead cipher.AEAD, text, address string, now time.Time) (n note, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(text) > 200 {
		return n, false
	}
	b, err = aead.Open(nil, nil, b, sum(address))
	if err != nil || len(b) != 24 {
		return n, false
	}
	at := func(i int) time.Time { return time.Unix(0, int64(binary.BigEndian.Uint64(b[i:]))) }
	n = note{at(0), at(8), at(16)}
	return n, now.Before(n.until)
}

func sum(text string) []byte {
	s := sha256.Sum256([]byte(text))
	return s[:]
}
