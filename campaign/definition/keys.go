package definition

import (
	"slices"

	"mailshot/campaign/definition/appearance"
	"mailshot/campaign/definition/attaching"
	"mailshot/campaign/definition/bulk"
	"mailshot/campaign/definition/copies"
	"mailshot/campaign/definition/judging"
	"mailshot/campaign/definition/login"
	"mailshot/campaign/definition/returns"
	"mailshot/campaign/definition/schema"
	"mailshot/campaign/definition/sealing"
	"mailshot/campaign/definition/signing"
	"mailshot/campaign/definition/value"
)

// keys is the table of what a campaign file may hold beside what a command line gives. It is the one place to change
// for a new key: reading, suggestions and the reference follow it. The order is that of the reference.
func (d *Definition) keys(flags Flags) []schema.Key {
	return slices.Concat([]schema.Key{
		{Name: "id", Required: true, Read: id(&d.ID), Example: "invoices-{{date}}",
			Doc: "What the campaign is known by: a second send with the same id resumes the first. " +
				"Letters, digits, . _ and -. {{date}} is the day on which the campaign began: a later day begins another one, " +
				"once the one before is finished. See below."},
		{Name: "from", Required: true, Read: value.Mailbox(&d.From), Example: "Acme Billing <billing@acme.example>",
			Doc: "from, reply_to, cc, bcc, subject, headers and attachment names are templates: {{.column}} is what the list holds. " +
				"Quote what begins with {{ or holds \": \" or \" #\"."},
	}, copies.Keys(&d.Copies, &d.ReplyTo), []schema.Key{
		{Name: "bounces", Read: bulk.ReadBounces(&d.Bounces), Example: "bounces@acme.example",
			Doc: "Envelope sender, where undeliverable mail comes back. Default: the address of from. " +
				"\"b+{{.mailshot.return_token}}@acme.example\" is another address for each message; docs/bulk.md."},
		{Name: "notify", Read: notify(&d.Notify), Example: "[failure, delay]", Off: true,
			Doc: "When a server that supports DSN is to send a report to the envelope sender: success, failure, delay, " +
				"or never. Default: the server's choice, most often failure."},
		{Name: "subject", Required: true, Read: schema.Line(&d.Subject), Example: `"Invoice {{.number}} for {{.name}}"`},
		d.listKey(flags),
		{Name: "body", Required: true, Keys: d.bodyKeys(),
			Doc: "The text. At least one of markdown, html and text; a text part is always made. " +
				"The files are below the campaign file's folder."},
		d.attachmentsKey(),
		d.languagesKey(),
		{Name: "suppress", Read: schema.FileList(&d.Suppress), Example: "[do-not-mail.csv]",
			Doc: "Suppression files. A line is an address, @example.com or @*.example.com; or the file is an export: " +
				"mailshot suppress import --help. A file is read again when it changes."},
		{Name: "headers", Entries: header(&d.Headers), Example: `{ List-Id: "Invoices <invoices.acme.example>" }`,
			Doc: "Headers of your own. A header that comes out empty is left out."},
	}, bulk.Keys(&d.Bulk), []schema.Key{d.signaturesKey()}, sealing.Keys(&d.Sealing), []schema.Key{
		{Name: "set", Entries: d.settings, Example: "{ month: November }", Off: true,
			Doc: "Values for all rows, as columns that the list does not have: {{.month}}. A name that the list has too " +
				"is an error. --set month=November gives one on the command line, in place of the one here."},
		{Name: "check", Keys: judging.Keys(&d.Check), Off: true, Doc: "What findings of check, plan and send mean."},
		{Name: "archive", Read: schema.Folder(&d.Archive), Example: "sent/",
			Doc: "Folder for a copy of each message as it was sent. Default: none."},
		{Name: "remember", Read: schema.Days(&d.Remember, 3650), Example: "400d", Off: true,
			Doc: "For how long the user's accounts.db remembers who got which message, in keyed hashes, so that another " +
				"campaign does not send the same one again unasked: days, or never. Default: 400d."},
		{Name: "ledger", Doc: "How the ledger is kept.", Off: true, Keys: d.ledgerKeys()},
		{Name: "server", Keys: d.single.keys(),
			Doc: "Where the messages are handed over. Not needed for check, preview and send --to-sink."},
		{Name: "servers", Read: schema.Each(d.another), Off: true,
			Example: "\n- { host: smtp-a.acme.example, weight: 3, limits: { caps: 10_000/24h } }" +
				"\n- { name: reserve, provider: postfix, host: smtp-b.acme.example, limits: { connections: 1 } }",
			Doc: "Several servers, in place of server. Each has the keys of server and three more: weight (its share of the " +
				"recipients' domains; default 1), name (default: its host and port), and limits of its own (caps, cap_group, " +
				"raise, connections, messages_per_connection and warmup). See below."},
		returns.Key(&d.Returns, d.Dir),
		{Name: "limits", Keys: d.limitKeys(),
			Doc: "What the sending keeps to, over restarts and across campaigns of one account."},
		{Name: "schedule", Keys: d.scheduleKeys(),
			Doc: "When mail may go. Default: always. What the run does not wait for goes with the next send, within its hours."},
	})
}

// Reference returns a campaign file that shows every key with an example and what it means. It is written from the
// table of keys that reading uses, and is itself a good campaign file but for the files it names.
func Reference() string { return schema.Reference(new(Definition).keys(Flags{})) }

// JSONSchema is the JSON Schema of a campaign file, for editors.
func JSONSchema() schema.Shape {
	return schema.JSON(new(Definition).keys(Flags{}), "A mailshot campaign")
}

func (d *Definition) attachmentsKey() schema.Key {
	return schema.Key{Name: "attachments", Read: schema.Each(func() ([]schema.Key, func()) {
		a := &Attachment{}
		return attaching.Keys(a), func() { d.Attachments = append(d.Attachments, *a) }
	}),
		Example: attaching.Example, Doc: attaching.Doc}
}

func (d *Definition) signaturesKey() schema.Key {
	return schema.Key{Name: "dkim", Off: true, Read: schema.Each(func() ([]schema.Key, func()) {
		s := signing.Signature{Item: len(d.Signatures)}
		return signing.Keys(&s), func() { d.Signatures = append(d.Signatures, s) }
	}),
		Example: "\n- { domain: acme.example, selector: s1, key: { file: keys/s1.pem } }",
		Doc: "Signs each message when it leaves (DKIM), RSA or Ed25519; several items make several signatures. A server that " +
			"signs for your domain makes this needless. key is the private one, without a passphrase, in a file that only " +
			"you may read; mailshot probe --dns compares it with the DNS."}
}

func (d *Definition) ledgerKeys() []schema.Key {
	return []schema.Key{
		{Name: "block", Read: schema.Number(&d.Block, 1, 64), Example: "16", Off: true,
			Doc: "How many messages are begun ahead for each connection. More is faster where the disk is slow to sync. " +
				"After a kill one message for each connection is unknown either way; after a power cut the block and one more. " +
				"Default: 1."},
	}
}

func (d *Definition) recipientKeys() []schema.Key {
	r := &d.Recipients
	r.Duplicates = "error"
	return []schema.Key{
		{Name: "file", Required: true, Unless: func() bool { return r.Postgres != nil }, Read: list(&r.File, &r.Files, &r.Places),
			Example: "customers.xlsx",
			Doc: ".csv, .tsv, .xlsx, .jsonl or .json (an object a line, or an array) or an SQLite database, also packed " +
				"with gzip or zstd; - is standard input. What mailshot report writes is a list, too. Several files, as " +
				"[north.csv, south.csv], have the same columns. --recipients 'ann@example.com, bob@example.com' is a list " +
				"in place of this one."},
		{Name: "file_column", Read: noted(&r.Places, "file_column", &r.FileColumn), Example: "source", Off: true,
			Doc: "With several files: an extra column with the name of the row's file."},
		{Name: "query", Read: queryText(&r.Query, &r.Places), Off: true,
			Example: "SELECT email, name FROM customers ORDER BY id",
			Doc: "With a database: one SELECT whose rows are the list. " +
				"Without ORDER BY it may be another list each time."},
		{Name: "postgres", Read: postgres(&r.Postgres, &r.Places), Example: "{ env: DATABASE_URL }", Off: true,
			Doc: "A PostgreSQL database in place of file: where its connection string is " +
				"(env, file or command, as for server.password)."},
		{Name: "sheet", Read: schema.String(&r.Sheet), Example: "November", Doc: "Excel: the sheet. Default: the first."},
		{Name: "range", Read: noted(&r.Places, "range", &r.Range), Example: "A1:F200",
			Doc: "Excel: the cells, or the name of a range or table. Default: all of the sheet."},
		{Name: "hidden", Read: schema.Word(&r.Hidden, "ask", "include", "skip"), Example: "skip", Off: true,
			Doc: "Excel: what to do with rows hidden by hand or by a filter. " +
				"Default: ask, which refuses a list that has hidden rows."},
		{Name: "header_row", Read: schema.Number(&r.HeaderRow, 1, 1_048_576), Example: "1",
			Doc: "Row of the column names. Default: the first one, below a title in CSV."},
		{Name: "delimiter", Read: delimiter(&r.Delimiter), Example: `";"`, Off: true,
			Doc: `Text files: "," ";" "|" or tab. Default: detected.`},
		{Name: "encoding", Read: noted(&r.Places, "encoding", &r.Encoding), Example: "windows-1252", Off: true,
			Doc: "Text files that are not UTF-8 or UTF-16: windows-1252, iso-8859-2, shift_jis … " +
				"Default: what the file shows without doubt, else check says what it may be."},
		{Name: "address", Read: noted(&r.Places, "address", &r.Address), Example: "email",
			Doc: "Columns. Persian and Arabic forms of a letter are alike, and so are blanks of any kind. " +
				"Default: guessed from the column names; check and the plan say which."},
		{Name: "name", Read: noted(&r.Places, "name", &r.Name), Example: "full_name"},
		{Name: "key", Read: noted(&r.Places, "key", &r.Key), Example: "number",
			Doc: "What identifies a recipient over runs, letter by letter: forms that look alike are different keys. " +
				"Default: the address."},
		d.groupKey(),
		{Name: "language", Read: noted(&r.Places, "language", &r.Language), Example: "lang", Off: true,
			Doc: "With languages: the column that has the code of each person's language. fa-IR takes fa. A row whose " +
				"code is none of the languages, or empty, takes the default, and check says how many do."},
		{Name: "addresses", Read: schema.Word(&r.Addresses, "strict", "lenient"), Example: "lenient", Off: true,
			Doc: "lenient takes addresses with dots that the standard does not allow, as ann..b@docomo.ne.jp. " +
				"Default: strict, which makes such rows invalid."},
		{Name: "columns", Entries: columns(&r.Columns, &r.Places), Example: "{ amount: number, due: date }",
			Doc: "Types of columns: text, number, date or bool. A number that would lose digits, as a long customer " +
				"number does, is an error. Default: text."},
		{Name: "locale", Read: noted(&r.Places, "locale", &r.Locale), Example: "de-DE", Off: true,
			Doc: "How the columns write numbers and dates (BCP 47): with de-DE 1.234,50 and 30.11.2026. " +
				"A workbook's cells are shown as a sheet shows them to its readers, the key's cells aside. " +
				"Default: 1234.50 and 2026-11-30, and for what a sheet shows the body's language."},
		{Name: "where", Read: schema.Line(&r.Where), Example: `amount > 0 && country != "FR"`,
			Doc: "Only the rows for which this is true. " +
				"Texts are compared with Persian and Arabic letters and digits in one form."},
		{Name: "duplicates", Read: schema.Word(&r.Duplicates, "error", "first"), Example: "error",
			Doc: "What to do when two rows with one key would get different messages: error, or first to take the first."},
	}
}

func (d *Definition) groupKey() schema.Key {
	r := &d.Recipients
	return schema.Key{Name: "group", Read: noted(&r.Places, "group", &r.Group), Example: "customer", Off: true,
		Doc: "In place of key: one message for all rows with one value in this column, wherever in the list they are. " +
			"{{range .rows}} goes over them and sum adds a column up; docs/groups.md."}
}

func (d *Definition) bodyKeys() []schema.Key {
	b := &d.Body
	return append([]schema.Key{
		{Name: "markdown", Read: bodyFile(&b.Markdown), Example: "body.md",
			Doc: "One of the three may be \"-\", standard input; a send that goes on needs it again."},
		{Name: "html", Read: bodyFile(&b.HTML), Example: "body.html", Off: true},
		{Name: "text", Read: bodyFile(&b.Text), Example: "body.txt", Off: true,
			Doc: "In place of the text part that is made from the above."},
		{Name: "layout", Read: appearance.Layout(&b.Layout), Example: "plain",
			Doc: "What is around the body: plain, letter, newsletter, invoice or a file; docs/layouts.md shows them. " +
				"Default: plain for markdown, none for html."},
		{Name: "language", Read: language(&b.Language), Example: "en",
			Doc: "Language of the text (BCP 47). Default: not said."},
		{Name: "direction", Read: schema.Word(&b.Direction, "ltr", "rtl"), Example: "ltr",
			Doc: "ltr or rtl. Default: by the language."},
		{Name: "typographer", Read: schema.Truth(&b.Typographer), Example: "true", Off: true,
			Doc: "Sets \"quotes\", dashes (--, ---) and dots (...) of markdown as the language does. Default: as typed."},
		{Name: "inline", Read: schema.Off(&b.NoInline), Example: "false", Off: true,
			Doc: "false leaves the rules of <style> there. Default: true, which also writes them into style=, for mail " +
				"programs that drop <style>."},
	}, appearance.Keys(&b.Look)...)
}

// keys are those of server, and of each item of servers.
func (s *Server) keys() []schema.Key {
	preset := false // one is named, known or not
	other := false  // a way out that needs no host
	return []schema.Key{
		{Name: "provider", Read: provider(&s.Provider, &preset), Example: "gmail", Off: true,
			Doc: "Fills host, port, tls, caps, connections and messages_per_connection where they are not given: " +
				"mailshot providers lists the providers."},
		{Name: "host", Required: true, Unless: func() bool { return preset || other }, Read: value.Host(&s.Host),
			Example: "smtp.acme.example"},
		{Name: "port", Read: schema.Number(&s.Port, 1, 65535), Example: "587",
			Doc: "Default: 465 for tls: implicit, else 587."},
		{Name: "socket", Example: "/run/dovecot/lmtp", Off: true,
			Read: given(&other, machines(&s.Socket, "socket", "its whole path; for example /run/dovecot/lmtp")),
			Doc:  "Unix socket of a server on this machine, in place of host and port."},
		{Name: "protocol", Read: schema.Word(&s.Protocol, "smtp", "lmtp"), Example: "lmtp", Off: true,
			Doc: "lmtp is for servers that put mail into mailboxes themselves (port 24 by default). Default: smtp."},
		{Name: "tls", Read: value.TLS(&s.TLS), Example: "starttls",
			Doc: "implicit, starttls or none. Default: implicit on port 465, else starttls. " +
				"none with a password is allowed only on this machine."},
		{Name: "username", Read: schema.String(&s.Username), Example: "billing@acme.example"},
		{Name: "password", Read: password(&s.Password), Example: "{ env: SMTP_PASSWORD }",
			Doc: "Where the password is, never the password: " +
				"{ env: NAME }, { file: path }, { command: [pass, show, smtp] } or { keyring: name }, the system's keyring."},
		{Name: "oauth", Keys: s.oauth.Keys(), Off: true,
			Doc: "Tokens in place of a password. mailshot login gets them; they are renewed by themselves."},
		{Name: "auth", Read: login.Mechanism(&s.Auth), Example: "scram-sha-256", Off: true,
			Doc: "plain, login, cram-md5, scram-sha-1(-plus), scram-sha-256(-plus), xoauth2, oauthbearer or external. " +
				"Default: the best that the server offers."},
		{Name: "helo", Read: value.Helo(&s.Helo), Example: "mail.acme.example",
			Doc: "Name given in EHLO. Default: this machine's."},
		{Name: "ca_file", Read: schema.FileName(&s.CAFile), Example: "ca.pem", Off: true,
			Doc: "Certificates to trust in place of the system's (PEM)."},
		{Name: "fingerprint", Read: login.Fingerprint(&s.Fingerprint), Off: true,
			Example: "5f0c8dd2b1c9a0e7d1f64b5a3c2e1908f7e6d5c4b3a29180716253443526170f",
			Doc: "SHA-256 of the one certificate to accept, whatever else the certificate says. " +
				"There is no other way round verification. mailshot probe shows the server's."},
		{Name: "client_certificate", Read: schema.FileName(&s.ClientCertificate), Example: "client.pem", Off: true,
			Doc: "Certificate to show to a server that asks for one (PEM)."},
		{Name: "client_key", Read: login.KeyFile(&s.ClientKey), Example: "~/.config/acme/client.key", Off: true,
			Doc: "Its key, not encrypted; the file may be anywhere. Default: in the certificate's file."},
		{Name: "require_tls", Read: schema.Yes(&s.RequireTLS), Example: "true", Off: true,
			Doc: "The server must pass messages on over TLS only, or return them (REQUIRETLS, RFC 8689). " +
				"A server that cannot do this gets no messages."},
		{Name: "chunking", Read: chunking(&s.Chunking), Example: "65_536", Off: true,
			Doc: "Messages of up to this many bytes go out in one write with their envelope where the server offers CHUNKING. " +
				"off: none do. Default: 65_536."},
		{Name: "lock_step", Read: schema.Yes(&s.LockStep), Example: "true", Off: true,
			Doc: "One command, one answer, for a server that offers PIPELINING and cannot do it. " +
				"Default: what is offered is used."},
		{Name: "direct", Read: given(&other, schema.Yes(&s.Direct)), Example: "true", Off: true,
			Doc: "Without a server of yours: each message goes to its recipient's mail servers, port 25. " +
				"direct needs helo, and neither host nor provider. It is for owners of a static IP address whose PTR is helo; " +
				"most networks block port 25."},
		{Name: "sendmail", Example: "/usr/sbin/sendmail", Off: true,
			Read: given(&other, machines(&s.Sendmail, "program",
				"its whole path, without arguments; for example /usr/sbin/sendmail")),
			Doc: "Also without a server: this program is run for each message, with -i -f FROM -- TO."},
		s.draftsKey(), s.copyKey(),
	}
}

func (d *Definition) limitKeys() []schema.Key {
	l := &d.Limits
	return append([]schema.Key{
		{Name: "caps", Read: value.Caps(&l.Caps), Example: "[20/min, 400/24h]",
			Doc: "Recipients in any stretch of that time: number/unit with s, min, h, d, or number/15m. " +
				"A cap of less than a minute is spread evenly."},
		{Name: "domains", Entries: value.DomainCaps(&l.Domains), Example: "{ gmail.com: 5/s, outlook.com: [10/min, 1_000/24h] }",
			Doc: "More caps, by the recipient's domain. A large provider's other domains share the caps of the one named."},
		{Name: "connections", Read: schema.Number(&l.Connections, 1, 500), Example: "2", Doc: "At a time. Default: 2."},
		{Name: "messages_per_connection", Read: schema.Number(&l.MessagesPerConnection, 1, 1_000_000), Example: "50",
			Doc: "Default: 100."},
		{Name: "raise", Read: schema.Truth(&l.Raise), Example: "true", Off: true,
			Doc: "With a provider: what is given here holds even where the provider's own figure is lower. " +
				"Default: the lower one holds."},
		{Name: "cap_group", Read: capGroup(&l.CapGroup), Example: "acme-tenant", Off: true,
			Doc: "Campaigns that name the same group share these caps, whatever their server and login. " +
				"Default: campaigns with one host and login share them."},
		{Name: "retry", Keys: []schema.Key{
			{Name: "first", Read: schema.Duration(&l.Retry.First), Example: "5m"},
			{Name: "max", Read: schema.Duration(&l.Retry.Max), Example: "4h"},
			{Name: "give_up", Read: schema.Duration(&l.Retry.GiveUp), Example: "48h"},
		}, Doc: "After a temporary failure: the first wait, doubled up to max, for give_up at most. These are the defaults."},
	}, d.courtesyKeys()...)
}
