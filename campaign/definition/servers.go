package definition

import (
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v4"
)

// Where the messages are handed over: server:, or each item of servers:.

// another gives the keys of one more item of servers.
func (d *Definition) another() ([]key, func()) {
	s := &Server{}
	keys := append(s.keys(),
		key{name: "name", read: serverName(&s.Name), example: "reserve"},
		key{name: "weight", read: number(&s.Weight, 1, 1000), example: "1"},
		key{name: "limits", keys: s.limitKeys()})
	return keys, func() { d.Servers = append(d.Servers, s) }
}

// limitKeys are those of limits that a server may have of its own.
func (s *Server) limitKeys() []key {
	l := &s.Limits
	return []key{
		{name: "caps", read: caps(&l.Caps), example: "[20/min, 400/24h]"},
		{name: "cap_group", read: capGroup(&l.CapGroup), example: "acme-tenant"},
		{name: "raise", read: truth(&l.Raise), example: "true"},
		{name: "connections", read: number(&l.Connections, 1, 500), example: "2"},
		{name: "messages_per_connection", read: number(&l.MessagesPerConnection, 1, 1_000_000), example: "50"},
		{name: "warmup", read: warmup(&l.Courtesy.Warmup), example: "[50, 100, 250]"},
	}
}

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$`)

// serverName reads what a server is called in what the program says.
func serverName(into *string) reader {
	return oneLine(func(dec *decoder, n *yaml.Node, t Text) {
		if !namePattern.MatchString(t.Text) {
			bad(dec, n, fmt.Sprintf("%q cannot be the name of a server", clip(t.Text)), "letters, digits and . _ : -; for example reserve")
			return
		}
		*into = t.Text
	})
}

// checkServers holds the rules about servers that need more than one key, and completes each.
func (d *Definition) checkServers(dec *decoder) {
	one, several := dec.seen["server"], dec.seen["servers"]
	switch {
	case one != nil && several != nil:
		dec.report(several, "useless-key", "both server and servers", "write each server as an item of servers, or remove servers")
	case one != nil:
		d.Servers = []*Server{&d.single}
	}
	if n := dec.seen["limits.raise"]; n != nil {
		switch {
		case several != nil:
			dec.report(n, "useless-key", "with servers, each raises its own provider's figures", "move the line to the limits of that server")
		case dec.seen["server.provider"] == nil:
			dec.report(n, "useless-key", "there is no provider whose figures could be raised", "remove the line, or name server.provider")
		}
	}
	if n := dec.seen["notify"]; n != nil && len(d.Servers) > 0 && !slices.ContainsFunc(d.Servers, func(s *Server) bool { return s.Sendmail == "" }) {
		dec.report(n, "useless-key", "a sendmail program is not asked for reports", "remove the line")
	}
	names := map[string]string{} // and whose they are
	for i, s := range d.Servers {
		s.path = "server"
		if several != nil {
			s.path = fmt.Sprintf("servers[%d]", i)
		}
		s.complete(d, dec)
		at := dec.seen[s.path+".name"]
		for _, name := range []string{"host", "socket", "direct", "sendmail", "provider"} {
			if at == nil {
				at = dec.seen[s.path+"."+name]
			}
		}
		if other := names[s.Name]; other != "" && at != nil {
			dec.report(at, "duplicate-name", fmt.Sprintf("%s and %s are both called %q", other, s.path, s.Name), "give one of them a name:")
		}
		names[s.Name] = s.path
	}
}

// complete fills in what the file leaves open.
func (s *Server) complete(d *Definition, dec *decoder) {
	s.usePreset(dec)
	s.checkWay(dec)
	s.checkLogin(dec)
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
	if n := dec.seen[s.path+".limits.raise"]; n != nil && dec.seen[s.path+".provider"] == nil {
		dec.report(n, "useless-key", "there is no provider whose figures could be raised", "remove the line, or name the server's provider")
	}
	if s.Name == "" {
		s.Name = s.address()
	}
	s.Weight = max(s.Weight, 1)
	own, all := &s.Limits, &d.Limits
	if s == &d.single { // the campaign's are its own
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

// address is where a server is, in words.
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
