package campaign

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mailshot/campaign/caps"
	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/readiness"
	"mailshot/campaign/transport"
	"mailshot/render/address"
	"mailshot/sender"
	"mailshot/sender/reply"
)

// Probe looks at one of the campaign's servers, see [sender.Probe]. If o names no sender, the sender is the campaign's:
// bounces, or the From address if all rows have the same one.
func (c *Campaign) Probe(ctx context.Context, s *definition.Server, o sender.ProbeOptions) (*sender.Probed, error) {
	cfg, _, err := transport.SenderConfig(c.way(s))
	if err != nil {
		return nil, err
	}
	if o.From == "" {
		o.From = c.def.Bounces.Address().String()
		if m, err := address.ParseMailbox(c.def.From.Text); err == nil && c.def.Bounces.IsZero() {
			o.From = m.Address.String()
		}
	}
	return sender.Probe(ctx, cfg, o)
}

// Domain is the domain that the campaign is sent from, see [definition.Definition.SenderDomain].
func (c *Campaign) Domain() string { return c.def.SenderDomain() }

// Keys are the names of the TXT records of the campaign's DKIM keys, with what is to be published there; "" where the
// private key cannot be had.
func (c *Campaign) Keys(ctx context.Context) (keys [][2]string) {
	for _, s := range c.def.Signatures {
		public, _ := s.Public(ctx, c.def.Dir) // a key that is missing is a finding of check
		keys = append(keys, [2]string{s.Record(), public})
	}
	return keys
}

// Judge says what would go wrong with this campaign on one of its servers, which was probed. e is the campaign's
// estimate.
func (c *Campaign) Judge(s *definition.Server, p *sender.Probed, e *Estimate) []check.Finding {
	fs := readiness.Probed(p, c.now())
	add := func(severity check.Severity, code, place, text, hint string) {
		fs = append(fs, check.Finding{Severity: severity, Code: code, Place: place, Text: text, Hint: hint})
	}
	const smaller = "make the attachments smaller, or link to them"
	server := p.Server
	if p.MaxSize > 0 && e.Largest > p.MaxSize {
		add(check.Error, "over-server-limit", e.Place,
			fmt.Sprintf("the message has %d bytes, and %s takes at most %d", e.Largest, server, p.MaxSize), smaller)
	} else if most := c.Allowance(s).Size; most > 0 && e.Largest > most {
		add(check.Error, "over-server-limit", e.Place,
			fmt.Sprintf("the message has %d bytes, and the provider takes at most %d", e.Largest, most), smaller)
	}
	if _, ok := p.Extensions["SMTPUTF8"]; !ok && e.UTF8 > 0 && p.Extensions != nil {
		add(check.Error, "no-smtputf8", "",
			fmt.Sprintf("%d addresses have letters beyond ASCII before the @, and %s does not offer SMTPUTF8", e.UTF8, server),
			"leave them out, or use another server")
	}
	isAuth := func(mechanism string) bool { return strings.EqualFold(mechanism, s.Auth) }
	login := s.Password != nil || s.OAuth != nil || s.Auth != ""
	switch offered := p.Mechanisms(); {
	case !login && len(offered) > 0 && p.Err == nil && p.Until != "rcpt":
		add(check.Warning, "no-login", "",
			"the server offers logins, and the campaign has none: it may take no mail to other domains",
			"mailshot probe --until rcpt --to ADDRESS tells; or add username: and password:")
	case s.Auth != "" && len(offered) > 0 && !slices.ContainsFunc(offered, isAuth):
		add(check.Error, "auth-not-offered", "",
			fmt.Sprintf("server.auth is %s, and the server offers only %s", s.Auth, strings.Join(offered, ", ")), "")
	}
	for _, note := range c.Allowance(s).Notes {
		add(check.Warning, "limits", "", note, "")
	}
	if presets := reply.Match(s.Host); s.Provider == "" && len(presets) > 0 {
		fs = append(fs, c.above(s, presets[0])...)
	}
	return fs
}

// above compares the campaign's own figures with those of a preset which its server belongs to, and which the campaign
// does not name.
func (c *Campaign) above(s *definition.Server, p reply.Provider) []check.Finding {
	hint := "server.provider: " + p.ID + " keeps to its figures"
	var fs []check.Finding
	own := append(slices.Clone(s.Limits.Caps), c.def.Limits.Caps...)
	for _, text := range caps.Above(own, c.Allowance(s).Connections, p) {
		fs = append(fs, check.Finding{Severity: check.Warning, Code: "above-preset", Text: text, Hint: hint})
	}
	return fs
}
