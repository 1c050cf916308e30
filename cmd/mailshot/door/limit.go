package door

import (
	"net"
	"net/netip"
	"sync"
)

// limited is a listener that closes connections beyond a number, so that whoever holds many open keeps nobody else out.
type limited struct {
	net.Listener
	all, each int                   // 0 = no limit
	exempt    func(netip.Addr) bool // nil = only this machine

	mu   sync.Mutex
	open int
	by   map[netip.Addr]int
}

// Accept returns the next connection that may come in.
func (d *limited) Accept() (net.Conn, error) {
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
func (d *limited) enter(from netip.Addr) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all > 0 && d.open >= d.all {
		return false
	}
	counted := d.each > 0 && from.IsValid() && !from.IsLoopback() && (d.exempt == nil || !d.exempt(from))
	if counted && d.by[from] >= d.each {
		return false
	}
	if d.by == nil {
		d.by = map[netip.Addr]int{}
	}
	d.open++
	d.by[from]++
	return true
}

func (d *limited) left(from netip.Addr) {
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
