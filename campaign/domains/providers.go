package domains

import (
	"context"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"mailshot/sender/courtesy"
	"mailshot/sender/mx"
)

const (
	lookups    = 50              // at a time
	lookupTime = 2 * time.Minute // for all; a domain that is not known by then belongs to no provider
)

// Providers asks the DNS which of the domains have their mail with a large provider, and returns that one by domain. A
// domain whose MX records cannot be had is not among them.
func Providers(ctx context.Context, resolver mx.Resolver, domains []string) map[string]string {
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	limited, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	var mu sync.Mutex
	hosted := map[string]string{}
	var g errgroup.Group
	g.SetLimit(lookups)
	for _, domain := range domains {
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
				hosted[domain] = provider
			}
			return nil
		})
	}
	_ = g.Wait() // no question returns an error
	return hosted
}
