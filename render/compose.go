package render

import (
	"strconv"
)

// composer lays out one message: the fields first, then the tree of parts. It writes to head until a shared attachment
// interrupts it.
type composer struct {
	m        *Message
	head     []byte
	boundary string // a stem; each level adds its number
}

// node is an entity (RFC 2046): a leaf with a text or a file, or a multipart.
type node struct {
	contentType []string   // pieces of the Content-Type field
	fields      [][]string // name and pieces of the fields after it
	children    []node     // of a multipart
	text        []byte     // of a text leaf: CRLF lines, the last one ended
	file        *file      // of a file leaf
	seven       bool       // the file is a message, and goes as it is
	part        Part       // of a leaf, as previews show it
}

func (c *composer) field(name string, pieces ...string) {
	c.head = appendField(c.head, name, pieces...)
}

// entity writes n's fields, a blank line and its body. The body always ends with the CRLF that a boundary after it
// needs. level is n's depth in the tree.
func (c *composer) entity(n node, level int) {
	contentType := n.contentType
	var boundary string
	if n.children != nil {
		boundary = c.boundary + strconv.Itoa(level)
		contentType = append(contentType[:len(contentType):len(contentType)], `boundary="`+boundary+`"`)
	}
	c.field("Content-Type", contentType...)
	for _, f := range n.fields {
		c.field(f[0], f[1:]...)
	}
	switch {
	case n.children != nil:
		c.head = append(c.head, "\r\n"...)
		for _, child := range n.children {
			c.head = append(c.head, "--"+boundary+"\r\n"...)
			c.entity(child, level+1)
		}
		c.head = append(c.head, "--"+boundary+"--\r\n"...)
		return
	case n.file != nil:
		encoding := "base64"
		if n.seven {
			encoding = "7bit"
		}
		c.field("Content-Transfer-Encoding", encoding)
		c.head = append(c.head, "\r\n"...)
		c.flush()
		c.m.segments = append(c.m.segments, segment{n.file.encoded, &n.file.checksum})
	case preferBase64(n.text):
		c.field("Content-Transfer-Encoding", "base64")
		c.head = append(c.head, "\r\n"...)
		c.head = appendBase64(c.head, n.text)
	default:
		c.field("Content-Transfer-Encoding", "quoted-printable")
		c.head = append(c.head, "\r\n"...)
		c.head = appendQuotedPrintable(c.head, n.text)
		if level > 0 {
			c.head = append(c.head, "\r\n"...) // the boundary's; the text's own is before it
		}
	}
	c.m.parts = append(c.m.parts, n.part)
	c.m.texts = append(c.m.texts, n.text)
}

// length estimates the octets of the texts in n, so that head grows only once.
func (n node) length() int {
	size := len(n.text)*9/8 + 512
	for _, child := range n.children {
		size += child.length()
	}
	return size
}

// flush ends the segment being written.
func (c *composer) flush() {
	if len(c.head) > 0 {
		c.m.segments = append(c.m.segments, segment{bytes: c.head})
		c.head = nil
	}
}

// finish ends the message and counts it.
func (c *composer) finish() *Message {
	c.flush()
	c.m.size = int64(len(c.m.date))
	for _, s := range c.m.segments {
		c.m.size += int64(len(s.bytes))
	}
	return c.m
}

// textNode is a leaf with one of the message's own texts.
func textNode(mediaType string, text []byte) node {
	text = normalize(text)
	if n := len(text); n < 2 || text[n-1] != '\n' {
		text = append(text, "\r\n"...)
	}
	return node{
		contentType: []string{mediaType + ";", "charset=utf-8"},
		text:        text,
		part:        Part{ContentType: mediaType, Size: int64(len(text))},
	}
}

// fileNode is a leaf with an attachment or, if cid is not empty, with an image that the HTML shows (RFC 2392).
func fileNode(f *file, bare string, parameters []string, name, cid string) node {
	contentType := []string{bare + ";"}
	for _, p := range parameters {
		contentType = append(contentType, p+";")
	}
	n := node{
		contentType: append(contentType, oldNamePieces(name)...),
		file:        f,
		seven:       f.seven,
		part:        Part{ContentType: bare, Name: name, CID: cid, Size: f.size, Inline: cid != ""},
	}
	disposition := "attachment;"
	if cid != "" {
		disposition = "inline;"
		n.fields = append(n.fields, []string{"Content-ID", "<" + cid + ">"})
	}
	n.fields = append(n.fields, append([]string{"Content-Disposition", disposition}, namePieces("filename", name)...))
	return n
}

// tree nests mixed(related(alternative(text, html), inline), attachments), only as deep as the message needs.
func tree(text node, html *node, inline, attached []node) node {
	n := text
	if html != nil {
		n = node{contentType: []string{"multipart/alternative;"}, children: []node{text, *html}}
	}
	if len(inline) > 0 {
		// RFC 2387 section 3.1: type names the root's media type.
		n = node{
			contentType: []string{"multipart/related;", `type="multipart/alternative";`}, children: append([]node{n}, inline...),
		}
	}
	if len(attached) > 0 {
		n = node{contentType: []string{"multipart/mixed;"}, children: append([]node{n}, attached...)}
	}
	return n
}
