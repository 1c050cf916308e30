// Package mx finds out where a domain's mail goes: its mail exchangers (RFC 5321 5.1, RFC 7505) and
// its policy about TLS on the way there (MTA-STS, RFC 8461). [Hosts] returns the exchangers in the
// order in which they are tried, [Addresses] returns where they can be reached, and [STS.Policy]
// returns the policy.
//
// Three things are kept apart that are often confused. A name that does not exist is the end for a
// recipient. So is a domain that says it takes no mail. After an answer that could not be had
// nothing is known, and the message waits. In particular a failed lookup of MX never falls back to
// the domain's own address, because that is another machine than the one that its owner named.
//
// The resolver follows CNAMEs. It is an interface, which [*net.Resolver] satisfies, and is given
// from outside. So is the HTTP client that fetches policies.
//
// DANE (RFC 7672) is not done: it needs answers that DNSSEC vouches for, and the standard library's
// resolver does not say which answers those are. Reports about TLS (RFC 8460) are not sent.
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

// Resolver asks the DNS. Names are given with their last dot, so that no search list applies.
// Errors are those of package net: an [*net.DNSError] whose IsNotFound is true means that the name
// does not exist or has no such record; any other error means that the answer could not be had.
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
	Temporary bool   // it may have somewhere to go later
	Code      int    // basic code of a relay's answer to it (RFC 5321 4.2), 4xx when Temporary
	Enhanced  string // enhanced code (RFC 3463)
	Text      string // begins with the domain
	Err       error  // the resolver's, or nil
}

func (e *Error) Error() string { return e.Text }
func (e *Error) Unwrap() error { return e.Err }

// Hosts returns the mail exchangers of a domain, the first to be tried first and those of equal
// preference in random order. The domain is given as A-labels without a last dot. A domain without
// MX records is its own exchanger (the implicit MX); implicit reports that, and [Addresses] then
// finds out whether it exists. Every error is an [*Error].
func Hosts(ctx context.Context, r Resolver, domain string) (hosts []Host, implicit bool, err error) {
	records, err := r.LookupMX(ctx, domain+".")
	if len(records) == 0 {
		switch {
		case err == nil, notFound(err):
			return []Host{{Name: domain}}, true, nil
		default:
			return nil, false, &Error{Temporary: true, Code: 451, Enhanced: "4.4.3", Err: err,
				Text: domain + ": its mail servers cannot be looked up at present: " + describe(err)}
		}
	}
	// There may be an error besides the records: others made no sense.
	null := false
	for _, m := range records {
		name := strings.ToLower(strings.TrimSuffix(m.Host, "."))
		if name == "" {
			null = true
			continue
		}
		known := slices.ContainsFunc(hosts, func(h Host) bool { return h.Name == name })
		if _, err := netip.ParseAddr(name); err == nil || known {
			continue // RFC 5321 5.1: an MX names a host, not an address
		}
		hosts = append(hosts, Host{Name: name, Preference: m.Pref})
	}
	switch {
	case len(hosts) > 0:
		// A null MX beside other records means nothing (RFC 7505 3).
	case null:
		return nil, false, &Error{Code: 556, Enhanced: "5.1.10", Text: domain + ": the domain takes no mail (null MX)"}
	default:
		return nil, false, unusable(domain, nil)
	}
	rand.Shuffle(len(hosts), func(i, j int) { hosts[i], hosts[j] = hosts[j], hosts[i] })
	slices.SortStableFunc(hosts, func(a, b Host) int { return int(a.Preference) - int(b.Preference) })
	return hosts, false, nil
}

// Addresses returns up to most addresses of a domain's hosts, those of the first host first. Each
// host's addresses come in random order with IPv6 and IPv4 taking turns. Only addresses that usable
// accepts count; nil: [Usable]. A host whose addresses cannot be looked up at present is passed
// over, unless none is left then. Every error is an [*Error].
func Addresses(ctx context.Context, r Resolver, domain string, hosts []Host, implicit bool, most int,
	usable func(netip.Addr) bool) ([]Target, error) {
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
		return nil, &Error{Temporary: true, Code: 451, Enhanced: "4.4.3", Err: passing,
			Text: domain + ": the addresses of its mail servers cannot be looked up at present: " + describe(passing)}
	case implicit && gone != nil:
		return nil, &Error{Code: 550, Enhanced: "5.1.2", Err: gone,
			Text: domain + ": there is no such domain, or it takes no mail"}
	default:
		return nil, unusable(domain, gone)
	}
}

// unusable is the error of RFC 5321 5.1 for a domain whose MX records lead nowhere. Its own address
// is not tried instead.
func unusable(domain string, err error) error {
	return &Error{Code: 550, Enhanced: "5.4.4", Err: err,
		Text: domain + ": none of the mail servers that it names can be used"}
}

// Usable reports whether a stranger's mail exchanger can be at an address. It cannot be at an
// address that means this machine, a link or many hosts. Private networks may have exchangers of
// their own.
func Usable(a netip.Addr) bool {
	return a.IsValid() && !a.IsLoopback() && !a.IsUnspecified() && !a.IsMulticast() && !a.IsLinkLocalUnicast() &&
		a != broadcast
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// mixed is a host's addresses in random order, IPv6 and IPv4 by turns. When one of the two does not
// work here, that costs one attempt.
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

// describe says how a lookup failed, without the names, which its caller has said.
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
