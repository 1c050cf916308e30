package campaign

import (
	"maps"
	"net"
	"slices"

	"mailshot/campaign/caps"
	"mailshot/campaign/definition"
	"mailshot/campaign/transport"
	"mailshot/sender"
)

// servers are those that the campaign sends to. A sink takes the place of them all.
func (c *Campaign) servers() []*definition.Server {
	if c.opts.Sink == nil {
		return c.def.Servers
	}
	l := c.def.Limits
	return []*definition.Server{{Name: "the built-in sink", Weight: 1,
		Limits: definition.Limits{Connections: l.Connections, MessagesPerConnection: l.MessagesPerConnection}}}
}

// way is how a server is reached.
func (c *Campaign) way(s *definition.Server) transport.Config {
	cfg := transport.Config{
		Definition: c.def, Server: s, Allowance: c.Allowance(s), Accounts: c.opts.Accounts, Tokens: c.tokens[s],
		Network: c.opts.Network, Observe: c.opts.ObserveConnections,
	}
	if t := c.opts.Sink; t != nil {
		cfg.Sink = &t.Sink
	}
	return cfg
}

// terms are what the campaign's caps follow from.
func (c *Campaign) terms() caps.Terms {
	return caps.Terms{
		Limits: c.def.Limits, Servers: c.servers(), Domain: c.def.SenderDomain(), Ceiling: c.ceiling,
		Sink: c.opts.Sink != nil, Reached: c.reached,
	}
}

// Allowance is what this campaign may use of a server, under the ceiling of this machine's operator. The hosts that a
// server really reaches count in it once a run has asked for them.
func (c *Campaign) Allowance(s *definition.Server) caps.Allowance { return c.terms().Allowance(s) }

// warmup is that of a server for which this is a new sender; nil for one that is warm.
func (c *Campaign) warmup(s *definition.Server) *caps.Warmup {
	if c.opts.Sink != nil {
		return nil
	}
	return caps.NewWarmup(s, c.def.Schedule.Location(), c.accounts)
}

// PlannedServer is one of several servers of a plan.
type PlannedServer struct {
	Name, Server string // Server: "host:port as login"
	Weight       int
	Connections  int
	Caps         []string // its own
}

// describeServers says where the messages go, and under which caps. It returns what a person should know about that.
func (c *Campaign) describeServers(plan *Plan) (notes []string) {
	servers, terms := c.servers(), c.terms()
	several := len(servers) > 1
	said := map[string]bool{} // keys
	shared := func(l sender.Limit) bool { return several && terms.Shared(l.Key) }
	add := func(to *[]string, name string, l sender.Limit) {
		if said[l.Key] {
			return
		}
		said[l.Key] = true
		for _, cap := range l.Caps {
			*to = append(*to, name+cap.String())
		}
	}
	for _, s := range servers {
		way, known := s.Name, []string(nil)
		if c.opts.Sink == nil {
			way, known = transport.Describe(s)
		}
		if !c.rehearsal() {
			known = append(known, transport.DescribeCopies(s)...)
		}
		may := terms.Allowance(s)
		notes = append(append(notes, known...), may.Notes...)
		plan.Connections += may.Connections
		if !several {
			plan.Server = way
			for _, l := range may.Limits {
				add(&plan.Caps, "", l)
			}
			continue
		}
		p := PlannedServer{Name: s.Name, Server: way, Weight: s.Weight, Connections: may.Connections}
		for _, l := range may.Limits {
			if shared(l) {
				add(&plan.Caps, "", l)
			} else {
				add(&p.Caps, "", l)
			}
		}
		plan.Servers = append(plan.Servers, p)
	}
	lanes := terms.Domains()
	for _, name := range slices.Sorted(maps.Keys(lanes)) {
		add(&plan.Caps, name+" ", lanes[name])
	}
	return notes
}

// lookup asks the DNS for the addresses of a host.
func (c *Campaign) lookup() caps.Lookup {
	if r := c.opts.Network.Resolver; r != nil {
		return r.LookupNetIP
	}
	return net.DefaultResolver.LookupNetIP
}
