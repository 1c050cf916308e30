// Package returns reads the keys of a campaign file that say where mail about a campaign comes back, and what is made
// of it: [Key] is the key, [Check] holds its rules. [Load] reads the same key from the user's config.yaml, which is for
// all campaigns.
//
// It may be a list of boxes, or a section that has the list as from:
//
//	returns: [{ imap: { host: imap.acme.example, password: { env: IMAP_PASSWORD } } }, { maildir: ~/Maildir }]
//	returns: { from: [{ mbox: /var/mail/ann }], words: act, soft: 3 }
package returns

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/login"
	"mailshot/campaign/definition/schema"
	"mailshot/campaign/definition/secret"
	"mailshot/campaign/definition/value"
)

// The kinds of boxes.
const (
	IMAP    = "imap"
	POP3    = "pop3"
	Maildir = "maildir"
	Mbox    = "mbox"
	Folder  = "folder" // of messages, one a file
	Events  = "events" // a file, or a folder of files, in which a provider says what became of messages
)

// What is made of a person who asks in words to be taken off.
const (
	List = "list" // a person decides
	Act  = "act"  // it holds at once
)

// DefaultSoft is how many soft bounces in a row, with no success between, take a mailbox off.
const DefaultSoft = 5

// Returns is what a file says about mail that comes back. The zero value says nothing.
type Returns struct {
	Boxes []Box
	Words string // List or Act; "" = not said, which is List
	Soft  int    // soft bounces in a row that take a mailbox off; 0 = not said, which is DefaultSoft; negative = never
}

// Box is a mailbox, or files in the place of one. It holds no secret and may be printed.
type Box struct {
	Kind string
	Path string // of Maildir, Mbox, Folder and Events, as the file has it; see File
	From string // whose Events: ses, sendgrid, postmark, mailgun or brevo; "" = told by what is in them

	// Of IMAP and POP3. Port 0 and TLS "" leave the choice to the client: implicit TLS and its port.
	Host        string
	Port        int
	TLS         string // implicit, starttls, none or ""
	Username    string
	Password    *secret.Secret // nil = OAuth
	OAuth       *login.OAuth   // nil = Password
	Auth        string         // mechanism, lower case; "" = the best that the server offers
	Folder      string         // of IMAP; "" = INBOX
	CAFile      string         // PEM certificates to trust instead of the system's; see Authority
	Fingerprint string         // SHA-256 of the one certificate to accept, in 64 lower case digits; "" = verify
	// Borrowed is true where Username, Password and OAuth are those of the campaign's server, because the file gives none
	// for the box.
	Borrowed bool

	Dir   string // of the file that names the box: relative paths begin there, and secrets are looked for there
	Place string // of the box in that file, as campaign.yaml:7:3

	path  string // of its keys in the file
	oauth login.OAuth
}

// Login is how a campaign logs in at its server.
type Login struct {
	Username string
	Password *secret.Secret
	OAuth    *login.OAuth
}

// Acts reports whether a person who asks in words to be taken off is taken off at once.
func (r Returns) Acts() bool { return r.Words == Act }

// Softs is how many soft bounces in a row take a mailbox off; 0 = that many do not exist.
func (r Returns) Softs() int { return max(cmp.Or(r.Soft, DefaultSoft), 0) }

// Over is r with what another one says where r says nothing: of boxes, all or none.
func (r Returns) Over(base Returns) Returns {
	if len(r.Boxes) == 0 {
		r.Boxes = base.Boxes
	}
	r.Words, r.Soft = cmp.Or(r.Words, base.Words), cmp.Or(r.Soft, base.Soft)
	return r
}

// File is the path of a box that is not a server's.
func (b Box) File() (string, error) { return secret.Path(b.Path, b.Dir) }

// Authority is the path of CAFile.
func (b Box) Authority() (string, error) { return secret.Path(b.CAFile, b.Dir) }

// String says in words which box it is.
func (b Box) String() string {
	switch b.Kind {
	case IMAP:
		return fmt.Sprintf("imap %s %s", b.Host, cmp.Or(b.Folder, "INBOX"))
	case POP3:
		return "pop3 " + b.Host
	}
	return b.Kind + " " + b.Path
}

// Key is the key of a campaign file for r. dir is the folder of the file.
func Key(r *Returns, dir string) schema.Key {
	return schema.Key{Name: "returns", Off: true, Read: reader(r, dir),
		Example: "\n- imap: { host: imap.acme.example, username: billing@acme.example, password: { env: IMAP_PASSWORD } }" +
			"\n- maildir: ~/Maildir/.Returns",
		Doc: "Where bounces, complaints and answers come back: mailshot collect reads it, and changes nothing there. An item " +
			"is imap or pop3 (host, port, tls, username, password or oauth, auth, ca_file, fingerprint, and for imap folder), " +
			"maildir, mbox or folder (of .eml files) with a path, or events with the path of what ses, sendgrid, postmark, " +
			"mailgun or brevo say: { events: exports/, from: ses }. Without username and password the login is that of server. " +
			"{ from: [...], words: act, soft: 3 } in place of the list: words: act takes people off who ask for it in words " +
			"(default: list, a person decides), soft is how many soft bounces in a row take a mailbox off (default 5; 0: none). " +
			"Default: what config.yaml says; see below."}
}

// reader reads a list of boxes, or the section that has one.
func reader(r *Returns, dir string) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) {
		boxes := func(dec *schema.Decoder, n *yaml.Node) {
			dec.List(n, func(n *yaml.Node) {
				b := Box{path: dec.Name(), Dir: dir}
				dec.Section(n, n, b.keys())
				if n.Kind != 0 {
					b.settle(dec, n)
				}
				r.Boxes = append(r.Boxes, b)
			})
		}
		if n.Kind == yaml.MappingNode && !alone(n) || n.Kind == 0 { // 0: the schema is asked for
			dec.Section(n, n, []schema.Key{
				{Name: "from", Read: boxes, Example: "[{ maildir: ~/Maildir }]"},
				{Name: "words", Read: schema.Word(&r.Words, List, Act), Example: Act},
				{Name: "soft", Read: soft(&r.Soft), Example: "5"},
			})
		}
		if n.Kind != yaml.MappingNode || alone(n) {
			boxes(dec, n)
		}
	}
}

// alone reports whether a mapping is one box without the list around it.
func alone(n *yaml.Node) bool {
	for i := 0; i < len(n.Content); i += 2 {
		if slices.Contains(kinds[:], n.Content[i].Value) {
			return true
		}
	}
	return false
}

var kinds = [...]string{IMAP, POP3, Maildir, Mbox, Folder, Events}

// soft reads a number of bounces; 0 is never.
func soft(into *int) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) {
		v := -1
		schema.Number(&v, 0, 1000)(dec, n)
		*into = v
		if v == 0 {
			*into = -1
		}
	}
}

// keys are those of an item.
func (b *Box) keys() []schema.Key {
	list := []schema.Key{
		{Name: IMAP, Keys: append(b.serverKeys(), schema.Key{Name: "folder", Read: schema.String(&b.Folder), Example: "INBOX"})},
		{Name: POP3, Keys: append(b.serverKeys("user", "apop"), schema.Key{Name: "folder", Hidden: true, Read: noFolder})},
	}
	for _, kind := range kinds[2:] {
		list = append(list, schema.Key{Name: kind, Read: anywhere(&b.Path), Example: "~/Maildir"})
	}
	return append(list, schema.Key{Name: "from", Example: "ses",
		Read: schema.Word(&b.From, "ses", "sendgrid", "postmark", "mailgun", "brevo")})
}

func noFolder(dec *schema.Decoder, n *yaml.Node) {
	dec.Report(n, "useless-key", "POP3 has no folders: it reads the inbox", "remove the line, or use imap")
}

func (b *Box) serverKeys(mechanisms ...string) []schema.Key {
	return []schema.Key{
		{Name: "host", Required: true, Read: value.Host(&b.Host), Example: "mail.acme.example"},
		{Name: "port", Read: schema.Number(&b.Port, 1, 65535), Example: "993"},
		{Name: "tls", Read: value.TLS(&b.TLS), Example: "implicit"},
		{Name: "username", Read: schema.String(&b.Username), Example: "billing@acme.example"},
		{Name: "password", Read: secret.Reader(&b.Password, "a password", passwordHint), Example: "{ env: IMAP_PASSWORD }"},
		{Name: "oauth", Keys: b.oauth.Keys()},
		{Name: "auth", Read: login.Mechanism(&b.Auth, mechanisms...), Example: "plain"},
		{Name: "ca_file", Read: authority(&b.CAFile), Example: "ca.pem"},
		{Name: "fingerprint", Read: login.Fingerprint(&b.Fingerprint)},
	}
}

const passwordHint = "write password: { env: IMAP_PASSWORD }, { file: /run/secrets/imap } or { command: [pass, show, imap] }"

// anywhere reads the path of a mailbox, which is mostly not in the campaign's folder.
func anywhere(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		if schema.IsTemplate(t.Text) || strings.Contains(t.Text, "://") {
			dec.Bad(n, fmt.Sprintf("%q must be a path", dec.Name()), "for example ~/Maildir")
			return
		}
		*into = t.Text
	})
}

// authority reads the path of certificates: below the folder of the file it has to exist, elsewhere it may lead anywhere,
// as the path of a mailbox may.
func authority(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		if strings.HasPrefix(t.Text, "~/") || filepath.IsAbs(t.Text) {
			anywhere(into)(dec, n)
			return
		}
		schema.FileName(into)(dec, n)
	})
}

// settle says which kind a box is, and where it stands.
func (b *Box) settle(dec *schema.Decoder, n *yaml.Node) {
	b.Place = dec.Mark(n).Error("", "", "", "").Place
	var given []string
	for _, kind := range kinds {
		if dec.Given(b.path+"."+kind) != nil {
			given = append(given, kind)
		}
	}
	from := dec.Given(b.path + ".from")
	switch {
	case n.Kind != yaml.MappingNode:
	case len(given) == 0 && (len(n.Content) == 0 || from != nil):
		dec.Report(n, "missing-key", fmt.Sprintf("%q names no box", b.path), "one of "+strings.Join(kinds[:], ", "))
	case len(given) > 1:
		dec.Report(dec.Given(b.path+"."+given[1]), "useless-key",
			fmt.Sprintf("%s and %s in one item", given[0], given[1]), "begin another item with - and a space")
	case len(given) == 1:
		b.Kind = given[0]
	}
	if from != nil && len(given) == 1 && b.Kind != Events {
		dec.Report(from, "useless-key", "from says whose events they are, and the item has none", "remove it")
	}
}

// Check holds the rules that need more than one key. server is how the campaign logs in at its server, nil if it has
// none, and none is meant to be borrowed.
func Check(dec *schema.Decoder, r *Returns, server *Login) {
	first := map[string]string{}
	for i := range r.Boxes {
		b := &r.Boxes[i]
		switch b.Kind {
		case "":
			continue
		case IMAP, POP3:
			b.checkServer(dec, b.path+"."+b.Kind, server)
		}
		at := dec.Given(b.path + "." + b.Kind)
		if dec.Failed(b.path + "." + b.Kind) {
			continue
		}
		if same := b.same(); same != "" {
			if before, twice := first[same]; twice {
				dec.Report(at, "useless-key", "the same box twice", "the first is "+before)
			} else {
				first[same] = b.path
			}
		}
	}
}

// same is what two boxes have in common that are one; "" = not known.
func (b *Box) same() string {
	if b.Kind == IMAP || b.Kind == POP3 {
		return strings.Join([]string{b.Kind, strings.ToLower(b.Host), fmt.Sprint(b.Port), b.Username, b.Folder}, "\n")
	}
	file, err := b.File()
	if err != nil {
		return ""
	}
	return b.Kind + "\n" + file
}

// checkServer holds the rules of a box at a server, whose keys are below path.
func (b *Box) checkServer(dec *schema.Decoder, path string, server *Login) {
	at := dec.Given(path)
	given := func(name string) *yaml.Node { return dec.Given(path + "." + name) }
	username, password, oauth := given("username"), given("password"), given("oauth")
	missing := func(n *yaml.Node, text, hint string) { dec.Report(n, "missing-key", text, hint) }
	switch {
	case at == nil || at.Kind != yaml.MappingNode:
		return
	case oauth != nil && password != nil:
		dec.Report(oauth, "useless-key", "both a password and oauth", "remove one of them")
	case username == nil && password == nil && oauth == nil && server != nil:
		b.Username, b.Password, b.OAuth, b.Borrowed = server.Username, server.Password, server.OAuth, true
	case username == nil && password == nil && oauth == nil:
		missing(at, "a mailbox wants a login", "add username: and password:")
	case username == nil:
		missing(cmp.Or(password, oauth), "a login without a username", "add username:")
	case password == nil && oauth == nil:
		missing(username, "a username without a password", passwordHint)
	}
	if oauth != nil && oauth.Kind == yaml.MappingNode {
		b.OAuth = &b.oauth
		b.OAuth.Check(dec, path+".oauth", oauth)
		b.scopes()
	}
	if n := given("tls"); n != nil && b.TLS == "none" && b.Host != "" && !login.Loopback(b.Host) {
		dec.Report(n, "clear-password", "a password would go over the network in clear", "use implicit or starttls")
	}
	if n := given("ca_file"); n != nil && given("fingerprint") != nil {
		dec.Report(n, "useless-key", "ca_file has no effect with fingerprint", "remove one of them")
	}
	if n := given("auth"); n != nil && b.Auth == "apop" && (b.TLS == "starttls" || b.TLS == "" && b.Port == 110) {
		dec.Bad(n, "apop needs a greeting that came over TLS", "use tls: implicit, or another auth")
	}
	b.checkPort(dec, given)
}

// checkPort reports a port with the other port's TLS: both ends would wait for each other's first words.
func (b *Box) checkPort(dec *schema.Decoder, given func(string) *yaml.Node) {
	secure, plain := 993, 143
	if b.Kind == POP3 {
		secure, plain = 995, 110
	}
	n := given("tls")
	switch {
	case n == nil:
	case b.TLS == "starttls" && b.Port == secure:
		dec.Bad(n, fmt.Sprintf("starttls on port %d, where TLS begins with the first byte", secure),
			fmt.Sprintf("write tls: implicit, or port: %d", plain))
	case b.TLS == "implicit" && b.Port == plain:
		dec.Bad(n, fmt.Sprintf("implicit on port %d, where the server speaks first and without TLS", plain),
			fmt.Sprintf("write tls: starttls, or port: %d", secure))
	}
}

// scopes fills in what a token may do where the file does not say it: Microsoft's usual scope is for sending alone.
func (b *Box) scopes() {
	if b.OAuth.Provider != "microsoft" || len(b.OAuth.Scopes) > 0 || b.OAuth.Flow == "client_credentials" {
		return
	}
	b.OAuth.Scopes = []string{"https://outlook.office.com/IMAP.AccessAsUser.All", "offline_access"}
	if b.Kind == POP3 {
		b.OAuth.Scopes[0] = "https://outlook.office.com/POP.AccessAsUser.All"
	}
}
