package returns

import "testing"

// The IMAP host that belongs to a host that sends.
func TestHome(t *testing.T) {
	t.Parallel()
	for sends, want := range map[string]string{
		"smtp.gmail.com":                     "imap.gmail.com",
		"SMTP.Office365.com.":                "outlook.office365.com",
		"smtp.mail.yahoo.com":                "imap.mail.yahoo.com",
		"smtp.acme.example":                  "imap.acme.example",
		"smtp2.acme.example":                 "imap.acme.example",
		"smtp-out.mail.acme.example":         "imap.mail.acme.example",
		"mail.acme.example":                  "mail.acme.example",
		"smtp.example":                       "smtp.example", // a domain, and no host in one
		"127.0.0.1":                          "127.0.0.1",
		"localhost":                          "localhost",
		"smtp.sendgrid.net":                  "",
		"email-smtp.eu-west-1.amazonaws.com": "",
		"email-smtp.acme.example":            "email-smtp.acme.example",
		"smtp.eu.mailgun.org":                "",
		"securesmtp.t-online.de":             "secureimap.t-online.de",
		"smtp.googlemail.com":                "imap.gmail.com",
	} {
		if got := Home(sends); got != want {
			t.Errorf("%s: %q, want %q", sends, got, want)
		}
	}
}
