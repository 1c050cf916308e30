package definition

import (
	"strconv"

	"go.yaml.in/yaml/v4"
)

// keys is the table of what a campaign file may hold. It is the one place to change for a new key: reading, suggestions
// and the reference follow it. The order is that of the reference.
func (d *Definition) keys() []key {
	return []key{
		{name: "id", required: true, read: id(&d.ID), example: "invoices-{{date}}",
			doc: "What the campaign is known by: a second send with the same id resumes the first. Letters, digits, . _ and -; {{date}} is the day of the send."},
		{name: "from", required: true, read: mailbox(&d.From), example: "Acme Billing <billing@acme.example>",
			doc: "from, reply_to, subject, headers and attachment names are templates: {{.column}} is what the list holds. Quote what begins with {{ or holds \": \" or \" #\"."},
		{name: "reply_to", read: mailbox(&d.ReplyTo), example: "help@acme.example"},
		{name: "bounces", read: plainAddress(&d.Bounces), example: "bounces@acme.example",
			doc: "Envelope sender, where undeliverable mail comes back. Default: the address of from."},
		{name: "notify", read: notify(&d.Notify), example: "[failure, delay]", off: true,
			doc: "When a report is to come back there, of servers that can (DSN): success, failure, delay, or never. Default: as the servers like, most often failure."},
		{name: "subject", required: true, read: line(&d.Subject), example: `"Invoice {{.number}} for {{.name}}"`},
		{name: "recipients", required: true, keys: d.recipientKeys(),
			doc: "The list."},
		{name: "body", required: true, keys: d.bodyKeys(),
			doc: "The text. One of markdown, html and text at least; a text part is always made. Files are below the campaign file's folder."},
		{name: "attachments", read: each(func() ([]key, func()) {
			a := &Attachment{}
			return attachmentKeys(a), func() { d.Attachments = append(d.Attachments, *a) }
		}), example: "\n- file: invoices/{{.number}}.pdf\n  name: Invoice {{.number}}.pdf\n- file: logo.png\n  cid: logo",
			doc: "Files that go along, below the campaign file's folder; file and name are templates. name is the file's own by default. With cid: logo, the HTML shows it by <img src=\"cid:logo\">."},
		{name: "suppress", read: fileList(&d.Suppress), example: "[do-not-mail.csv]",
			doc: "Files of people never to be mailed: addresses, @example.com or @*.example.com, one a line; or an export: mailshot suppress import --help. Read again when they change."},
		{name: "headers", entries: header(&d.Headers), example: `{ List-Id: "Invoices <invoices.acme.example>" }`,
			doc: "Headers of your own. One that comes out empty is left out."},
		{name: "archive", read: folder(&d.Archive), example: "sent/",
			doc: "Folder for a copy of each message as it was sent. Default: none."},
		{name: "server", keys: d.single.keys(),
			doc: "Where the messages are handed over. Not needed for check, preview and send --to-sink."},
		{name: "servers", read: each(d.another), off: true,
			example: "\n- { host: smtp-a.acme.example, weight: 3, limits: { caps: 10_000/24h } }\n- { name: reserve, provider: postfix, host: smtp-b.acme.example, limits: { connections: 1 } }",
			doc:     "Several, in the place of server: each has its keys, weight (its part of the recipients' domains; default 1), name (default: its host and port) and limits of its own: caps, cap_group, raise, connections, messages_per_connection and warmup. See below."},
		{name: "limits", keys: d.limitKeys(),
			doc: "What the sending keeps to, over restarts and across campaigns of one account."},
		{name: "schedule", keys: d.scheduleKeys(),
			doc: "When mail may go. Default: always. What the run does not wait for goes with the next send, within its hours."},
	}
}

func (d *Definition) recipientKeys() []key {
	r := &d.Recipients
	r.Duplicates = "error"
	return []key{
		{name: "file", required: true, unless: func() bool { return r.Postgres != nil }, read: list(&r.File, &r.Files), example: "customers.xlsx",
			doc: ".csv, .tsv, .xlsx, .jsonl (an object a line) or an SQLite database, also packed with gzip or zstd; - is standard input. Several as [north.csv, south.csv], with the same columns."},
		{name: "file_column", read: noted(&r.Places, "file_column", &r.FileColumn), example: "source", off: true, doc: "Of several files: a column more, with the name of the row's file."},
		{name: "query", read: queryText(&r.Query, &r.Places), example: "SELECT email, name FROM customers ORDER BY id", off: true,
			doc: "Of a database: which rows, by one SELECT; the columns of the answer are the list's. Without ORDER BY it may be another list each time."},
		{name: "postgres", read: postgres(&r.Postgres, &r.Places), example: "{ env: DATABASE_URL }", off: true,
			doc: "A PostgreSQL database in the place of file: where its connection string is (env, file or command, as for server.password)."},
		{name: "sheet", read: text(&r.Sheet), example: "November", doc: "Excel: the sheet. Default: the first."},
		{name: "range", read: noted(&r.Places, "range", &r.Range), example: "A1:F200", doc: "Excel: the cells, or the name of a range or table. Default: all of the sheet."},
		{name: "hidden", read: word(&r.Hidden, "ask", "include", "skip"), example: "skip", off: true, doc: "Excel: rows that are hidden, by hand or by a filter. Default: ask, which refuses a list that has any until this says."},
		{name: "header_row", read: number(&r.HeaderRow, 1, 1_048_576), example: "1", doc: "Row of the column names. Default: the first that is not empty."},
		{name: "delimiter", read: delimiter(&r.Delimiter), example: `";"`, off: true, doc: `Text files: "," ";" "|" or tab. Default: detected.`},
		{name: "encoding", read: noted(&r.Places, "encoding", &r.Encoding), example: "windows-1252", off: true,
			doc: "Text files that are not UTF-8 or UTF-16: windows-1252, iso-8859-2, shift_jis … Default: what the file shows without doubt, else check says what it may be."},
		{name: "address", read: noted(&r.Places, "address", &r.Address), example: "email", doc: "Columns; Persian and Arabic forms of a letter, and blanks of any kind, are alike. Default: guessed from the column names, and said."},
		{name: "name", read: noted(&r.Places, "name", &r.Name), example: "full_name"},
		{name: "key", read: noted(&r.Places, "key", &r.Key), example: "number", doc: "What makes a recipient one and the same over runs, letter by letter: forms that look alike are different keys. Default: the address."},
		{name: "columns", entries: columns(&r.Columns, &r.Places), example: "{ amount: number, due: date }",
			doc: "text, number, date or bool. Default: text."},
		{name: "locale", read: noted(&r.Places, "locale", &r.Locale), example: "de-DE", off: true,
			doc: "Whose numbers and dates the columns hold (BCP 47): with de-DE 1.234,50 and 30.11.2026. Default: 1234.50 and 2026-11-30."},
		{name: "where", read: line(&r.Where), example: `amount > 0 && country != "FR"`, doc: "Only the rows for which this holds. Texts are compared with Persian and Arabic letters and digits in one form."},
		{name: "duplicates", read: word(&r.Duplicates, "error", "first"), example: "error",
			doc: "When two rows with one key would get different messages: error, or first to take the first."},
	}
}

func (d *Definition) bodyKeys() []key {
	b := &d.Body
	return []key{
		{name: "markdown", read: file(&b.Markdown), example: "body.md"},
		{name: "html", read: file(&b.HTML), example: "body.html", off: true},
		{name: "text", read: file(&b.Text), example: "body.txt", off: true, doc: "In the place of the text part that is made from the above."},
		{name: "layout", read: layout(&b.Layout), example: "plain",
			doc: "What stands around the body: plain, letter or a file. Default: plain for markdown, none for html."},
		{name: "language", read: language(&b.Language), example: "en", doc: "Language of the text (BCP 47). Default: not said."},
		{name: "direction", read: word(&b.Direction, "ltr", "rtl"), example: "ltr", doc: "ltr or rtl. Default: by the language."},
	}
}

func attachmentKeys(a *Attachment) []key {
	return []key{
		{name: "file", required: true, read: templateFile(&a.File), example: "invoice.pdf"},
		{name: "name", read: line(&a.Name)},
		{name: "cid", read: contentID(&a.CID)},
	}
}

// keys are those of server, and of each item of servers.
func (s *Server) keys() []key {
	preset := false // one is named, known or not
	other := false  // a way out that needs no host
	return []key{
		{name: "provider", read: provider(&s.Provider, &preset), example: "gmail", off: true,
			doc: "Fills host, port, tls, caps, connections and messages_per_connection where they are not given: mailshot providers lists them."},
		{name: "host", required: true, unless: func() bool { return preset || other }, read: host(&s.Host), example: "smtp.acme.example"},
		{name: "port", read: number(&s.Port, 1, 65535), example: "587", doc: "Default: 465 for tls: implicit, else 587."},
		{name: "socket", read: given(&other, machines(&s.Socket, "socket", "its whole path; for example /run/dovecot/lmtp")), example: "/run/dovecot/lmtp", off: true,
			doc: "Unix socket of a server on this machine, in the place of host and port."},
		{name: "protocol", read: word(&s.Protocol, "smtp", "lmtp"), example: "lmtp", off: true,
			doc: "lmtp is for servers that put mail into mailboxes themselves (port 24 by default). Default: smtp."},
		{name: "tls", read: tls(&s.TLS), example: "starttls",
			doc: "implicit, starttls or none. Default: implicit on port 465, else starttls. none with a password only on this machine."},
		{name: "username", read: text(&s.Username), example: "billing@acme.example"},
		{name: "password", read: password(&s.Password), example: "{ env: SMTP_PASSWORD }",
			doc: "Where the password is, never the password: { env: NAME }, { file: path } or { command: [pass, show, smtp] }."},
		{name: "oauth", keys: s.oauth.keys(), off: true, doc: "Tokens in the place of a password: mailshot login gets them, and they are renewed by themselves."},
		{name: "auth", read: mechanism(&s.Auth), example: "scram-sha-256", off: true,
			doc: "plain, login, cram-md5, scram-sha-1(-plus), scram-sha-256(-plus), xoauth2, oauthbearer or external. Default: the best that the server offers."},
		{name: "helo", read: helo(&s.Helo), example: "mail.acme.example", doc: "Name given in EHLO. Default: this machine's."},
		{name: "ca_file", read: anyFile(&s.CAFile), example: "ca.pem", off: true, doc: "Certificates to trust in the place of the system's (PEM)."},
		{name: "fingerprint", read: fingerprint(&s.Fingerprint), example: "5f0c8dd2b1c9a0e7d1f64b5a3c2e1908f7e6d5c4b3a29180716253443526170f", off: true,
			doc: "SHA-256 of the one certificate to accept, whatever else it says; the only way round its verification. mailshot probe shows the server's."},
		{name: "client_certificate", read: anyFile(&s.ClientCertificate), example: "client.pem", off: true,
			doc: "Certificate to show to a server that asks for one (PEM)."},
		{name: "client_key", read: keyFile(&s.ClientKey), example: "~/.config/acme/client.key", off: true,
			doc: "Its key, not encrypted; may be anywhere. Default: in the certificate's file."},
		{name: "require_tls", read: yes(&s.RequireTLS), example: "true", off: true,
			doc: "The server is to pass messages on over TLS only, or to return them (REQUIRETLS, RFC 8689). One that cannot gets none."},
		{name: "chunking", read: chunking(&s.Chunking), example: "65_536", off: true,
			doc: "Messages of up to so many bytes go out in one write with their envelope where the server offers CHUNKING; off: none do. Default: 65_536."},
		{name: "lock_step", read: yes(&s.LockStep), example: "true", off: true,
			doc: "One command, one answer, for a server that offers PIPELINING and cannot do it. Default: what is offered is used."},
		{name: "direct", read: given(&other, yes(&s.Direct)), example: "true", off: true,
			doc: "No server of yours: each message goes to its recipient's mail servers, port 25. Needs helo, and neither host nor provider. For owners of a static IP address whose PTR is helo; most networks block it."},
		{name: "sendmail", read: given(&other, machines(&s.Sendmail, "program", "its whole path, without arguments; for example /usr/sbin/sendmail")), example: "/usr/sbin/sendmail", off: true,
			doc: "No server either: this program is run for each message, with -i -f FROM -- TO."},
	}
}

func (d *Definition) limitKeys() []key {
	l := &d.Limits
	return append([]key{
		{name: "caps", read: caps(&l.Caps), example: "[20/min, 400/24h]",
			doc: "Recipients in any stretch of that time: number/unit with s, min, h, d, or number/15m. Under a minute: evenly paced."},
		{name: "domains", entries: domainCaps(&l.Domains), example: "{ gmail.com: 5/s, outlook.com: [10/min, 1_000/24h] }",
			doc: "More caps, by the recipient's domain; a large provider's other domains share those of the one named."},
		{name: "connections", read: number(&l.Connections, 1, 500), example: "2", doc: "At a time. Default: 2."},
		{name: "messages_per_connection", read: number(&l.MessagesPerConnection, 1, 1_000_000), example: "50", doc: "Default: 100."},
		{name: "raise", read: truth(&l.Raise), example: "true", off: true,
			doc: "With a provider: what is given here holds even where the provider's own figure is lower. Default: the lower one holds."},
		{name: "cap_group", read: capGroup(&l.CapGroup), example: "acme-tenant", off: true,
			doc: "Campaigns that name the same group share these caps, whatever their server and login. Default: those of one host and login do."},
		{name: "retry", keys: []key{
			{name: "first", read: duration(&l.Retry.First), example: "5m"},
			{name: "max", read: duration(&l.Retry.Max), example: "4h"},
			{name: "give_up", read: duration(&l.Retry.GiveUp), example: "48h"},
		}, doc: "Of temporary failures: the first wait, doubled up to max, for give_up at most. These are the defaults."},
	}, d.courtesyKeys()...)
}

// each reads a list of mappings. item gives the keys of a new item and what to do when it has been read.
func each(item func() ([]key, func())) func(*decoder, *yaml.Node) {
	return func(dec *decoder, n *yaml.Node) {
		if n.Kind == yaml.MappingNode {
			dec.report(n, "wrong-type", strconv.Quote(dec.name())+" must be a list", "begin each item with - and a blank")
			return
		}
		dec.list(n, func(n *yaml.Node) {
			keys, done := item()
			dec.section(n, n, keys)
			done()
		})
	}
}
