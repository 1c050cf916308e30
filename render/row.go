package render

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"mailshot/render/address"
	"mailshot/render/header"
	"mailshot/render/naming"
	"mailshot/render/token"
	"mailshot/render/transfer"
	"mailshot/templates"
)

// Render makes one message. The error joins all faults of this row. Each is a *Fault or an error of templates, and has
// a Diagnostic method.
func (r *Renderer) Render(to Recipient, date time.Time) (*Message, error) {
	j := job{Renderer: r, to: to, desk: r.free(), m: &Message{sealing: to.Sealing}, at: date}
	j.Begin("Date")
	j.B = append(date.AppendFormat(append(j.B, ' '), time.RFC1123Z), "\r\n"...)
	j.date = len(j.B)
	j.identify()
	j.headers()
	j.body()
	if len(j.faults) > 0 {
		r.clear(j.desk)
		return nil, errors.Join(j.faults...)
	}
	j.stem = j.appendBoundary(j.stem[:0], r.names.boundary, to.Key)
	j.tree()
	if r.plain != nil {
		j.m.same = &recall{to, date}
	}
	return j.finish(), nil
}

// job is the making of one message: its recipient, what it is made on, and the faults found so far. After a fault it
// goes on, to find the others.
type job struct {
	*Renderer
	*desk
	m      *Message
	to     Recipient
	at     time.Time
	angled string // the recipient's address between its angle brackets

	textBased, htmlBased bool // a text goes in base64
	faults               []error
}

func (j *job) fault(code, place, hint, format string, args ...any) {
	j.faults = append(j.faults, &Fault{code, place, fmt.Sprintf(format, args...), hint})
}

// identify fills in what templates may say of the recipient and the campaign.
func (j *job) identify() {
	b := j.token(j.one.Text[:0])
	n := len(b)
	b = append(j.to.Address.Append(append(b, '<')), '>')
	j.one.Text = b
	both := string(b)
	j.m.token, j.angled = both[:n], both[n:]
	j.m.to = j.angled[1 : len(j.angled)-1]
	j.to.Data.Mailshot = templates.Mailshot{
		Campaign: j.c.Campaign, Key: j.to.Key, Address: j.m.to, Name: j.to.Name, Token: j.m.token,
	}
	if j.c.Unsubscribe != nil {
		j.to.Data.Mailshot.Unsubscribe = j.value("unsubscribe.url", "", j.c.Unsubscribe)
	}
}

// token appends what {{.mailshot.token}} prints.
func (j *job) token(b []byte) []byte {
	switch t := j.c.Tokens; {
	case t.Unprinted:
		return b
	case t.Old:
		return append(b, j.derive(j.names.token, j.to.Key)[:token.OldLength]...)
	}
	return j.names.leave.Append(b, j.to.Address.Key())
}

// headers lays out the envelope and the fields before the MIME structure.
func (j *job) headers() {
	if j.to.Key == "" {
		j.fault("empty-key", "", "", "the row has no key")
	}
	if j.to.Address.IsZero() {
		j.fault("bad-address", "", "", "the row has no address")
	}
	from := j.fixed.from
	if from == nil {
		from = &fixed{box: j.from()}
	}
	j.messageID(from.box.Address.Domain())
	if !j.copy(from) {
		j.mailbox("From", "", from.box)
	}
	j.box("To", address.Mailbox{Name: j.check("header To", "", j.to.Name), Address: j.to.Address}, j.angled)
	j.copied()
	if !j.copy(j.fixed.replyTo) {
		j.replyTo()
	}
	if j.copy(j.fixed.subject) {
		j.m.subject = j.fixed.subject.subject
	} else {
		j.subject()
	}
	j.unbroken("MIME-Version", "1.0")
	for i, h := range j.c.Headers {
		if !j.copy(j.fixed.headers[i]) {
			j.custom(h)
		}
	}

	j.m.from = from.sender
	switch r := j.c.Returns; {
	case r != nil:
		j.m.from = string(append(j.names.back.Append([]byte(r[0]), j.to.Key), r[1]...))
	case j.m.from == "":
		sender := j.c.Bounces
		if sender.IsZero() {
			sender = from.box.Address
		}
		j.sevenBit("the envelope sender", "", sender)
		j.m.from = sender.String()
	}
}

// messageID lays out Message-ID, whose right side is the domain of From, see IDForm.
func (j *job) messageID(domain string) {
	b := append(append(j.one.Text[:0], '<'), j.c.IDs.of(j.derive(j.names.id, j.to.Key))...)
	b = append(append(append(b, '@'), domain...), '>')
	j.one.Text = b
	angled := string(b)
	j.m.id = angled[1 : len(angled)-1]
	const name = "Message-ID"
	j.Begin(name)
	if j.c.IDs == ShortID && j.Column+1+len(angled) > idLine {
		j.B = append(j.B, "\r\n"...)
	}
	j.B = append(append(append(j.B, ' '), angled...), "\r\n"...)
	j.fields = append(j.fields, field{name: name, value: angled})
}

// from makes the mailbox of From.
func (j *job) from() address.Mailbox {
	return j.parse("From", "", j.value("header From", "", j.c.From))
}

// subject makes and lays out the subject.
func (j *job) subject() {
	subject := j.value("header Subject", "", j.c.Subject)
	if j.m.subject = subject; subject != "" {
		j.put("Subject", subject, header.Text(j.pieces[:0], "Subject", subject))
	}
}

// custom makes and lays out a header of the campaign's own, in the syntax that the header has.
func (j *job) custom(h Header) {
	value := j.value("header "+h.Name, h.Place, h.Value)
	if value == "" {
		return
	}
	var err error
	pieces := j.pieces[:0]
	switch header.KindOf(h.Name) {
	case header.IsMailbox:
		j.mailbox(h.Name, h.Place, j.parse(h.Name, h.Place, value))
		return
	case header.IsToken:
		pieces, err = header.Token(pieces, value)
	case header.IsURIs:
		if pieces, err = header.URIs(pieces, value); err == nil {
			err = j.foreignURI(value)
		}
	case header.IsListID:
		pieces, err = header.ListID(pieces, h.Name, value)
	case header.IsIDs:
		pieces, err = header.IDs(pieces, value)
	default:
		pieces = header.Text(pieces, h.Name, value)
	}
	if err != nil {
		j.fault("bad-header", h.Place, "", "header %s: %v", h.Name, err)
		return
	}
	j.put(h.Name, value, pieces)
}

// foreignURI finds a cell that ends one URI and begins another within a list of URIs. A cell that is the whole value
// may.
func (j *job) foreignURI(value string) error {
	clean := func(cells []templates.Cell) bool {
		return !slices.ContainsFunc(cells, func(c templates.Cell) bool { return angles(c.Text) })
	}
	unclean := func(m templates.Member) bool { return !clean(m.Cells) }
	if j.to.Data.Cells != nil && clean(j.to.Data.Cells) && !slices.ContainsFunc(j.to.Data.Group, unclean) {
		return nil
	}
	for column, cell := range j.cells(j.to.Data) {
		if angles(cell) && cell != value && strings.Contains(value, cell) {
			return fmt.Errorf("column %s puts < or > into a URI", show(column))
		}
	}
	return nil
}

func angles(s string) bool { return strings.IndexByte(s, '<') >= 0 || strings.IndexByte(s, '>') >= 0 }

// cells yields the row's cells with their columns, in the order of the columns' names, and those of
// its group.
func (r *Renderer) cells(d templates.Data) iter.Seq2[string, string] {
	return func(yield func(column, cell string) bool) {
		if d.Cells == nil {
			for _, column := range slices.Sorted(maps.Keys(d.Text)) {
				if !yield(column, d.Text[column]) {
					return
				}
			}
			return
		}
		for _, i := range r.sorted {
			if i < len(d.Cells) && !yield(r.c.Columns[i], d.Cells[i].Text) {
				return
			}
			for _, m := range d.Group {
				if i < len(m.Cells) && !yield(r.c.Columns[i], m.Cells[i].Text) {
					return
				}
			}
		}
	}
}

// put lays out a field and keeps its decoded value for previews. pieces may be j.pieces, which are used again.
func (j *job) put(name, value string, pieces []string) {
	j.Field(name, pieces...)
	j.fields = append(j.fields, field{name: name, value: value})
	j.pieces = pieces
}

// unbroken lays out a field whose value must not be broken.
func (j *job) unbroken(name, value string) {
	j.Field(name, value)
	j.fields = append(j.fields, field{name: name, value: value})
}

// mailbox lays out a field with one mailbox. A zero address is a fault that was reported before.
func (j *job) mailbox(name, place string, m address.Mailbox) {
	j.sevenBit("header "+name, place, m.Address)
	j.box(name, m, "<"+m.Address.String()+">")
}

// box lays out a field with one mailbox, whose address may have UTF-8 (RFC 6532 section 3.2).
func (j *job) box(name string, m address.Mailbox, angled string) {
	j.put(name, "", header.Mailbox(j.pieces[:0], name, m.Name, angled))
	j.fields[len(j.fields)-1].box = m
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

// boxText is a mailbox as a preview shows it.
func boxText(m address.Mailbox) string {
	if m.Name == "" {
		return m.Address.String()
	}
	return m.Name + " <" + m.Address.String() + ">"
}

// execute executes a template. Its error is a fault with a place of its own. If it makes what is known, it returns
// that.
func (j *job) execute(t *templates.Text, known string) (string, bool) {
	if err := t.Append(&j.one, j.to.Data); err != nil {
		j.faults = append(j.faults, err)
		return "", false
	}
	if string(j.one.Text) == known {
		return known, true
	}
	return string(j.one.Text), true
}

// value makes the value of a header: one line, without the blanks around it. It is empty if there is no template, and
// after a fault.
func (j *job) value(what, place string, t *templates.Text) string {
	if t == nil {
		return ""
	}
	value, ok := j.execute(t, "")
	if !ok {
		return ""
	}
	return j.check(what, place, value)
}

// valueLength is how long the value of a header field may be.
const valueLength = 8192

// check passes on a value that may be in a header, without the blanks around it.
func (j *job) check(what, place, value string) string {
	value = strings.Trim(value, " ")
	if bad := naming.Check(value); bad != "" {
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
	for name, cell := range j.cells(j.to.Data) {
		if naming.Check(cell) != "" && !slices.Contains(columns, show(name)) {
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

// body makes the texts and opens the attachments.
func (j *job) body() {
	j.textBased = j.content("text/plain", j.c.Body.Text.Append(&j.text, j.to.Data), &j.text, j.texts)
	if h := j.c.Body.HTML; h != nil {
		j.htmlBased = j.content("text/html", h.Append(&j.html, j.to.Data), &j.html, j.htmls)
	}
	for i, a := range j.c.Attachments {
		if j.to.Data.Group != nil && a.CID == "" && a.Maker == nil {
			j.attachGroup(i)
		} else {
			j.attach(i)
		}
	}
}

// attach opens or makes the files of one item of the attachments.
func (j *job) attach(i int) {
	a := j.c.Attachments[i]
	var l *laid
	switch {
	case a.Files != nil:
		j.several(a)
	case a.Maker != nil:
		l = j.make(a)
	default:
		l = j.attachment(i)
	}
	if l != nil {
		j.files = append(j.files, l)
	}
}

// content looks at one of the message's texts, or at why it could not be made. base64 is its shorter encoding.
func (j *job) content(mediaType string, err error, o *templates.Output, l transfer.Literals) (base64 bool) {
	if err != nil {
		j.faults = append(j.faults, err)
		return false
	}
	o.Runs = l.Verify(o.Text, o.Runs)
	valid, base64 := l.Examine(o.Text, o.Runs)
	if !valid {
		j.fault("not-utf8", "", j.blame(), "the %s part has text that is not UTF-8", mediaType)
	}
	return base64
}
