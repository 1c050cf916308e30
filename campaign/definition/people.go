package definition

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
	"mailshot/render/address"
)

// listKey is the key of the list. People who were typed are in its place, and it is not read then.
func (d *Definition) listKey(given Flags) schema.Key {
	k := schema.Key{Name: "recipients", Required: true, Keys: d.recipientKeys(), Doc: "The list.",
		Unless: func() bool { return given.NoList || given.Recipients != nil }}
	if given.Recipients != nil {
		k.Keys, k.Read = nil, func(*schema.Decoder, *yaml.Node) { d.unread = true }
	}
	return k
}

// people reads the mailboxes that were typed in place of a list.
func (d *Definition) people(given []string) error {
	var errs []error
	for _, text := range given {
		all, err := address.ParseMailboxes(text)
		d.People = append(d.People, all...)
		for _, err := range each(err) {
			wrong := &Error{Code: "bad-address", Place: "--recipients", Text: err.Error()}
			if ae := (*address.Error)(nil); errors.As(err, &ae) {
				reason, hint := ae.Alone()
				wrong.Text, wrong.Hint = schema.Clip(strings.TrimSpace(ae.Text))+": "+reason, hint
			}
			errs = append(errs, wrong)
		}
	}
	return errors.Join(errs...)
}

// each are the errors that one joins.
func each(err error) []error {
	if many, is := err.(interface{ Unwrap() []error }); is {
		return many.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}
