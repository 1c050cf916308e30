package definition

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/returns"
	"mailshot/campaign/definition/schema"
	"mailshot/campaign/definition/value"
)

// The servers that the messages are handed over to: server:, or each item of servers:.

// another returns the keys of one more item of servers.
func (d *Definition) another() ([]schema.Key, func()) {
	s := &Server{}
	keys := append(s.keys(),
		schema.Key{Name: "name", Read: serverName(&s.Name), Example: "reserve"},
		schema.Key{Name: "weight", Read: schema.Number(&s.Weight, 1, 1000), Example: "1"},
		schema.Key{Name: "limits", Keys: s.limitKeys()})
	return keys, func() { d.Servers = append(d.Servers, s) }
}

// limitKeys are the keys of limits that a server may have of its own.
func (s *Server) limitKeys() []schema.Key {
	l := &s.Limits
	return []schema.Key{
		{Name: "caps", Read: value.Caps(&l.Caps), Example: "[20/min, 400/24h]"},
		{Name: "cap_group", Read: capGroup(&l.CapGroup), Example: "acme-tenant"},
		{Name: "raise", Read: schema.Truth(&l.Raise), Example: "true"},
		{Name: "connections", Read: schema.Number(&l.Connections, 1, 500), Example: "2"},
		{Name: "messages_per_connection", Read: schema.Number(&l.MessagesPerConnection, 1, 1_000_000), Example: "50"},
		{Name: "warmup", Read: warmup(&l.Courtesy.Warmup), Example: "[50, 100, 250]"},
	}
}

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$`)

// serverName reads the name of a server in messages.
func serverName(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
		if !namePattern.MatchString(t.Text) {
			dec.Bad(n, fmt.Sprintf("%q cannot be the name of a server", schema.Clip(t.Text)),
				"letters, digits and . _ : -; for example reserve")
			return
		}
		*into = t.Text
	})
}

// checkServers holds the rules about servers that need more than one key, and completes each.
func (d *Definition) checkServers(dec *schema.Decoder) {
	one, several := dec.Given("server"), dec.Given("servers")
	switch {
	case one != nil && several != nil:
		dec.Report(several, "useless-key", "both server and servers",
			"write each server as an item of servers, or remove servers")
	case one != nil:
		d.Servers = []*Server{&d.single}
	}
	if n := dec.Given("limits.raise"); n != nil {
		switch {
		case several != nil:
			dec.Report(n, "useless-key", "with servers, each server raises its own provider's figures",
				"move the line to the limits of that server")
		case dec.Given("server.provider") == nil:
			dec.Report(n, "useless-key", "raise needs a provider, whose figures it raises",
				"remove the line, or name server.provider")
		}
	}
	asks := func(s *Server) bool { return s.Sendmail == "" }
	if n := dec.Given("notify"); n != nil && len(d.Servers) > 0 && !slices.ContainsFunc(d.Servers, asks) {
		dec.Report(n, "useless-key", "notify has no effect with a sendmail program", "remove the line")
	}
	names := map[string]string{} // and whose they are
	for i, s := range d.Servers {
		s.path = "server"
		if several != nil {
			s.path = fmt.Sprintf("servers[%d]", i)
		}
		s.complete(d, dec)
		at := dec.Given(s.path + ".name")
		for _, name := range []string{"host", "socket", "direct", "sendmail", "provider"} {
			if at == nil {
				at = dec.Given(s.path + "." + name)
			}
		}
		if other := names[s.Name]; other != "" && at != nil {
			text := fmt.Sprintf("%s and %s are both called %q", other, s.path, s.Name)
			dec.Report(at, "duplicate-name", text, "give one of them a name:")
		}
		names[s.Name] = s.path
	}
}

// complete fills in what the file leaves open.
func (s *Server) complete(d *Definition, dec *schema.Decoder) {
	s.usePreset(dec)
	s.checkWay(dec)
	s.checkLogin(dec)
	login := &returns.Login{Username: s.Username, Password: s.Password, OAuth: s.OAuth}
	s.Drafts.CheckAccount(dec, s.path+".drafts", d.Dir, login)
	if s.Host != "" && s.Port == 0 {
		switch {
		case s.Protocol == "lmtp":
			s.Port = 24
		case s.TLS == "implicit":
			s.Port = 465
		default:
			s.Port = 587
		}
	}
	s.checkProtection(dec)
	s.checkSession(dec)
	if n := dec.Given(s.path + ".limits.raise"); n != nil && dec.Given(s.path+".provider") == nil {
		dec.Report(n, "useless-key", "raise needs a provider, whose figures it raises",
			"remove the line, or name the server's provider")
	}
	if s.Name == "" {
		s.Name = s.address()
	}
	if s.Host != "" || s.Direct || s.Sendmail != "" || s.Socket != "" { // else that is told, and says enough
		s.SentCopy.CheckCopy(dec, s.path+".sent_copy", d.Dir, s.Name, s.Host, login)
	}
	s.Weight = max(s.Weight, 1)
	own, all := &s.Limits, &d.Limits
	if s == &d.single { // the campaign's limits are its own
		own.Caps, own.Raise, own.CapGroup = all.Caps, all.Raise, all.CapGroup
	}
	if own.Connections == 0 {
		own.Connections = all.Connections
	}
	if own.MessagesPerConnection == 0 {
		own.MessagesPerConnection = all.MessagesPerConnection
	}
	if own.Courtesy.Warmup == nil {
		own.Courtesy.Warmup = all.Courtesy.Warmup
	}
}

// address says where a server is, in words.
func (s *Server) address() string {
	switch {
	case s.Direct:
		return "direct"
	case s.Sendmail != "":
		return s.Sendmail
	case s.Socket != "":
		return s.Socket
	}
	return net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
}

// Local is the form of every name and address of the machine itself.
const Local = "localhost"

// HostKey is the one form in which hosts are compared and counted: lower case, without a final dot, an IP address as it
// is written shortest, and every name of the machine itself as [Local].
func HostKey(host string) string {
	host = strings.Trim(strings.TrimSuffix(strings.ToLower(host), "."), "[]")
	if ip, err := netip.ParseAddr(host); err == nil {
		return AddressKey(ip)
	}
	switch {
	case host == "localhost.localdomain", host == "localhost6", host == "localhost6.localdomain6",
		host == "ip6-localhost", host == "ip6-loopback", strings.HasSuffix(host, ".localhost"):
		return Local
	}
	return host
}

// AddressKey is the HostKey of an address. The unspecified address leads to the machine itself.
func AddressKey(ip netip.Addr) string {
	ip = ip.Unmap()
	if ip.IsLoopback() || ip.IsUnspecified() {
		return Local
	}
	return ip.String()
}
