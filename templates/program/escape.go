package program

import (
	"bytes"
	htmltemplate "html/template"
	"slices"
	"strings"
	"text/template/parse"

	"mailshot/templates/function"
)

// escaperPrefix is what the names of html/template's escapers begin with.
const escaperPrefix = "_html_template_"

// places are the places in HTML whose escapers are here too, byte for byte. Elsewhere html/template applies its own.
var places = map[string]escapeKind{
	"":                                    escapeNone,
	"htmlescaper":                         escapeText,
	"attrescaper":                         escapeAttribute,
	"rcdataescaper":                       escapeTitle,
	"urlescaper attrescaper":              escapeQuery,
	"urlnormalizer attrescaper":           escapeAddress,
	"urlfilter urlnormalizer attrescaper": escapeLink,
}

// escapeKind says where in HTML a value is printed.
type escapeKind uint8

const (
	escapeNone      escapeKind = iota // not in HTML
	escapeText                        // between tags
	escapeAttribute                   // a quoted attribute
	escapeTitle                       // an element without tags in it
	escapeQuery                       // an address, after its ?
	escapeAddress                     // an address, before its ?
	escapeLink                        // the begin of an address
	escapeOther                       // html/template applies the escapers
)

// escape is what is done to a value before it is written.
type escape struct {
	kind  escapeKind
	chain int // of escapeOther and of values that are HTML
}

func (p *Program) escape(names []string) escape {
	short := make([]string, len(names))
	for i, name := range names {
		short[i] = strings.TrimPrefix(name, escaperPrefix)
	}
	kind, ok := places[strings.Join(short, " ")]
	if !ok {
		kind = escapeOther
	}
	if kind == escapeNone {
		return escape{}
	}
	return escape{kind, p.chain(names)}
}

// text writes a text. It says no to a link that a message must not have.
func (e escape) text(b []byte, s string) ([]byte, bool) {
	switch e.kind {
	case escapeNone:
		return append(b, s...), true
	case escapeText, escapeAttribute, escapeTitle:
		return appendHTML(b, s), true
	case escapeQuery:
		return appendURL(b, s, false), true
	case escapeAddress:
		return appendURL(b, s, true), true
	case escapeLink:
		return appendURL(b, s, true), function.Safe(s)
	}
	return b, false
}

// url writes what a function has made as a part of an address.
func (e escape) url(b []byte, u string) ([]byte, bool) {
	switch e.kind {
	case escapeNone:
		return append(b, u...), true
	case escapeQuery, escapeAddress, escapeLink:
		return appendURL(b, u, true), true
	case escapeText, escapeAttribute, escapeTitle:
		return appendHTML(b, u), true
	}
	return b, false
}

// entities are what stands for characters in HTML, as html/template writes them.
var entities = [256]string{0: "\uFFFD", '"': "&#34;", '&': "&amp;", '\'': "&#39;", '+': "&#43;", '<': "&lt;",
	'>': "&gt;"}

// appendHTML writes a text into HTML. A byte of a longer character stands for nothing else, so bytes are enough to look
// at.
func appendHTML(b []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); i++ {
		if e := entities[s[i]]; e != "" {
			b = append(append(b, s[from:i]...), e...)
			from = i + 1
		}
	}
	return append(b, s[from:]...)
}

// What a byte is in an address: it stands for itself always, where it may part an address, or never.
const (
	plain = iota + 1
	parting
)

var addressBytes = func() (t [256]uint8) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") {
		t[c] = plain
	}
	for _, c := range []byte("!#$&*+,/:;=?@[]") {
		t[c] = parting
	}
	return t
}()

// appendURL writes a text into an address in an attribute. whole says that it may hold what parts an address.
func appendURL(b []byte, s string, whole bool) []byte {
	const hex = "0123456789abcdef"
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case addressBytes[c] == plain, c == '%' && whole && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			b = append(b, c)
		case addressBytes[c] == parting && whole:
			if e := entities[c]; e != "" {
				b = append(b, e...)
			} else {
				b = append(b, c)
			}
		default:
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// chain is a template of html/template that writes its dot through some of its escapers. It knows what it wrote last: a
// colour in a style is often that of the row before.
type chain struct {
	t     *htmltemplate.Template
	b     bytes.Buffer
	last  string // the text that b was made of, if known
	known bool
}

// newChain makes a chain of escapers. Escaping is done once a template has been executed; what is in its tree from then
// on is executed as it stands.
func newChain(names []string) (*chain, error) {
	t, err := htmltemplate.New("chain").Parse("{{.}}")
	if err != nil {
		return nil, err
	}
	c := &chain{t: t}
	if err := t.Execute(&c.b, ""); err != nil {
		return nil, err
	}
	t.Funcs(htmltemplate.FuncMap{escaperPrefix + "urlfilter": function.SafeURL})
	pipe := t.Tree.Root.Nodes[0].(*parse.ActionNode).Pipe
	pipe.Cmds = slices.Clone(pipe.Cmds[:1])
	for _, name := range names {
		pipe.Cmds = append(pipe.Cmds, &parse.CommandNode{NodeType: parse.NodeCommand,
			Args: []parse.Node{parse.NewIdentifier(name).SetTree(t.Tree)}})
	}
	return c, nil
}

// mostKept is the size up to which a buffer of a machine is used again. One giant value must not stay in memory for the
// rest of the run.
const mostKept = 64 << 10

// write writes a value through the chain.
func (c *chain) write(b []byte, v any) ([]byte, bool) {
	text, isText := v.(string)
	if !isText || !c.known || text != c.last {
		c.b.Reset()
		c.known = false
		if err := c.t.Execute(&c.b, v); err != nil {
			return b, false
		}
		if c.b.Cap()+len(text) > mostKept {
			b, c.last = append(b, c.b.Bytes()...), ""
			c.b = bytes.Buffer{}
			return b, true
		}
		c.last, c.known = strings.Clone(text), isText
	}
	return append(b, c.b.Bytes()...), true
}
