// Package caps works out how many messages a campaign may send to each server and domain, and how many were sent
// already. [Terms.Allowance] says what holds for a server, and [Terms.Domains] of
// each group of recipients that has caps of its own. Through a [Budget] a gate reserves uses of those caps from the
// user's accounts. [Used] and [Terms.Meters] tell how much has been used. A [Warmup] keeps a new sender to its number
// for the day.
//
// Of each cap the lowest figure holds: the campaign's own, that of its provider's preset, or that of the machine's
// operator. A use is counted under a key: an account (a host with a login), a group of accounts, a host, or the
// machine. Campaigns that count under the same key share what it allows, in all processes of the user.
package caps

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mailshot/campaign/definition"
	"mailshot/sender"
	"mailshot/sender/limits"
	"mailshot/sender/reply"
)

// Terms are what the caps of a campaign follow from.
type Terms struct {
	Limits  definition.Limits    // hold over all servers of the campaign together
	Servers []*definition.Server // of the campaign
	Domain  string               // the sender's domain; "" = each row has its own
	Ceiling definition.Ceiling   // what the operator of this machine allows; zero = everything
	Sink    bool                 // the messages go to a sink, which has no caps
	Reached map[string][]string  // by a server's host, the hosts whose ceilings hold for it too; see [Reached]
}

// Allowance is what a campaign may use of one server.
type Allowance struct {
	// Limits all hold for each message. The first is the account's, even if it has no caps.
	Limits      []sender.Limit
	Connections int      // open at once
	Messages    int      // sent over one connection; 0 = the sender's default
	Size        int64    // of the largest message, in bytes; 0 = not known
	Notes       []string // in words, which figures of the campaign were lowered, and whose hold instead
}

// Allowance is what the campaign may use of s, one of its servers. It follows from t, s and the table of presets alone.
// A sink and a Drafts folder have no caps, and as many connections as the campaign file says.
func (t Terms) Allowance(s *definition.Server) Allowance {
	if t.Sink || s.ToDrafts {
		return allow(s.Limits, nil, definition.Ceiling{}, counted{account: account(s)})
	}
	var preset *reply.Provider
	if p, ok := reply.Preset(s.Provider); ok {
		preset = &p
	}
	by := counted{account: account(s), host: definition.HostKey(s.Host), reached: t.Reached[s.Host], domain: t.Domain}
	a := allow(s.Limits, preset, t.Ceiling, by)
	for _, cap := range t.Limits.Caps {
		a.add(t.whose(), cap) // counted over all servers; an only server has the same caps as its own
	}
	return a
}

// Domains are the limits of each key of limits.domains, over all servers together. A sink has none.
func (t Terms) Domains() map[string]sender.Limit {
	lanes := map[string]sender.Limit{}
	if t.Sink {
		return lanes
	}
	for domain, caps := range t.Limits.Domains {
		lanes[domain] = sender.Limit{Key: t.whose() + " " + domain, Caps: caps}
	}
	return lanes
}

// Shared reports whether the messages of every server are counted under key.
func (t Terms) Shared(key string) bool {
	return !slices.ContainsFunc(t.Servers, func(s *definition.Server) bool {
		return !slices.ContainsFunc(t.Allowance(s).Limits, func(l sender.Limit) bool { return l.Key == key })
	})
}

// whose is the key under which the campaign's limits are counted, over all of its servers.
func (t Terms) whose() string {
	if group := t.Limits.CapGroup; group != "" {
		return groupKey(group)
	}
	var accounts []string
	for _, s := range t.Servers {
		accounts = append(accounts, account(s))
	}
	slices.Sort(accounts)
	return strings.Join(slices.Compact(accounts), ", ")
}

// counted has the parts of the keys under which uses are counted.
type counted struct {
	account string // the host with the login
	host    string
	reached []string // other hosts that its connections really reach
	domain  string   // the sender's domain; "" = each row has its own
}

// hosts are those of the operator's file that the server is: its name, other names of its provider, and what its
// connections reach.
func (c counted) hosts(ceiling definition.Ceiling) []string {
	hosts := []string{c.host}
	for name := range ceiling.Servers {
		if name != c.host && (hostOf(name) == hostOf(c.host) || slices.Contains(c.reached, name)) {
			hosts = append(hosts, name)
		}
	}
	slices.Sort(hosts[1:])
	return hosts
}

// groupKey names a group of accounts that share their caps.
func groupKey(name string) string { return "group " + name }

const (
	// defaultConnections is how many connections are open at once if nobody says otherwise.
	defaultConnections = 2
	// defaultMessages is how many messages the sender sends over one connection if nobody says otherwise.
	defaultMessages = 100
)

// allow takes, for each window, the lowest of three figures: what the campaign asks for, what is known of its provider
// (nil = nothing), and what the operator allows. The campaign's figures go above the provider's only if the campaign
// says raise, and never above the operator's. The notes say what was lowered.
//
// Caps that a provider counts by login are counted for the account. The campaign's own are counted for its group, and
// the operator's for everything that the user sends. So no choice of a group gets around the provider's or the
// operator's.
func allow(own definition.Limits, preset *reply.Provider, ceiling definition.Ceiling, by counted) Allowance {
	a := Allowance{Limits: []sender.Limit{{Key: by.account}}}
	mine := by.account
	if own.CapGroup != "" {
		mine = groupKey(own.CapGroup)
	}
	for _, c := range own.Caps {
		a.add(mine, c)
	}
	a.Connections, a.Messages = own.Connections, own.MessagesPerConnection
	if preset != nil {
		a.preset(own, *preset, by)
	} else if known := reply.Match(by.host); len(known) > 0 {
		a.Notes = append(a.Notes, fmt.Sprintf("%s is a server of %s, whose caps server.provider: %s would keep",
			by.host, known[0].Name, known[0].ID))
	}
	var asked []limits.Cap
	for _, l := range a.Limits {
		asked = append(asked, l.Caps...)
	}
	a.ceiling("ceiling", "this machine's limits", ceiling, asked)
	for _, host := range by.hosts(ceiling) {
		a.ceiling("ceiling "+host, "this machine's limits for "+host, ceiling.For(host), asked)
	}
	if a.Connections == 0 {
		a.Connections = defaultConnections
	}
	return a
}

// preset adds the provider's figures.
func (a *Allowance) preset(own definition.Limits, p reply.Provider, by counted) {
	key := by.account
	switch {
	case p.Scope == "domain" && by.domain != "":
		key = hostOf(by.host) + " @" + by.domain
	case p.Scope == "ip":
		key = hostOf(by.host)
	}
	for _, c := range p.Caps {
		if i := sameWindow(own.Caps, c); i >= 0 && own.Caps[i].N > c.N {
			if own.Raise {
				continue
			}
			a.note(p.Name, c, own.Caps[i], "; limits.raise: true raises it")
		}
		a.add(key, c)
	}
	lower := func(what string, asked, most int) int {
		switch {
		case asked == 0, most > 0 && asked > most && !own.Raise:
			if asked > most {
				a.note(p.Name, most, asked, " "+what+"; limits.raise: true raises it")
			}
			return most
		}
		return asked
	}
	a.Connections = lower("connections", a.Connections, p.Connections)
	a.Messages = lower("messages a connection", a.Messages, p.MessagesPerConnection)
	if !own.Raise {
		a.Size = p.MaxSize
	}
}

// ceiling adds the operator's figures. asked are the caps that the campaign would have without them.
func (a *Allowance) ceiling(key, who string, c definition.Ceiling, asked []limits.Cap) {
	for _, most := range c.Caps {
		if i := sameWindow(asked, most); i >= 0 && asked[i].N > most.N {
			a.note(who, most, asked[i], "")
		}
		a.add(key, most)
	}
	lower := func(what string, asked *int, otherwise, most int) {
		switch {
		case most > 0 && *asked > most:
			a.note(who, most, *asked, " "+what)
			*asked = most
		case most > 0 && *asked == 0 && otherwise > most:
			*asked = most
		}
	}
	lower("connections", &a.Connections, defaultConnections, c.Connections)
	lower("messages a connection", &a.Messages, defaultMessages, c.MessagesPerConnection)
}

// note says that the figure of who holds, not the one that was asked for.
func (a *Allowance) note(who string, holds, not any, rest string) {
	a.Notes = append(a.Notes, fmt.Sprintf("%s: %v, not %v%s", who, holds, not, rest))
}

// add makes a cap hold under a key. If the key has a cap with the same window already, the lower of the two holds.
func (a *Allowance) add(key string, c limits.Cap) {
	i := slices.IndexFunc(a.Limits, func(l sender.Limit) bool { return l.Key == key })
	if i < 0 {
		a.Limits = append(a.Limits, sender.Limit{Key: key})
		i = len(a.Limits) - 1
	}
	l := &a.Limits[i]
	if j := sameWindow(l.Caps, c); j >= 0 {
		l.Caps[j].N = min(l.Caps[j].N, c.N)
		return
	}
	l.Caps = append(l.Caps, c)
}

// sameWindow is the index of the lowest cap that has the window of c, -1 if there is none.
func sameWindow(caps []limits.Cap, c limits.Cap) int {
	found := -1
	for i, have := range caps {
		if have.Window == c.Window && (found < 0 || have.N < caps[found].N) {
			found = i
		}
	}
	return found
}

// Above says in words which figures exceed what is known of a provider. own are all caps that the campaign file gives
// for one of its servers, and connections is how many that server would have.
func Above(own []limits.Cap, connections int, p reply.Provider) (said []string) {
	for _, most := range p.Caps {
		switch i := sameWindow(own, most); {
		case i < 0:
			said = append(said, fmt.Sprintf("no cap for %s, where %s is known to keep to %v",
				windowOf(most.Window), p.Name, most))
		case own[i].N > most.N:
			said = append(said, fmt.Sprintf("the cap %v is above %v, which is known of %s", own[i], most, p.Name))
		}
	}
	if p.Connections > 0 && connections > p.Connections {
		said = append(said, fmt.Sprintf("%d connections are more than the %d known of %s",
			connections, p.Connections, p.Name))
	}
	return said
}

// windowOf writes a cap's window without the units that are zero: 1h, not 1h0m0s.
func windowOf(d time.Duration) string {
	return strings.TrimSuffix(strings.TrimSuffix(d.String(), "0s"), "0m")
}
