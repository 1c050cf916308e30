package reply

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"mailshot/sender/limits"
)

// Provider is what is known of a provider's submission servers: where they are and what they allow.
// The values to use are mailshot's own, and lie below what the provider allows. Figures say for
// each of them what the provider's own value is and where that was read. Presets are shared: they
// must not be changed.
type Provider struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Host     string   `json:"host,omitempty"`     // the server; "": the campaign has to name it
	Hosts    []string `json:"hosts"`              // all its servers' names; * stands for anything
	Ports    []Port   `json:"ports"`              // the first is the one to use
	Auth     []string `json:"auth"`               // SASL mechanisms offered
	Username string   `json:"username,omitempty"` // what to log in with, in words
	// Scope is what the provider counts its caps for: login, domain (the sender's) or ip.
	Scope string `json:"scope"`
	// Over is what the provider does above its caps: reject-temp, reject-perm-text, accept-then-bounce or queue.
	Over    string   `json:"over_limit,omitempty"`
	Replies string   `json:"replies,omitempty"` // whose reply rules hold, for Classify
	Figures []Figure `json:"figures"`
	Notes   []string `json:"notes,omitempty"`

	// The values of the figures, ready for use; zero: none known.
	Caps                  []limits.Cap `json:"-"`
	Connections           int          `json:"-"`
	MessagesPerConnection int          `json:"-"`
	// MaxSize is the size of a finished message in bytes. A guess is left out, so that it refuses no message.
	MaxSize int64 `json:"-"`
	// Envelope is what becomes of an envelope sender that is not the login: EnvelopeLogin, EnvelopeReplaced, or "" where
	// it is not known.
	Envelope string `json:"-"`
	// KeepsSent: it puts a copy of each message into the Sent folder of the login by itself.
	KeepsSent bool `json:"-"`
}

// What providers do with an envelope sender (MAIL FROM) of the client's.
const (
	EnvelopeLogin    = "login"    // refuses it unless it belongs to the login
	EnvelopeReplaced = "replaced" // puts another one in its place, to which bounces go
)

// Port is a port with what is spoken there: implicit or starttls.
type Port struct {
	Number int    `json:"port"`
	TLS    string `json:"tls"`
}

// Figure is one value of a preset and where it comes from.
type Figure struct {
	// What is server, cap, connections, messages_per_connection, max_size, recipients_per_message, idle_close,
	// envelope_sender or sent_copy.
	What  string `json:"what"`
	Value string `json:"value,omitempty"` // what mailshot keeps to; "": nothing to keep to
	Limit string `json:"limit,omitempty"` // the provider's own value, in words; "": not known
	// Basis is published (by the provider or in its software's documentation), reported (by others) or guess (ours).
	Basis     string `json:"basis"`
	Source    string `json:"source"`     // where the limit was read; "mailshot": nowhere, it is a careful start
	CheckedOn string `json:"checked_on"` // 2006-01-02
}

// Presets returns all presets, in the order in which they are shown.
func Presets() []Provider { return slices.Clone(data().presets) }

// Preset returns the preset with an id. When ok is false, there is none.
func Preset(id string) (p Provider, ok bool) {
	i := slices.IndexFunc(data().presets, func(p Provider) bool { return p.ID == id })
	if i < 0 {
		return Provider{}, false
	}
	return data().presets[i], true
}

// Match returns the presets that a server of that name belongs to: none, one, or several where a
// provider has several kinds of account on one server.
func Match(host string) []Provider {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	var found []Provider
	for _, p := range data().presets {
		if matches(p.Hosts, host) {
			found = append(found, p)
		}
	}
	return found
}

var presetID = regexp.MustCompile(`^[a-z0-9]+([.-][a-z0-9]+)*$`)

// resolve checks a preset and reads its figures.
func (p *Provider) resolve(rules map[string][]rule) error {
	switch {
	case !presetID.MatchString(p.ID) || p.Name == "":
		return fmt.Errorf("id %q, name %q", p.ID, p.Name)
	case p.Host != "" && !matches(p.Hosts, p.Host):
		return fmt.Errorf("host %q is none of its hosts", p.Host)
	case len(p.Ports) == 0 || len(p.Auth) == 0 || len(p.Figures) == 0:
		return fmt.Errorf("no ports, mechanisms or figures")
	case p.Replies != "" && rules[p.Replies] == nil:
		return fmt.Errorf("replies of %q are not known", p.Replies)
	case !slices.Contains([]string{"login", "domain", "ip"}, p.Scope):
		return fmt.Errorf("scope %q", p.Scope)
	case !slices.Contains([]string{"", "reject-temp", "reject-perm-text", "accept-then-bounce", "queue"}, p.Over):
		return fmt.Errorf("over_limit %q", p.Over)
	}
	for _, port := range p.Ports {
		if port.Number < 1 || port.Number > 65535 || port.TLS != "implicit" && port.TLS != "starttls" {
			return fmt.Errorf("port %+v", port)
		}
	}
	for i := range p.Figures {
		f := &p.Figures[i]
		if !slices.Contains([]string{"published", "reported", "guess"}, f.Basis) || f.Source == "" {
			return fmt.Errorf("%s %q: no basis or source", f.What, f.Value)
		}
		if _, err := time.Parse(time.DateOnly, f.CheckedOn); err != nil {
			return fmt.Errorf("%s: checked_on: %w", f.What, err)
		}
		if err := f.quantity(p); err != nil {
			return err
		}
	}
	return nil
}
