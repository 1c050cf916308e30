// Package definition reads the campaign file: [Load] reads and checks a file, [Parse] reads its bytes, and [Reference]
// writes an annotated one. [LoadCeiling] reads the operator's limits in the same way.
//
// The file is YAML and is read strictly: an unknown key, a value of the wrong kind, a file that is not there or a path
// that leaves the campaign's folder is a mistake. All mistakes are reported at once, each with its place
// (campaign.yaml:7:3), the offending line and what to do. See mailshot/campaign/definition/schema for how a file is
// read.
//
// One table of keys (keys.go) says what may be written. It drives reading, the suggestions for misspelt keys, and the
// annotated reference, so that they cannot differ.
//
// A text that is a template keeps the place where it starts, so that a mistake found in it later has a place in the
// file. Secrets are never in the file: password names where to find one, a literal one is refused, and no error shows
// a value that may be a secret.
package definition

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/check/codes"
	"mailshot/campaign/definition/appearance"
	"mailshot/campaign/definition/attaching"
	"mailshot/campaign/definition/bulk"
	"mailshot/campaign/definition/copies"
	"mailshot/campaign/definition/returns"
	"mailshot/campaign/definition/schema"
	"mailshot/campaign/definition/sealing"
	"mailshot/campaign/definition/signing"
	"mailshot/render/address"
	"mailshot/sender/limits"
)

// MaxSize is the size in bytes above which a campaign file is refused unread.
const MaxSize = 256 << 10

// Definition is a campaign file that has been read and has no mistakes. It does not change after [Load].
type Definition struct {
	Path   string // as given to Load
	Name   string // base name, used in places
	Dir    string // the campaign's folder, which its paths are relative to
	Digest string // hex SHA-256 of the file's bytes

	ID          string // may hold {{date}}: see ExpandID and DayOf
	From        Text   // template of the From header
	ReplyTo     Text   // of the Reply-To header: the items of Copies.ReplyTo as one text; not given = none
	Subject     Text   // template of the subject
	Bounces     bulk.Bounces
	Notify      string // when a delivery report is wanted, as in sender.Mail; "" = the server's choice
	Recipients  Recipients
	People      []address.Mailbox // typed in place of a list, and Recipients is empty then; nil = Recipients
	Body        Body
	Piped       string // the part of the body that is Stdin; "" = none, or not read
	Attachments []Attachment
	Languages   Languages
	Copies      copies.Mail         // who else is named in a message, and who gets a copy
	Bulk        bulk.Mail           // what kind of mail it is, and how people leave it
	Signatures  []signing.Signature // that each message gets, in the order of the file
	Sealing     sealing.Mail        // how messages are signed and encrypted for their readers
	Suppress    []Text              // suppression files
	Headers     []Header
	Set         []Setting       // values that hold for all rows, in the order of their names
	Check       codes.Policy    // what findings mean in this campaign
	Archive     string          // folder for a copy of each message sent; "" = none
	Servers     []*Server       // where the messages are handed over; none = the file names no server
	Returns     returns.Returns // where mail comes back, and what is made of it
	Limits      Limits
	Schedule    Schedule
	Block       int // how many messages are begun in the ledger ahead of each connection; 0 = 1
	Remember    int // days for which it is remembered who got which message; 0 = 400, negative = not at all

	unread bool                   // the file names a list, and People are in its place
	single Server                 // of server:
	lender *Definition            // whose the servers are; nil = d
	marks  map[string]schema.Mark // of what can turn out wrong later, by path
}

// Text is a value with the place where it starts in the file. Its Line is 0 where the file does not give it.
type Text = schema.Text

// Error is one mistake in a campaign file.
type Error = schema.Error

// Place is where a value is in the campaign file, as in campaign.yaml:7:3; "" where the file does not give it.
func (d *Definition) Place(t Text) string {
	if !t.Given() {
		return ""
	}
	return fmt.Sprintf("%s:%d:%d", d.Name, t.Line, t.Column)
}

// Home is the folder beside the campaign file in which mailshot keeps what it knows of the campaign.
func (d *Definition) Home() string { return filepath.Join(d.Dir, ".mailshot") }

// SenderDomain is the domain whose suppression list the campaign obeys: that of From. Where From is a template whose
// domain comes from the list, it is the envelope sender's. "" where neither is known.
func (d *Definition) SenderDomain() string { return cmp.Or(d.FromDomain(), d.Bounces.Domain()) }

// FromDomain is the domain of From; "" where it comes from the list.
func (d *Definition) FromDomain() string {
	from := strings.TrimRight(d.From.Text, "> \t\r\n")
	if i := strings.LastIndexByte(from, '@'); i >= 0 && !strings.Contains(from[i:], "{{") &&
		!strings.Contains(from[i:], "}}") {
		if a, err := address.Parse("x" + from[i:]); err == nil {
			return a.Domain()
		}
	}
	return ""
}

// HasHeader says whether Headers has one of that name.
func (d *Definition) HasHeader(name string) bool {
	return slices.ContainsFunc(d.Headers, func(h Header) bool { return strings.EqualFold(h.Name, name) })
}

// Recipients names the list and how it is read.
type Recipients struct {
	// File is relative to Dir, or "-" for standard input. Of several files it is the first. "" = the database of Postgres
	File               string
	Files              []string // several files, in their order; nil = File alone
	FileColumn         string   // name of an extra column that says which file a row is from; "" = none
	Query              string   // the query to a database; "" = File is not a database
	Postgres           *Secret  // where the connection string of a PostgreSQL database is; nil = none
	Sheet, Range       string   // of an Excel workbook; "" = the first, all of it
	Hidden             string   // Excel's hidden rows: "ask", "include" or "skip"; "" = ask
	Locale             string   // of numbers and dates (BCP 47), not checked here; "" = 1234.5 and 2026-11-30
	HeaderRow          int      // 0 = the first row that is not empty
	Delimiter          rune     // of a text file; 0 = detected
	Encoding           string   // of a text file, as WHATWG or IANA name it, not checked here; "" = what the file shows
	Address, Name, Key string   // columns; "" = guessed from the header (Key: the address)
	Group              string   // column whose rows with one value in it get one message; "" = each row gets one
	Language           string   // column of the language of each message, one of Languages; "" = there is one language
	Columns            map[string]string
	Addresses          string // "strict" or "lenient"; "" = strict
	Where              Text
	Duplicates         string // "error" or "first"; never ""

	// Places has the places of what is checked against the list: "file", "query", "postgres", "encoding", "locale",
	// "address", "name", "key", "group", "language", and "columns.amount" for each column's type.
	Places map[string]Text
}

// Body names the files a message's body is made from. Layout is a built-in layout's name or a file.
type Body struct {
	Markdown, HTML, Text Text
	Layout               Text
	Look                 appearance.Appearance // what a built-in layout shows
	Language             string                // BCP 47, e.g. "fa"; "" = none
	Direction            string                // "ltr", "rtl" or "" = by the language
	NoInline             bool                  // the rules of <style> stay there alone
	Typographer          bool                  // quotes, dashes and dots of Markdown are set as the language does
}

// BuiltIn says whether a built-in layout is around the body, and shows Look.
func (b *Body) BuiltIn() bool {
	return appearance.BuiltIn(b.Layout, b.Markdown.Given(), b.HTML.Given())
}

// Attachment is a file that goes with each message, or several.
type Attachment = attaching.File

// Invitation is an event to which an attachment invites.
type Invitation = attaching.Invitation

// Header is a header of the campaign's own, in the order of the file. Value is a template.
type Header struct {
	Name  string
	Value Text
}

// Server says where messages are handed over. Where there is a Host, Port is never 0: unless the file gives it, it is
// 24 for LMTP, 465 for implicit TLS and 587 else. An empty TLS leaves the choice to the sender, by the port.
type Server struct {
	Name   string // unique among the servers; never ""
	Weight int    // its share of the recipients' domains, relative to the other servers; never 0
	// Limits are the server's own: Caps, Raise, CapGroup, Connections, MessagesPerConnection and Courtesy.Warmup. The last
	// three default to the campaign's. The other fields are empty.
	Limits Limits

	Provider string // id of a preset, which has filled the fields below that the file leaves open; "" = none
	Host     string
	Port     int
	Socket   string // path of a Unix socket, in place of Host and Port; "" = none
	Protocol string // "smtp", "lmtp" or "", which is smtp
	TLS      string // "implicit", "starttls", "none" or ""
	Username string
	Password *Secret // nil = no login by password
	OAuth    *OAuth  // nil = no login by token
	Auth     string  // mechanism, lower case; "" = the best that the server offers
	Helo     string
	CAFile   string // PEM certificates to trust instead of the system's; relative to Dir
	// Fingerprint is the SHA-256 of the one certificate to accept, in 64 lower case digits; "" = verify.
	Fingerprint string
	// ClientCertificate and ClientKey are PEM files, relative to Dir; the key may be anywhere. See Certificate.
	ClientCertificate, ClientKey string

	RequireTLS bool  // the server must pass messages on over TLS only
	Chunking   int64 // size in bytes up to which BDAT is used; 0 = the sender's default, negative = never
	LockStep   bool  // one command at a time

	Direct   bool   // mail goes to each recipient's own mail servers; Helo is this machine's full name, Host is ""
	Sendmail string // path of a program that takes each message; "" = none, else Host is ""

	// Drafts is the account, and the folder, that messages are put into for who sends them by hand. Its Kind is "" where
	// the file does not say it, and its Host or its Folder are where the file leaves them open.
	Drafts returns.Box
	// SentCopy is the account, and the folder, that a copy of each sent message is put into. Its Kind is "" where there
	// are to be none; else it has a Host and a login. Its Folder is "" where the account is to say which one it is.
	SentCopy returns.Box
	// ToDrafts has messages put into Drafts in place of being sent. No key says it: see transport.Drafts.
	ToDrafts bool

	path  string // of its keys in the file
	oauth OAuth  // what OAuth points to if the file gives it
}

// Limits are the caps to keep to. A zero value leaves the sender's default. Caps and Domains are counted over all
// servers of a campaign together.
type Limits struct {
	Caps                  []limits.Cap
	Domains               map[string][]limits.Cap // by recipient domain, lower case, A-labels
	Connections           int
	MessagesPerConnection int
	Retry                 limits.Backoff
	Raise                 bool   // the above hold even where the provider's figures are lower
	CapGroup              string // campaigns that name it share Caps; "" = those with the same host and login share them
	Courtesy              Courtesy
}

// Load reads the campaign file at path and checks it and the files it names. A mistake in the file is an [*Error];
// several are joined, in the order of the file.
func Load(path string) (*Definition, error) { return LoadWith(path, Flags{}) }

// LoadWith is [Load] with what a command line gives beside the file. A mistake in that is an [*Error] too.
func LoadWith(path string, flags Flags) (*Definition, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open campaign file: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder; name the campaign file in it", path)
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read campaign file: %w", err)
	}
	d, err := parse(filepath.Base(path), data, filepath.Dir(path), flags)
	if err != nil {
		return nil, err
	}
	d.Path = path
	return d, nil
}

// Parse reads data as the campaign file called name. Paths in it are relative to dir, where the files it names are
// looked for; an empty dir leaves them unchecked. Errors are as those of [Load].
func Parse(name string, data []byte, dir string) (*Definition, error) {
	return parse(name, data, dir, Flags{})
}

func parse(name string, data []byte, dir string, flags Flags) (*Definition, error) {
	sum := sha256.Sum256(data)
	d := &Definition{Path: name, Name: name, Dir: dir, Digest: hex.EncodeToString(sum[:])}
	if len(data) > MaxSize {
		return nil, &Error{Code: "too-large", Place: name, Text: fmt.Sprintf("larger than %d KiB", MaxSize>>10),
			Hint: "is this the campaign file? lists and templates are files of their own"}
	}
	err := (schema.Document{Name: name, Data: data, Dir: dir}).Decode(d.keys(flags), func(dec *schema.Decoder) {
		d.check(dec)
		d.checkPiped(dec, flags.Stdin)
	})
	if wrong := d.take(flags); wrong != nil {
		err = errors.Join(err, wrong)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// RememberDays is for how many days it is remembered who got which message; 0 = not at all.
func (d *Definition) RememberDays() int {
	if d.Remember == 0 {
		return 400
	}
	return max(d.Remember, 0)
}

// check holds the rules that need more than one key.
func (d *Definition) check(dec *schema.Decoder) {
	plain := !d.Body.Markdown.Given() && !d.Body.HTML.Given()
	if n := dec.Given("body"); n != nil && plain && !d.Body.Text.Given() && !dec.Failed("body") {
		dec.Report(n, "missing-key", "the body has no text",
			"give one of markdown: body.md, html: body.html or text: body.txt")
	}
	if n := dec.Given("body.layout"); n != nil && plain && d.Body.Text.Given() && !dec.Failed("body.layout") {
		dec.Report(n, "useless-key", "a layout is for markdown or html, and the body is text only", "remove the line")
	}
	appearance.Check(dec, "body", d.Body.Layout, d.Body.Markdown.Given(), d.Body.HTML.Given())
	if n := dec.Given("body.inline"); n != nil && plain && d.Body.Text.Given() && !dec.Failed("body.inline") {
		dec.Report(n, "useless-key", "inline is for markdown or html, and the body is text only", "remove the line")
	}
	if n := dec.Given("body.typographer"); n != nil && d.Body.Typographer && !d.Body.Markdown.Given() {
		dec.Report(n, "useless-key", "the typographer is for markdown", "remove the line")
	}
	d.checkList(dec)
	d.checkCourtesy(dec)
	d.checkServers(dec)
	if b := d.Limits.Retry.Defaults(); b.GiveUp < b.First {
		if n := dec.Given("limits.retry"); n != nil {
			dec.Report(n, "bad-value", fmt.Sprintf("give_up (%v) comes before the first retry (%v)", b.GiveUp, b.First), "")
		}
	}
	attaching.Check(dec, "attachments", d.Attachments)
	bulk.Check(dec, d.Bulk, d.HasHeader)
	copies.Check(dec, d.Copies, d.Bulk.Kind, d.ways(func(s *Server) bool { return s.Direct }, "direct"),
		d.ways(func(s *Server) bool { return s.Sendmail != "" }, "sendmail"))
	signing.Check(dec, d.Signatures, d.FromDomain())
	sealing.Check(dec, d.Sealing, len(d.Copies.Cc) > 0, len(d.Copies.Bcc) > 0)
	d.checkLanguages(dec)
	returns.Check(dec, &d.Returns, d.lent(dec))
	d.mark(dec)
}

// mark keeps the places of what this machine may lack, or time may end.
func (d *Definition) mark(dec *schema.Decoder) {
	keep := func(path string) {
		n := dec.Given(path)
		if n == nil {
			return
		}
		if n.Kind == yaml.MappingNode && len(n.Content) == 2 { // of { env: NAME }, the name
			n = n.Content[1]
		}
		if d.marks == nil {
			d.marks = map[string]schema.Mark{}
		}
		d.marks[path] = dec.Mark(n)
	}
	for _, key := range []string{"schedule.not_after", "from", "reply_to", "subject", "bounces", "kind", "unsubscribe"} {
		keep(key)
	}
	for _, way := range []string{sealing.SMIME, sealing.PGP} {
		for _, key := range []string{"sign.certificate", "sign.key", "sign.passphrase", "encrypt.folder", "encrypt.column"} {
			keep(way + "." + key)
		}
	}
	for i := range d.Signatures {
		keep(fmt.Sprintf("dkim[%d].key", i))
		keep(fmt.Sprintf("dkim[%d].domain", i))
		keep(fmt.Sprintf("dkim[%d].selector", i))
	}
	for _, s := range d.Servers {
		for _, key := range []string{"password", "oauth", "oauth.client_secret", "oauth.key_file", "ca_file",
			"client_certificate", "client_key", "sendmail", "host", "provider", "direct", "username", "sent_copy"} {
			keep(s.path + "." + key)
		}
		for _, box := range []string{"drafts", "sent_copy"} {
			for _, key := range []string{"password", "oauth", "oauth.client_secret", "oauth.key_file", "ca_file"} {
				keep(s.path + "." + box + "." + key)
			}
		}
	}
}

// Mistake is one that shows only when the file was read long ago, or on another machine: about the value of a key, such
// as schedule.not_after, or with s of one of the server's, such as oauth.key_file.
func (d *Definition) Mistake(s *Server, key, code, text, hint string) *Error {
	signs, _, _ := strings.Cut(key, ".")
	if d.lender != nil && (s != nil || strings.HasPrefix(key, "dkim") || signs == sealing.SMIME || signs == sealing.PGP) {
		return d.lender.Mistake(s, key, code, text, hint)
	}
	if s != nil {
		key = s.path + "." + key
	}
	return d.marks[key].Error(d.Name, code, text, hint)
}
