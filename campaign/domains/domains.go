// Package domains asks the DNS about the domains of a list's recipients.
//
// Call [Check] for what the DNS says against mailing them, and [Providers] for which of them have their mail with a
// large provider. Both ask many domains at a time, each once, and give up after a while.
package domains

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
	"mailshot/internal/ellipsis"
	"mailshot/sender/mx"
)

const (
	askTime  = 5 * time.Minute  // for all domains of a list
	askOne   = 15 * time.Second // for one
	hopeless = 100              // questions in vain, before any was answered, after which there seems to be no DNS
)

// Result is what the DNS says about the domains of a list.
type Result struct {
	Found    []check.Finding
	Dropped  int64 // findings beyond those in Found
	Answered bool  // it said something about at least one domain, so that what it says of others can be believed
}

// Check asks the DNS where the mail of domains goes, once for each domain that all yields. What the DNS says against a
// domain is a finding about it, of which there are at most most. That the DNS says nothing is one finding about the
// DNS, however many the domains are. list is the place of findings about no domain.
func Check(
	ctx context.Context, resolver mx.Resolver, all func(context.Context, func(ledger.Domain) error) error,
	list string, most int,
) (r Result, err error) {
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	limited, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	a := answers{most: most}
	var g errgroup.Group
	g.SetLimit(lookups)
	err = all(ctx, func(d ledger.Domain) error {
		if number, ask := a.next(limited.Err() != nil); ask {
			g.Go(func() error {
				f, err := askDomain(limited, resolver, d)
				a.take(domainAnswer{number, d, f}, err)
				return nil
			})
		}
		return ctx.Err()
	})
	err = errors.Join(err, g.Wait())
	if ctx.Err() != nil {
		return r, ctx.Err()
	}
	if err != nil {
		return r, err
	}
	r.Found = a.findings(list) // which may drop all
	r.Dropped, r.Answered = a.dropped, a.silent.domains < int64(a.domains)
	return r, nil
}

// domainAnswer is what the DNS said about a domain; found is nil where it has nothing against mailing it.
type domainAnswer struct {
	number int // of the domain, from 1, in the order of asking
	domain ledger.Domain
	found  *check.Finding
}

// answers gathers what the DNS said about all domains of a list.
type answers struct {
	most int // findings

	mu       sync.Mutex
	domains  int            // so far
	found    []domainAnswer // with a finding
	dropped  int64          // findings beyond those that a report holds
	answered bool           // about one at least
	exist    int            // domains that do
	silent   unanswered
}

// unanswered is what became of the domains about which nothing could be learnt.
type unanswered struct {
	domains, asked int64
	first          int // the number of the first that was asked about, 0 if none was
	why, place     string
}

// next numbers the next domain, and reports whether to ask about it: not when the time is over, and not when it is
// hopeless.
func (a *answers) next(over bool) (number int, ask bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.domains++
	if over || !a.answered && a.silent.asked >= hopeless {
		a.silent.domains++
		return a.domains, false
	}
	return a.domains, true
}

// take notes an answer, or that there was none, with the reason.
func (a *answers) take(is domainAnswer, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		s := &a.silent
		s.domains++
		s.asked++
		if s.first == 0 || is.number < s.first {
			s.first, s.why, s.place = is.number, err.Error(), is.domain.Place
		}
		return
	}
	a.answered = true
	if is.found == nil || is.found.Code != "unknown-domain" {
		a.exist++
	}
	switch {
	case is.found == nil:
	case len(a.found) < a.most:
		a.found = append(a.found, is)
	default:
		a.dropped++
	}
}

// findings are what the answers say, in the order of asking. All questions have ended.
func (a *answers) findings(list string) (found []check.Finding) {
	slices.SortFunc(a.found, func(a, b domainAnswer) int { return a.number - b.number })
	silent, all := &a.silent, int64(a.domains)
	if unknown := all - silent.domains; a.exist == 0 && unknown > 1 {
		// The DNS of some networks knows only the network's own names, and says of all others that they do not exist.
		var names []string
		for _, f := range a.found[:min(len(a.found), 3)] {
			names = append(names, f.domain.Name)
		}
		silent.domains, silent.place, silent.first = all, list, 1
		silent.why = "it knows none of them (" + ellipsis.List(names, unknown) + "), like a DNS without a way to the Internet"
		a.found, a.dropped = nil, 0
	}
	for _, f := range a.found {
		found = append(found, *f.found)
	}
	if silent.domains == 0 {
		return found
	}
	f := check.Finding{
		Code: "dns-failed", Severity: check.Warning, Place: silent.place,
		Text: fmt.Sprintf("the DNS said nothing about %d of %d domains: %s", silent.domains, all, silent.why),
		Hint: "this says nothing about the domains; check again with --dns, or ask another server with --resolver HOST:PORT",
	}
	if silent.first == 0 {
		f.Place = list
		f.Text = fmt.Sprintf("%d of %d domains were not asked about: the DNS took longer than %s",
			silent.domains, all, askTime)
	}
	return append(found, f)
}

// askDomain asks what the DNS says against mailing a domain; nil if it says nothing against it. The error is that there
// was no answer.
func askDomain(ctx context.Context, resolver mx.Resolver, d ledger.Domain) (*check.Finding, error) {
	ctx, cancel := context.WithTimeout(ctx, askOne)
	defer cancel()
	hosts, implicit, err := mx.Hosts(ctx, resolver, d.Name)
	if err == nil {
		_, err = mx.Addresses(ctx, resolver, d.Name, hosts, implicit, 1, nil)
	}
	f := &check.Finding{
		Severity: check.Warning, Place: d.Place,
		Hint: "correct the address, or leave such rows out: their mail would be refused",
	}
	var no *mx.Error
	switch {
	case err == nil && !implicit:
		return nil, nil
	case err == nil:
		f.Code = "implicit-mx"
		f.Text = d.Name + ": it names no mail server (MX), only an address of its own, and few such domains take mail"
		f.Hint = "look whether the address is right"
	case !errors.As(err, &no) || no.Temporary:
		return nil, err
	case no.Code == 556:
		f.Code, f.Text = "no-mail-domain", no.Text
	case implicit:
		f.Code = "unknown-domain"
		f.Text = d.Name + ": there is no such domain, or it has neither mail servers nor an address of its own"
	default:
		f.Code, f.Text = "no-mail-server", no.Text
	}
	if d.Rows > 1 {
		f.Text += fmt.Sprintf(" (%d rows, the first here)", d.Rows)
	}
	return f, nil
}
