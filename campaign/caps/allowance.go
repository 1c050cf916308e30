// Package caps says which caps hold for a campaign: [Terms.Allowance] for each server, [Terms.Domains] for each group of
// recipients that has caps of its own. [Budget] lets a gate reserve from the user's accounts by them, [Used] and
// [Terms.Meters] tell what has been used of them, and [Warmup] keeps a new sender to its day's number.
//
// What holds is the lowest of the campaign's own figures, those of its provider's preset and those of the machine's
// operator. Each is counted under a key: the account (a host with a login), a group of accounts, a host, or the machine.
// Campaigns that count under one key share what it allows, in all processes of the user.
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

// counted says under which names uses are counted.
type counted struct {
	account string // the host with the login
	host    string
	domain  string // of the sender; "" when each row has its own
}

// Terms are what the caps of a campaign follow from.
type Terms struct {
	Limits  definition.Limits    // the campaign's, over all its servers together, and its domains'
	Servers []*definition.Server // all of the campaign's
	Domain  string               // the sender's; "" when each row has its own
	Ceiling definition.Ceiling   // what the operator of this machine allows
	Sink    bool                 // a sink takes the place of the servers, and has no caps
}

// Allowance is what a campaign may use of one server.
type Allowance struct {
	// Limits all hold for each message. The first is the account's, also where it has no caps.
	Limits      []sender.Limit
	Connections int      // at once
	Messages    int      // of one connection; 0: the sender's default
	Size        int64    // of one message, in bytes; 0: not known
	Notes       []string // what was lowered, and whose figure holds, in words
}

// Allowance is what the campaign may use of a server. A sink has no caps, and nobody's but the file's own connections.
func (t Terms) Allowance(s *definition.Server) Allowance {
	if t.Sink {
		return allow(s.Limits, nil, definition.Ceiling{}, counted{account: account(s)})
	}
	var preset *reply.Provider
	if p, ok := reply.Preset(s.Provider); ok {
		preset = &p
	}
	a := allow(s.Limits, preset, t.Ceiling, counted{account: account(s), host: strings.ToLower(s.Host), domain: t.Domain})
	for _, cap := range t.Limits.Caps {
		a.add(t.whose(), cap) // over all servers together; of a single one they are its own, and the same
	}
	return a
}

// Domains are the limits of each lane that has its own, over all servers together. A sink has none.
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

// Shared reports whether every server's messages are counted under a key.
func (t Terms) Shared(key string) bool {
	return !slices.ContainsFunc(t.Servers, func(s *definition.Server) bool {
		return !slices.ContainsFunc(t.Allowance(s).Limits, func(l sender.Limit) bool { return l.Key == key })
	})
}

// whose names who shares what is counted for the campaign's limits, over all of its servers.
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

// groupKey names a group of accounts that share their caps.
func groupKey(name string) string { return "group " + name }

const (
	// defaultConnections is how many sessions are open at once where the campaign file says nothing.
	defaultConnections = 2
	// defaultMessages is how many messages the sender gives to a connection where nobody says otherwise.
	defaultMessages = 100
)

// allow makes the lowest of what the campaign asks for, what is known of its provider (nil: nothing), and what the
// operator allows, of each cap by its window. The provider's figures give way to the campaign's only where it says raise;
// the operator's to nothing. The notes say what was lowered.
//
// Caps that a provider counts by login are counted for the account, the campaign's own for its group, the operator's
// for everything that the user sends: so no choice of a group gets around the other two.
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
		a.Notes = append(a.Notes, fmt.Sprintf("%s is a server of %s, whose caps server.provider: %s would keep", by.host, known[0].Name, known[0].ID))
	}
	var asked []limits.Cap
	for _, l := range a.Limits {
		asked = append(asked, l.Caps...)
	}
	a.ceiling("ceiling", "this machine's limits", ceiling, asked)
	a.ceiling("ceiling "+by.host, "this machine's limits for "+by.host, ceiling.For(by.host), asked)
	if a.Connections == 0 {
		a.Connections = defaultConnections
	}
	return a
}

// preset adds what is known of the provider.
func (a *Allowance) preset(own definition.Limits, p reply.Provider, by counted) {
	key := by.account
	switch {
	case p.Scope == "domain" && by.domain != "":
		key = by.host + " @" + by.domain
	case p.Scope == "ip":
		key = by.host
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

// ceiling adds what an operator allows. asked are the caps that the campaign would have without it.
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

// note says that who's figure holds, and not the one asked for.
func (a *Allowance) note(who string, holds, not any, rest string) {
	a.Notes = append(a.Notes, fmt.Sprintf("%s: %v, not %v%s", who, holds, not, rest))
}

// add makes a cap hold under a key. Of two with one window under one key the lower one does.
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

// sameWindow finds the cap with the window of c, the lowest where there are several.
func sameWindow(caps []limits.Cap, c limits.Cap) int {
	found := -1
	for i, have := range caps {
		if have.Window == c.Window && (found < 0 || have.N < caps[found].N) {
			found = i
		}
	}
	return found
}

// Above says in words where figures are above those known of a provider: own are caps, connections those of one server.
func Above(own []limits.Cap, connections int, p reply.Provider) (said []string) {
	for _, most := range p.Caps {
		switch i := sameWindow(own, most); {
		case i < 0:
			said = append(said, fmt.Sprintf("no cap for %s, where %s is known to keep to %v", windowOf(most.Window), p.Name, most))
		case own[i].N > most.N:
			said = append(said, fmt.Sprintf("the cap %v is above %v, which is known of %s", own[i], most, p.Name))
		}
	}
	if p.Connections > 0 && connections > p.Connections {
		said = append(said, fmt.Sprintf("%d connections are more than the %d known of %s", connections, p.Connections, p.Name))
	}
	return said
}

// windowOf names a cap's stretch of time.
func windowOf(d time.Duration) string {
	return strings.TrimSuffix(strings.TrimSuffix(d.String(), "0s"), "0m")
}
