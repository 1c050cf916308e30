// Package records looks at what the DNS says about a domain that mail is sent from. [Look] asks, and returns what it
// found: who may send for the domain (SPF, RFC 7208), how its signatures are checked (DKIM, RFC 6376), what receivers
// are asked to do (DMARC, RFC 7489), where answers go (MX), and whether a sending machine has a name (PTR). Each
// finding has the line to publish, as a zone file has it.
//
// Look only asks and reads. Whether a message passes is for its receivers to decide.
package records

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Config says what to look at.
type Config struct {
	Domain   string   // of the From address, in A-labels
	Selector string   // of a DKIM key; "": no other keys than Keys
	Keys     []Key    // with which the mail is signed
	Server   string   // name or address of the server that mail is handed to; "": not known
	Provider bool     // the server belongs to a provider, which keeps its own records
	Resolver Resolver // nil: the system's
}

// Resolver asks the DNS. *net.Resolver is one.
type Resolver interface {
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupAddr(ctx context.Context, addr string) ([]string, error)
}

// Key is a DKIM key, and what is to be published of it.
type Key struct {
	Name  string // of its TXT record, as s1._domainkey.acme.example
	Value string // of the record; "": not known
}

// Finding says what was found about one kind of record.
type Finding struct {
	Record  string `json:"record"`  // SPF, DKIM, DMARC, MX or PTR
	OK      bool   `json:"ok"`      // nothing is wrong
	Code    string `json:"code"`    // short and stable; "" when OK
	Text    string `json:"text"`    // the record, or what is wrong
	Publish string `json:"publish"` // the line to publish; "" when there is none
	Serious bool   `json:"serious"` // receivers refuse mail because of it

	Name  string `json:"-"` // of the record, for DKIM; "" for the others
	Value string `json:"-"` // the DMARC record that holds, as it is in the DNS; "" = there is none, or not one
}

// limit is how long all questions together may take.
const limit = 30 * time.Second

// Look asks the DNS and returns what it found, in the order SPF, DKIM, DMARC, MX, PTR. It takes 30 seconds at most.
func Look(ctx context.Context, cfg Config) []Finding {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	l := &looker{Config: cfg, ctx: ctx}
	l.Domain = strings.ToLower(strings.TrimSuffix(l.Domain, "."))
	if l.Resolver == nil {
		l.Resolver = net.DefaultResolver
	}
	l.addresses()
	l.spf()
	if name := l.Selector + "._domainkey." + l.Domain; l.Selector != "" &&
		!slices.ContainsFunc(l.Keys, func(k Key) bool { return strings.EqualFold(k.Name, name) }) {
		l.dkim(Key{Name: name})
	}
	for _, k := range l.Keys {
		l.dkim(k)
	}
	l.dmarc()
	l.mx()
	l.ptr()
	return l.found
}

type looker struct {
	Config
	ctx   context.Context
	addrs []netip.Addr // the server's
	found []Finding
}

func (l *looker) good(record, text string) {
	l.found = append(l.found, Finding{Record: record, OK: true, Text: text})
}

func (l *looker) bad(record, code, text, publish string, serious bool) {
	l.found = append(l.found, Finding{Record: record, Code: code, Text: text, Publish: publish, Serious: serious})
}

// unknown adds the finding that a question got no answer.
func (l *looker) unknown(record string, err error) {
	l.bad(record, "dns-error", "could not be asked: "+err.Error(), "", false)
}

// addresses finds the addresses of the server that are public.
func (l *looker) addresses() {
	var all []netip.Addr
	if a, err := netip.ParseAddr(l.Server); err == nil {
		all = []netip.Addr{a}
	} else if l.Server != "" {
		all, _ = l.Resolver.LookupNetIP(l.ctx, "ip",
			absolute(l.Server)) // without addresses, there are no findings about them
	}
	for _, a := range all {
		if a = a.Unmap(); !a.IsLoopback() && !a.IsPrivate() && !a.IsLinkLocalUnicast() {
			l.addrs = append(l.addrs, a)
		}
	}
}

func absolute(name string) string { return strings.TrimSuffix(name, ".") + "." }

// txt returns the texts at a name that begin with a version tag. It is not an error if there is none.
func (l *looker) txt(name, version string) ([]string, error) {
	all, err := l.Resolver.LookupTXT(l.ctx, absolute(name))
	if missing(err) {
		return nil, nil
	}
	var of []string
	for _, s := range all {
		if rest, ok := cutFold(strings.TrimSpace(s), version); ok && (rest == "" || strings.ContainsAny(rest[:1], " ;")) {
			of = append(of, s)
		}
	}
	return of, err
}

// Tag is the value of a tag of a record like v=DMARC1; p=none; "" if it is not there.
func Tag(record, name string) string { return tagList(record)[name] }

func cutFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// missing reports whether the answer is that there is no such record.
func missing(err error) bool {
	var e *net.DNSError
	return errors.As(err, &e) && e.IsNotFound
}

// line is a line of a zone file.
func line(name, kind, value string) string {
	if kind == "TXT" { // one string has at most 255 octets (RFC 1035 section 3.3)
		var pieces []string
		for ; len(value) > 255; value = value[255:] {
			pieces = append(pieces, `"`+value[:255]+`"`)
		}
		value = strings.Join(append(pieces, `"`+value+`"`), " ")
	}
	return absolute(name) + " IN " + kind + " " + value
}

// dkim looks at the record of a key. Where it is known what is to be published, it must be that key.
func (l *looker) dkim(k Key) {
	defer func() { l.found[len(l.found)-1].Name = k.Name }()
	selector, _, _ := strings.Cut(k.Name, "._domainkey")
	all, err := l.Resolver.LookupTXT(l.ctx, absolute(k.Name))
	if err != nil && !missing(err) {
		l.unknown("DKIM", err)
		return
	}
	publish, who := line(k.Name, "TXT", k.Value), "the messages are signed with it"
	if k.Value == "" {
		publish, who = line(k.Name, "TXT", "v=DKIM1; k=rsa; p=PUBLIC-KEY"), "whoever signs your mail gives the value"
	}
	i := slices.IndexFunc(all, func(s string) bool { return strings.Contains(s, "p=") })
	if i < 0 {
		l.bad("DKIM", "no-dkim", "there is no key "+selector+"; "+who, publish, true)
		return
	}
	tags := tagList(all[i])
	bits, err := keyBits(tags)
	switch {
	case tags["p"] == "":
		l.bad("DKIM", "dkim-revoked", "the key "+selector+" was revoked: its p is empty", publish, true)
	case err != nil:
		l.bad("DKIM", "dkim-unreadable", "the key "+selector+" cannot be read: "+err.Error(), publish, true)
	case k.Value != "" && bare(tags["p"]) != bare(tagList(k.Value)["p"]):
		l.bad("DKIM", "dkim-differs", "the key "+selector+" is not the one that the messages are signed with", publish, true)
	case bits < 1024:
		text := fmt.Sprintf("the key %s has %d bits; receivers take no less than 1024, and 2048 are usual", selector, bits)
		l.bad("DKIM", "dkim-short", text, publish, true)
	case slices.Contains(strings.Split(tags["t"], ":"), "y"):
		l.bad("DKIM", "dkim-testing", "the key "+selector+" says that it is only being tested (t=y)",
			line(k.Name, "TXT", strings.TrimSpace(without(all[i], "t"))), false)
	default:
		l.good("DKIM", fmt.Sprintf("%s, %d bits", k.Name, bits))
	}
}

func (l *looker) dmarc() {
	var all []string
	var err error
	at := l.Domain
	// The nearest record holds: the domain's own, or the record of a domain above it.
	for labels := strings.Split(l.Domain, "."); len(labels) >= 2; labels = labels[1:] {
		at = strings.Join(labels, ".")
		if all, err = l.txt("_dmarc."+at, "v=DMARC1"); err != nil {
			l.unknown("DMARC", err)
			return
		}
		if len(all) > 0 {
			break
		}
	}
	first := "v=DMARC1; p=none; rua=mailto:dmarc-reports@" + l.Domain
	if len(all) != 1 {
		text, code := "there is no record; large receivers expect one from bulk senders", "no-dmarc"
		if len(all) > 1 {
			text, code = fmt.Sprintf("there are %d records, so none counts", len(all)), "dmarc-twice"
		}
		l.bad("DMARC", code, text, line("_dmarc."+l.Domain, "TXT", first), true)
		return
	}
	defer func() { l.found[len(l.found)-1].Value = all[0] }()
	tags := tagList(all[0])
	switch p := strings.ToLower(tags["p"]); {
	case p != "none" && p != "quarantine" && p != "reject":
		l.bad("DMARC", "dmarc-policy", fmt.Sprintf("p is %q, and not none, quarantine or reject", tags["p"]),
			line("_dmarc."+at, "TXT", first), true)
	case tags["rua"] == "":
		l.bad("DMARC", "dmarc-no-reports", all[0]+": nobody gets reports, so nobody sees what fails",
			line("_dmarc."+at, "TXT", strings.TrimRight(all[0], "; ")+"; rua=mailto:dmarc-reports@"+at), false)
	default:
		l.good("DMARC", all[0])
	}
}

func (l *looker) mx() {
	all, err := l.Resolver.LookupMX(l.ctx, absolute(l.Domain))
	publish := line(l.Domain, "MX", "10 "+absolute("mail."+l.Domain))
	switch {
	case err != nil && !missing(err) && len(all) == 0:
		l.unknown("MX", err)
	case len(all) == 1 && all[0].Host == ".":
		l.bad("MX", "null-mx",
			"the domain takes no mail at all: replies and bounces are lost, and many receivers refuse its mail", publish, true)
	case len(all) == 0:
		l.bad("MX", "no-mx", "no server takes the domain's mail: replies and bounces may be lost", publish, false)
	default:
		var names []string
		for _, m := range all {
			names = append(names, strings.TrimSuffix(m.Host, "."))
		}
		l.good("MX", strings.Join(names, ", "))
	}
}

// ptr looks at the names of the server's addresses, unless they are a provider's.
func (l *looker) ptr() {
	if l.Provider {
		return
	}
	for _, a := range l.addrs {
		names, err := l.Resolver.LookupAddr(l.ctx, a.String())
		name := l.Server
		if _, err := netip.ParseAddr(name); err == nil {
			name = "mail." + l.Domain
		}
		publish := line(reverse(a), "PTR", absolute(name))
		switch {
		case err != nil && !missing(err):
			l.unknown("PTR", err)
		case len(names) == 0:
			l.bad("PTR", "no-ptr", a.String()+" has no name; if mail leaves from there, many receivers refuse it. "+
				"The owner of the address, who rents it out, publishes", publish, true)
		case !l.leadsBack(names, a):
			text := fmt.Sprintf("%s is called %s, which does not lead back to it", a, strings.TrimSuffix(names[0], "."))
			l.bad("PTR", "ptr-mismatch", text, line(names[0], kindOf(a), a.String()), true)
		default:
			l.good("PTR", fmt.Sprintf("%s is %s", a, strings.TrimSuffix(names[0], ".")))
		}
	}
}

func (l *looker) leadsBack(names []string, a netip.Addr) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		all, _ := l.Resolver.LookupNetIP(l.ctx, "ip", absolute(name)) // without an answer nothing leads back
		return slices.ContainsFunc(all, func(b netip.Addr) bool { return b.Unmap() == a })
	})
}

func kindOf(a netip.Addr) string {
	if a.Is4() {
		return "A"
	}
	return "AAAA"
}

// reverse is the name at which an address has its PTR record.
func reverse(a netip.Addr) string {
	var labels []string
	if a.Is4() {
		for _, b := range a.As4() {
			labels = append(labels, fmt.Sprint(b))
		}
		slices.Reverse(labels)
		return strings.Join(labels, ".") + ".in-addr.arpa"
	}
	for _, b := range a.As16() {
		labels = append(labels, fmt.Sprintf("%x", b>>4), fmt.Sprintf("%x", b&15))
	}
	slices.Reverse(labels)
	return strings.Join(labels, ".") + ".ip6.arpa"
}
