// Package render makes finished messages. New takes what all messages of a campaign share, Renderer.Render makes the
// Message of one recipient, and Message.WriteTo writes it as it goes on the wire. Message.Release gives its memory
// back.
//
// What can be done once is done in New. Header fields whose template has no action are laid out, the literals of the
// body are encoded (package transfer), and the keys of Message-IDs, tokens and boundaries are hashed. What is left for
// each message is to execute the templates, to encode the lines that have a cell in them, and to copy.
//
// A message is made on memory of its own. Nothing passes from one message to the next but what is the same for all:
// encoded attachments, fields without an action, and the literals of the templates, all of them immutable and made from
// no row. Memory is used for another message only when its message is over, and whoever owns the message says so with
// Message.Release. It then holds nothing that the next message does not overwrite, and reading a message after its
// release panics. So one Renderer serves any number of goroutines, and one recipient's data cannot turn up in another's
// message.
//
// The same campaign, recipient and files give the same octets, except for Date: the Message-ID, the boundaries and the
// order of everything follow from them. So a preview is the message that will be sent, and Message.Digest proves it.
//
// A message is plain 7-bit mail, with one exception. The recipient's own address may have letters beyond ASCII before
// the @ (RFC 6532). There is no other form of that address, and the envelope asks for SMTPUTF8. Lines end in CRLF and
// nothing else does. Texts are quoted-printable or base64. Headers are RFC 2047 and RFC 2231 where ASCII does not do,
// folded at 76.
//
// Whatever could add a header, a recipient or a part is a fault of its row: a line feed in a subject, two addresses in
// From, a folder in a file name. It is reported with its name and place, and never removed silently.
//
// The writer is this package's own because messages must come out the same with every version of a library, and because
// of what was measured against go-message v0.18 (which tests use to read messages back). For a Persian subject of 57
// characters, go-message writes one line of 378 octets, always in Q; here it is 197 octets, in B, folded at 76. It
// leaves "=?utf-8?q?x?=" in a subject as it is, to be decoded as something else by the reader, and it takes twice the
// time. The standard library's quotedprintable breaks a line within a character, leaves a dot or "From " at the start
// of a line, and takes 1.5 times the time.
package render

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"mailshot/render/address"
	"mailshot/render/header"
	"mailshot/render/naming"
	"mailshot/render/transfer"
	"mailshot/templates"
)

// Config is what all messages of one campaign share.
type Config struct {
	Campaign string // the campaign's id
	Secret   []byte // keys Message-IDs, boundaries and tokens; required
	IDs      IDForm // of Message-IDs; default: ShortID
	Tokens   Tokens // how people are named in links

	From        *templates.Text // one mailbox
	ReplyTo     []Mailboxes     // default: no Reply-To, as also when all come out empty
	Cc, Bcc     []Mailboxes     // who gets a copy, see Message.Copies; those of Bcc are in no header field
	Alone       bool            // a rehearsal: nobody gets a copy, and Cc is in the header all the same
	Subject     *templates.Text
	Headers     []Header // in this order, after Subject
	Body        *templates.Body
	Printed     bool            // the templates may print the campaign's id; see Message.Content
	Unsubscribe *templates.Text // what {{.mailshot.unsubscribe_url}} prints; nil = nothing
	Columns     []string        // the names of a recipient's Data.Cells; needed only if rows come with them

	Attachments []Attachment
	Root        *os.Root        // the campaign's folder; may be nil if there are no attachments
	Bounces     address.Address // the envelope sender; default: the address of From
	Returns     *[2]string      // what stands before and after a token in it, in place of Bounces; nil = it has none

	AttachmentLimit int64 // bytes of one attachment before encoding; default: 50 MiB
	Cache           int64 // bytes of encoded attachments kept in memory; default: 32 MiB
}

// Header is a header of the campaign's own. If Value comes out empty, the header is left out.
type Header struct {
	Name  string
	Value *templates.Text
	Place string // where the campaign names it, for errors; may be empty
}

// Attachment is a file below the campaign's folder, or what takes its place. It goes into each message.
type Attachment struct {
	File  *templates.Text // slash-separated path below Root
	Name  *templates.Text // what the recipient sees; default: the path's last element
	CID   string          // makes it an image that the HTML shows as cid:CID; default: an attachment
	Place string          // where the campaign names it, for errors; may be empty

	Optional bool     // a row whose file is missing goes without it; default: that is a fault
	Files    Files    // says which files a row has, in place of File and Name; default: File is the one
	Maker    Maker    // makes the file, in place of File; Name is required then
	Locker   Locker   // gives the file of File or Files a password; default: it goes as it is
	Examiner Examiner // looks at the files; default: nobody does

	// Invitation says that the file is a calendar with a METHOD. It is one more form of the text then, by which mail
	// programs show an invitation (RFC 6047 section 2.4), and a file for those that do not.
	Invitation bool
}

// Maker makes the file of a row.
type Maker interface {
	// Make returns the file's bytes, which are not changed afterwards. Data has its Mailshot. An error has a Diagnostic
	// method, as a *Fault has. It is called concurrently.
	Make(to Recipient) ([]byte, error)
}

// Locker gives the file of a row a password.
type Locker interface {
	// Protect returns the file with the password, whose bytes are not changed afterwards. The rest is as with Maker.Make.
	Protect(to Recipient, plain []byte) ([]byte, error)
}

// Files says which files a row has.
type Files interface {
	// Paths returns slash-separated paths below root, in the order in which the files are attached, and which pattern
	// they match: "" if they are named. An error has a Diagnostic method, as a *Fault has. It is called concurrently.
	Paths(d templates.Data, root *os.Root) (paths []string, pattern string, err error)
}

// Recipient is what a message needs of one row of the list.
type Recipient struct {
	Address   address.Address
	Name, Key string
	Data      templates.Data // Render sets Mailshot in its own copy
	// Sealing says how the message is to be sealed for its reader when it leaves, in words of the caller: a part of the
	// digest. Default: it goes in clear.
	Sealing string

	// For Maker and Locker. Person is the key of the row's address, also where Address is that of a rehearsal. Edition
	// says which of the files that were made before is meant, "" = what is made now; Context ends the making, nil =
	// nothing does.
	Person, Edition string
	Context         context.Context

	// For Examiner, which is asked only if Examine is set. Place and Number are those of the row in its list.
	Examine bool
	Place   string
	Number  int64
}

// Renderer makes the messages of one campaign. It is safe for concurrent use.
type Renderer struct {
	c            Config
	store        *files
	plain        *Renderer // makes the texts of no campaign; nil if the templates do not print the campaign's id
	names        names
	fixed        fixedFields
	texts, htmls transfer.Literals      // of the body's parts
	sorted       []int                  // the columns in the order of their names
	laid         []atomic.Pointer[laid] // by Config.Attachments: the one made last

	desks, summers sync.Pool
	cleared        func(*desk) // set by tests; sees each desk that is given back, before anybody else may have it
}

// New checks the configuration and returns its Renderer. The error joins all mistakes, each a *Fault.
func New(c Config) (*Renderer, error) { return create(c, nil) }

// Another returns the renderer of other messages of the same campaign, as those in another language. The two share the
// memory for encoded attachments: Root, AttachmentLimit and Cache are r's, whatever c says.
func (r *Renderer) Another(c Config) (*Renderer, error) {
	c.Root = r.c.Root
	return create(c, r.store)
}

// create makes a renderer. A nil store is made.
func create(c Config, store *files) (*Renderer, error) {
	var faults []error
	fault := func(code, place, hint, format string, args ...any) {
		faults = append(faults, &Fault{code, place, fmt.Sprintf(format, args...), hint})
	}
	if bad := naming.Check(c.Campaign); bad != "" || c.Campaign == "" {
		fault("bad-campaign-id", "", "", "campaign id %s is empty or has control characters", show(c.Campaign))
	}
	if len(c.Secret) == 0 {
		fault("no-secret", "", "", "no secret for Message-IDs")
	}
	if c.From == nil || c.Subject == nil || c.Body == nil || c.Body.Text == nil {
		fault("incomplete", "", "", "a message needs from, subject and a body with a text part")
	}
	seen := map[string]bool{}
	for _, h := range c.Headers {
		if reason, hint := header.CheckName(h.Name); reason != "" {
			fault("bad-header", h.Place, hint, "%s", reason)
		}
		if name := strings.ToLower(h.Name); seen[name] {
			fault("duplicate-header", h.Place, "", "header %s is given twice", h.Name)
		} else {
			seen[name] = true
		}
	}
	faults = append(faults, checkImages(c)...)
	if c.Root == nil && len(c.Attachments) > 0 {
		fault("no-folder", c.Attachments[0].Place, "", "attachments need the campaign's folder")
	}
	if c.AttachmentLimit == 0 {
		c.AttachmentLimit = 50 << 20
	}
	if c.Cache == 0 {
		c.Cache = 32 << 20
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	if store == nil {
		store = newFiles(c.Root, c.AttachmentLimit, c.Cache)
	}
	r := prepare(c, store)
	if c.Printed {
		c.Campaign, c.Headers, c.Attachments = noCampaign, nil, nil
		r.plain = prepare(c, store)
	}
	return r, nil
}

// prepare does for a configuration that was checked what is the same for all messages.
func prepare(c Config, store *files) *Renderer {
	r := &Renderer{c: c, store: store, names: newNames(c.Secret, c.Campaign, c.Tokens), sorted: make([]int, len(c.Columns)),
		texts: transfer.Prepare(c.Body.Text.Literals()), laid: make([]atomic.Pointer[laid], len(c.Attachments))}
	if c.Body.HTML != nil {
		r.htmls = transfer.Prepare(c.Body.HTML.Literals())
	}
	for i := range r.sorted {
		r.sorted[i] = i
	}
	slices.SortFunc(r.sorted, func(a, b int) int { return strings.Compare(c.Columns[a], c.Columns[b]) })
	r.fixed = r.fix()
	return r
}

// missingImage says what to write for an image that is not attached.
func missingImage(c Config, name string) string {
	for _, a := range c.Attachments {
		if strings.EqualFold(a.CID, name) {
			return "the attachment is called cid: " + a.CID + "; capitals count"
		}
	}
	return "add it to attachments: - { file: " + name + ".png, cid: " + name + " }"
}

// checkImages compares the images that the HTML shows with those that are attached.
func checkImages(c Config) (faults []error) {
	attached := map[string]bool{}
	for _, a := range c.Attachments {
		if a.CID == "" {
			continue
		}
		switch {
		case strings.Trim(a.CID, header.Alphanumeric+"._@+-") != "" || len(a.CID) > 200:
			faults = append(faults, &Fault{"bad-cid", a.Place, "cid " + show(a.CID) + " is not a plain name",
				"letters, digits and . _ - + @ only"})
		case attached[a.CID]:
			faults = append(faults, &Fault{"duplicate-cid", a.Place, "cid " + show(a.CID) + " is given twice", ""})
		case c.Body != nil && !slices.Contains(c.Body.Images, a.CID):
			faults = append(faults, &Fault{"unused-image", a.Place, "the HTML does not show cid:" + a.CID,
				"leave cid out to attach the file"})
		}
		attached[a.CID] = true
	}
	if c.Body == nil {
		return faults
	}
	for _, name := range c.Body.Images {
		if !attached[name] {
			faults = append(faults, c.Body.ImageError(name, "missing-image",
				"the HTML shows cid:"+name+", which is not attached", missingImage(c, name)))
			attached[name] = true
		}
	}
	return faults
}
