package definition

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// What a session with the server is asked to do beyond the usual.

// notify reads never, or a list of events.
func notify(into *string) reader {
	const hint = "never, or some of [success, failure, delay]"
	return func(dec *decoder, n *yaml.Node) {
		var events []string
		dec.list(n, func(n *yaml.Node) {
			var event string
			word(&event, "success", "failure", "delay", "never")(dec, n)
			switch {
			case event == "":
			case slices.Contains(events, event):
				bad(dec, n, fmt.Sprintf("%s is given twice", event), "")
			default:
				events = append(events, event)
			}
		})
		if len(events) > 1 && slices.Contains(events, "never") {
			bad(dec, n, "never stands alone", hint)
			return
		}
		*into = strings.Join(events, ",")
	}
}

// chunking reads a number of bytes, or off.
func chunking(into *int64) reader {
	return oneLine(func(dec *decoder, n *yaml.Node, t Text) {
		if t.Text == "off" {
			*into = -1
			return
		}
		var bytes int
		number(&bytes, 1, 1<<30)(dec, n)
		*into = int64(bytes)
	})
}

// checkSession holds the rules about what a session is asked to do.
func (s *Server) checkSession(dec *decoder) {
	if n := dec.seen[s.path+".require_tls"]; n != nil && s.TLS == "none" {
		dec.report(n, "useless-key", "TLS cannot be required of others on a connection without it", "remove it, or set tls: implicit or starttls")
	}
	if n := dec.seen[s.path+".chunking"]; n != nil && s.LockStep {
		dec.report(n, "useless-key", "with lock_step nothing goes out in one write with its envelope", "remove the one or the other")
	}
	for _, name := range []string{"provider", "host", "port"} {
		if n := dec.seen[s.path+"."+name]; n != nil && dec.seen[s.path+".socket"] != nil {
			dec.report(n, "useless-key", fmt.Sprintf("%q says nothing beside socket, which is where the server is", s.path+"."+name), "remove the one or the other")
		}
	}
}
