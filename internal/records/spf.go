package records

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// maxLookups is how many terms of a record may ask the DNS, included records too (RFC 7208 4.6.4).
const maxLookups = 10

// includes are the records that providers ask their customers to include, by the end of their servers' names.
var includes = []struct{ server, record string }{
	{".gmail.com", "_spf.google.com"},
	{".office365.com", "spf.protection.outlook.com"},
	{".amazonaws.com", "amazonses.com"},
	{".sendgrid.net", "sendgrid.net"},
	{".mailgun.org", "mailgun.org"},
	{".postmarkapp.com", "spf.mtasv.net"},
	{".fastmail.com", "spf.messagingengine.com"},
	{".mail.me.com", "icloud.com"},
	{".yandex.com", "_spf.yandex.net"},
	{".yandex.ru", "_spf.yandex.net"},
	{".mailjet.com", "spf.mailjet.com"},
	{".mandrillapp.com", "spf.mandrillapp.com"},
}

// mechanism is the mechanism that lets the server send for the domain; "" if it is not known.
func (l *looker) mechanism() string {
	host := "." + strings.ToLower(strings.TrimSuffix(l.Server, "."))
	for _, i := range includes {
		if strings.HasSuffix(host, i.server) {
			return "include:" + i.record
		}
	}
	switch a, err := netip.ParseAddr(l.Server); {
	case l.Provider || len(l.addrs) == 0:
		return ""
	case err != nil:
		return "a:" + strings.TrimSuffix(l.Server, ".")
	case a.Is4():
		return "ip4:" + l.Server
	default:
		return "ip6:" + l.Server
	}
}

func (l *looker) spf() {
	all, err := l.txt(l.Domain, "v=spf1")
	if err != nil {
		l.unknown("SPF", err)
		return
	}
	want := l.mechanism()
	fresh := "v=spf1 " + want + " ~all"
	if want == "" {
		fresh = "v=spf1 include:SPF-RECORD-OF-YOUR-PROVIDER ~all"
	}
	switch len(all) {
	case 0:
		l.bad("SPF", "no-spf", "there is no record that says who may send for the domain", line(l.Domain, "TXT", fresh), true)
		return
	case 1:
	default:
		l.bad("SPF", "spf-twice", fmt.Sprintf("there are %d records, which is an error; join them", len(all)),
			line(l.Domain, "TXT", joined(all)), true)
		return
	}
	w := &walk{l: l, seen: map[string]bool{}}
	w.record(l.Domain, all[0])
	terms := strings.Fields(all[0])
	last := strings.ToLower(terms[len(terms)-1])
	inserted := strings.Join(slices.Insert(slices.Clone(terms), 1, want), " ")
	switch {
	case w.err != nil:
		l.unknown("SPF", w.err)
	case w.broken != "":
		l.bad("SPF", "spf-broken", w.broken, "", true)
	case w.lookups > maxLookups:
		text := "%s: the record needs more than %d DNS questions, which is an error; leave out what sends no more"
		l.bad("SPF", "spf-lookups", fmt.Sprintf(text, all[0], maxLookups), "", true)
	case last == "all" || last == "+all":
		l.bad("SPF", "spf-everybody", all[0]+": everybody may send for the domain",
			line(l.Domain, "TXT", strings.Join(append(slices.Clone(terms[:len(terms)-1]), "~all"), " ")), true)
	case want != "" && !w.allows(want):
		l.bad("SPF", "spf-server", fmt.Sprintf("%s: nothing in it allows %s; if mail leaves from there, add it", all[0],
			l.Server),
			line(l.Domain, "TXT", inserted), true)
	case !strings.HasSuffix(last, "all") && !strings.Contains(strings.ToLower(all[0]), "redirect="):
		l.bad("SPF", "spf-open", all[0]+": the record says nothing about all others", line(l.Domain, "TXT", all[0]+" ~all"),
			false)
	default:
		l.good("SPF", all[0])
	}
}

// joined is one record with the terms of several records, each once.
func joined(all []string) string {
	terms := []string{"v=spf1"}
	for _, s := range all {
		for _, t := range strings.Fields(s)[1:] {
			if !strings.HasSuffix(strings.ToLower(t), "all") && !slices.Contains(terms, t) {
				terms = append(terms, t)
			}
		}
	}
	return strings.Join(append(terms, "~all"), " ")
}

// walk reads a record and those it includes.
type walk struct {
	l       *looker
	seen    map[string]bool // mechanisms, lower case, qualifiers off
	matched bool            // a mechanism allows one of the server's addresses
	lookups int
	broken  string
	err     error
}

// allows reports whether the record has the mechanism, or another that allows the same.
func (w *walk) allows(mechanism string) bool { return w.matched || w.seen[strings.ToLower(mechanism)] }

func (w *walk) record(domain, text string) {
	for _, term := range strings.Fields(text)[1:] {
		if w.lookups > maxLookups || w.err != nil || w.broken != "" {
			return
		}
		term = strings.ToLower(term)
		if strings.HasPrefix(term, "-") {
			continue // allows nobody
		}
		term = strings.TrimLeft(term, "+?~")
		w.seen[term] = true
		name, value, _ := strings.Cut(term, ":")
		if rest, ok := strings.CutPrefix(term, "redirect="); ok {
			name, value = "include", rest
		}
		name, _, _ = strings.Cut(name, "/")
		of, _, _ := strings.Cut(value, "/")
		if of == "" {
			of = domain
		}
		switch name {
		case "ip4", "ip6":
			w.network(value)
		case "include":
			w.lookups++
			w.include(of)
		case "a":
			w.lookups++
			w.host(of)
		case "mx":
			w.lookups++
			all, _ := w.l.Resolver.LookupMX(w.l.ctx, absolute(of)) // without an answer nothing matches
			for _, m := range all {
				w.host(m.Host)
			}
		case "ptr", "exists":
			w.lookups++
		}
	}
}

func (w *walk) include(of string) {
	if strings.Contains(of, "%") {
		return // a macro is filled in for each message
	}
	all, err := w.l.txt(of, "v=spf1")
	switch {
	case err != nil:
		w.err = err
	case len(all) != 1:
		w.broken = fmt.Sprintf("it includes %s, which has %d SPF records, which is an error", of, len(all))
	default:
		w.record(of, all[0])
	}
}

func (w *walk) network(value string) {
	p, err := netip.ParsePrefix(value)
	if a, single := netip.ParseAddr(value); single == nil {
		p, err = netip.PrefixFrom(a, a.BitLen()), nil
	}
	if err == nil {
		w.matched = w.matched || slices.ContainsFunc(w.l.addrs, p.Contains)
	}
}

func (w *walk) host(name string) {
	all, _ := w.l.Resolver.LookupNetIP(w.l.ctx, "ip", absolute(name)) // without an answer nothing matches
	for _, a := range all {
		w.matched = w.matched || slices.Contains(w.l.addrs, a.Unmap())
	}
}
