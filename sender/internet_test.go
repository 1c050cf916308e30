package sender

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"testing"

	"mailshot/sender/mx/mxtest"
)

// internet is a DNS with mail servers: addresses of documentation networks lead to servers on
// loopback. Where there is no server, connections are refused.
type internet struct {
	*mxtest.Zone
	mu      sync.Mutex
	servers map[string]string // address:25 → host:port
	dialed  []string
	open    int
	most    int
}

func newInternet(records map[string][]string) *internet {
	n := &internet{Zone: mxtest.New(records), servers: map[string]string{}}
	n.Set("A mail.sender.example", "203.0.113.1")
	return n
}

// at puts a server at an address.
func (n *internet) at(t testing.TB, addr string, f *fake) *fake {
	t.Helper()
	cfg := f.listen(t)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.servers[net.JoinHostPort(addr, "25")] = cfg.address()
	return f
}

func (n *internet) dial(ctx context.Context, network, address string) (net.Conn, error) {
	n.mu.Lock()
	n.dialed = append(n.dialed, strings.TrimSuffix(address, ":25"))
	to, ok := n.servers[address]
	n.mu.Unlock()
	if !ok {
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", errRefused)}
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, to)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	n.open++
	n.most = max(n.most, n.open)
	n.mu.Unlock()
	return &counted{Conn: conn, n: n}, nil
}

var errRefused = errors.New("connection refused")

// counted removes itself from the open connections when it is closed.
type counted struct {
	net.Conn
	n    *internet
	once sync.Once
}

func (c *counted) Close() error {
	c.once.Do(func() { c.n.mu.Lock(); c.n.open--; c.n.mu.Unlock() })
	return c.Conn.Close()
}

// tried are the addresses dialled so far, in order.
func (n *internet) tried() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.dialed, " ")
}

// direct is a Direct that sends into the internet. It is closed when the test ends.
func (n *internet) direct(t testing.TB, change func(*DirectConfig)) *Direct {
	t.Helper()
	cfg := DirectConfig{Helo: "mail.sender.example", Resolver: n, Dial: n.dial}
	if change != nil {
		change(&cfg)
	}
	d, err := NewDirect(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Abort(); d.Close() })
	return d
}

// begins counts the calls of begin.
type begins struct{ n int }

func (b *begins) begin(context.Context) error { b.n++; return nil }
