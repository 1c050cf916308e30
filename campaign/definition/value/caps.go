package value

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
	"mailshot/render/address"
	"mailshot/sender/limits"
)

// Caps reads one cap or a list of them.
func Caps(into *[]limits.Cap) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) {
		dec.List(n, func(n *yaml.Node) {
			schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
				c, err := limits.Parse(t.Text)
				if err != nil {
					text, hint, _ := strings.Cut(err.Error(), "; ")
					dec.Report(n, "bad-cap", text, hint)
					return
				}
				*into = append(*into, c)
			})(dec, n)
		})
	}
}

// DomainCaps reads caps by the domain of the recipient. The domains in the map are lower case, A-labels.
func DomainCaps(into *map[string][]limits.Cap) func(*schema.Decoder, *yaml.Node, *yaml.Node) {
	return func(dec *schema.Decoder, name, value *yaml.Node) {
		domain, ok := dec.Entry(name)
		if !ok {
			return
		}
		a, err := address.Parse("x@" + domain.Text)
		if err != nil {
			reason := err.Error()
			var ae *address.Error
			if errors.As(err, &ae) {
				reason = ae.Reason
			}
			text := fmt.Sprintf("%q is not a domain: %s", schema.Clip(domain.Text), reason)
			dec.Report(name, "bad-domain", text, "for example gmail.com: 5/s")
			return
		}
		if _, twice := (*into)[a.Domain()]; twice {
			dec.Report(name, "duplicate-key", fmt.Sprintf("%q is given twice", a.Domain()), "")
			return
		}
		dec.Within(domain.Text, func() {
			var cs []limits.Cap
			Caps(&cs)(dec, value)
			if *into == nil {
				*into = map[string][]limits.Cap{}
			}
			(*into)[a.Domain()] = cs
		})
	}
}
