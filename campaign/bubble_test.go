package campaign_test

import (
	"context"
	"net"
	"sync"
	"testing"

	"mailshot/campaign/transport"
	"mailshot/internal/sink"
)

// basin is a sink that is reached in memory, for bubbles of synctest: whoever waits there waits for nothing of the
// system, so that days go by at once.
type basin struct {
	*record
	conns chan net.Conn
	over  chan struct{}
	once  sync.Once
}

// startBasin starts a sink in the bubble of the test. It takes one command at a time: its connections have no buffers.
func startBasin(t *testing.T, rules ...string) *basin {
	t.Helper()
	return startBasinWith(t, sink.Options{}, rules...)
}

// startBasinWith is startBasin with more options.
func startBasinWith(t *testing.T, o sink.Options, rules ...string) *basin {
	t.Helper()
	b := &basin{conns: make(chan net.Conn), over: make(chan struct{})}
	o.Listener, o.Hide = b, []string{"PIPELINING", "CHUNKING"}
	_, b.record = startSink(t, o, rules...)
	return b
}

// network leads every connection to the sink.
func (b *basin) network() transport.Network { return transport.Network{Dial: b.dial} }

func (b *basin) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case b.conns <- far:
		return near, nil
	case <-b.over:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (b *basin) Accept() (net.Conn, error) {
	select {
	case c := <-b.conns:
		return c, nil
	case <-b.over:
		return nil, net.ErrClosed
	}
}

func (b *basin) Close() error {
	b.once.Do(func() { close(b.over) })
	return nil
}

func (b *basin) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 25} }
