package dispatch_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mailshot/campaign/dispatch"
	"mailshot/campaign/ledger"
	"mailshot/campaign/pacing"
	"mailshot/internal/sink"
	"mailshot/sender"
)

// idle is a memory that forgets everything at once: what is left is the cost of a run and of the sender.
type idle struct {
	left atomic.Int64
	mu   sync.Mutex
	back []*ledger.Delivery
}

func (m *idle) Next(_ context.Context, _ []string, _ time.Time) (*ledger.Delivery, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.back); n > 0 {
		d := m.back[n-1]
		m.back = m.back[:n-1]
		return d, nil
	}
	n := m.left.Add(-1)
	if n < 0 {
		return nil, nil
	}
	to := fmt.Sprintf("p%d@d%d.example", n, n%100)
	return &ledger.Delivery{ID: n, Key: to, Address: to, AddressKey: to, Lane: "rest-1", State: ledger.Pending}, nil
}

func (m *idle) PutBack(d *ledger.Delivery) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.back = append(m.back, d)
}
func (m *idle) Begin(context.Context, *ledger.Delivery) error                 { return nil }
func (m *idle) Start(context.Context, *ledger.Delivery) error                 { return nil }
func (m *idle) Settle(context.Context, *ledger.Delivery, ledger.Result) error { return nil }
func (m *idle) Counts() map[ledger.State]int64                                { return nil }
func (m *idle) Flush(context.Context) error                                   { return nil }
func (m *idle) Outlook(context.Context) (ledger.Outlook, error) {
	return ledger.Outlook{Left: max(m.left.Load(), 0)}, nil
}

// ready is a message that is always the same.
type ready struct{ body body }

type body []byte

func (b body) WriteTo(w io.Writer) (int64, error) { n, err := w.Write(b); return int64(n), err }
func (b body) Buffers() ([][]byte, bool)          { return [][]byte{b}, true }

func (m ready) Message(d *ledger.Delivery) (sender.Mail, error) {
	return sender.Mail{From: "news@example.com", To: d.Address, Size: int64(len(m.body)), Body: m.body}, nil
}

// BenchmarkRun is the cost of a message in this package and in the sender, without the memory and without making the
// message: 1.5 KB to the built-in server in this process.
func BenchmarkRun(b *testing.B) {
	for _, connections := range []int{1, 10, 200} {
		b.Run(fmt.Sprint(connections), func(b *testing.B) {
			s, err := sink.Start(sink.Options{Hide: []string{"CHUNKING"}})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			pool, err := sender.New(sender.Config{Host: s.Host(), Port: s.Port(), TLS: "none", Connections: connections,
				MessagesPerConnection: 1 << 30})
			if err != nil {
				b.Fatal(err)
			}
			defer pool.Close()
			m := &idle{}
			m.left.Store(int64(b.N))
			run := dispatch.New(dispatch.Config{
				Deliveries: m, Lanes: []string{"rest-1"}, Messages: ready{body(strings.Repeat(strings.Repeat("x", 74)+"\r\n", 20))},
				Servers: []dispatch.Server{{Name: "a", Weight: 1, Connections: connections, Transport: pool,
					Gate: sender.NewGate(sender.NewMemoryBudget(), sender.Limit{Key: "a"}, nil)}},
				Pacer: pacing.New(pacing.Config{}),
			}, ledger.Outlook{Left: int64(b.N)})
			b.ReportAllocs()
			b.ResetTimer()
			result, err := run.Loop(context.Background(), nil)
			if err != nil || result.Sent != int64(b.N) {
				b.Fatalf("%+v, %v", result, err)
			}
		})
	}
}
