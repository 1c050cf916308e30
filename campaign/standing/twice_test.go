package standing_test

import (
	"context"
	"strings"
	"testing"

	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/campaign/standing"
)

// A copy of what is sent is there twice where the provider keeps one by itself, in the same account and folder.
func TestTwice(t *testing.T) {
	t.Parallel()
	const login = "username: ann@acme.example, password: { env: PW }"
	for server, twice := range map[string]bool{
		"{ provider: gmail, " + login + " }":                                                                             false,
		"{ provider: gmail, " + login + ", sent_copy: imap }":                                                            true,
		"{ host: smtp.office365.com, " + login + ", sent_copy: imap }":                                                   true,
		"{ host: smtp.office365.com, " + login + ", sent_copy: { folder: Sent Items } }":                                 true,
		"{ host: smtp.office365.com, " + login + ", sent_copy: { folder: Campaigns } }":                                  false,
		"{ host: smtp.acme.example, " + login + ", sent_copy: imap }":                                                    false,
		"{ provider: gmail, " + login + ", sent_copy: { host: imap.acme.example, username: b, password: { env: PW } } }": false,
	} {
		d, err := definition.Parse("campaign.yaml", []byte("id: one\nfrom: A <ann@acme.example>\nsubject: x\n"+
			"recipients: { file: l.csv }\nbody: { text: b.txt }\nserver: "+server+"\n"), "")
		if err != nil {
			t.Fatal(err)
		}
		found, _, err := standing.Look(t.Context(), standing.Config{Definition: d, Rows: 2, List: "l.csv", Most: 10,
			Domains: func(context.Context, func(ledger.Domain) error) error { return nil }})
		if err != nil {
			t.Fatal(err)
		}
		got := false
		for _, f := range found {
			if f.Code == "sent-copy-twice" {
				got = strings.HasPrefix(f.Place, "campaign.yaml:6:") && f.Severity == "warning"
			}
		}
		if got != twice {
			t.Errorf("%s: %v, %+v", server, got, found)
		}
	}
}
