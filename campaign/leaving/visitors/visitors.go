// Package visitors says who visits a public page, and how often they may. [Proxies.Client] returns the address of the
// client that made a request, and [Limits.Allow] counts requests by that address and in all.
package visitors

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Proxies are the addresses of proxies that are trusted to name their clients. The zero value trusts nobody.
type Proxies []netip.Prefix

// ParseProxies reads addresses and networks: 127.0.0.1, ::1, 10.0.0.0/8.
func ParseProxies(list []string) (Proxies, error) {
	var all Proxies
	for _, text := range list {
		for one := range strings.SplitSeq(text, ",") {
			one = strings.TrimSpace(one)
			if a, err := netip.ParseAddr(one); err == nil {
				a = a.Unmap().WithZone("")
				all = append(all, netip.PrefixFrom(a, a.BitLen()))
				continue
			}
			p, err := netip.ParsePrefix(one)
			if err != nil || p.Addr().Is4In6() {
				return nil, fmt.Errorf("%q is not an address or a network; for example 127.0.0.1 or 10.0.0.0/8", one)
			}
			all = append(all, p.Masked())
		}
	}
	return all, nil
}

// Has says whether the address belongs to a trusted proxy.
func (p Proxies) Has(a netip.Addr) bool {
	for _, one := range p {
		if one.Contains(a) {
			return true
		}
	}
	return false
}

// forwarded is the field in which a proxy adds the address of its client.
const forwarded = "X-Forwarded-For"

// Client returns the address of the client that made a request. This is the address of the connection, or, if a trusted
// proxy made the connection, the last hop of X-Forwarded-For that is not a trusted proxy. The client itself wrote the
// hops before that one, so they are not trusted. If an address cannot be read, the proxy's own address counts. ignored
// says that a sender who is not trusted has sent such a field.
func (p Proxies) Client(r *http.Request) (client netip.Addr, ignored bool) {
	client = hop(r.RemoteAddr)
	fields := r.Header.Values(forwarded)
	if len(fields) == 0 {
		return client, false
	}
	if !p.Has(client) {
		return client, true
	}
	hops := strings.Split(strings.Join(fields, ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		a := hop(strings.TrimSpace(hops[i]))
		if !a.IsValid() {
			return client, false
		}
		client = a
		if !p.Has(a) {
			return client, false
		}
	}
	return client, false
}

// hop reads an address as proxies write it: alone, with a port, in brackets. It is invalid if it cannot be read.
func hop(text string) netip.Addr {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	text = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

// Rate is how often something may happen: Burst times at once, and PerSecond on average. The zero value does not limit.
type Rate struct {
	PerSecond float64
	Burst     float64
}

// Limits count requests. Each and All have to be set before the first Allow. The zero value does not limit. It is safe
// for concurrent use.
type Limits struct {
	Each Rate             // for one client: an IPv4 address, or a network of IPv6 (/64); the zero value does not limit
	All  Rate             // for all clients together; the zero value does not limit
	Now  func() time.Time // nil = time.Now

	mu      sync.Mutex
	all     bucket
	clients map[netip.Addr]*bucket
	swept   time.Time
	others  bucket // of clients for whom there is no room
}

// bucket has what is left of a burst.
type bucket struct {
	left float64
	at   time.Time
}

// mostClients is how many clients are counted separately. Further clients share one count.
const mostClients = 50_000

// Allow reports whether one more request of a client may be served now, and counts it if so.
func (l *Limits) Allow(client netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.Now != nil {
		now = l.Now()
	}
	if l.Each.PerSecond > 0 && !l.of(network(client), now).take(l.Each, now) {
		return false
	}
	return l.All.PerSecond <= 0 || l.all.take(l.All, now)
}

// of returns a client's bucket.
func (l *Limits) of(client netip.Addr, now time.Time) *bucket {
	if b := l.clients[client]; b != nil {
		return b
	}
	if len(l.clients) >= mostClients && now.Sub(l.swept) >= time.Second {
		l.swept = now
		for a, b := range l.clients { // who has not come for so long is as new
			if now.Sub(b.at).Seconds()*l.Each.PerSecond >= l.Each.Burst {
				delete(l.clients, a)
			}
		}
	}
	if len(l.clients) >= mostClients {
		return &l.others
	}
	if l.clients == nil {
		l.clients = map[netip.Addr]*bucket{}
	}
	b := &bucket{}
	l.clients[client] = b
	return b
}

// take takes one from the bucket, if there is one.
func (b *bucket) take(r Rate, now time.Time) bool {
	burst := max(r.Burst, 1)
	if b.at.IsZero() {
		b.left = burst
	} else if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.left = min(burst, b.left+passed*r.PerSecond)
	}
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// network is what counts as one client.
func network(a netip.Addr) netip.Addr {
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}
