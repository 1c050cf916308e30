package value

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
)

// HostName reports whether s can be looked up: it is a name or an IP address.
func HostName(s string) bool {
	if net.ParseIP(strings.Trim(s, "[]")) != nil {
		return true
	}
	for _, label := range strings.Split(strings.TrimSuffix(s, "."), ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
				return false
			}
		}
	}
	return len(s) <= 253
}

// Host reads the name or the IP address of a host. An IPv6 address may be in brackets; it is kept without.
func Host(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		bare := t.Text
		if _, rest, ok := strings.Cut(bare, "://"); ok {
			bare, _, _ = strings.Cut(rest, "/")
		}
		if i := strings.LastIndex(bare, "@"); i >= 0 {
			bare = bare[i+1:]
		}
		if h, p, err := net.SplitHostPort(bare); err == nil && HostName(h) {
			hint := "write host: " + h
			if _, err := strconv.ParseUint(p, 10, 16); err == nil {
				hint += " and port: " + p
			}
			dec.Bad(n, "a host is a name alone, without port, scheme or login", hint)
			return
		}
		if !HostName(bare) {
			dec.Bad(n, "not the name of a host", "for example smtp.acme.example")
			return
		}
		if bare != t.Text {
			dec.Bad(n, "a host is a name alone, without port, scheme or login", "write host: "+bare)
			return
		}
		*into = strings.Trim(t.Text, "[]")
	})
}

// Helo reads the name that this machine gives in EHLO.
func Helo(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		if !HostName(strings.TrimPrefix(t.Text, "[IPv6:")) {
			dec.Bad(n, fmt.Sprintf("%q is not the name of a machine", schema.Clip(t.Text)), "for example mail.acme.example")
			return
		}
		*into = t.Text
	})
}

// TLS reads implicit, starttls or none. What people write in place of these words is a mistake with a hint.
func TLS(into *string) schema.Reader {
	known := schema.Word(into, "implicit", "starttls", "none")
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		hint := ""
		switch schema.PlainWord(t.Text) {
		case "ssl", "smtps", "tls", "ssl/tls":
			hint = "write implicit (TLS from the first byte, port 465) or starttls (port 587)"
		case "true", "yes", "on", "required", "always":
			hint = "write implicit (port 465) or starttls (port 587)"
		case "false", "no", "off", "never":
			hint = "write none"
		default:
			known(dec, n)
			return
		}
		dec.Bad(n, fmt.Sprintf("%q cannot be %q", dec.Name(), t.Text), hint)
	})
}
