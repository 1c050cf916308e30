package definition

import (
	"fmt"
	"path"
	"strings"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
)

// The ways out beside a server that takes everything: server.direct and server.sendmail.

// ofServer are the keys that make sense only with a server that takes everything.
var ofServer = []string{"provider", "host", "port", "socket", "protocol", "tls", "username", "password", "oauth",
	"auth", "ca_file", "fingerprint", "client_certificate", "client_key", "require_tls", "chunking", "lock_step"}

// given returns a reader that also sets flag: the key is there, good or not.
func given(flag *bool, read schema.Reader) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) {
		*flag = true
		read(dec, n)
	}
}

// machines reads a path of this machine. The path is not looked for, because another machine may check the file.
func machines(into *string, what, hint string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
		if !dec.NotTemplate(n, t) {
			return
		}
		if !path.IsAbs(t.Text) || strings.HasSuffix(t.Text, "/") || strings.ContainsAny(t.Text, " \t") {
			dec.Bad(n, fmt.Sprintf("%q is not the path of a %s", schema.Clip(t.Text), what), hint)
			return
		}
		*into = t.Text
	})
}

// checkWay refuses a mixture of the ways out, and direct delivery without a full name in helo.
func (s *Server) checkWay(dec *schema.Decoder) {
	for _, way := range []string{"direct", "sendmail"} {
		n := dec.Given(s.path + "." + way)
		if n == nil {
			continue
		}
		others := ofServer
		if way == "sendmail" {
			others = append([]string{"direct", "helo"}, ofServer...)
		}
		for _, other := range others {
			if at := dec.Given(s.path + "." + other); at != nil {
				text := fmt.Sprintf("%q has no effect with %s", s.path+"."+other, way)
				dec.Report(at, "useless-key", text, "remove one of them")
			}
		}
	}
	if !s.Direct {
		return
	}
	const hint = "this machine's full name, to which its address must lead back (PTR); for example mail.acme.example"
	n := dec.Given(s.path + ".helo")
	switch {
	case n == nil:
		dec.Report(dec.Given(s.path+".direct"), "missing-key", fmt.Sprintf("direct delivery needs %q", s.path+".helo"), hint)
	case s.Helo != "" && !fullName(s.Helo):
		dec.Bad(n, fmt.Sprintf("%q is not a full host name", schema.Clip(s.Helo)), hint)
	}
}

// ways are the paths of a key in those servers for which is holds.
func (d *Definition) ways(is func(*Server) bool, key string) (paths []string) {
	for _, s := range d.Servers {
		if is(s) {
			paths = append(paths, s.path+"."+key)
		}
	}
	return paths
}

// fullName reports whether a name that hostName has taken has a domain, and is not an address.
func fullName(s string) bool {
	last := s[strings.LastIndex(s, ".")+1:]
	number := strings.Trim(last, "0123456789") == ""
	return strings.Contains(s, ".") && last != "" && !number && !strings.ContainsAny(s, "_[:")
}
