// Package copies reads the keys of a campaign file that name further people of each message: cc, bcc and reply_to.
// [Keys] reads them, [Check] holds the rules of more than one key, and [Entries] says which of them may be several
// addresses.
package copies

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/bulk"
	"mailshot/campaign/definition/schema"
	"mailshot/campaign/definition/value"
	"mailshot/render/address"
)

// Mail is what a campaign file says of further people. Each text is a template. The zero value says nothing.
type Mail struct {
	Cc, Bcc []schema.Text // who gets a copy; those of Bcc are in no header field
	ReplyTo []schema.Text // where answers go
}

// Any says whether anybody gets a copy.
func (m Mail) Any() bool { return len(m.Cc)+len(m.Bcc) > 0 }

// Keys are the keys of a campaign file for m. One text with the items of reply_to goes into joined.
func Keys(m *Mail, joined *schema.Text) []schema.Key {
	return []schema.Key{
		{Name: "reply_to", Read: mailboxes(&m.ReplyTo, joined), Example: "help@acme.example",
			Doc: "Where answers go. Several: [sales@acme.example, \"{{.manager}}\"]. An item that is empty for a row is left out."},
		{Name: "cc", Read: mailboxes(&m.Cc, nil), Example: `["{{.accountant}}"]`, Off: true,
			Doc: "Who gets a copy of each message: addresses, or templates. An item that is {{.column}} alone may have several " +
				"addresses, with commas or semicolons between them; an empty cell gives none. The row's own address decides " +
				"what became of the message; docs/copies.md."},
		{Name: "bcc", Read: mailboxes(&m.Bcc, nil), Example: "[archive@acme.example]", Off: true,
			Doc: "Who gets a copy that nobody else sees: in no header of the message."},
	}
}

// mailboxes reads mailboxes: a text with commas, or a list of texts.
func mailboxes(into *[]schema.Text, joined *schema.Text) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) {
		dec.List(n, func(n *yaml.Node) {
			schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
				*into = append(*into, t)
				if joined != nil {
					one := t
					if joined.Given() {
						one.Text, one.Line, one.Column = joined.Text+", "+t.Text, joined.Line, joined.Column
					}
					*joined = one
				}
				if schema.IsTemplate(t.Text) {
					return
				}
				if _, err := address.ParseMailboxes(t.Text); err != nil {
					value.BadAddress(dec, n, err)
				}
			})(dec, n)
		})
	}
}

// Check reports what goes together wrongly. direct and program are the paths of keys by which mail leaves in ways that
// have one recipient, "" where there are none.
func Check(dec *schema.Decoder, m Mail, kind string, direct, program []string) {
	for _, key := range []string{"cc", "bcc"} {
		n := dec.Given(key)
		if n == nil || key == "cc" && len(m.Cc) == 0 || key == "bcc" && len(m.Bcc) == 0 {
			continue
		}
		if kind == bulk.Newsletter {
			dec.Report(n, "copies", key+" and kind: newsletter do not go together: whoever gets a copy cannot leave the list",
				"put them into the list, each in a row of their own; or remove kind")
		}
		for _, path := range direct {
			dec.Report(n, "copies", key+" and "+path+" do not go together: each domain's own servers take their own people's mail alone",
				"name a server that takes mail for everybody, or put them into the list")
		}
		for _, path := range program {
			dec.Report(n, "copies", key+" and "+path+" do not go together: a program's one exit code says nothing of each recipient",
				"name the server itself: host: localhost, port: 25, tls: none")
		}
	}
}

// Entry is one item as a template: of a mailbox, or with Several of any number of them.
type Entry struct {
	schema.Text
	Several bool
}

var (
	field   = regexp.MustCompile(`^\s*\{\{-?\s*\.[\pL\pN_.]+\s*-?\}\}\s*$`)
	control = regexp.MustCompile(`\{\{-?\s*(if|with|range|define|block|template|end|else)\b`)
)

// Entries are the items one by one. A cell must not add a person that nobody asked for, as "a@x.example, b" would in
// {{.user}}@acme.example. So only an item that is a column and nothing else may turn out to be several addresses. One
// text with commas between its actions is cut at them. was says that the items are those of a key that has always
// taken several addresses from any template: an item with conditions still does.
func Entries(items []schema.Text, was bool) (all []Entry) {
	for _, t := range items {
		if !schema.IsTemplate(t.Text) || was && control.MatchString(t.Text) {
			all = append(all, Entry{t, true})
			continue
		}
		for _, piece := range cut(t) {
			all = append(all, Entry{piece, field.MatchString(piece.Text)})
		}
	}
	return all
}

// cut cuts a template at the commas and semicolons outside its actions and outside quotes. A template with conditions
// is one piece.
func cut(t schema.Text) (pieces []schema.Text) {
	if control.MatchString(t.Text) {
		return []schema.Text{t}
	}
	start, quoted := 0, false
	add := func(end int) {
		piece := t
		piece.Text = strings.TrimSpace(t.Text[start:end])
		piece.Column += start
		if piece.Text != "" {
			pieces = append(pieces, piece)
		}
	}
	for i := 0; i < len(t.Text); i++ {
		switch c := t.Text[i]; {
		case strings.HasPrefix(t.Text[i:], "{{"):
			if end := strings.Index(t.Text[i:], "}}"); end > 0 {
				i += end + 1
			}
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == ';'):
			add(i)
			start = i + 1
		}
	}
	add(len(t.Text))
	return pieces
}
