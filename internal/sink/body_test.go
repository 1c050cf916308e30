package sink

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
)

// pieces is a socket that gives a text in pieces of a size.
type pieces struct {
	net.Conn
	rest []byte
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), p.size)], p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// However the bytes of a body come, it is the same body, and what follows it is left. It is seen to fail if a CR at the
// end of a piece is forgotten (b.after = '.' in its place), and if the end is looked for in two bytes (len(in) < 2).
func TestBodyInPieces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ wire, want string }{
		{".\r\n", ""},
		{"a\r\n.\r\n", "a\r\n"},
		{"..\r\n.\r\n", ".\r\n"},
		{"a\r\n..b\r\n...\r\n.\r\n", "a\r\n.b\r\n..\r\n"},
		{"a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n"},   // LF alone ends no line
		{"a\r.\r\nb\r\n.\r\n", "a\r.\r\nb\r\n"},   // nor CR
		{".\rb\r\n.\n\r\n.\r\n", "\rb\r\n\n\r\n"}, // a dot at the beginning goes
		{"a\r\r\n.\r\n", "a\r\r\n"},               // CR CR LF ends one
		{".a.\r\n\r\n.\r\n", "a.\r\n\r\n"},        // and nothing but the first
		{"a\r\n\r\n\r\n.\r\n", "a\r\n\r\n\r\n"},   // empty lines
		{"a\r\n.b\r\n.\r.\r\n.\r\n", "a\r\nb\r\n\r.\r\n"},
	} {
		for size := 1; size <= len(c.wire)+4; size++ {
			for room := 1; room <= len(c.wire)+1; room++ {
				s := &pieces{rest: []byte(c.wire + "MAIL"), size: size}
				k := newConn(s, &Server{}, 1)
				var got bytes.Buffer
				if _, err := io.CopyBuffer(struct{ io.Writer }{&got}, &wire{c: k}, make([]byte, room)); err != nil {
					t.Fatalf("%q: %v", c.wire, err)
				}
				if got.String() != c.want {
					t.Fatalf("%q in pieces of %d, read by %d: %q, not %q", c.wire, size, room, got.String(), c.want)
				}
				if rest := string(k.in) + string(s.rest); rest != "MAIL" {
					t.Fatalf("%q in pieces of %d, read by %d: %q is left", c.wire, size, room, rest)
				}
			}
		}
	}
	k := newConn(&pieces{rest: []byte("a\r\n."), size: 9}, &Server{}, 1)
	if got, err := io.ReadAll(&wire{c: k}); err != io.ErrUnexpectedEOF {
		t.Errorf("a body that is cut off: %q, %v", got, err)
	}
}

// go-smtp gets a line at a time, or the chunk that a BDAT names: never a byte of the body of DATA. It is seen to fail
// if a line is given before its end has come, and if chunkOf gives 0.
func TestLinesAndChunks(t *testing.T) {
	t.Parallel()
	lines := []string{"MAIL FROM:<>\r\n", "BDAT 5\r\n", "DATA\n", "bdat 3 last\r\n", "B\nD", "BDAT x\r\n", "DATA\r\n"}
	all := strings.Join(lines, "")
	for size := 1; size <= len(all)+4; size++ {
		k := newConn(&pieces{rest: []byte(all + "body"), size: size}, &Server{}, 1)
		var got string
		ends := map[int]bool{}
		for len(got) < len(all) {
			p := make([]byte, 4096)
			n, err := k.Read(p)
			if err != nil {
				t.Fatal(err)
			}
			got += string(p[:n])
			ends[len(got)] = true
			if last := p[n-1]; k.chunk == 0 && last != '\n' && last != 'D' {
				t.Fatalf("in pieces of %d: %q is not a line", size, p[:n])
			}
		}
		if got != all {
			t.Fatalf("in pieces of %d: %q", size, got)
		}
		end := 0
		for _, line := range lines {
			if end += len(line); !ends[end] {
				t.Fatalf("in pieces of %d: what follows %q came with it", size, line)
			}
		}
		if size > len(all) && len(ends) != len(lines) {
			t.Errorf("in one piece: %d reads of %d lines and chunks", len(ends), len(lines))
		}
	}
}
