package returns

import "strings"

// homes are the IMAP hosts that cannot be told from the name of the provider's server for sending; "" = the provider
// keeps no mail.
var homes = [...]struct{ sends, keeps string }{
	{"smtp.gmail.com", "imap.gmail.com"},
	{"smtp.googlemail.com", "imap.gmail.com"},
	{"smtp-relay.gmail.com", "imap.gmail.com"},
	{"smtp.office365.com", "outlook.office365.com"},
	{"smtp.outlook.office365.com", "outlook.office365.com"},
	{"smtp-mail.outlook.com", "outlook.office365.com"},
	{"smtp.live.com", "outlook.office365.com"},
	{"smtp.mail.yahoo.com", "imap.mail.yahoo.com"},
	{"smtp.mail.yahoo.co.jp", "imap.mail.yahoo.co.jp"},
	{"mail.gmx.net", "imap.gmx.net"},
	{"mail.gmx.com", "imap.gmx.com"},
	{"securesmtp.t-online.de", "secureimap.t-online.de"},
	{"smtp.sendgrid.net", ""},
	{"smtp.postmarkapp.com", ""},
	{"smtp-broadcasts.postmarkapp.com", ""},
	{"smtp.mailgun.org", ""},
	{"smtp.eu.mailgun.org", ""},
	{"smtp-relay.brevo.com", ""},
	{"smtp-relay.sendinblue.com", ""},
	{"in-v3.mailjet.com", ""},
	{"smtp.mandrillapp.com", ""},
	{"smtp.sparkpostmail.com", ""},
}

// Home is the IMAP host that belongs to a host that sends: of a known provider, imap.example.com for smtp.example.com,
// and else the same host; "" = there is none.
func Home(host string) string {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	for _, h := range homes {
		if h.sends == host {
			return h.keeps
		}
	}
	if strings.HasPrefix(host, "email-smtp.") && strings.HasSuffix(host, ".amazonaws.com") {
		return ""
	}
	first, rest, _ := strings.Cut(host, ".")
	if strings.HasPrefix(first, "smtp") && strings.Contains(rest, ".") {
		return "imap." + rest
	}
	return host
}
