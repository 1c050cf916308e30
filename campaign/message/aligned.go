package message

import (
	"fmt"

	"mailshot/campaign/check"
	"mailshot/campaign/definition/signing"
	"mailshot/render"
	"mailshot/render/address"
)

// unaligned finds a message whose From is of a domain that none of the campaign's signatures counts for. The campaign
// file's own check knows a domain that is the same for all messages; this one is for a domain that comes from the list.
func (m *Maker) unaligned(msg *render.Message) []check.Finding {
	d := m.c.Definition
	if len(d.Signatures) == 0 || d.FromDomain() != "" {
		return nil
	}
	for _, field := range msg.Header() {
		if field[0] != "From" {
			continue
		}
		from, err := address.ParseMailbox(field[1])
		if err != nil {
			return nil
		}
		domain := from.Address.Domain()
		for _, s := range d.Signatures {
			if signing.Aligned(s.Domain, domain) {
				return nil
			}
		}
		return []check.Finding{{
			Severity: check.Error, Code: "not-aligned",
			Text: fmt.Sprintf("from is of %s, and no signature of dkim counts for it", domain),
			Hint: "add a key of " + domain + " to dkim",
		}}
	}
	return nil
}
