package collecting

import (
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// mostOpen is how many connections may be open at once.
const mostOpen = 500

// door is a listener that closes connections for which there is no place.
type door struct {
	net.Listener
	places chan struct{}
}

// Accept returns the next connection that may come in.
func (d *door) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case d.places <- struct{}{}:
			return &guest{Conn: c, leave: sync.OnceFunc(func() { <-d.places })}, nil
		default:
			_ = c.Close() // its sender comes again
		}
	}
}

// guest is a connection that gives its place back.
type guest struct {
	net.Conn
	leave func()
}

// Close closes the connection.
func (g *guest) Close() error {
	g.leave()
	return g.Conn.Close()
}

// renewal is how long a certificate is used before its files are read again.
const renewal = time.Minute

// certificate is a certificate in two files that somebody renews. While the new ones cannot be read, the one before is
// used.
type certificate struct {
	cert, key string
	say       func(format string, args ...any)

	mu   sync.Mutex
	pair *tls.Certificate
	read time.Time
}

// get is for tls.Config.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pair != nil && time.Since(c.read) < renewal {
		return c.pair, nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil && c.pair == nil {
		return nil, err
	}
	c.read = time.Now()
	if err != nil {
		c.say("the new certificate cannot be used, and the one before still is: %v", err)
		return c.pair, nil
	}
	c.pair = &pair
	return c.pair, nil
}
