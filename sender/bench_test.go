package sender

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/emersion/go-smtp"

	"mailshot/sender/reply"
)

// sink is go-smtp's server, which takes everything. It is a second opinion on what the session
// says.
type sink struct{ got atomic.Int64 }

func (s *sink) NewSession(*smtp.Conn) (smtp.Session, error) { return s, nil }
func (*sink) Reset()                                        {}
func (*sink) Logout() error                                 { return nil }
func (*sink) Mail(from string, _ *smtp.MailOptions) error   { return nil }
func (*sink) Rcpt(to string, _ *smtp.RcptOptions) error     { return nil }
func (s *sink) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	s.got.Add(1)
	return err
}

func (s *sink) listen(t testing.TB) Config {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(s)
	server.Domain = "sink.example"
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(ln) })
	t.Cleanup(func() { server.Close(); wg.Wait() })
	return Config{Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, TLS: "none"}
}

// TestSink sends from many workers over few connections to a real server; under
// -race it is also the test of the pool's locking.
func TestSink(t *testing.T) {
	t.Parallel()
	s := &sink{}
	cfg := s.listen(t)
	cfg.Connections, cfg.MessagesPerConnection = 4, 30
	p := newPool(t, cfg)
	if err := p.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var begun atomic.Int64
	for w := range 12 {
		wg.Go(func() {
			for i := range 40 {
				out := p.Send(t.Context(), message(fmt.Sprintf("p%d-%d@example.org", w, i)),
					func(context.Context) error { begun.Add(1); return nil })
				if out.Class != reply.OK {
					t.Errorf("got %+v", out)
				}
			}
		})
	}
	wg.Wait()
	if s.got.Load() != 480 || begun.Load() != 480 {
		t.Errorf("%d arrived, %d begun", s.got.Load(), begun.Load())
	}
}

// BenchmarkSend is one message of 11 KB from the pool to go-smtp's server on
// loopback, in lock-step, over ten connections.
func BenchmarkSend(b *testing.B) {
	s := &sink{}
	cfg := s.listen(b)
	cfg.Connections, cfg.MessagesPerConnection = 10, 1<<30
	p := newPool(b, cfg)
	body := text("Subject: hello\r\n\r\n" + strings.Repeat(strings.Repeat("x", 74)+"\r\n", 145))
	m := Mail{From: "news@example.com", To: "ann@example.org", Size: int64(len(body)), Body: body}
	b.SetBytes(m.Size)
	b.ReportAllocs()
	b.SetParallelism(10)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if out := p.Send(b.Context(), m, always); out.Class != reply.OK {
				b.Errorf("got %+v", out)
			}
		}
	})
}
