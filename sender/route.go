package sender

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net"
	"slices"
	"strconv"
	"time"

	"mailshot/sender/courtesy"
	"mailshot/sender/mx"
)

// route finds the site that takes a domain's mail. One caller at a time looks a domain up, and the
// others wait for what it finds.
func (d *Direct) route(ctx context.Context, domain string) (*site, *Outcome) {
	r := d.known(domain)
	select {
	case <-r.turn:
	case <-ctx.Done():
		return nil, d.nothing(context.Cause(ctx))
	}
	defer func() { r.turn <- struct{}{} }()
	now := time.Now()
	if r.until.After(now) {
		if r.failed != nil {
			out := *r.failed
			out.Time = now
			return nil, &out
		}
		return r.site, nil
	}
	s, err := d.lookUp(ctx, domain)
	if ctx.Err() != nil {
		return nil, d.nothing(context.Cause(ctx))
	}
	var e *mx.Error
	switch {
	case errors.As(err, &e):
		out := d.failure(domain, e)
		r.site, r.failed, r.until = nil, &out, now.Add(failureLife)
		return nil, &out
	case err != nil:
		return nil, d.nothing(err)
	}
	r.site, r.failed, r.until = s, nil, s.until
	return s, nil
}

// known returns the route of a domain, and makes one if there is none.
func (d *Direct) known(domain string) *route {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r := d.routes[domain]; r != nil {
		return r
	}
	if len(d.routes) >= mostRoutes {
		// Whoever holds a route that goes here looks the domain up for itself. Nothing else depends on it.
		clear(d.routes)
		now := time.Now()
		maps.DeleteFunc(d.sites, func(_ string, s *site) bool { return s.busy == 0 && !s.until.After(now) })
	}
	r := &route{turn: make(chan struct{}, 1)}
	r.turn <- struct{}{}
	d.routes[domain] = r
	return r
}

// lookUp asks the DNS for a domain's servers and its policy. Errors are those of package mx.
func (d *Direct) lookUp(ctx context.Context, domain string) (*site, error) {
	hosts, implicit, err := mx.Hosts(ctx, d.cfg.Resolver, domain)
	if err != nil {
		return nil, err
	}
	policy := d.sts.Policy(ctx, domain)
	key := "any"
	if policy.Enforced() {
		key = "verified"
		var allowed []mx.Host
		for _, h := range hosts {
			if policy.Allows(h.Name) {
				allowed = append(allowed, h)
			}
		}
		if len(allowed) == 0 {
			// RFC 8461 4.2: the message is not delivered, and tried again.
			return nil, &mx.Error{Temporary: true, Code: 451, Enhanced: "4.7.25",
				Text: domain + ": its MTA-STS policy allows none of its mail servers"}
		}
		hosts = allowed
	}
	// Hosts of equal preference come in random order. What counts is the set.
	set := slices.SortedFunc(slices.Values(hosts), func(a, b mx.Host) int {
		return cmp.Or(cmp.Compare(a.Preference, b.Preference), cmp.Compare(a.Name, b.Name))
	})
	for _, h := range set {
		key += " " + strconv.Itoa(int(h.Preference)) + ":" + h.Name
	}
	d.mu.Lock()
	s := d.sites[key]
	if s != nil && s.until.After(time.Now()) {
		defer d.mu.Unlock()
		return s, nil
	}
	d.mu.Unlock()
	targets, err := mx.Addresses(ctx, d.cfg.Resolver, domain, hosts, implicit, maxAddresses, d.cfg.Usable)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if s = d.sites[key]; s == nil {
		s = &site{strict: policy.Enforced(), crowd: d.crowd(set[0].Name)}
		d.sites[key] = s
	}
	s.targets, s.until = targets, time.Now().Add(routeLife)
	return s, nil
}

// crowd returns the crowd of a host's provider, nil if the host has none. The lock is held.
func (d *Direct) crowd(host string) *crowd {
	name := courtesy.GroupOfHost(host)
	if name == "" {
		return nil
	}
	c := d.crowds[name]
	if c == nil {
		c = &crowd{}
		d.crowds[name] = c
	}
	return c
}

// pool returns the pool of an exchanger, and makes one if there is none. Its user gives it back by
// taking itself off users.
func (d *Direct) pool(e exchanger) (*mxPool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, d.over()
	}
	p := d.pools[e]
	if p == nil {
		d.sweep()
		crowd := d.crowd(e.Host)
		inner, err := New(Config{
			Host: e.Host, Port: d.cfg.Port, TLS: string(e.security), Helo: d.cfg.Helo, RootCAs: d.cfg.RootCAs,
			Connections: d.cfg.ConnectionsPerSite, MessagesPerConnection: d.cfg.MessagesPerConnection, Idle: d.cfg.Idle,
			Timeouts: d.cfg.Timeouts, Observe: d.cfg.Observe, stranger: true,
			Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
				d.makeRoom(crowd)
				return d.cfg.Dial(ctx, network, net.JoinHostPort(e.Addr.String(), strconv.Itoa(d.cfg.Port)))
			},
		})
		if err != nil {
			return nil, err
		}
		p = &mxPool{Pool: inner, crowd: crowd}
		d.pools[e] = p
	}
	p.users++
	p.last = time.Now()
	return p, nil
}

// sweep drops pools that nobody has used for a while, so that a list of a million domains does not
// leave as many pools. What a pool knew of a host that is down goes with it. The lock is held.
func (d *Direct) sweep() {
	if len(d.pools) < mostPools {
		return
	}
	now := time.Now()
	maps.DeleteFunc(d.pools, func(_ exchanger, p *mxPool) bool {
		over := p.users == 0 && now.Sub(p.last) > max(routeLife, d.cfg.Idle)
		if over {
			d.retirement.Go(func() { _ = p.Close() }) // it returns no error
		}
		return over
	})
}

// makeRoom closes unused connections until the connection about to be opened to a host of c is
// within what is allowed in all and for its provider. The pools used the longest ago come first.
func (d *Direct) makeRoom(c *crowd) {
	d.mu.Lock()
	pools := slices.SortedFunc(maps.Values(d.pools), func(a, b *mxPool) int { return a.last.Compare(b.last) })
	d.mu.Unlock()
	within := func(pools []*mxPool, most int) {
		open := 0
		for _, p := range pools {
			open += p.opened()
		}
		for _, p := range pools {
			for open > most && p.shed() {
				open--
			}
		}
	}
	if c != nil {
		others := func(p *mxPool) bool { return p.crowd != c }
		within(slices.DeleteFunc(slices.Clone(pools), others), d.cfg.ConnectionsPerGroup)
	}
	within(pools, d.cfg.Connections)
}

// opened is the number of connections that are open or being opened.
func (p *Pool) opened() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open
}

// shed closes the connection unused the longest, and reports whether there was one.
func (p *Pool) shed() bool {
	p.mu.Lock()
	if p.closed || len(p.idle) == 0 {
		p.mu.Unlock()
		return false
	}
	c := p.pop(true)
	p.mu.Unlock()
	c.Quit()
	p.mu.Lock()
	p.forget(c)
	event := p.ended(c)
	p.mu.Unlock()
	p.wake()
	p.cfg.Observe(event)
	return true
}
