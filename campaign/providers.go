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
	lookupTime = 2 * time.Minute // for all; a domain not known by then is nobody's
)

// direct reports whether some of the campaign's messages go to the recipients' own servers.
func (c *Campaign) direct() bool {
	return c.opts.Sink == nil && slices.ContainsFunc(c.def.Servers, func(s *definition.Server) bool { return s.Direct })
}

// hosting finds out, for a direct delivery, which of the domains that are left have their mail with a provider, and moves
// their deliveries into the provider's lane: what that one asks for is asked of all. A plan has no network, so it is the
// run that does this, each time anew. A domain whose MX records cannot be had stays where it is.
func (c *Campaign) hosting(ctx context.Context) error {
	if !c.direct() {
		return nil
	}
	domains := map[string]string{}
	for rec, err := range c.ledger.Deliveries(ctx, c.id, ledger.Filter{States: []ledger.State{ledger.Pending, ledger.Deferred}}) {
		if err != nil {
			return err
		}
		if domain := strings.ToLower(rec.Address[strings.LastIndexByte(rec.Address, '@')+1:]); courtesy.Group(domain) == "" {
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
				return nil // whoever sends there finds out what it means
			}
			first := hosts[0]
			for _, h := range hosts { // equal ones stand in random order
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
