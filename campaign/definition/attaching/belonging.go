package attaching

import (
	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
)

// lines reads a list of texts, or one of them.
func lines(into *[]schema.Text) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) {
		dec.List(n, func(n *yaml.Node) {
			var t schema.Text
			if schema.Line(&t)(dec, n); t.Given() {
				*into = append(*into, t)
			}
		})
	}
}

// belonging holds the rules of what a file has to say, and how old it may be.
func (c checking) belonging(f File) {
	said := []string{"must_contain", "must_not_contain_others"}
	for _, key := range said {
		switch {
		case f.QR.Given() || f.ICS.Given():
			c.refuse(key, key+" does not go with qr and ics: there is no text in the file to read", "remove the line")
		case f.CID != "":
			c.refuse(key, key+" does not go with cid: a picture has no text to read", "remove the line")
		}
	}
	if f.Made() {
		c.refuse("max_age", "max_age is for files that are there, and this one is made", "remove the line")
	}
}
