// Package unsubscribing serves the page on which people unsubscribe. [Open] listens, and [Server.Serve] answers until
// its context ends. [WritePage] writes a page for users without a server.
package unsubscribing

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/definition"
	"mailshot/campaign/leaving/desk"
	"mailshot/campaign/leaving/visitors"
	"mailshot/campaign/leaving/words"
	"mailshot/cmd/mailshot/door"
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
	Log       io.Writer                // gets a Line for each act; default: no log
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
type Server struct{ door *door.Door }

// bursts is how many seconds' worth of requests may come at once. The mail of one provider comes from few addresses.
const bursts = 10

// Open listens, but does not answer requests yet.
func Open(ctx context.Context, c Config) (*Server, error) {
	if c.Say == nil {
		c.Say = func(string, ...any) {}
	}
	handler, err := handlerOf(ctx, c)
	if err != nil {
		return nil, err
	}
	return listen(c, handler)
}

// The connections that may be open at once.
const (
	mostOpen = 2000 // in all
	mostEach = 100  // from one address that is not this machine's or a proxy's
)

func listen(c Config, handler http.Handler) (*Server, error) {
	d, err := door.Open(door.Config{Listen: c.Listen, Cert: c.Cert, Key: c.Key, Handler: handler,
		Read: 20 * time.Second, Write: 90 * time.Second, All: mostOpen, Each: mostEach, Exempt: c.Proxies.Has, Say: c.Say})
	if err != nil {
		return nil, err
	}
	return &Server{d}, nil
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

// Address returns where it listens, as an address for a browser of this machine.
func (s *Server) Address() string { return s.door.URL() + "/" }

// Serve answers requests until ctx ends. Then it takes no new requests, and returns when all open requests are
// answered. It closes connections at once when hard is closed. Every unsubscribe that was answered is on the disk.
func (s *Server) Serve(ctx context.Context, hard <-chan struct{}) error {
	return s.door.Serve(ctx, hard)
}

// lines writes whole lines from several goroutines. If a line cannot be written, this is reported once.
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
