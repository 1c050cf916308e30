package campaign

import (
	"fmt"
	"slices"

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

// allowance is what a campaign may use of its server.
type allowance struct {
	// limits all hold for each message. The first is the account's, also where it has no caps.
	limits      []sender.Limit
	connections int   // at once
	messages    int   // of one connection; 0: the sender's default
	size        int64 // of one message, in bytes; 0: not known
	notes       []string
}

// groupKey names a group of accounts that share their caps.
func groupKey(name string) string { return "group " + name }

// defaultConnections is how many sessions are open at once where the campaign file says nothing.
const defaultConnections = 2

// defaultMessages is how many messages the sender gives to a connection where nobody says otherwise.
const defaultMessages = 100

// allow makes the lowest of what the campaign asks for, what is known of its provider (nil: nothing), and what the
// operator allows, of each cap by its window. The provider's figures give way to the campaign's only where it says raise;
// the operator's to nothing. The notes say what was lowered.
//
// Caps that a provider counts by login are counted for the account, the campaign's own for its group, the operator's
// for everything that the user sends: so no choice of a group gets around the other two.
func allow(own definition.Limits, preset *reply.Provider, ceiling definition.Ceiling, by counted) allowance {
	a := allowance{limits: []sender.Limit{{Key: by.account}}}
	mine := by.account
	if own.CapGroup != "" {
		mine = groupKey(own.CapGroup)
	}
	for _, c := range own.Caps {
		a.add(mine, c)
	}
	a.connections, a.messages = own.Connections, own.MessagesPerConnection
	if preset != nil {
		a.preset(own, *preset, by)
	} else if known := reply.Match(by.host); len(known) > 0 {
		a.notes = append(a.notes, fmt.Sprintf("%s is a server of %s, whose caps server.provider: %s would keep", by.host, known[0].Name, known[0].ID))
	}
	var asked []limits.Cap
	for _, l := range a.limits {
		asked = append(asked, l.Caps...)
	}
	a.ceiling("ceiling", "this machine's limits", ceiling, asked)
	a.ceiling("ceiling "+by.host, "this machine's limits for "+by.host, ceiling.For(by.host), asked)
	if a.connections == 0 {
		a.connections = defaultConnections
	}
	return a
}

// preset adds what is known of the provider.
func (a *allowance) preset(own definition.Limits, p reply.Provider, by counted) {
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
	a.connections = lower("connections", a.connections, p.Connections)
	a.messages = lower("messages a connection", a.messages, p.MessagesPerConnection)
	if !own.Raise {
		a.size = p.MaxSize
	}
}

// ceiling adds what an operator allows. asked are the caps that the campaign would have without it.
func (a *allowance) ceiling(key, who string, c definition.Ceiling, asked []limits.Cap) {
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
	lower("connections", &a.connections, defaultConnections, c.Connections)
	lower("messages a connection", &a.messages, defaultMessages, c.MessagesPerConnection)
}

// note says that who's figure holds, and not the one asked for.
func (a *allowance) note(who string, holds, not any, rest string) {
	a.notes = append(a.notes, fmt.Sprintf("%s: %v, not %v%s", who, holds, not, rest))
}

// add makes a cap hold under a key. Of two with one window under one key the lower one does.
func (a *allowance) add(key string, c limits.Cap) {
	i := slices.IndexFunc(a.limits, func(l sender.Limit) bool { return l.Key == key })
	if i < 0 {
		a.limits = append(a.limits, sender.Limit{Key: key})
		i = len(a.limits) - 1
	}
	l := &a.limits[i]
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
