package definition

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
	"mailshot/sender/reply"
)

// provider reads the id of a preset. It sets given, also when the id is unknown.
func provider(into *string, given *bool) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
		*given = true
		if _, ok := reply.Preset(t.Text); ok {
			*into = t.Text
			return
		}
		var ids []string
		for _, p := range reply.Presets() {
			ids = append(ids, p.ID)
		}
		hint := "mailshot providers lists them; or give host: and port: in place of provider"
		if near := schema.Nearest(t.Text, ids); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		} else if found := reply.Match(t.Text); len(found) > 0 {
			hint = "write " + found[0].ID
		}
		dec.Report(n, "unknown-provider", fmt.Sprintf("there is no preset for a provider %q", schema.Clip(t.Text)), hint)
	})
}

var groupPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

func capGroup(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
		if !groupPattern.MatchString(t.Text) {
			dec.Bad(n, fmt.Sprintf("%q cannot be the name of a group", schema.Clip(t.Text)),
				"letters, digits and . _ -; for example acme-tenant")
			return
		}
		*into = t.Text
	})
}

// usePreset fills in the server where the file leaves it to its provider.
func (s *Server) usePreset(dec *schema.Decoder) {
	p, ok := reply.Preset(s.Provider)
	if !ok {
		return
	}
	if s.Host == "" && dec.Given(s.path+".host") == nil {
		if s.Host = p.Host; s.Host == "" {
			hint := "add host: with the name of your server"
			if len(p.Hosts) > 0 {
				hint += ", such as " + strings.ReplaceAll(p.Hosts[0], "*", "…")
			}
			text := fmt.Sprintf("%s has no single server for all", p.Name)
			dec.Report(dec.Given(s.path+".provider"), "missing-key", text, hint)
		}
	}
	fits := func(port reply.Port) bool {
		return (s.Port == 0 || s.Port == port.Number) && (s.TLS == "" || s.TLS == port.TLS)
	}
	if i := slices.IndexFunc(p.Ports, fits); i >= 0 {
		s.Port, s.TLS = p.Ports[i].Number, p.Ports[i].TLS
	}
}
