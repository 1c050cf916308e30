package render

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"testing"
	"time"
)

// stamp is a signer whose one field has the sum of what it was given.
type stamp struct{}

func (stamp) Sign(dst []byte, message [][]byte, date time.Time) ([]byte, error) {
	if !bytes.Contains(message[0], []byte("\r\n\r\n")) {
		return nil, errors.New("the header is not whole")
	}
	h := fnv.New64()
	for _, b := range message {
		h.Write(b)
	}
	return fmt.Appendf(dst, "X-Stamp: %d %x\r\n", date.Unix(), h.Sum64()), nil
}

// What a signer makes stands in front of the octets that it was given, and counts for all that is written. The digest
// of what was planned does not know of it. A signer that fails changes nothing.
//
// Broken on purpose: with the fields behind the first piece, with Size as it was, and with the digest over the
// fields, too.
func TestSign(t *testing.T) {
	t.Parallel()
	for _, c := range goldenCases() {
		m, err := c.renderer(t).Render(recipient(t, c.to[0], c.to[1], c.cells...), testDate)
		if err != nil {
			t.Fatal(err)
		}
		before, digest := string(wire(t, m)), m.Digest()
		content, header := m.Content([]byte("key"), "p"), fmt.Sprint(m.Header())
		if err := m.Sign(broken{}, testDate); err == nil || string(wire(t, m)) != before {
			t.Error("a signer that failed:", err)
		}
		if err := m.Sign(stamp{}, testDate.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		field, rest, _ := strings.Cut(string(wire(t, m)), "\r\n")
		h := fnv.New64()
		h.Write([]byte(before))
		if want := fmt.Sprintf("X-Stamp: %d %x", testDate.Add(time.Hour).Unix(), h.Sum64()); field != want || rest != before {
			t.Errorf("%q, want %q", field, want)
		}
		if m.Digest() != digest || m.Content([]byte("key"), "p") != content || fmt.Sprint(m.Header()) != header {
			t.Error("the signature is part of what was planned")
		}
		scan(t, m)
	}
}

type broken struct{}

func (broken) Sign(dst []byte, _ [][]byte, _ time.Time) ([]byte, error) {
	return append(dst, "X: y\r\n"...), errors.New("no key")
}
