package definition

import (
	"fmt"
	"path"
	"strings"

	"go.yaml.in/yaml/v4"
)

// The ways out beside a server that takes everything: server.direct and server.sendmail.

// ofServer are the keys that make sense only with a server that takes everything.
var ofServer = []string{"provider", "host", "port", "socket", "protocol", "tls", "username", "password", "oauth", "auth", "ca_file", "fingerprint",
	"client_certificate", "client_key", "require_tls", "chunking", "lock_step"}

// given makes a reader that takes note that its key was there, good or not.
func given(flag *bool, read reader) reader {
	return func(dec *decoder, n *yaml.Node) {
		*flag = true
		read(dec, n)
	}
}

// yes reads a switch that is only ever turned on.
func yes(into *bool) reader {
	return oneLine(func(dec *decoder, n *yaml.Node, t Text) {
		if t.Text != "true" {
			bad(dec, n, fmt.Sprintf("%q can only be true", dec.name()), "write true, or remove the line")
			return
		}
		*into = true
	})
}

// machines reads the path of something of this machine's, which is not looked for: the file may be checked on another.
func machines(into *string, what, hint string) reader {
	return oneLine(func(dec *decoder, n *yaml.Node, t Text) {
		if !notTemplate(dec, n, t) {
			return
		}
		if !path.IsAbs(t.Text) || strings.HasSuffix(t.Text, "/") || strings.ContainsAny(t.Text, " \t") {
			bad(dec, n, fmt.Sprintf("%q is not the path of a %s", clip(t.Text), what), hint)
			return
		}
		*into = t.Text
	})
}

// checkWay holds the ways out apart, and gives direct delivery the name it cannot do without.
func (s *Server) checkWay(dec *decoder) {
	for _, way := range []string{"direct", "sendmail"} {
		n := dec.seen[s.path+"."+way]
		if n == nil {
			continue
		}
		others := ofServer
		if way == "sendmail" {
			others = append([]string{"direct", "helo"}, ofServer...)
		}
		for _, other := range others {
			if at := dec.seen[s.path+"."+other]; at != nil {
				dec.report(at, "useless-key", fmt.Sprintf("%q says nothing beside %s, which is another way out", s.path+"."+other, way), "remove the one or the other")
			}
		}
	}
	if !s.Direct {
		return
	}
	const hint = "this machine's full name, which its address must lead back to; for example mail.acme.example"
	n := dec.seen[s.path+".helo"]
	switch {
	case n == nil:
		dec.report(dec.seen[s.path+".direct"], "missing-key", fmt.Sprintf("direct delivery needs %q", s.path+".helo"), hint)
	case s.Helo != "" && !fullName(s.Helo):
		bad(dec, n, fmt.Sprintf("%q is not a full host name", clip(s.Helo)), hint)
	}
}

// fullName says whether a name that hostName has taken is one with a domain, and not an address.
func fullName(s string) bool {
	last := s[strings.LastIndex(s, ".")+1:]
	return strings.Contains(s, ".") && last != "" && !strings.ContainsAny(s, "_[:") && strings.Trim(last, "0123456789") != ""
}
