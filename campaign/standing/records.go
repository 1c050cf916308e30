package standing

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"mailshot/campaign/check"
	"mailshot/campaign/check/codes"
	"mailshot/campaign/check/receivers"
	"mailshot/campaign/definition"
	"mailshot/internal/records"
	"mailshot/sender/mx"
	"mailshot/sender/reply"
)

// asking is a resolver of which no names of addresses are asked: whether a server has one is for a probe to say.
type asking struct{ mx.Resolver }

// LookupAddr says that there is no name.
func (asking) LookupAddr(context.Context, string) ([]string, error) {
	return nil, &net.DNSError{Err: "not asked", IsNotFound: true}
}

// records says what the DNS has against the domains of From and of the envelope sender, and what it has at all.
func (c Config) records(ctx context.Context) (found []check.Finding, is receivers.Records) {
	d := c.Definition
	from, envelope := d.FromDomain(), d.Bounces.Domain()
	if from == "" || receivers.IsMailbox(from) { // such a domain is not the sender's to mend
		return nil, is
	}
	resolver := asking{net.DefaultResolver}
	if c.Resolver != nil {
		resolver = asking{c.Resolver}
	}
	if envelope == "" {
		envelope = from
	}
	if gone := c.exists(ctx, resolver, from, "from"); gone != nil {
		return append(found, *gone), is
	}
	service := len(d.Servers) > 0 && !slices.ContainsFunc(d.Servers, func(s *definition.Server) bool {
		return !receivers.IsService(s.Host)
	})
	l := looked{Config: c, key: "from", spf: envelope == from, service: service, is: receivers.Records{Asked: true}}
	cfg := records.Config{Domain: from, Server: certain(d), Resolver: resolver}
	cfg.Provider = len(reply.Match(cfg.Server)) > 0
	l.provider = cfg.Provider
	for _, s := range d.Signatures {
		public, _ := s.Public(ctx, d.Dir) // a key that is missing is a finding of its own
		cfg.Keys = append(cfg.Keys, records.Key{Name: s.Record(), Value: public})
	}
	l.take(from, records.Look(ctx, cfg))
	if envelope != from && !receivers.IsMailbox(envelope) {
		if gone := c.exists(ctx, resolver, envelope, "bounces"); gone != nil {
			return append(l.found, *gone), l.is
		}
		l.key, l.spf, l.only = "bounces", true, true
		cfg.Domain, cfg.Keys = envelope, nil
		l.take(envelope, records.Look(ctx, cfg))
	}
	return l.found, l.is
}

// certain is the server of which it is known who has to be allowed to send; "" if there are several, or it is not
// known.
func certain(d *definition.Definition) string {
	if len(d.Servers) != 1 {
		return ""
	}
	return d.Servers[0].Host
}

// exists returns a finding if there is no such domain. That the DNS does not answer is found later.
func (c Config) exists(ctx context.Context, r mx.Resolver, domain, key string) *check.Finding {
	if _, err := r.LookupMX(ctx, domain+"."); !isMissing(err) {
		return nil
	}
	if _, err := r.LookupNetIP(ctx, "ip", domain+"."); !isMissing(err) {
		return nil
	}
	f := c.at(nil, check.Finding{Code: "sender-domain", Severity: check.Error,
		Text: "the domain " + domain + " has neither mail servers nor an address: most servers refuse mail from it",
		Hint: "is it spelt right? else publish an MX record"}, key)
	return &f
}

func isMissing(err error) bool {
	var e *net.DNSError
	return errors.As(err, &e) && e.IsNotFound
}

// looked is what was found of records.
type looked struct {
	Config
	key      string // of the campaign file that has the domain
	spf      bool   // the domain is that of the envelope sender, for which SPF counts
	only     bool   // nothing else is looked at
	provider bool   // it is known which record its customers include
	service  bool   // all servers are services that put an envelope sender of their own
	is       receivers.Records
	found    []check.Finding
	silent   bool // it was said that the DNS does not answer
}

// take turns what was found of a domain's records into findings.
func (l *looked) take(domain string, all []records.Finding) {
	for _, r := range all {
		switch {
		case r.Record == "PTR", r.Record == "SPF" && !l.spf, r.Record != "SPF" && r.Record != "MX" && l.only:
			continue
		case r.Code == "spf-server" && !l.provider: // mail may leave from elsewhere
			r.OK = true
		case r.Code == "dns-error":
			l.is.Asked = l.is.Asked && r.Record != "SPF" && r.Record != "DMARC"
			if !l.silent {
				l.silent = true
				l.say(domain, r, check.Warning, l.key)
			}
			continue
		}
		counts := r.OK || !r.Serious
		switch r.Record {
		case "SPF":
			l.is.SPF = counts || l.service
		case "DMARC":
			l.is.DMARC = counts
			l.is.AdkimStrict = strings.EqualFold(records.Tag(r.Value, "adkim"), "s")
			l.is.AspfStrict = strings.EqualFold(records.Tag(r.Value, "aspf"), "s")
		}
		if !r.OK {
			l.judge(domain, r)
		}
	}
}

// judge says what is wrong with a record, as seriously as receivers take it.
func (l *looked) judge(domain string, r records.Finding) {
	severity := check.Note
	if r.Serious {
		severity = check.Warning
	}
	switch r.Record {
	case "DKIM":
		if c, _ := codes.Of(r.Code); r.Serious {
			severity = c.Severity
		}
		for _, s := range l.Definition.Signatures {
			if s.Record() == r.Name {
				l.say(domain, r, severity, fmt.Sprintf("dkim[%d].selector", s.Item))
			}
		}
	case "SPF":
		if l.service { // the record that counts is the service's own
			return
		}
		l.say(domain, r, severity, l.key)
	default:
		l.say(domain, r, severity, l.key)
	}
}

func (l *looked) say(domain string, r records.Finding, severity check.Severity, key string) {
	hint := ""
	if r.Publish != "" {
		hint = "publish: " + r.Publish
	}
	f := check.Finding{Severity: severity, Text: domain + ", " + r.Record + ": " + r.Text, Hint: hint}
	f.Code = r.Code
	l.found = append(l.found, l.at(nil, f, key))
}
