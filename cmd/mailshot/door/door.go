// Package door is how the program serves pages and webhooks to strangers: [Open] listens within limits, plain or with a
// certificate that is renewed without a restart, and [Door.Serve] answers until it is to stop.
package door

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Config says who is let in. Listen and Handler are required.
type Config struct {
	Listen      string // host:port; port 0 is a free one
	Cert, Key   string // files, read again when they change; default: plain HTTP, behind a proxy
	Handler     http.Handler
	Read, Write time.Duration         // for a request, and for request and answer; default: no limit
	All, Each   int                   // connections open at once: in all, from one address; default: no limit
	Exempt      func(netip.Addr) bool // addresses that Each does not hold for, beside this machine's; default none
	// Say gets what the person at the program should know; default: nobody does. It is called by several goroutines.
	Say func(format string, args ...any)
}

// Door listens. Make it with Open.
type Door struct {
	listener net.Listener
	http     *http.Server
	secure   bool
}

// Open reads the certificate and listens, and answers nobody yet. Its errors name the flags --cert, --key and --listen.
func Open(c Config) (*Door, error) {
	if c.Say == nil {
		c.Say = func(string, ...any) {}
	}
	if (c.Cert == "") != (c.Key == "") {
		return nil, errors.New("--cert and --key go together")
	}
	d := &Door{secure: c.Cert != "", http: &http.Server{
		Handler: c.Handler, MaxHeaderBytes: 16 << 10,
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: c.Read, WriteTimeout: c.Write, IdleTimeout: 60 * time.Second,
		ErrorLog: log.New(panics{c.Say}, "", 0),
	}}
	if d.secure {
		cert := &certificate{cert: c.Cert, key: c.Key, say: c.Say, now: time.Now}
		if err := cert.load(); err != nil {
			return nil, err
		}
		d.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: cert.get}
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("--listen %s: %w", c.Listen, err)
	}
	d.listener = &limited{Listener: l, all: c.All, each: c.Each, exempt: c.Exempt}
	return d, nil
}

// URL is where it listens, as a program on this machine takes it: a scheme, an address and a port, without a path.
func (d *Door) URL() string {
	if d.secure {
		return "https://" + d.listener.Addr().String()
	}
	return "http://" + d.listener.Addr().String()
}

// Close stops listening, for a door whose Serve is never called.
func (d *Door) Close() error { return d.listener.Close() }

// grace is how long requests under way may take after the end.
const grace = 15 * time.Second

// Serve answers requests until ctx ends. Then it takes no new one, and returns when all that it took are answered, or
// after 15 seconds. It closes connections at once when hard is closed.
func (d *Door) Serve(ctx context.Context, hard <-chan struct{}) error {
	ended := make(chan error, 1)
	var work sync.WaitGroup
	work.Go(func() {
		if d.secure {
			ended <- d.http.ServeTLS(d.listener, "", "")
		} else {
			ended <- d.http.Serve(d.listener)
		}
	})
	defer work.Wait()
	select {
	case err := <-ended:
		return errors.Join(err, d.http.Close())
	case <-ctx.Done():
	}
	wait, stop := context.WithTimeout(context.Background(), grace)
	defer stop()
	work.Go(func() {
		select {
		case <-hard:
			stop()
		case <-wait.Done():
		}
	})
	err := d.http.Shutdown(wait)
	stop()
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		err = nil // whoever has no answer by now gets none, and asks again
	}
	return errors.Join(err, d.http.Close())
}

// Local reports whether a host, without a port, is this machine.
func Local(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback() || strings.EqualFold(host, "localhost")
}

// panics passes on what net/http says of faults of this program. The rest is about strangers, with their addresses.
type panics struct {
	say func(format string, args ...any)
}

// Write passes on a line.
func (p panics) Write(b []byte) (int, error) {
	if strings.Contains(string(b), "panic") {
		p.say("%s", b)
	}
	return len(b), nil
}
