package campaign

import (
	"net"

	"mailshot/campaign/caps"
	"mailshot/campaign/definition"
)

// terms are what the campaign's caps follow from.
func (c *Campaign) terms() caps.Terms {
	return caps.Terms{
		Limits: c.def.Limits, Servers: c.servers(), Domain: c.def.SenderDomain(), Ceiling: c.ceiling,
		Sink: c.opts.Sink != nil, Reached: c.reached,
	}
}

// allowance is what this campaign may use of a server.
func (c *Campaign) allowance(s *definition.Server) caps.Allowance { return c.terms().Allowance(s) }

// largest is the size in bytes of the largest message that all servers are known to take, 0 where nothing is known, and
// the host that takes no larger one.
func (c *Campaign) largest() (most int64, host string) {
	for _, s := range c.servers() {
		if size := c.allowance(s).Size; size > 0 && (most == 0 || size < most) {
			most, host = size, s.Host
		}
	}
	return most, host
}

// lookup asks the DNS for the addresses of a host.
func (c *Campaign) lookup() caps.Lookup {
	if r := c.opts.Network.Resolver; r != nil {
		return r.LookupNetIP
	}
	return net.DefaultResolver.LookupNetIP
}
