package sender

import (
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	catchall "mailshot/internal/sink"
	"mailshot/sender/reply"
)

// far puts a delay in front of every burst of a server's answers.
func far(delay time.Duration) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return &distant{Conn: conn, delay: delay}, err
	}
}

// distant is a connection whose reads after a write come delay later.
type distant struct {
	net.Conn
	delay time.Duration
	asked atomic.Bool
}

func (d *distant) Write(b []byte) (int, error) { d.asked.Store(true); return d.Conn.Write(b) }

func (d *distant) Read(b []byte) (int, error) {
	n, err := d.Conn.Read(b)
	if d.asked.CompareAndSwap(true, false) {
		time.Sleep(d.delay) // the distance
	}
	return n, err
}

// ways are the ways of sending, by what the server offers.
var ways = []struct {
	name    string
	lock    bool
	limit   int64
	workers int
}{{"lock-step", true, -1, 3}, {"pipelined", false, -1, 3}, {"bdat", false, 64 << 10, 3}}

// BenchmarkDistance sends messages of 11 KB over one connection to the built-in server, 20 ms away,
// and reports the round trips of each.
func BenchmarkDistance(b *testing.B) {
	const delay = 20 * time.Millisecond
	for _, way := range ways {
		b.Run(way.name, func(b *testing.B) {
			start := time.Now()
			each(b, way.lock, way.limit, way.workers, 1, far(delay))
			b.ReportMetric(float64(time.Since(start))/float64(delay)/float64(b.N), "rtt/msg")
		})
	}
}

// BenchmarkLoopback is the same without distance, over ten connections.
func BenchmarkLoopback(b *testing.B) {
	for _, way := range ways {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			each(b, way.lock, way.limit, 3*10, 10, nil)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
		})
	}
}

// each sends b.N messages.
func each(b *testing.B, lock bool, limit int64, workers, connections int,
	dial func(context.Context, string, string) (net.Conn, error)) {
	s, err := catchall.Start(catchall.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	cfg := Config{Host: s.Host(), Port: s.Port(), TLS: "none", Connections: connections, MessagesPerConnection: 1 << 30,
		LockStep: lock, ChunkLimit: limit, Dial: dial}
	p := newPool(b, cfg)
	if err := p.Check(b.Context()); err != nil {
		b.Fatal(err)
	}
	body := text("Subject: hello\r\n\r\n" + strings.Repeat(strings.Repeat("x", 74)+"\r\n", 145))
	m := Mail{From: "news@example.com", To: "ann@example.org", Size: int64(len(body)), Body: body}
	b.ResetTimer()
	var sent atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for sent.Add(1) <= int64(b.N) {
				if out := p.Send(b.Context(), m, always); out.Class != reply.OK {
					b.Errorf("got %+v", out)
					return
				}
			}
		})
	}
	wg.Wait()
}
