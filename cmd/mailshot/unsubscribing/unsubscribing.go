// Package unsubscribing is how the program serves the page on which people unsubscribe: [Open] listens, [Server.Serve]
// answers until it is to stop. [WritePage] writes a page for those who have no server.
package unsubscribing

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/definition"
	"mailshot/campaign/leaving/desk"
	"mailshot/campaign/leaving/visitors"
	"mailshot/campaign/leaving/words"
)

// Config says what is served. Listen, Base and Accounts are required.
type Config struct {
	Listen    string // host:port
	Base      Base
	Cert, Key string // files; default: plain HTTP, behind a proxy
	Accounts  *accounts.Accounts
	Campaigns []*definition.Definition // whose sender and topics the page names; default none
	Ledgers   []string                 // as desk.Config has them; default none
	Words     *words.Set               // default: words.BuiltIn()
	Proxies   visitors.Proxies         // default none
	EachRate  float64                  // requests of one client per second, on average; default: no limit
	AllRate   float64                  // requests in all per second, on average; default: no limit
	Log       io.Writer                // gets a Line for each act; default: nobody does
	Say       func(format string, args ...any)
}

// Line is a line of the log. It has no address and no token.
type Line struct {
	Time     time.Time `json:"time"`
	Act      string    `json:"act"` // unsubscribed, again (was on the list already), undone, nothing or failed
	Campaign string    `json:"campaign,omitempty"`
	Topic    string    `json:"topic,omitempty"` // "*" = all newsletters and notices
	Way      string    `json:"way"`             // one-click or page
	Why      string    `json:"why,omitempty"`   // why nothing was done
}

// Server listens. Make it with Open.
type Server struct {
	listener net.Listener
	http     *http.Server
	secure   bool
}

// bursts is how many seconds' worth of requests may come at once. The mail of one provider comes from few addresses.
const bursts = 10

// Open listens, and answers nobody yet.
func Open(ctx context.Context, c Config) (*Server, error) {
	if c.Say == nil {
		c.Say = func(string, ...any) {}
	}
	handler, err := handlerOf(ctx, c)
	if err != nil {
		return nil, err
	}
	s := &Server{secure: c.Cert != "", http: &http.Server{
		Handler: handler, MaxHeaderBytes: 16 << 10,
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 20 * time.Second, WriteTimeout: 90 * time.Second,
		IdleTimeout: 60 * time.Second, ErrorLog: log.New(panics{c.Say}, "", 0),
	}}
	if s.secure {
		cert := &certificate{cert: c.Cert, key: c.Key, say: c.Say, now: time.Now}
		if err := cert.load(); err != nil {
			return nil, err
		}
		s.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: cert.get}
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("--listen %s: %w", c.Listen, err)
	}
	s.listener = &door{Listener: l, all: mostOpen, each: mostEach, proxies: c.Proxies}
	return s, nil
}

func handlerOf(ctx context.Context, c Config) (http.Handler, error) {
	dc := desk.Config{Accounts: c.Accounts, Ledgers: c.Ledgers, Words: c.Words, Base: c.Base.Path(), Proxies: c.Proxies}
	sender, domain, topics := senders(c.Campaigns)
	dc.Sender, dc.Domain = sender, domain
	for _, t := range topics {
		dc.Topics = append(dc.Topics, desk.Topic{Key: t.key, Name: t.name})
	}
	dc.Limits = &visitors.Limits{
		Each: visitors.Rate{PerSecond: c.EachRate, Burst: bursts * c.EachRate},
		All:  visitors.Rate{PerSecond: c.AllRate, Burst: bursts * c.AllRate},
	}
	dc.Forwarded = func(from string) {
		c.Say("a proxy at %s says who its clients are, and is not believed: --trust-proxy %s", from, from)
	}
	if c.Log != nil {
		lines := &lines{w: c.Log, say: c.Say}
		dc.Observe = func(a desk.Act) { lines.add(Line{a.Time, a.Act, a.Campaign, a.Topic, a.Way, a.Why}) }
	}
	return desk.New(ctx, dc)
}

// Address is where it listens, as a browser of this machine takes it.
func (s *Server) Address() string {
	if s.secure {
		return "https://" + s.listener.Addr().String() + "/"
	}
	return "http://" + s.listener.Addr().String() + "/"
}

// grace is how long requests under way may take after the end.
const grace = 15 * time.Second

// Serve answers requests until ctx ends. Then it takes no new one, and returns when all that it took are answered. It
// closes connections at once when hard is closed. What was answered is on the disk.
func (s *Server) Serve(ctx context.Context, hard <-chan struct{}) error {
	ended := make(chan error, 1)
	var serving sync.WaitGroup
	serving.Go(func() {
		if s.secure {
			ended <- s.http.ServeTLS(s.listener, "", "")
		} else {
			ended <- s.http.Serve(s.listener)
		}
	})
	defer serving.Wait()
	select {
	case err := <-ended:
		return errors.Join(err, s.http.Close())
	case <-ctx.Done():
	}
	wait, stop := context.WithTimeout(context.Background(), grace)
	defer stop()
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-hard:
			stop()
		case <-wait.Done():
		}
	})
	err := s.http.Shutdown(wait)
	stop()
	watching.Wait()
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		err = nil // whoever has not been answered by now never is
	}
	return errors.Join(err, s.http.Close())
}

// lines writes whole lines from several goroutines. What cannot be written is said once.
type lines struct {
	mu   sync.Mutex
	w    io.Writer
	say  func(format string, args ...any)
	said bool
}

func (l *lines) add(line Line) {
	b, err := json.Marshal(line)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		_, err = l.w.Write(append(b, '\n'))
	}
	if err != nil && !l.said {
		l.said = true
		l.say("the log cannot be written, and people are unsubscribed all the same: %v", err)
	}
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
