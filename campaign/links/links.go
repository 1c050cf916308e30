// Package links asks the servers of links whether the links lead somewhere. [Try] takes the links of a campaign's
// messages and returns what became of each.
//
// Who wrote the links is not known: a cell may hold one. So the asking cannot be turned against the machine that asks,
// or the network around it. Every connection, also one after a redirect or a second answer of the DNS, is refused
// unless its address is [Public]. That is decided about the address of the connection itself, after names, numbers and
// other spellings have become one. No proxy is used, no cookie kept, no name and password of a link are sent, and no
// server learns which link led to it.
package links

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/time/rate"
)

// How much is asked, and how quickly.
const (
	Most      = 100 // links; the others are not asked for
	atOnce    = 5   // links
	mostHops  = 10
	perLink   = 20 * time.Second
	perServer = 500 * time.Millisecond // between two requests to one host
)

// Config says how links are asked for. The zero value is the public Internet.
type Config struct {
	Resolver *net.Resolver         // nil = the system's
	Permit   func(netip.Addr) bool // may an address be connected to? nil = [Public]
	Pause    time.Duration         // between two requests to one host; 0 = half a second
}

// Result is what became of a link.
type Result struct {
	Link   string
	Status int      // of the last answer; 0 = there was none
	Hops   []string // where it was redirected to, in order
	Moved  bool     // each redirect was for good (301, 308)
	Err    error    // why there was no answer; see [Inside]
}

// Inside is the error of a link that leads to an address which is not one of the public Internet.
type Inside struct{ Address string }

func (e *Inside) Error() string {
	return e.Address + " is not a public address, and was not connected to"
}

// Try asks for each link once, by HEAD and, if that is not answered well, by GET. It reads no bodies. It returns the
// results in the order of the links, of which it takes the first [Most].
func Try(ctx context.Context, c Config, links []string) []Result {
	links = links[:min(len(links), Most)]
	t := newTrial(c)
	defer t.client.CloseIdleConnections()
	results := make([]Result, len(links))
	places := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	for i, link := range links {
		wg.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			results[i] = t.try(ctx, link)
		})
	}
	wg.Wait()
	return results
}

// trial is what the requests of one Try share.
type trial struct {
	client *http.Client
	pause  time.Duration

	mu    sync.Mutex
	hosts map[string]*rate.Limiter
}

func newTrial(c Config) *trial {
	permit := c.Permit
	if permit == nil {
		permit = Public
	}
	d := &net.Dialer{Timeout: 10 * time.Second, Resolver: c.Resolver,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			a, err := netip.ParseAddrPort(address)
			if err != nil || !permit(a.Addr()) {
				return &Inside{address}
			}
			return nil
		}}
	t := &trial{pause: cmp.Or(c.Pause, perServer), hosts: map[string]*rate.Limiter{}}
	t.client = &http.Client{
		Transport: &http.Transport{
			DialContext: d.DialContext, TLSHandshakeTimeout: 10 * time.Second,
			ResponseHeaderTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
			DisableCompression: true, MaxIdleConnsPerHost: 1,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // follow does it
	}
	return t
}

// try asks for one link.
func (t *trial) try(ctx context.Context, link string) (r Result) {
	ctx, cancel := context.WithTimeout(ctx, perLink)
	defer cancel()
	for _, method := range []string{http.MethodHead, http.MethodGet} {
		r = t.follow(ctx, method, link)
		if inside := (*Inside)(nil); errors.As(r.Err, &inside) || r.Err == nil && r.Status < 400 {
			break
		}
	}
	return r
}

// follow asks for a link and for what it is redirected to.
func (t *trial) follow(ctx context.Context, method, link string) Result {
	r := Result{Link: link, Moved: true}
	at, err := url.Parse(link)
	for err == nil {
		if err = fit(at); err != nil {
			break
		}
		var to string
		if r.Status, to, err = t.ask(ctx, method, at); err != nil || to == "" {
			break
		}
		if r.Hops = append(r.Hops, to); len(r.Hops) > mostHops {
			err = fmt.Errorf("it is redirected more than %d times", mostHops)
			break
		}
		r.Moved = r.Moved && (r.Status == http.StatusMovedPermanently || r.Status == http.StatusPermanentRedirect)
		at, err = at.Parse(to)
	}
	r.Moved = r.Moved && len(r.Hops) > 0
	if err != nil {
		r.Status, r.Err = 0, bare(err)
	}
	return r
}

// fit says why an address is not asked for.
func fit(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%q is not a scheme of the Web", u.Scheme)
	case u.Hostname() == "":
		return errors.New("it has no host")
	case u.User != nil:
		return errors.New("it has a name and a password, which are not sent")
	}
	return nil
}

// ask makes one request. to is where the answer redirects to; "" = it does not.
func (t *trial) ask(ctx context.Context, method string, u *url.URL) (status int, to string, err error) {
	if err := t.limit(u.Host).Wait(ctx); err != nil {
		return 0, "", context.DeadlineExceeded
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("User-Agent", "mailshot (asks whether a link leads somewhere)")
	req.Header.Set("Accept", "*/*")
	answer, err := t.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	_ = answer.Body.Close() // the body is not read, so its connection ends
	if answer.StatusCode/100 == 3 && answer.StatusCode != http.StatusNotModified {
		to = answer.Header.Get("Location")
	}
	return answer.StatusCode, to, nil
}

// limit is the pace of requests to a host.
func (t *trial) limit(host string) *rate.Limiter {
	host = strings.ToLower(host)
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.hosts[host]
	if l == nil {
		l = rate.NewLimiter(rate.Every(t.pause), 1)
		t.hosts[host] = l
	}
	return l
}

// bare is an error without the link, which may be a person's.
func bare(err error) error {
	inside, name, wrapped := (*Inside)(nil), (*net.DNSError)(nil), (*url.Error)(nil)
	switch {
	case errors.As(err, &inside):
		return inside
	case errors.As(err, &name) && name.IsNotFound:
		return fmt.Errorf("there is no host %s", name.Name)
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("there was no answer in time")
	case errors.As(err, &wrapped):
		return wrapped.Err
	}
	return err
}
