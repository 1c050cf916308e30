package campaign

import (
	"mailshot/campaign/definition"
	"mailshot/render"
)

// MessageID is the Message-ID, without angle brackets, of the message that the campaign with this id makes for the person with this
// key; secret is that of the accounts. Where the domain of From comes from the list, only what stands before the @ is known.
func MessageID(d *definition.Definition, secret []byte, id, key string) string {
	return render.MessageID(secret, id, key) + "@" + d.SenderDomain()
}
