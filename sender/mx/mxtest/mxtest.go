// Package mxtest is a DNS for tests. [New] makes a [Zone], which answers as a [net.Resolver] does,
// and [Zone.Serve] answers from it by a server on loopback.
package mxtest

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
)

// Zone answers as a [net.Resolver] does. Questions are written as "MX example.com", "A
// mx.example.com" or "TXT _mta-sts.example.com". Names have no last dot. An MX record is a
// preference and a host ("10 mx.example.com"). A Zone is safe for concurrent use.
type Zone struct {
	mu      sync.Mutex
	records map[string][]string
	broken  map[string]error
	asked   []string
}

// New returns a zone with the records of each question.
func New(records map[string][]string) *Zone {
	z := &Zone{records: map[string][]string{}, broken: map[string]error{}}
	for q, r := range records {
		z.Set(q, r...)
	}
	return z
}

// Set replaces the records of a question.
func (z *Zone) Set(question string, records ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.records[question] = records
}

// Break makes a question fail with an error, besides the records it has; nil mends it. [SERVFAIL]
// is the usual error.
func (z *Zone) Break(question string, err error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.broken[question] = err
}

// SERVFAIL is what package net makes of a server's failure.
var SERVFAIL error = &net.DNSError{Err: "server misbehaving", IsTemporary: true}

// Asked returns how often a question was asked.
func (z *Zone) Asked(question string) (n int) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, q := range z.asked {
		if q == question {
			n++
		}
	}
	return n
}

func (z *Zone) ask(ctx context.Context, kind, name string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, &net.DNSError{Err: err.Error(), Name: name, IsTimeout: true}
	}
	rooted, ok := strings.CutSuffix(name, ".")
	if !ok {
		return nil, fmt.Errorf("mxtest: %s %s without its last dot", kind, name)
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	question := kind + " " + rooted
	z.asked = append(z.asked, question)
	records, err := z.records[question], z.broken[question]
	if len(records) == 0 && err == nil {
		err = &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return records, err
}

// LookupMX returns the MX records of a name in the order of the zone, not sorted.
func (z *Zone) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	records, err := z.ask(ctx, "MX", name)
	var out []*net.MX
	for _, r := range records {
		m, err := parseMX(r)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, err
}

// parseMX reads a preference and a host.
func parseMX(record string) (*net.MX, error) {
	m := &net.MX{}
	if _, err := fmt.Sscan(record, &m.Pref, &m.Host); err != nil {
		return nil, fmt.Errorf("mxtest: MX %q: %w", record, err)
	}
	m.Host = strings.TrimSuffix(m.Host, ".") + "."
	return m, nil
}

// LookupNetIP returns the addresses of a name, whatever their family.
func (z *Zone) LookupNetIP(ctx context.Context, _, name string) ([]netip.Addr, error) {
	records, err := z.ask(ctx, "A", name)
	var out []netip.Addr
	for _, r := range records {
		a, err := netip.ParseAddr(r)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, err
}

// LookupTXT returns the texts of a name.
func (z *Zone) LookupTXT(ctx context.Context, name string) ([]string, error) {
	return z.ask(ctx, "TXT", name)
}
