// Package value has readers of single values of a campaign file: addresses ([Mailbox], [Address]), names
// of hosts ([Host], [Helo]), the kinds of TLS, and caps. Each is a reader of package schema: it checks the value, and
// reports what is wrong with it and what to write.
package value

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
	"mailshot/render/address"
)

// BadAddress reports the address package's reason at the value.
func BadAddress(dec *schema.Decoder, n *yaml.Node, err error) {
	var ae *address.Error
	if !errors.As(err, &ae) {
		dec.Report(n, "bad-address", err.Error(), "")
		return
	}
	reason, hint := ae.Alone()
	dec.Report(n, "bad-address", fmt.Sprintf("%q is not an address: %s", schema.Clip(ae.Text), reason), hint)
}

// Mailbox reads one mailbox, or a template of one.
func Mailbox(into *schema.Text) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		*into = t
		if schema.IsTemplate(t.Text) {
			return
		}
		if _, err := address.ParseMailbox(t.Text); err != nil {
			BadAddress(dec, n, err)
		}
	})
}

// Address reads a bare address, which is not a template.
func Address(into *address.Address) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		if schema.IsTemplate(t.Text) {
			dec.Bad(n, fmt.Sprintf("%q is not a template", dec.Name()), "write one address")
			return
		}
		a, err := address.Parse(t.Text)
		if err != nil {
			BadAddress(dec, n, err)
			return
		}
		*into = a
	})
}
