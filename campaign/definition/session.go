package definition

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
)

// The options of a session with the server.

// notify reads never, or a list of events.
func notify(into *string) schema.Reader {
	const hint = "never, or some of [success, failure, delay]"
	return func(dec *schema.Decoder, n *yaml.Node) {
		var events []string
		dec.List(n, func(n *yaml.Node) {
			var event string
			schema.Word(&event, "success", "failure", "delay", "never")(dec, n)
			switch {
			case event == "":
			case slices.Contains(events, event):
				dec.Bad(n, fmt.Sprintf("%s is given twice", event), "")
			default:
				events = append(events, event)
			}
		})
		if len(events) > 1 && slices.Contains(events, "never") {
			dec.Bad(n, "never cannot be combined with others", hint)
			return
		}
		*into = strings.Join(events, ",")
	}
}

// chunking reads a number of bytes, or off.
func chunking(into *int64) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
		if t.Text == "off" {
			*into = -1
			return
		}
		var bytes int
		schema.Number(&bytes, 1, 1<<30)(dec, n)
		*into = int64(bytes)
	})
}

// checkSession holds the rules about the options of a session.
func (s *Server) checkSession(dec *schema.Decoder) {
	if n := dec.Given(s.path + ".require_tls"); n != nil && s.TLS == "none" {
		dec.Report(n, "useless-key", "require_tls needs TLS on this connection too",
			"remove it, or set tls: implicit or starttls")
	}
	if n := dec.Given(s.path + ".tls"); n != nil && s.Host != "" {
		s.checkPort(dec, n)
	}
	if n := dec.Given(s.path + ".chunking"); n != nil && s.LockStep {
		dec.Report(n, "useless-key", "chunking has no effect with lock_step", "remove one of them")
	}
	for _, name := range []string{"provider", "host", "port"} {
		if n := dec.Given(s.path + "." + name); n != nil && dec.Given(s.path+".socket") != nil {
			text := fmt.Sprintf("%q has no effect with socket, which says where the server is", s.path+"."+name)
			dec.Report(n, "useless-key", text, "remove one of them")
		}
	}
}

// checkPort reports a port with the other port's TLS: both ends would wait for each other's first words.
func (s *Server) checkPort(dec *schema.Decoder, at *yaml.Node) {
	switch {
	case s.TLS == "starttls" && s.Port == 465:
		dec.Report(at, "bad-value", "starttls on port 465, where TLS begins with the first byte",
			"write tls: implicit, or port: 587")
	case s.TLS == "implicit" && (s.Port == 587 || s.Port == 25):
		dec.Report(at, "bad-value", fmt.Sprintf("implicit on port %d, where the server speaks first and without TLS", s.Port),
			"write tls: starttls, or port: 465")
	}
}
