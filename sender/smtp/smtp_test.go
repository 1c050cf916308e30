package smtp

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mailshot/sender/reply"
)

func TestReadReply(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]struct {
		code  int
		lines string // joined by |
	}{
		"250 ok\r\n":                  {250, "ok"},
		"250\r\n":                     {250, ""},
		"250 ok\n":                    {250, "ok"},
		"250-a\r\n250-\r\n250 b\r\n":  {250, "a||b"},
		"354 \r\n":                    {354, ""},
		"599 5.0.0 x\r\n":             {599, "5.0.0 x"},
		"":                            {},
		"25":                          {},
		"250 ok":                      {},
		"250 ok\r":                    {},
		"250-ok\r\n":                  {},
		"250-ok\r\n250 o":             {},
		"250-ok\r\n550 no\r\n":        {},
		"150 ok\r\n":                  {},
		"600 ok\r\n":                  {},
		"25 ok\r\n":                   {},
		"2500 ok\r\n":                 {},
		"250ok\r\n":                   {},
		"+OK\r\n":                     {},
		"\r\n":                        {},
		"\u0662\u0665\u0660 ok\r\n":   {},
		strings.Repeat("2", 5000):     {},
		strings.Repeat("250-\n", 5e4): {},
		"250 " + strings.Repeat("x", maxLine-6) + "\r\n": {250, strings.Repeat("x", maxLine-6)},
	} {
		code, lines, err := readReply(bufio.NewReaderSize(strings.NewReader(in), maxLine), nil)
		if code != want.code || strings.Join(lines, "|") != want.lines || (err == nil) != (want.code != 0) {
			t.Errorf("%.40q: %d %q, %v", in, code, lines, err)
		}
	}
}

// FuzzReadReply: whatever comes, only a whole answer is an answer, and no more than the limit is
// read for it.
func FuzzReadReply(f *testing.F) {
	for _, s := range []string{"250 ok\r\n", "250-a\r\n250 b\r\n250 c\r\n", "25", "354\n", "250-a\r\n251 b\r\n",
		"421 4.4.2 bye\r\n\r\n"} {
		f.Add([]byte(s))
	}
	whole := regexp.MustCompile(`^(?:([2-5][0-9]{2})-[^\n]*\n)*([2-5][0-9]{2})(?: [^\n]*)?\r?\n`)
	f.Fuzz(func(t *testing.T, in []byte) {
		r := &counter{r: bytes.NewReader(in)}
		code, lines, err := readReply(bufio.NewReaderSize(r, maxLine), nil)
		if r.n > maxAnswer+2*maxLine {
			t.Fatalf("%d bytes read", r.n)
		}
		if err != nil {
			return
		}
		m := whole.FindSubmatch(in)
		if m == nil || string(m[2]) != strconv.Itoa(code) || len(lines) != bytes.Count(m[0], []byte("\n")) {
			t.Fatalf("%q read as %d %q", in, code, lines)
		}
		text := Reply{Lines: lines}.Text()
		if len(text) > reply.MaxText+4 || strings.ContainsAny(text, "\x00\x1b\r\n\u202e") {
			t.Fatalf("text %q", text)
		}
	})
}

// TestKeywords: what EHLO says twice counts twice, and of two sizes the smaller one.
func TestKeywords(t *testing.T) {
	t.Parallel()
	got := keywords([]string{"SIZE 50000", "AUTH LOGIN", "auth=PLAIN login", "size 30000", "AUTH GSSAPI", "DSN", "DSN",
		"SIZE", "SIZE 0", "", "AUTH=", "STARTTLS"})
	for keyword, want := range map[string]string{"AUTH": "LOGIN PLAIN GSSAPI", "SIZE": "30000", "DSN": "",
		"STARTTLS": ""} {
		if have, ok := got[keyword]; !ok || have != want {
			t.Errorf("%s: %q, %v, want %q", keyword, have, ok, want)
		}
	}
	if len(got) != 4 {
		t.Errorf("%q", got)
	}
}

type counter struct {
	r io.Reader
	n int
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += n
	return n, err
}

// dots writes a message in pieces and returns what goes over the wire.
func dots(pieces ...string) (string, error) {
	var wire []byte
	w := &dotWriter{out: func(b []byte) error { wire = append(wire, b...); return nil }}
	for _, p := range pieces {
		_, _ = w.Write([]byte(p)) // end reports it
	}
	if err := w.end(); err != nil {
		return string(wire), err
	}
	return string(wire) + string(w.buf), nil
}

func TestDots(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                ".\r\n",
		"a\r\n":                           "a\r\n.\r\n",
		"a":                               "a\r\n.\r\n",
		".":                               "..\r\n.\r\n",
		".\r\n":                           "..\r\n.\r\n",
		"\r\n.\r\n":                       "\r\n..\r\n.\r\n",
		"a.\r\n.b\r\n..\r\nc.d":           "a.\r\n..b\r\n...\r\nc.d\r\n.\r\n",
		strings.Repeat("x", 998) + "\r\n": strings.Repeat("x", 998) + "\r\n.\r\n",
	} {
		// However the message is cut into writes, the same bytes go out.
		for cut := range len(in) + 1 {
			if got, err := dots(in[:cut], in[cut:]); err != nil || got != want {
				t.Errorf("%.30q cut at %d: %.40q, %v", in, cut, got, err)
			}
		}
	}
	for _, in := range []string{"\n", "a\nb", "a\rb", "\r", "a\r", "\r\r\n", "a\r\n\n", "\r\n\x00.\r\n",
		strings.Repeat("x", 999), "." + strings.Repeat("x", 998) + "\r\n"} {
		for cut := range len(in) + 1 {
			if wire, err := dots(in[:cut], in[cut:]); err == nil || strings.HasSuffix(wire, ".\r\n") {
				t.Errorf("%.30q cut at %d went out as %.40q", in, cut, wire)
			}
		}
	}
}

// TestLargeMessage: messages larger than the buffer go out in order and whole.
func TestLargeMessage(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		var lines []string
		for size := 0; size < 300_000; {
			l := strings.Repeat(".", rnd.IntN(3)) + strings.Repeat("x", rnd.IntN(900))
			lines = append(lines, l)
			size += len(l)
		}
		in := strings.Join(lines, "\r\n") + "\r\n"
		var pieces []string
		for rest := in; rest != ""; {
			n := min(len(rest), 1+rnd.IntN(200_000))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		wire, err := dots(pieces...)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for l := range strings.Lines(strings.TrimSuffix(wire, ".\r\n")) {
			got.WriteString(strings.TrimPrefix(l, "."))
		}
		if got.String() != in || !strings.HasSuffix(wire, "\r\n.\r\n") {
			t.Fatal("the message changed on its way")
		}
	}
}

// TestSmuggling: no end-of-data sequence of the corpus, and no other use of a
// bare CR or LF, gets onto the wire.
func TestSmuggling(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "corpora", "smuggling",
		"end-of-data-sequences.txt"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the corpora are not here")
	}
	n := 0
	for _, m := range regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(string(b), -1) {
		seq, err := strconv.Unquote(`"` + m[1] + `"`)
		if err != nil {
			t.Fatal(err)
		}
		n++
		wire, err := dots("hello" + seq + "MAIL FROM:<x@example.org>\r\n")
		if err == nil && strings.Contains(wire, seq) {
			t.Errorf("%q went out", seq)
		}
		if strings.Count(strings.ReplaceAll(wire, "\r\n", ""), "\r")+strings.Count(strings.ReplaceAll(wire, "\r\n", ""),
			"\n") != 0 {
			t.Errorf("%q: a bare CR or LF in %q", seq, wire)
		}
	}
	if n < 10 {
		t.Errorf("only %d sequences found in the corpus", n)
	}
}

func FuzzDots(f *testing.F) {
	f.Add("a\r\n.b\r\n", 3)
	f.Fuzz(func(t *testing.T, in string, cut int) {
		cut = max(0, min(cut, len(in)))
		wire, err := dots(in[:cut], in[cut:])
		if err != nil {
			return
		}
		if i := strings.Index("\r\n"+wire, "\r\n.\r\n"); i != len(wire)-3 {
			t.Fatalf("%q ends early in %q", in, wire)
		}
		if strings.ContainsAny(strings.ReplaceAll(wire, "\r\n", ""), "\r\n") {
			t.Fatalf("bare CR or LF in %q", wire)
		}
	})
}

// TestDotCounts: a write that fails one byte short of the final dot's end has sent nothing that a
// server could take. Once the write covers the dot, nobody knows. It guards "never twice": with n
// >= len(b)-1 the first row was in doubt.
func TestDotCounts(t *testing.T) {
	t.Parallel()
	for short, sent := range map[int]bool{0: true, 1: false, 5: false} {
		near, far := net.Pipe()
		s := &Session{conn: &cutter{Conn: near, short: short}, raw: near, timeouts: Timeouts{}.Defaults()}
		s.listen(near)
		_, err := s.message(Envelope{}, strings.NewReader("hello\r\n"), nil)
		var e *Error
		if !errors.As(err, &e) || e.Sent != sent || !s.Closed() {
			t.Errorf("%d bytes short: %#v", short, err)
		}
		far.Close()
	}
}

// cutter takes all but some bytes of a write, and fails.
type cutter struct {
	net.Conn
	short int
}

func (c *cutter) Write(b []byte) (int, error) { return len(b) - c.short, io.ErrClosedPipe }

func BenchmarkDots(b *testing.B) {
	m := []byte(strings.Repeat(strings.Repeat("x", 76)+"\r\n", 140))
	w := &dotWriter{out: func([]byte) error { return nil }}
	b.SetBytes(int64(len(m)))
	for b.Loop() {
		w.buf = w.buf[:0]
		_, _ = w.Write(m)
	}
}
