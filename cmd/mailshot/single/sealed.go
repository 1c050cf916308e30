package single

import "mailshot/campaign/definition"

// sealed looks at what cannot be encrypted as the campaign's own messages are.
func (c *checked) sealed(through *definition.Definition, wrong func(field, text, hint string)) {
	name, way := through.Sealing.Way()
	if !way.Encrypts() {
		return
	}
	if way.Folder == "" {
		wrong("to", through.Name+" takes its readers' keys from its list, where this message has no row",
			"send it through a campaign with "+name+".encrypt.folder")
	}
	if len(c.Bcc) > 0 {
		wrong("bcc", through.Name+" encrypts its messages, and what is encrypted names all who can open it", "use cc")
	}
}
