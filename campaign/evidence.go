package campaign

import (
	"mailshot/campaign/definition"
	"mailshot/render"
)

// MessageID is the Message-ID, without angle brackets, of the message that the campaign with this id makes for the person with this
// key; secret is that of the accounts. Where the domain of From comes from the list, only what stands before the @ is known.
func MessageID(d *definition.Definition, secret []byte, id, key string) string {
	return render.MessageID(secret, id, key) + "@" + SenderDomain(d)
}

// SenderDomain is the domain whose suppression list the definition obeys: that of From, or where the list decides it, that of the
// envelope sender. "" where neither is known.
func SenderDomain(d *definition.Definition) string { return senderDomain(d) }
