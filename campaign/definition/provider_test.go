package definition

import (
	"reflect"
	"strings"
	"testing"
)

// A provider fills what the file leaves open, and never what the file gives.
func TestProvider(t *testing.T) {
	t.Parallel()
	const head = "id: n\nfrom: n@example.com\nsubject: s\nrecipients: { file: people.csv }\nbody: { markdown: body.md }\n"
	for server, want := range map[string]Server{
		"{ provider: gmail }": {Provider: "gmail", Host: "smtp.gmail.com", Port: 465,
			TLS: "implicit"},
		"{ provider: gmail, tls: starttls }": {Provider: "gmail", Host: "smtp.gmail.com", Port: 587,
			TLS: "starttls"},
		"{ provider: gmail, port: 587 }": {Provider: "gmail", Host: "smtp.gmail.com", Port: 587,
			TLS: "starttls"},
		"{ provider: gmail, port: 2525 }": {Provider: "gmail", Host: "smtp.gmail.com", Port: 2525},
		"{ provider: gmail, port: 2525, tls: starttls }": {Provider: "gmail", Host: "smtp.gmail.com", Port: 2525,
			TLS: "starttls"},
		"{ provider: m365 }": {Provider: "m365", Host: "smtp.office365.com", Port: 587,
			TLS: "starttls"},
		"{ provider: zoho, host: smtp.zoho.eu }": {Provider: "zoho", Host: "smtp.zoho.eu", Port: 465,
			TLS: "implicit"},
		"{ provider: cpanel, host: mail.example.com }": {Provider: "cpanel", Host: "mail.example.com", Port: 465,
			TLS: "implicit"},
		"{ provider: postfix, host: 127.0.0.1, tls: none }": {Provider: "postfix", Host: "127.0.0.1", Port: 587,
			TLS: "none"},
		"{ provider: ses, host: email-smtp.eu-west-1.amazonaws.com": {Provider: "ses",
			Host: "email-smtp.eu-west-1.amazonaws.com", Port: 587, TLS: "starttls"},
	} {
		d, err := Parse("campaign.yaml", []byte(head+"server: "+strings.TrimSuffix(server, " }")+" }\n"), "testdata/folder")
		if err != nil {
			t.Errorf("%s: %v", server, err)
			continue
		}
		s := d.Servers[0]
		if got := (Server{Provider: s.Provider, Host: s.Host, Port: s.Port, TLS: s.TLS}); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v", server, got)
		}
	}
}
