package render

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// noCampaign is the id with which texts are made once more where their templates print the campaign's own.
const noCampaign = "-"

// Content sums up what one person reads in the message, with a key so that nobody can guess at it: From, the subject,
// the texts and the bytes of the files. Two campaigns that send one person the same text have the same content,
// whatever else differs: Date, Message-ID, boundaries, tokens, the campaign's id where a text prints it, the names of
// files, and header fields, which are for machines. person is the key of the recipient's address. key has 32 bytes.
func (m *Message) Content(key []byte, person string) uint64 {
	read := m
	if m.plain != nil {
		if plain := m.plain(); plain != nil {
			read = plain
		}
	}
	c := content{Hash: sha256.New(), token: []byte(read.token)}
	c.Write(key)
	c.put('p', []byte(person))
	for _, h := range read.header {
		if h[0] == "From" {
			c.put('f', []byte(h[1]))
		}
	}
	c.put('s', []byte(read.subject))
	for _, text := range read.texts {
		if text != nil {
			c.put('t', text)
		}
	}
	for _, s := range m.segments {
		if s.checksum != nil {
			c.put('a', s.checksum[:])
		}
	}
	var sum [sha256.Size]byte
	return binary.BigEndian.Uint64(c.Sum(sum[:0]))
}

// content is a digest that does not see the recipient's token.
type content struct {
	hash.Hash
	token []byte
}

// put adds one thing of a kind. The token in it counts as an empty place.
func (c content) put(kind byte, b []byte) {
	length := uint64(len(b))
	var head [9]byte
	head[0] = kind
	binary.BigEndian.PutUint64(head[1:], length)
	c.Write(head[:])
	for {
		i := bytes.Index(b, c.token)
		if i < 0 {
			break
		}
		c.Write(b[:i])
		c.Write([]byte{0})
		b = b[i+len(c.token):]
	}
	c.Write(b)
}
