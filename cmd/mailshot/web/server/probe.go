package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/report"
	"mailshot/campaign/transport"
	"mailshot/cmd/mailshot/probing"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/render/address"
	"mailshot/sender"
)

// mostTime is how long a probe may take before the page says so.
const mostTime = 90 * time.Second

// probed is what a probe has found, or why there is nothing.
type probed struct {
	*probing.Probing
	at     time.Time
	Wrong  []check.Finding
	Lines  []line
	Failed string // why the server did not go as far as asked
	Facts  []fact
	Domain string // whose DNS records were looked at; "" = none
}

// fact is what a server is like in one respect.
type fact struct {
	Name   string // as at a terminal
	Key    string // of its text; "" = there is none
	Values []string
}

// namedFacts are those whose names the window says in the person's language.
var namedFacts = map[string]string{
	"server": "server.fact.server", "reached": "server.fact.reached", "round trip": "server.fact.round-trip",
	"tls": "server.fact.tls", "certificate": "server.fact.certificate", "fingerprint": "server.fact.fingerprint",
	"offers": "server.fact.offers", "logins": "server.fact.logins", "largest": "server.fact.largest",
	"preset": "server.fact.preset",
}

// gathered are facts as a terminal shows them, what goes on below a name with what it goes on from.
func gathered(told [][2]string) (all []fact) {
	for _, f := range told {
		if f[0] == "" && len(all) > 0 {
			last := &all[len(all)-1]
			last.Values = append(last.Values, f[1])
			continue
		}
		all = append(all, fact{Name: f[0], Key: namedFacts[f[0]], Values: []string{f[1]}})
	}
	return all
}

// line is a line of the conversation. Its secrets are masked already.
type line struct {
	Server bool
	Text   string
}

// named is the server of a campaign that a form is about; nil if it has none of that name.
func named(c *shelf.Campaign, name string) *definition.Server {
	if c.Def == nil {
		return nil
	}
	i := slices.IndexFunc(c.Def.Servers, func(s *definition.Server) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return c.Def.Servers[i]
}

// back goes back to the page, to a server.
func back(w http.ResponseWriter, r *http.Request, c *shelf.Campaign, name string) {
	http.Redirect(w, r, desk.Frame(c).Path("server")+"?"+url.Values{"server": {name}}.Encode()+"#servers", http.StatusSeeOther)
}

// probe examines a server, and keeps what it found for the page. Nothing is sent.
func (s *server) probe(w http.ResponseWriter, r *http.Request) {
	c := s.Campaign(w, r)
	if c == nil {
		return
	}
	one := named(c, r.PostFormValue("server"))
	if one == nil {
		s.Missing(w, r)
		return
	}
	ctx, stop := context.WithTimeout(r.Context(), mostTime)
	defer stop()
	p, err := s.examine(ctx, c, one, r)
	if err != nil {
		if p.Wrong = check.From(err); len(p.Wrong) == 0 {
			p.Wrong = []check.Finding{{Severity: check.Error, Code: "probe", Text: err.Error()}}
		}
	}
	p.at = time.Now()
	s.mu.Lock()
	s.probes[key(c, one.Name)] = p
	s.mu.Unlock()
	back(w, r, c, one.Name)
}

func (s *server) examine(ctx context.Context, c *shelf.Campaign, one *definition.Server, r *http.Request) (p *probed, err error) {
	p = &probed{}
	o := sender.ProbeOptions{}
	if to := strings.TrimSpace(r.PostFormValue("to")); to != "" {
		a, err := address.Parse(to)
		if err != nil {
			return p, err
		}
		o.To, o.Until = a.String(), "rcpt"
	}
	open, err := campaign.Open(ctx, s.Shelf.Options(c))
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, open.Close()) }()
	if p.Probing, err = probing.Campaign(ctx, open, one, o); err != nil {
		return p, err
	}
	for _, l := range p.Conversation {
		p.Lines = append(p.Lines, line{l.Server, report.Clean(l.Text)})
	}
	if p.Facts = gathered(p.Probing.Facts()); p.Err != nil {
		p.Failed = report.CleanLines(p.Err.Error())
	}
	if r.PostFormValue("dns") != "" {
		if p.Domain = open.Domain(); p.Domain == "" {
			return p, errors.New(frame.Words(r).Say("server.no-domain"))
		}
		p.Look(ctx, p.Domain, strings.TrimSpace(r.PostFormValue("selector")), strings.TrimSpace(r.PostFormValue("resolver")))
	}
	return p, nil
}

// login begins an OAuth login, or forgets one.
func (s *server) login(w http.ResponseWriter, r *http.Request) {
	c := s.Campaign(w, r)
	if c == nil {
		return
	}
	one := named(c, r.PostFormValue("server"))
	if one == nil || one.OAuth == nil {
		s.Missing(w, r)
		return
	}
	tokens, err := transport.NewTokens(transport.TokensConfig{Definition: c.Def, Server: one, Accounts: s.Shelf.Accounts,
		Command: s.Command(c, "login")})
	if err == nil {
		if r.PostFormValue("forget") != "" {
			_, err = tokens.Logout(r.Context())
			s.logins.Forget(key(c, one.Name))
		} else {
			s.logins.Begin(r.Context(), key(c, one.Name), tokens)
		}
	}
	if err != nil {
		s.Failed(w, r, err)
		return
	}
	back(w, r, c, one.Name)
}
