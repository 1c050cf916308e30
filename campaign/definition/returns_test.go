package definition

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailshot/campaign/definition/login"
	"mailshot/campaign/definition/returns"
	"mailshot/campaign/definition/secret"
)

const withoutReturns = "id: news\nfrom: a@example.com\nsubject: Hello\nrecipients: { file: people.csv }\n" +
	"body: { markdown: body.md }\nserver: { host: smtp.example.com, username: me, password: { env: PW } }\n"

// The forms in which a campaign file says where mail comes back, and what they mean. The schema takes them all.
func TestReturns(t *testing.T) {
	t.Parallel()
	s := validator(t)
	server := func(kind string) returns.Box {
		return returns.Box{Kind: kind, Host: "mail.example.com", Username: "me", Password: &secret.Secret{Env: "PW"},
			Borrowed: true}
	}
	own := returns.Box{Kind: returns.POP3, Host: "mail.example.com", Port: 110, TLS: "starttls", Username: "you",
		Password: &secret.Secret{File: "pw"}, Auth: "user", Fingerprint: strings.Repeat("ab", 32)}
	folder := server(returns.IMAP)
	folder.Folder, folder.Port, folder.TLS = "Returns/2026", 143, "starttls"
	token := returns.Box{Kind: returns.IMAP, Host: "mail.example.com", Username: "you", OAuth: &login.OAuth{
		Provider: "microsoft", Flow: "device", ClientID: "x",
		Scopes: []string{"https://outlook.office.com/IMAP.AccessAsUser.All", "offline_access"}}}
	for _, tt := range []struct {
		text string
		want returns.Returns
	}{
		{"", returns.Returns{}},
		{"[{ imap: { host: mail.example.com } }, { pop3: { host: mail.example.com } }]",
			returns.Returns{Boxes: []returns.Box{server(returns.IMAP), server(returns.POP3)}}},
		{"{ imap: { host: mail.example.com } }", returns.Returns{Boxes: []returns.Box{server(returns.IMAP)}}},
		{"\n- imap: { host: mail.example.com, folder: Returns/2026, port: 143, tls: starttls }\n- maildir: ~/Maildir",
			returns.Returns{Boxes: []returns.Box{folder, {Kind: returns.Maildir, Path: "~/Maildir"}}}},
		{"[{ pop3: { host: mail.example.com, port: 110, tls: starttls, username: you, password: { file: pw }, auth: USER, " +
			"fingerprint: " + strings.Repeat("AB:", 31) + "AB } }]", returns.Returns{Boxes: []returns.Box{own}}},
		{"[{ imap: { host: mail.example.com, username: you, oauth: { provider: microsoft, client_id: x } } }]",
			returns.Returns{Boxes: []returns.Box{token}}},
		{"[{ mbox: /var/mail/ann }, { folder: ../back }, { events: e.json, from: ses }, { events: f.csv }]",
			returns.Returns{Boxes: []returns.Box{{Kind: returns.Mbox, Path: "/var/mail/ann"},
				{Kind: returns.Folder, Path: "../back"}, {Kind: returns.Events, Path: "e.json", From: "ses"},
				{Kind: returns.Events, Path: "f.csv"}}}},
		{"{ words: act }", returns.Returns{Words: "act"}},
		{"{ from: { mbox: a }, words: list, soft: 3 }",
			returns.Returns{Boxes: []returns.Box{{Kind: returns.Mbox, Path: "a"}}, Words: "list", Soft: 3}},
		{"{ soft: 0 }", returns.Returns{Soft: -1}},
	} {
		text := withoutReturns
		if tt.text != "" {
			text += "returns: " + tt.text + "\n"
		}
		d, err := Parse("campaign.yaml", []byte(text), "testdata/folder")
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		for i := range tt.want.Boxes {
			tt.want.Boxes[i].Dir = "testdata/folder"
		}
		for _, b := range d.Returns.Boxes {
			if !strings.HasPrefix(b.Place, "campaign.yaml:") {
				t.Errorf("%s: %s is at %q", tt.text, b, b.Place)
			}
		}
		if diff := cmp.Diff(tt.want, d.Returns, cmpopts.IgnoreUnexported(returns.Box{}),
			cmpopts.IgnoreFields(returns.Box{}, "Place")); diff != "" {
			t.Errorf("%s: %s", tt.text, diff)
		}
		if err := valid(t, s, text); err != nil {
			t.Errorf("%s: the schema refuses it: %v", tt.text, err)
		}
	}
	for _, text := range []string{"x", "[{ imaps: {} }]", "{ words: never }", "[{ imap: { hots: a } }]", "{ soft: often }"} {
		if err := valid(t, s, withoutReturns+"returns: "+text+"\n"); err == nil {
			t.Errorf("%s is good by the schema", text)
		}
	}
}

// What one file leaves open another one says.
func TestReturnsOver(t *testing.T) {
	t.Parallel()
	base := returns.Returns{Boxes: []returns.Box{{Kind: returns.Mbox, Path: "a"}}, Words: "act", Soft: 3}
	own := returns.Returns{Boxes: []returns.Box{{Kind: returns.Mbox, Path: "b"}}, Soft: -1}
	got := own.Over(base)
	if len(got.Boxes) != 1 || got.Boxes[0].Path != "b" || !got.Acts() || got.Softs() != 0 {
		t.Errorf("%+v", got)
	}
	if got := (returns.Returns{}).Over(base); got.Boxes[0].Path != "a" || got.Softs() != 3 {
		t.Errorf("%+v", got)
	}
	if zero := (returns.Returns{}); zero.Acts() || zero.Softs() != 5 {
		t.Errorf("%+v", zero)
	}
}
