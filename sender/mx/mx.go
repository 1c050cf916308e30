// Package mx finds out where a domain's mail goes: its mail exchangers (RFC 5321
// 5.1, RFC 7505) and its policy about TLS on the way there (MTA-STS, RFC 8461).
//
// [Hosts] gives the exchangers in the order in which they are to be tried, and
// [Addresses] where they can be reached. Three things are kept apart that are
// often taken for one another: a name that is not there, which is the end for a
// recipient; a domain that says it takes no mail, likewise; and an answer that
// could not be had, after which nothing is known and the message waits. In
// particular a lookup of MX that fails never falls back to the domain's own
// address, for that is another machine than the one its owner named.
//
// CNAMEs are followed by the resolver. It is an interface, which [*net.Resolver]
// satisfies; so is the HTTP client, that policies come by, given from outside.
//
// DANE (RFC 7672) is not done: it needs answers that DNSSEC vouches for, and the
// standard library's resolver does not say whether they are. Nor are reports about
// TLS sent (RFC 8460).
package mx

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Resolver asks the DNS. Names are given with their last dot, so that no search
// list applies. Errors are as those of package net: an [*net.DNSError] whose
// IsNotFound means that the name is not there, or has no such record; any other
// error, that the answer could not be had.
type Resolver interface {
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// Host is a mail exchanger.
type Host struct {
	Name       string // lower case, without its last dot
	Preference uint16 // lower is first
}

// Target is where a mail exchanger can be reached.
type Target struct {
	Host string
	Addr netip.Addr
}

// Error says why mail for a domain has nowhere to go.
type Error struct {
	Temporary bool   // later it may have
	Code      int    // basic code that a relay would have answered with (RFC 5321 4.2), 4xx when Temporary
	Enhanced  string // enhanced code (RFC 3463)
	Text      string // begins with the domain
	Err       error  // the resolver's, or nil
}

func (e *Error) Error() string { return e.Text }
func (e *Error) Unwrap() error { return e.Err }

// Hosts returns the mail exchangers of a domain, given as A-labels without a last
// dot, the first to be tried first, those of equal preference in random order. A
// domain without MX records is its own exchanger (the implicit MX), which
// [Addresses] then finds out about: implicit tells. Every error is an [*Error].
func Hosts(ctx context.Context, r Resolver, domain string) (hosts []Host, implicit bool, err error) {
	records, err := r.LookupMX(ctx, domain+".")
	if len(records) == 0 {
		switch {
		case err == nil, notFound(err):
			return []Host{{Name: domain}}, true, nil
		default:
			return nil, false, &Error{Temporary: true, Code: 451, Enhanced: "4.4.3", Text: domain + ": its mail servers cannot be looked up at present: " + describe(err), Err: err}
		}
	}
	// With records there may be an error too: some of the others made no sense.
	null := false
	for _, m := range records {
		name := strings.ToLower(strings.TrimSuffix(m.Host, "."))
		if name == "" {
			null = true
			continue
		}
		if _, err := netip.ParseAddr(name); err == nil || slices.ContainsFunc(hosts, func(h Host) bool { return h.Name == name }) {
			continue // RFC 5321 5.1: an MX names a host, not an address
		}
		hosts = append(hosts, Host{Name: name, Preference: m.Pref})
	}
	switch {
	case len(hosts) > 0:
		// A null MX beside others says nothing (RFC 7505 3).
	case null:
		return nil, false, &Error{Code: 556, Enhanced: "5.1.10", Text: domain + ": the domain takes no mail (null MX)"}
	default:
		return nil, false, unusable(domain, nil)
	}
	rand.Shuffle(len(hosts), func(i, j int) { hosts[i], hosts[j] = hosts[j], hosts[i] })
	slices.SortStableFunc(hosts, func(a, b Host) int { return int(a.Preference) - int(b.Preference) })
	return hosts, false, nil
}

// Addresses returns up to most addresses of a domain's hosts, those of the first
// host first, each host's in random order with the families taking turns. Only
// addresses that usable likes count; nil: [Usable]. A host whose addresses cannot
// be looked up at present is passed over, unless it leaves none.
// Every error is an [*Error].
func Addresses(ctx context.Context, r Resolver, domain string, hosts []Host, implicit bool, most int, usable func(netip.Addr) bool) ([]Target, error) {
	if usable == nil {
		usable = Usable
	}
	var targets []Target
	var passing, gone error
	for _, h := range hosts {
		if len(targets) >= most {
			break
		}
		found, err := r.LookupNetIP(ctx, "ip", h.Name+".")
		switch {
		case err == nil, notFound(err):
			gone = err
		default:
			passing = err
		}
		for _, a := range mixed(found, usable) {
			targets = append(targets, Target{Host: h.Name, Addr: a})
		}
	}
	switch {
	case len(targets) > 0:
		return targets[:min(most, len(targets))], nil
	case passing != nil:
		return nil, &Error{Temporary: true, Code: 451, Enhanced: "4.4.3", Text: domain + ": the addresses of its mail servers cannot be looked up at present: " + describe(passing), Err: passing}
	case implicit && gone != nil:
		return nil, &Error{Code: 550, Enhanced: "5.1.2", Text: domain + ": there is no such domain, or it takes no mail", Err: gone}
	default:
		return nil, unusable(domain, gone)
	}
}

// unusable is the error of RFC 5321 5.1 for a domain whose MX records lead
// nowhere: its own address is not tried in their stead.
func unusable(domain string, err error) error {
	return &Error{Code: 550, Enhanced: "5.4.4", Text: domain + ": none of the mail servers it names can be used", Err: err}
}

// Usable reports whether a stranger's mail exchanger can be at an address: not at
// one that means this machine, a link or many hosts. Private networks may have theirs.
func Usable(a netip.Addr) bool {
	return a.IsValid() && !a.IsLoopback() && !a.IsUnspecified() && !a.IsMulticast() && !a.IsLinkLocalUnicast() && a != broadcast
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// mixed is a host's addresses in random order, IPv6 and IPv4 by turns, so that
// one of them that does not work here costs one attempt.
func mixed(found []netip.Addr, usable func(netip.Addr) bool) []netip.Addr {
	var families [2][]netip.Addr
	for _, i := range rand.Perm(len(found)) {
		a := found[i].Unmap()
		if !usable(a) {
			continue
		}
		family := 0
		if a.Is6() {
			family = 1
		}
		families[family] = append(families[family], a)
	}
	var out []netip.Addr
	for turn := rand.IntN(2); len(families[0])+len(families[1]) > 0; turn = 1 - turn {
		if f := families[turn]; len(f) > 0 {
			out, families[turn] = append(out, f[0]), f[1:]
		}
	}
	return out
}

func notFound(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound && !dns.IsTemporary
}

// describe says how a lookup failed, without the names that its caller has said.
func describe(err error) string {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsTimeout, errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.As(err, &dns):
		return dns.Err
	}
	return fmt.Sprint(err)
}
