package render

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"mailshot/render/address"
	"mailshot/templates"
)

// Render makes one message. The error joins all faults of this row. Each is a *Fault or an error of templates, and has
// a Diagnostic method.
func (r *Renderer) Render(to Recipient, date time.Time) (*Message, error) {
	to.Data.Mailshot = templates.Mailshot{
		Campaign: r.c.Campaign,
		Key:      to.Key,
		Address:  to.Address.String(),
		Name:     to.Name,
		Token:    Token(r.c.Secret, r.c.Campaign, to.Key),
	}
	now := date.Format(time.RFC1123Z)
	j := &job{Renderer: r, to: to, composer: composer{
		m:        &Message{date: appendField(nil, "Date", now), header: [][2]string{{"Date", now}}},
		head:     make([]byte, 0, 1024),
		boundary: boundary(r.c.Secret, r.c.Campaign, to.Key),
	}}
	j.headers()
	body := j.body()
	if len(j.faults) > 0 {
		return nil, errors.Join(j.faults...)
	}
	j.head = slices.Grow(j.head, body.length())
	j.entity(body, 0)
	j.m.token = to.Data.Mailshot.Token
	if r.plain != nil {
		j.m.plain = func() *Message {
			m, _ := r.plain.Render(to, date) // nil where a template fails without the campaign's id
			return m
		}
	}
	return j.finish(), nil
}

// job is the making of one message: its recipient, what is laid out, and the faults found so far. After a fault it goes
// on, to find the others.
type job struct {
	*Renderer
	to Recipient
	composer
	faults []error
}

func (j *job) fault(code, place, hint, format string, args ...any) {
	j.faults = append(j.faults, &Fault{code, place, fmt.Sprintf(format, args...), hint})
}

// headers lays out the envelope and the fields before the MIME structure.
func (j *job) headers() {
	if j.to.Key == "" {
		j.fault("empty-key", "", "", "the row has no key")
	}
	if j.to.Address.IsZero() {
		j.fault("bad-address", "", "", "the row has no address")
	}
	from := j.parse("From", "", j.line("header From", "", j.c.From))
	id := MessageID(j.c.Secret, j.c.Campaign, j.to.Key) + "@" + from.Address.Domain()
	j.m.id = id
	j.put("Message-ID", "<"+id+">", "<"+id+">")
	j.mailbox("From", "", from)
	j.box("To", address.Mailbox{Name: j.check("header To", "", j.to.Name), Address: j.to.Address})
	if reply := j.line("header Reply-To", "", j.c.ReplyTo); reply != "" {
		j.replyTo(reply)
	}
	subject := j.line("header Subject", "", j.c.Subject)
	j.m.subject = subject
	if subject != "" {
		j.put("Subject", subject, textPieces("Subject", subject)...)
	}
	j.put("MIME-Version", "1.0", "1.0")
	for _, h := range j.c.Headers {
		if value := j.line("header "+h.Name, h.Place, h.Value); value != "" {
			j.custom(h, value)
		}
	}

	sender := j.c.Bounces
	if sender.IsZero() {
		sender = from.Address
	}
	j.sevenBit("the envelope sender", "", sender)
	j.m.from, j.m.to = sender.String(), j.to.Address.String()
}

// custom lays out a header of the campaign's own, in the syntax that the header has.
func (j *job) custom(h Header, value string) {
	var pieces []string
	var err error
	switch kindOf(h.Name) {
	case kindMailbox:
		j.mailbox(h.Name, h.Place, j.parse(h.Name, h.Place, value))
		return
	case kindToken:
		pieces, err = tokenPieces(value)
	case kindURIs:
		if pieces, err = uriPieces(value); err == nil {
			err = j.foreignURI(value)
		}
	case kindListID:
		pieces, err = listIDPieces(h.Name, value)
	case kindIDs:
		pieces, err = idPieces(value)
	default:
		pieces = textPieces(h.Name, value)
	}
	if err != nil {
		j.fault("bad-header", h.Place, "", "header %s: %v", h.Name, err)
		return
	}
	j.put(h.Name, value, pieces...)
}

// foreignURI finds a cell that ends one URI and begins another within a list of URIs. A cell that is the whole value
// may.
func (j *job) foreignURI(value string) error {
	for _, column := range slices.Sorted(maps.Keys(j.to.Data.Text)) {
		cell := j.to.Data.Text[column]
		if strings.ContainsAny(cell, "<>") && cell != value && strings.Contains(value, cell) {
			return fmt.Errorf("column %s puts < or > into a URI", show(column))
		}
	}
	return nil
}

// put lays out a field and keeps its decoded value for previews.
func (j *job) put(name, value string, pieces ...string) {
	j.field(name, pieces...)
	j.m.header = append(j.m.header, [2]string{name, value})
}

// mailbox lays out a field with one mailbox. A zero address is a fault that was reported before.
func (j *job) mailbox(name, place string, m address.Mailbox) {
	j.sevenBit("header "+name, place, m.Address)
	j.box(name, m)
}

// box lays out a field with one mailbox, whose address may have UTF-8 (RFC 6532 section 3.2).
func (j *job) box(name string, m address.Mailbox) {
	j.put(name, boxText(m), mailboxPieces(name, m.Name, m.Address.String())...)
}

// sevenBit refuses an address that only SMTPUTF8 (RFC 6531) could carry. The recipient's own address is not checked:
// whoever has such a mailbox has a server for it. A campaign's other addresses are for everybody.
func (j *job) sevenBit(where, place string, a address.Address) {
	if !a.ASCII() {
		j.fault("needs-smtputf8", place, "", "%s: %s has characters before the @ that are not ASCII", where, a.Unicode())
	}
}

// parse reads the one mailbox of a header.
func (j *job) parse(name, place, value string) address.Mailbox {
	m, err := address.ParseMailbox(value)
	if err == nil {
		m.Name = j.check("header "+name, place, m.Name)
		return m
	}
	j.badAddress(name, place, err)
	return address.Mailbox{}
}

// badAddress is the fault of a header whose address is not one.
func (j *job) badAddress(name, place string, err error) {
	text, hint := err.Error(), ""
	if e := (*address.Error)(nil); errors.As(err, &e) {
		text, hint = e.Alone()
		text = show(e.Text) + ": " + text
	}
	j.fault("bad-address", place, hint, "header %s: %s", name, text)
}

// replyTo lays out Reply-To, which may have several mailboxes.
func (j *job) replyTo(value string) {
	const name = "Reply-To"
	all, err := address.ParseMailboxes(value)
	if err != nil {
		j.badAddress(name, "", err)
		return
	}
	var pieces, shown []string
	for i, m := range all {
		m.Name = j.check("header "+name, "", m.Name)
		j.sevenBit("header "+name, "", m.Address)
		pieces = append(pieces, mailboxPieces(name, m.Name, m.Address.String())...)
		if i < len(all)-1 {
			pieces[len(pieces)-1] += ","
		}
		shown = append(shown, boxText(m))
	}
	j.put(name, strings.Join(shown, ", "), pieces...)
}

// boxText is a mailbox as a preview shows it.
func boxText(m address.Mailbox) string {
	if m.Name == "" {
		return m.Address.String()
	}
	return m.Name + " <" + m.Address.String() + ">"
}

// execute executes a template. Its error is a fault with a place of its own.
func (j *job) execute(t *templates.Text) (string, bool) {
	var b strings.Builder
	if err := t.Execute(&b, j.to.Data); err != nil {
		j.faults = append(j.faults, err)
		return "", false
	}
	return b.String(), true
}

// line makes the value of a header: one line, without the blanks around it. It is empty if there is no template, and
// after a fault.
func (j *job) line(what, place string, t *templates.Text) string {
	if t == nil {
		return ""
	}
	value, ok := j.execute(t)
	if !ok {
		return ""
	}
	return j.check(what, place, value)
}

// check passes on a value that may be in a header, without the blanks around it.
func (j *job) check(what, place, value string) string {
	value = strings.Trim(value, " ")
	if bad := checkText(value); bad != "" {
		j.fault("control-character", place, j.blame(), "%s: %s", what, bad)
		return ""
	}
	if len(value) > valueLength {
		j.fault("header-too-long", place, "", "%s has %d bytes; the limit is %d", what, len(value), valueLength)
		return ""
	}
	return value
}

// blame names the columns whose cells have a character that no header may have.
func (j *job) blame() string {
	var columns []string
	for _, name := range slices.Sorted(maps.Keys(j.to.Data.Text)) {
		if checkText(j.to.Data.Text[name]) != "" {
			columns = append(columns, show(name))
		}
	}
	switch {
	case len(columns) == 0:
		return ""
	case len(columns) == 1:
		return "it is in column " + columns[0]
	}
	return "they are in columns " + strings.Join(columns[:min(len(columns), 5)], ", ")
}

// body makes the tree of parts.
func (j *job) body() node {
	text := j.content("text/plain", func(w *bytes.Buffer) error { return j.c.Body.Text.Execute(w, j.to.Data) })
	var html *node
	if h := j.c.Body.HTML; h != nil {
		n := j.content("text/html", func(w *bytes.Buffer) error { return h.Execute(w, j.to.Data) })
		html = &n
	}
	var inline, attached []node
	for _, a := range j.c.Attachments {
		if n, ok := j.attachment(a); !ok {
			continue
		} else if a.CID != "" {
			inline = append(inline, n)
		} else {
			attached = append(attached, n)
		}
	}
	return tree(text, html, inline, attached)
}

// content makes one of the message's texts.
func (j *job) content(mediaType string, execute func(*bytes.Buffer) error) node {
	var b bytes.Buffer
	if err := execute(&b); err != nil {
		j.faults = append(j.faults, err)
	} else if !utf8.Valid(b.Bytes()) {
		j.fault("not-utf8", "", j.blame(), "the %s part has text that is not UTF-8", mediaType)
	}
	return textNode(mediaType, b.Bytes())
}

// attachment opens and names one file.
func (j *job) attachment(a Attachment) (node, bool) {
	p, ok := j.execute(a.File)
	if !ok {
		return node{}, false
	}
	p = strings.TrimPrefix(p, "./") // people write it; it says nothing
	if code, reason, hint := checkPath(p); reason != "" {
		j.fault(code, a.Place, hint, "attachment %s: %s", show(p), reason)
		return node{}, false
	}
	name := path.Base(p)
	if a.Name != nil {
		if name, ok = j.execute(a.Name); !ok {
			return node{}, false
		}
		name = strings.Trim(name, " ")
	}
	if reason := checkFileName(name); reason != "" {
		j.fault("bad-file-name", a.Place, "", "attachment name %s: %s", show(name), reason)
		return node{}, false
	}
	f, err := j.files.get(p)
	if err != nil {
		fault := *err // it may be shared with other rows
		fault.Place = a.Place
		j.faults = append(j.faults, &fault)
		return node{}, false
	}
	called := p
	if a.Name != nil && path.Ext(p) == "" {
		called = name
	}
	mediaType, parameters, odd := f.mediaType(called)
	j.remark(a, p, odd, f)
	return fileNode(f, mediaType, parameters, name, a.CID), true
}
