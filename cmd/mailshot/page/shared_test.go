package page

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
)

// expand is what the page does with operations.
func expand(ops, text []byte, blobs [][]byte) (out []byte) {
	end := 0
	for len(ops) > 0 {
		x, n := binary.Uvarint(ops)
		ops = ops[n:]
		size := int(x >> 2)
		switch x & 3 {
		case literal:
			out, ops = append(out, ops[:size]...), ops[size:]
		case copied:
			d, n := binary.Varint(ops)
			ops = ops[n:]
			from := end + int(d)
			out, end = append(out, text[from:from+size]...), from+size
		case blob:
			out = append(out, lines(blobs[size])...)
		case encoded:
			out, ops = append(out, lines(expand(ops[:size], text, blobs))...), ops[size:]
		}
	}
	return out
}

func TestCoder(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	s := &shared{}
	var base []byte
	for range 5000 {
		base = append(base, byte('a'+random.IntN(26)))
	}
	s.add(base)
	s.add([]byte("short"))
	s.add(base[:300])
	for n := range 300 {
		var b []byte
		for range random.IntN(8) {
			i := random.IntN(len(base))
			j := i + random.IntN(len(base)-i)
			b = fmt.Appendf(append(b, base[i:j]...), "%d", random.Int64())
		}
		c := coder{shared: s}
		c.write(b)
		if got := expand(c.out, s.text, nil); !bytes.Equal(got, b) {
			t.Fatalf("%d: %d octets came back as %d others", n, len(b), len(got))
		}
		if len(b) > 3000 && len(c.out) > len(b)/5 {
			t.Errorf("%d octets are kept as %d", len(b), len(c.out))
		}
	}
}

// What is in base64 comes out of a message, and the message is the same when it is put in again.
func TestSegments(t *testing.T) {
	t.Parallel()
	pdf := bytes.Repeat([]byte("%PDF \x00\xff"), 40)
	mail := "From: a@example.com\r\nContent-Type: multipart/mixed; boundary=M\r\n\r\n" +
		"--M\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		string(lines([]byte("سلام "+string(pdf)))) +
		"\r\n--M\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + string(lines(pdf)) +
		"\r\n--M\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\nAAAA" +
		"\r\n--M--\r\n"
	all := segments([]byte(mail))
	var kinds []int
	var again []byte
	for _, s := range all {
		kinds = append(kinds, s.kind)
		if s.kind == literal {
			again = append(again, s.body...)
		} else {
			again = append(again, lines(s.body)...)
		}
	}
	if string(again) != mail {
		t.Errorf("another message:\n%s", again)
	}
	if got := fmt.Sprint(kinds); got != "[0 3 0 2 0]" {
		t.Errorf("segments %s", got)
	}
}
