package campaign

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/sender/courtesy"
	"mailshot/sender/mx"
)

const (
	lookups    = 50              // at a time
	lookupTime = 2 * time.Minute // for all; a domain that is not known by then belongs to no provider
)

// direct reports whether some of the campaign's messages go to the recipients' own servers.
func (c *Campaign) direct() bool {
	return c.opts.Sink == nil && slices.ContainsFunc(c.def.Servers, func(s *definition.Server) bool { return s.Direct })
}

// hosting finds out, for a direct delivery, which of the domains that are left have their mail with a provider. It
// moves their deliveries into the provider's lane, so that what the provider asks for holds for all of its domains. A
// plan uses no network, so each run does this anew. A domain whose MX records cannot be had stays in its lane.
func (c *Campaign) hosting(ctx context.Context) error {
	if !c.direct() {
		return nil
	}
	domains := map[string]string{}
	left := ledger.Filter{States: []ledger.State{ledger.Pending, ledger.Deferred}}
	for rec, err := range c.ledger.Deliveries(ctx, c.id, left) {
		if err != nil {
			return err
		}
		domain := strings.ToLower(rec.Address[strings.LastIndexByte(rec.Address, '@')+1:])
		if courtesy.Group(domain) == "" {
			domains[domain] = ""
		}
	}
	resolver := c.opts.Network.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	limited, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	var mu sync.Mutex
	c.hosted = map[string]string{}
	var g errgroup.Group
	g.SetLimit(lookups)
	for domain := range domains {
		g.Go(func() error {
			hosts, _, err := mx.Hosts(limited, resolver, domain)
			if err != nil {
				return nil // the delivery finds out what it means
			}
			first := hosts[0]
			for _, h := range hosts { // those of one preference come in random order
				if h.Preference == first.Preference && h.Name < first.Name {
					first = h
				}
			}
			if provider := courtesy.GroupOfHost(first.Name); provider != "" {
				mu.Lock()
				defer mu.Unlock()
				c.hosted[domain] = provider
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil || len(c.hosted) == 0 {
		return err
	}
	return c.ledger.Relane(ctx, c.id, c.relane)
}
