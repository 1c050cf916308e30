package definition

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailshot/campaign/definition/returns"
	"mailshot/campaign/definition/secret"
)

// Where copies of sent messages go, and what of it the server lends. The schema takes all forms.
func TestSentCopy(t *testing.T) {
	t.Parallel()
	s := validator(t)
	lent := func(host string) returns.Box {
		return returns.Box{Kind: returns.IMAP, Host: host, Username: "me", Password: &secret.Secret{Env: "PW"}, Borrowed: true}
	}
	folder := lent("imap.example.com")
	folder.Folder, folder.Port = "Campaigns/2026", 1993
	own := returns.Box{Kind: returns.IMAP, Host: "mail.example.com", Username: "you", Password: &secret.Secret{File: "pw"}}
	const login = "username: me, password: { env: PW }"
	for _, tt := range []struct {
		server string
		want   returns.Box
	}{
		{"{ host: smtp.example.com, " + login + " }", returns.Box{}},
		{"{ host: smtp.example.com, " + login + ", sent_copy: imap }", lent("imap.example.com")},
		{"{ host: mail.example.com, " + login + ", sent_copy: {} }", lent("mail.example.com")},
		{"{ provider: gmail, " + login + ", sent_copy: imap }", lent("imap.gmail.com")},
		{"{ host: smtp.office365.com, " + login + ", sent_copy: imap }", lent("outlook.office365.com")},
		{"{ host: smtp.example.com, " + login + ", sent_copy: { folder: Campaigns/2026, port: 1993 } }", folder},
		{"{ host: smtp.sendgrid.net, " + login + ", sent_copy: { host: mail.example.com } }", lent("mail.example.com")},
		{"{ host: smtp.example.com, " + login +
			", sent_copy: { host: mail.example.com, username: you, password: { file: pw } } }", own},
		{"{ direct: true, helo: mail.example.com, " +
			"sent_copy: { host: mail.example.com, username: you, password: { file: pw } } }", own},
		{"{ sendmail: /usr/sbin/sendmail, " +
			"sent_copy: { host: mail.example.com, username: you, password: { file: pw } } }", own},
	} {
		text := "id: news\nfrom: a@example.com\nsubject: Hello\nrecipients: { file: people.csv }\n" +
			"body: { markdown: body.md }\nserver: " + tt.server + "\n"
		d, err := Parse("campaign.yaml", []byte(text), "testdata/folder")
		if err != nil {
			t.Errorf("%s: %v", tt.server, err)
			continue
		}
		if diff := cmp.Diff(tt.want, d.Servers[0].SentCopy, cmpopts.IgnoreUnexported(returns.Box{}),
			cmpopts.IgnoreFields(returns.Box{}, "Dir", "Place")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.server, diff)
		}
		if err := valid(t, s, text); err != nil {
			t.Errorf("%s: the schema: %v", tt.server, err)
		}
	}
}
