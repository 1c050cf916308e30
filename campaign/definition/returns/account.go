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

// Copy reads b from the word imap, which leaves everything open, or from the keys of [Box.Account]. [Box.CheckCopy]
// completes the box.
func (b *Box) Copy() schema.Reader {
	section, word := b.Account(), ""
	return func(dec *schema.Decoder, n *yaml.Node) {
		if n.Kind == yaml.MappingNode || n.Kind == 0 { // 0: the schema is asked for
			section(dec, n)
		}
		if n.Kind != yaml.MappingNode {
			schema.Word(&word, IMAP)(dec, n)
		}
	}
}

// CheckCopy is [Box.CheckAccount] for what [Box.Copy] has read. name is the server's in words, and host the one that
// sends, whose IMAP host is taken where the file gives none; "" = mail goes another way, which has no mailbox.
func (b *Box) CheckCopy(dec *schema.Decoder, path, dir, name, host string, server *Login) {
	at := dec.Given(path)
	if at == nil || dec.Failed(path) {
		return
	}
	b.CheckAccount(dec, path, dir, server)
	const hint = "write sent_copy: { host: imap.acme.example, username: …, password: { env: IMAP_PASSWORD } }"
	missing := func(text string) { dec.Report(at, "missing-key", text, hint) }
	login := b.Password != nil || b.OAuth != nil
	if at.Kind != yaml.MappingNode && (server.Password != nil || server.OAuth != nil) {
		b.Username, b.Password, b.OAuth, b.Borrowed, login = server.Username, server.Password, server.OAuth, true, true
	}
	if b.Host == "" && dec.Given(path+".host") == nil {
		b.Host = Home(host)
	}
	switch {
	case b.Host == "" && host == "":
		missing("there is no mailbox where " + name + " takes the mail, and so no Sent folder")
	case b.Host == "":
		missing(name + " keeps no mail, and so has no Sent folder")
	case !login && at.Kind != yaml.MappingNode:
		missing("a mailbox wants a login, and the server has none")
	}
}
