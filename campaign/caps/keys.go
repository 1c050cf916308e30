package caps

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"mailshot/campaign/definition"
)

// A key names what uses are counted for. One account has one key, however a campaign file writes its host and its
// login.

// account is the key of a server's account: a host with a login, this machine's name, or a program.
func account(s *definition.Server) string {
	switch {
	case s.ToDrafts:
		return strings.TrimSpace("drafts " + definition.HostKey(s.Drafts.Host) + " " + strings.ToLower(s.Drafts.Username))
	case s.Direct:
		return "direct " + strings.ToLower(s.Helo)
	case s.Sendmail != "":
		return "sendmail " + s.Sendmail
	case s.Socket != "":
		return strings.TrimSpace("socket " + s.Socket + " " + strings.ToLower(s.Username))
	}
	return strings.TrimSpace(hostOf(s.Host) + " " + login(s.Host, s.Username))
}

// countedFor is the key under which a server's own limits are counted.
func countedFor(s *definition.Server) string {
	if group := s.Limits.CapGroup; group != "" {
		return groupKey(group)
	}
	return account(s)
}

// twins are names of one provider's servers that take the same logins.
var twins = map[string]string{
	"smtp.googlemail.com":   "smtp.gmail.com",
	"outlook.office365.com": "smtp.office365.com", "smtp.outlook.office365.com": "smtp.office365.com",
	"smtp.outlook.com": "smtp-mail.outlook.com",
}

// hostOf is the form of a host in a key.
func hostOf(host string) string {
	host = definition.HostKey(host)
	if same, ok := twins[host]; ok {
		return same
	}
	return host
}

// login is the form of a login in a key. Case makes no difference: the few servers that tell ann from Ann have both
// counted as one. Gmail knows a mailbox without its dots, without what follows a plus, and by both of its domains.
func login(host, user string) string {
	user = strings.ToLower(user)
	if hostOf(host) != "smtp.gmail.com" || user == "" {
		return user
	}
	local, domain, _ := strings.Cut(user, "@")
	if domain != "" && domain != "gmail.com" && domain != "googlemail.com" {
		return user
	}
	local, _, _ = strings.Cut(local, "+")
	return strings.ReplaceAll(local, ".", "") + "@gmail.com"
}

// Canonical is the key under which an earlier version's key counts now. Keys of this version stay as they are.
func Canonical(key string) string {
	kind, rest, _ := strings.Cut(key, " ")
	switch kind {
	case "group", "direct", "sendmail", "drafts":
		return key
	case "socket":
		return kind + " " + inLower(rest)
	case "ceiling":
		if rest == "" {
			return key
		}
		return kind + " " + definition.HostKey(rest)
	case "warm-up":
		i := strings.LastIndexByte(rest, ' ')
		if i < 0 {
			return key
		}
		return kind + " " + Canonical(rest[:i]) + rest[i:]
	}
	var accounts []string
	lane := ""
	for part := range strings.SplitSeq(key, ", ") {
		host, user, _ := strings.Cut(part, " ")
		// A key of limits.domains follows the last account after a blank.
		if i := strings.LastIndexByte(user, ' '); i >= 0 && !strings.Contains(user[i:], "@") {
			user, lane = user[:i], strings.ToLower(user[i:])
		}
		if !strings.HasPrefix(user, "@") { // a sender's domain
			user = login(host, user) // or a key of limits.domains, which stays the same
		}
		accounts = append(accounts, strings.TrimSpace(hostOf(host)+" "+user))
	}
	slices.Sort(accounts)
	return strings.Join(slices.Compact(accounts), ", ") + lane
}

// inLower writes what follows a socket's path in lower case.
func inLower(rest string) string {
	path, user, _ := strings.Cut(rest, " ")
	return strings.TrimSpace(path + " " + strings.ToLower(user))
}

// Lookup asks the DNS for the addresses of a host.
type Lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)

// patience is how long a name is asked for.
const patience = 10 * time.Second

// Reached says, for each server of a campaign, which hosts of the operator's file its connections really reach beside
// the one that the campaign file names: hosts that share an address with it, and this machine itself. A name that
// cannot be looked up reaches nothing. The DNS is asked only where the operator's file names hosts.
func Reached(ctx context.Context, lookup Lookup, servers []*definition.Server, c definition.Ceiling) map[string][]string {
	known := map[string][]string{} // addresses, by host
	of := func(host string) []string {
		key := definition.HostKey(host)
		if found, ok := known[key]; ok {
			return found
		}
		found := []string{key}
		if _, err := netip.ParseAddr(key); err != nil && key != definition.Local {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			ips, _ := lookup(ctx, "ip", key)
			for _, ip := range ips {
				found = append(found, definition.AddressKey(ip))
			}
		}
		known[key] = found
		return found
	}
	reached := map[string][]string{}
	for _, s := range servers {
		if s.Host == "" {
			continue
		}
		for host := range c.Servers {
			shared := slices.ContainsFunc(of(s.Host), func(a string) bool { return slices.Contains(of(host), a) })
			if host != definition.HostKey(s.Host) && shared {
				reached[s.Host] = append(reached[s.Host], host)
			}
		}
		slices.Sort(reached[s.Host])
	}
	return reached
}
