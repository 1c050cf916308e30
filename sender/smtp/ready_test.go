package smtp

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/sender/reply"
)

// pieces is a body that says it is clean.
type pieces []string

func (p pieces) Buffers() (segments [][]byte, clean bool) {
	for _, s := range p {
		segments = append(segments, []byte(s))
	}
	return segments, true
}

func (p pieces) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, strings.Join(p, ""))
	return int64(n), err
}

// wired sends a body over a TCP connection, and returns what came out at the other end.

func wired(t *testing.T, body io.WriterTo) (wire string, err error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	got := make(chan string, 1)
	go func() {
		c, err := ln.Accept()
		if err != nil {
			got <- err.Error()
			return
		}
		var b bytes.Buffer
		_, _ = io.Copy(&b, c)
		got <- b.String()
		c.Close()
	}()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s := &Session{conn: conn, raw: conn, timeouts: Timeouts{}.Defaults()}
	s.listen(conn)
	_, err = s.write354(body, nil)
	s.Close()
	return <-got, err
}

// TestCleanBody: what a clean body gives goes out as it is, small or large. What can be seen not to be clean goes the
// checked way, whatever it says. It guards "never the wrong thing": without the look at where pieces begin, "a dot at
// the start" ended the message early.
func TestCleanBody(t *testing.T) {
	t.Parallel()
	long := strings.Repeat(strings.Repeat("x", 76)+"\r\n", 2*bufferSize/78)
	for name, c := range map[string]struct {
		body pieces
		want string
		err  error
	}{
		"small": {pieces{"Subject: a\r\n", "", "\r\n", "text\r\n"}, "Subject: a\r\n\r\ntext\r\n.\r\n",
			nil},
		"large": {pieces{"Subject: a\r\n\r\n", long, "--b--\r\n"}, "Subject: a\r\n\r\n" + long +
			"--b--\r\n.\r\n", nil},
		"just the buffer":           {pieces{long[:bufferSize-2], "\r\n"}, long[:bufferSize-2] + "\r\n.\r\n", nil},
		"a dot at the start":        {pieces{".\r\n", "MAIL\r\n"}, "..\r\nMAIL\r\n.\r\n", nil},
		"a dot behind a seam":       {pieces{"a\r\n", ".\r\nMAIL\r\n"}, "a\r\n..\r\nMAIL\r\n.\r\n", nil},
		"a dot in a piece":          {pieces{"a\r\n.\r\nMAIL\r\n"}, "a\r\n..\r\nMAIL\r\n.\r\n", nil},
		"a dot behind other dots":   {pieces{"a.b..\r\n", "c\r\n.d.\r\n"}, "a.b..\r\nc\r\n..d.\r\n.\r\n", nil},
		"dots within lines":         {pieces{"a.b.\r\n", "c...\r\n"}, "a.b.\r\nc...\r\n.\r\n", nil},
		"a dot behind a long piece": {pieces{"a\r\n", long, ".\r\n"}, "a\r\n" + long + "..\r\n.\r\n", nil},
		"no end of the last line":   {pieces{"a\r\nb"}, "a\r\nb\r\n.\r\n", nil},
		"a CR at a seam":            {pieces{"a\r", "b\r\n"}, "", errBareCR},
		"a lone LF at the end":      {pieces{"a\r\nb\n"}, "", errBareLF},
		"a lone LF in two pieces":   {pieces{"a\r\nb", "\n"}, "", errBareLF},
		"nothing":                   {pieces{}, ".\r\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wire, err := wired(t, c.body)
			if !errors.Is(err, c.err) || c.err == nil && wire != c.want {
				t.Errorf("got %d bytes %.80q, %v; want %d bytes", len(wire), wire, err, len(c.want))
			}
			if c.err != nil && strings.HasSuffix(wire, ".\r\n") {
				t.Errorf("the message was ended: %.80q", wire)
			}
		})
	}
}

// TestGatherCounts: as TestDotCounts, for a message that is written from where it lies. With written > end, the row
// with 12 bytes was not in doubt.
func TestGatherCounts(t *testing.T) {
	t.Parallel()
	for left, sent := range map[int]bool{12: true, 11: false, 3: false, 20: true} {
		near, far := net.Pipe()
		s := &Session{conn: near, raw: &limited{Conn: near, left: left}, timeouts: Timeouts{}.Defaults()}
		err := s.gather(net.Buffers{[]byte("hello\r\n"), []byte("b\r\n.\r\nMAIL FROM:<>\r\n")[1:]}, 12)
		var e *Error
		if !errors.As(err, &e) || e.Sent != sent || !s.Closed() || sent != (e.Stage == reply.End) {
			t.Errorf("%d bytes taken: %#v", left, err)
		}
		far.Close()
	}
}

// limited takes so many bytes, and fails.
type limited struct {
	net.Conn
	left int
}

func (c *limited) Write(b []byte) (int, error) {
	if len(b) <= c.left {
		c.left -= len(b)
		return len(b), nil
	}
	return c.left, io.ErrClosedPipe
}

// TestGatherSlowly: a server that takes a buffer's worth in each time-out gets a large message. One that takes less is
// given up at the time-out. Without more time for a write that got on, the first row failed.
func TestGatherSlowly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		each int
		ok   bool
	}{"slow": {bufferSize, true}, "too slow": {100, false}, "silent": {0, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				s := &Session{conn: near, raw: near, timeouts: Timeouts{Data: 3 * time.Minute}.Defaults()}
				var server sync.WaitGroup
				server.Go(func() {
					b := make([]byte, c.each)
					for c.each > 0 {
						time.Sleep(time.Minute) // in a bubble no time passes
						if _, err := io.ReadFull(far, b); err != nil {
							return
						}
					}
				})
				begin := time.Now()
				err := s.gather(net.Buffers{make([]byte, 20*bufferSize), make([]byte, bufferSize)}, 1)
				if (err == nil) != c.ok || err != nil && time.Since(begin) != 3*time.Minute {
					t.Errorf("%v after %v", err, time.Since(begin))
				}
				near.Close()
				far.Close()
				server.Wait()
			})
		})
	}
}
