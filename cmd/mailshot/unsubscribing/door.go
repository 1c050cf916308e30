package unsubscribing

import (
	"net"
	"net/netip"
	"sync"

	"mailshot/campaign/leaving/visitors"
)

// The connections that may be open at once.
const (
	mostOpen = 2000 // in all
	mostEach = 100  // from one address that is not this machine's or a proxy's
)

// door is a listener that closes connections beyond a number, so that whoever holds many open keeps nobody else out.
type door struct {
	net.Listener
	all, each int
	proxies   visitors.Proxies

	mu   sync.Mutex
	open int
	by   map[netip.Addr]int
}

// Accept returns the next connection that may come in.
func (d *door) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := peer(c)
		if d.enter(from) {
			return &guest{Conn: c, leave: sync.OnceFunc(func() { d.left(from) })}, nil
		}
		_ = c.Close()
	}
}

// peer is the address at the other end. It is invalid if it has none.
func peer(c net.Conn) netip.Addr {
	a, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap().WithZone("")
}

// enter counts a connection, if there is room for it.
func (d *door) enter(from netip.Addr) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	counted := from.IsValid() && !from.IsLoopback() && !d.proxies.Has(from)
	if d.open >= d.all || counted && d.by[from] >= d.each {
		return false
	}
	if d.by == nil {
		d.by = map[netip.Addr]int{}
	}
	d.open++
	d.by[from]++
	return true
}

func (d *door) left(from netip.Addr) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open--
	if d.by[from]--; d.by[from] == 0 {
		delete(d.by, from)
	}
}

// guest is a connection that says when it leaves.
type guest struct {
	net.Conn
	leave func()
}

// Close closes the connection.
func (g *guest) Close() error {
	g.leave()
	return g.Conn.Close()
}
