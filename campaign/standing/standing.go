// Package standing says how a campaign's sender stands with those who receive its mail: what the large receivers ask
// for and the campaign lacks, what the DNS says about its domains, and what servers have refused before. Call [Look]
// when the list was read.
//
// It gathers what mailshot/campaign/check/receivers needs to know, and puts what that finds at the lines of the
// campaign file. Only with DNS set is anything asked of the network.
package standing

import (
	"context"
	"slices"
	"strings"
	"time"

	"mailshot/campaign/check"
	"mailshot/campaign/check/receivers"
	"mailshot/campaign/definition"
	"mailshot/campaign/definition/copies"
	"mailshot/campaign/domains"
	"mailshot/campaign/ledger"
	"mailshot/render/address"
	"mailshot/sender/courtesy"
	"mailshot/sender/limits"
	"mailshot/sender/mx"
	"mailshot/sender/reply"
)

// Config says of which campaign to look at the sender.
type Config struct {
	Definition *definition.Definition                                 // required
	Rows       int64                                                  // of the list
	Domains    func(context.Context, func(ledger.Domain) error) error // of the recipients; required
	List       string                                                 // the place of findings about no domain
	Most       int                                                    // findings about domains of recipients
	DNS        bool                                                   // the DNS is asked
	Resolver   mx.Resolver                                            // nil = the system's
	State      string                                                 // the ledger; "" = what was refused before is not looked at
	Now        time.Time                                              // required with State
}

// Look returns what stands against the sender, at its lines of the campaign file. Of findings about the recipients'
// domains there may be dropped more.
func Look(ctx context.Context, c Config) (found []check.Finding, dropped int64, err error) {
	f, err := c.facts(ctx)
	if err != nil {
		return nil, 0, err
	}
	if c.DNS {
		of, err := domains.Check(ctx, c.Resolver, c.Domains, c.List, c.Most)
		if err != nil {
			return nil, 0, err
		}
		if found, dropped = of.Found, of.Dropped; of.Answered {
			said, records := c.records(ctx)
			f.Records = records
			found = append(found, said...)
		}
	}
	for _, said := range receivers.Look(f) {
		var s *definition.Server
		if said.Server >= 0 {
			s = c.Definition.Servers[said.Server]
		}
		found = append(found, c.at(s, said.Finding, said.Key))
	}
	return slices.Concat(found, c.twice(), c.refused(ctx)), dropped, ctx.Err()
}

// at places a finding at the first of the keys that the campaign file gives.
func (c Config) at(s *definition.Server, f check.Finding, keys ...string) check.Finding {
	for _, key := range keys {
		placed := check.From(c.Definition.Mistake(s, key, f.Code, f.Text, f.Hint))[0]
		if placed.Severity = f.Severity; strings.Contains(placed.Place, ":") || key == keys[len(keys)-1] {
			return placed
		}
	}
	return f
}

// many is how many rows a list has before it is counted by receiver: less than what makes a bulk sender.
const many = 5000

// facts is what is known of the campaign without the network.
func (c Config) facts(ctx context.Context) (receivers.Facts, error) {
	d := c.Definition
	f := receivers.Facts{
		Kind: d.Bulk.Kind, From: mailbox(d.From.Text), Envelope: d.Bounces.Domain(), Unsubscribe: unsubscribe(d),
		PerDay: perDay(d),
	}
	for _, e := range copies.Entries(d.Copies.ReplyTo, true) {
		f.ReplyTo = append(f.ReplyTo, mailbox(e.Text.Text))
	}
	for _, s := range d.Signatures {
		f.Signs = append(f.Signs, s.Domain)
	}
	before, _, token := d.Bounces.Around()
	if !token {
		before = d.Bounces.Address().Local()
	}
	f.Returns.Token = token
	f.Returns.Local, _, _ = strings.Cut(before, "+")
	for _, s := range d.Servers {
		f.Servers = append(f.Servers, receivers.Server{Host: s.Host, Login: s.Username, Direct: s.Direct,
			Service: receivers.IsService(s.Host), Provider: s.Provider != "" || len(reply.Match(s.Host)) > 0,
			Envelope: provider(s).Envelope})
	}
	if c.Rows < many {
		return f, nil
	}
	f.Recipients = map[string]int64{}
	err := c.Domains(ctx, func(d ledger.Domain) error {
		if group := courtesy.Group(d.Name); group != "" {
			f.Recipients[group] += d.Rows
		}
		return nil
	})
	return f, err
}

// provider is a server's, as far as it is known.
func provider(s *definition.Server) reply.Provider {
	p, ok := reply.Preset(s.Provider)
	if all := reply.Match(s.Host); !ok && len(all) > 0 {
		p = all[0]
	}
	return p
}

// twice finds servers that keep a copy of each message by themselves, where sent_copy puts another one.
func (c Config) twice() (found []check.Finding) {
	for _, s := range c.Definition.Servers {
		b := &s.SentCopy
		same := b.Borrowed || strings.EqualFold(b.Username, s.Username)
		if b.Kind == "" || !same || b.Folder != "" && !strings.Contains(strings.ToLower(b.Folder), "sent") ||
			!provider(s).KeepsSent {
			continue
		}
		found = append(found, c.at(s, check.Finding{Code: "sent-copy-twice", Severity: check.Warning,
			Text: s.Name + " keeps a copy of what is sent in the Sent folder by itself, so each message is there twice",
			Hint: "remove sent_copy, or name another folder: sent_copy: { folder: Campaigns }"}, "sent_copy"))
	}
	return found
}

// mailbox is what a template of a mailbox says whatever the row.
func mailbox(text string) receivers.Mailbox {
	text = strings.TrimSpace(text)
	name, rest := "", text
	if i := strings.LastIndexByte(text, '<'); i >= 0 {
		name, rest = strings.TrimSpace(text[:i]), strings.TrimSuffix(text[i+1:], ">")
	}
	m := receivers.Mailbox{Named: name != ""}
	if !isTemplate(name) {
		m.Name = strings.Trim(name, `"`)
	}
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		m.Named = m.Named || isTemplate(rest) // a cell may hold both
		return m
	}
	if local := rest[:at]; !isTemplate(local) {
		m.Local = strings.TrimSpace(local)
	}
	if a, err := address.Parse("x" + rest[at:]); err == nil && !isTemplate(rest[at:]) {
		m.Domain = a.Domain()
	}
	return m
}

func isTemplate(s string) bool { return strings.Contains(s, "{{") || strings.Contains(s, "}}") }

// unsubscribe is what the header fields say of leaving: those that the kind makes, or the campaign's own.
func unsubscribe(d *definition.Definition) (u receivers.Unsubscribe) {
	if of := d.Bulk; of.URL.Given() || of.Address.Given() {
		return receivers.Unsubscribe{Given: true, HTTPS: of.URL.Given(), OneClick: of.URL.Given()}
	}
	post := false
	for _, h := range d.Headers {
		switch value := strings.ToLower(h.Value.Text); strings.ToLower(h.Name) {
		case "list-unsubscribe":
			u.Given = true
			u.HTTPS = strings.Contains(value, "https:") || isTemplate(value)
		case "list-unsubscribe-post":
			post = strings.Contains(value, "one-click") || isTemplate(value)
		}
	}
	u.OneClick = u.HTTPS && post
	return u
}

// perDay is how many messages the caps of the campaign file let go in a day; 0 = any number.
func perDay(d *definition.Definition) int64 {
	of := func(list []limits.Cap) (least int64) {
		for _, cap := range list {
			n := cap.N
			if cap.Window < 24*time.Hour {
				n *= int64(24 * time.Hour / max(cap.Window, time.Second))
			}
			if least == 0 || n < least {
				least = n
			}
		}
		return least
	}
	all := of(d.Limits.Caps)
	var sum int64
	for _, s := range d.Servers {
		one := of(s.Limits.Caps)
		if p, ok := reply.Preset(s.Provider); ok && !s.Limits.Raise && one == 0 {
			one = of(p.Caps)
		}
		if one == 0 {
			return all
		}
		sum += one
	}
	if sum > 0 && (all == 0 || sum < all) {
		return sum
	}
	return all
}
