package returns

import (
	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
)

// Account reads b from keys that say, under another name than returns, where a folder of an IMAP server is. The host may
// be left open. [Box.CheckAccount] completes the box.
func (b *Box) Account() schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) {
		keys := b.serverKeys()
		for i := range keys {
			keys[i].Required = false
		}
		dec.Section(n, n, append(keys, schema.Key{Name: "folder", Read: schema.String(&b.Folder), Example: "Drafts"}))
	}
}

// CheckAccount holds the rules of the keys of [Box.Account], which are below path in a file of the folder dir. Where
// the file gives none, the login is that of server. A box that the file does not name stays as it is.
func (b *Box) CheckAccount(dec *schema.Decoder, path, dir string, server *Login) {
	at := dec.Given(path)
	if at == nil {
		return
	}
	b.Kind, b.Dir, b.Place = IMAP, dir, dec.Mark(at).Error("", "", "", "").Place
	if server.Password == nil && server.OAuth == nil {
		server = nil
	}
	b.checkServer(dec, path, server)
}
