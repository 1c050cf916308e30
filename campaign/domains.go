package campaign

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"mailshot/campaign/check"
	"mailshot/campaign/ledger"
	"mailshot/sender/mx"
)

const (
	askTime  = 5 * time.Minute  // for all domains of a list
	askOne   = 15 * time.Second // for one
	hopeless = 100              // questions that failed with none answered before them: there is no DNS
)

// unanswered is what became of domains about which nothing could be learnt.
type unanswered struct {
	domains, asked int64
	first          int // the number of the first that was asked about, 0 if none was
	why, place     string
}

// domains asks the DNS, once for each, where the mail of the recipients' domains goes. What it says is a finding about the domain; that
// it says nothing is one about the DNS, whatever the number of domains.
func (c *Campaign) domains(ctx context.Context, in adder, p *planned) error {
	resolver := c.opts.Network.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	limited, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	type found struct {
		n      int
		domain string
		check.Finding
	}
	var (
		mu       sync.Mutex
		all      []found
		n        int
		answered bool
		known    int   // domains that are there
		dropped  int64 // findings beyond those that a report holds
		silent   unanswered
		g        errgroup.Group
	)
	g.SetLimit(lookups)
	err := in.Domains(ctx, func(d ledger.Domain) error {
		n++
		number := n
		mu.Lock()
		lost := !answered && silent.asked >= hopeless || limited.Err() != nil
		if lost {
			silent.domains++
		}
		mu.Unlock()
		if lost {
			return ctx.Err()
		}
		g.Go(func() error {
			f, err := askDomain(limited, resolver, d)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				silent.domains++
				silent.asked++
				if silent.first == 0 || number < silent.first {
					silent.first, silent.why, silent.place = number, err.Error(), d.Place
				}
				return nil
			case f == nil || f.Code != "unknown-domain":
				known++
			}
			switch {
			case f == nil:
			case len(all) < maxFindings:
				all = append(all, found{number, d.Name, *f})
			default:
				dropped++
			}
			answered = true
			return nil
		})
		return ctx.Err()
	})
	err = errors.Join(err, g.Wait())
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b found) int { return a.n - b.n })
	if unknown := int64(n) - silent.domains; known == 0 && unknown > 1 {
		// Some networks have a DNS that knows their own names only, and says of all others that they are not there.
		var names []string
		for _, f := range all[:min(len(all), 3)] {
			names = append(names, f.domain)
		}
		silent.domains, silent.place = int64(n), c.header.File
		silent.first, silent.why = 1, "it knows none of them ("+listed(names, unknown)+"), as one does that has no way to the Internet"
		all, dropped = nil, 0
	}
	for _, f := range all {
		p.find(f.Finding)
	}
	p.report.Dropped += dropped
	if silent.domains > 0 {
		f := check.Finding{
			Code: "dns-failed", Severity: check.Warning, Place: silent.place,
			Text: fmt.Sprintf("the DNS said nothing about %d of %d domains: %s", silent.domains, n, silent.why),
			Hint: "this says nothing about the domains; check again with --dns, or ask another server with --resolver HOST:PORT",
		}
		if silent.first == 0 {
			f.Place = c.header.File
			f.Text = fmt.Sprintf("%d of %d domains were not asked about: the DNS took longer than %s", silent.domains, n, askTime)
		}
		p.find(f)
	}
	return nil
}

// askDomain is what the DNS says against mailing a domain, nil for nothing; the error is that it could not be asked.
func askDomain(ctx context.Context, resolver mx.Resolver, d ledger.Domain) (*check.Finding, error) {
	ctx, cancel := context.WithTimeout(ctx, askOne)
	defer cancel()
	hosts, implicit, err := mx.Hosts(ctx, resolver, d.Name)
	if err == nil {
		_, err = mx.Addresses(ctx, resolver, d.Name, hosts, implicit, 1, nil)
	}
	f := &check.Finding{Severity: check.Warning, Place: d.Place, Hint: "correct the address, or leave such rows out: their mail would be refused"}
	var no *mx.Error
	switch {
	case err == nil && !implicit:
		return nil, nil
	case err == nil:
		f.Code, f.Text = "implicit-mx", d.Name+": no mail server (MX) is named, only an address of its own, where mail is seldom taken"
		f.Hint = "look whether the address is right"
	case !errors.As(err, &no) || no.Temporary:
		return nil, err
	case no.Code == 556:
		f.Code, f.Text = "no-mail-domain", no.Text
	case implicit:
		f.Code, f.Text = "unknown-domain", d.Name+": there is no such domain, or it has neither mail servers nor an address of its own"
	default:
		f.Code, f.Text = "no-mail-server", no.Text
	}
	if d.Rows > 1 {
		f.Text += fmt.Sprintf(" (%d rows, the first here)", d.Rows)
	}
	return f, nil
}
