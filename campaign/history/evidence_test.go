package history

import (
	"strings"
	"testing"

	"mailshot/campaign/ledger"
	"mailshot/render"
)

// messageID is the Message-ID of a person's message from a domain.
func messageID(domain string, secret []byte, id, key string) string {
	return render.MessageID(render.ShortID, secret, id, key) + "@" + domain
}

// Evidence decides about unknown rows, and about no others.
func TestUnknown(t *testing.T) {
	t.Parallel()
	secret := []byte("secret")
	id := func(key, domain string) string { return messageID(domain, secret, "news", key) }
	for _, tt := range []struct {
		name  string
		f     ledger.Filter
		files [][]string
		want  Settled
		tally string // of ann, bob, cat (unknown), dan (sent)
	}{
		{"nothing found", ledger.Filter{}, [][]string{{"<somebody@else>"}}, Settled{Left: 3},
			"unknown unknown unknown sent"},
		{"no file", ledger.Filter{}, nil, Settled{Left: 3}, "unknown unknown unknown sent"},
		{"listed", ledger.Filter{}, [][]string{{"<" + id("ann", "example.org") + ">"}}, Settled{Sent: 1, Left: 2},
			"sent unknown unknown sent"},
		{"whatever the right side", ledger.Filter{}, [][]string{{id("bob", "other.example")}},
			Settled{Sent: 1, Left: 2}, "unknown sent unknown sent"},
		{"from a plan of an older version", ledger.Filter{}, [][]string{{
			render.MessageID(render.LongID, secret, "news", "cat") + "@example.org", id("ann", "example.org")[1:],
			id("bob", "example.org") + "x", render.MessageID(render.LongID, secret, "news", "bob")[:40] + "@example.org",
		}}, Settled{Sent: 2, Left: 1}, "unknown sent sent sent"},
		{"two files", ledger.Filter{}, [][]string{{id("ann", "x")}, {id("cat", "x"), id("ann", "x")}},
			Settled{Sent: 2, Left: 1}, "sent unknown sent sent"},
		{"only those that are asked for", ledger.Filter{Keys: []string{"bob", "dan"}},
			[][]string{{id("ann", "x"), id("bob", "x"), id("dan", "x")}}, Settled{Sent: 1},
			"unknown sent unknown sent"},
		{"whatever the states", ledger.Filter{States: []ledger.State{ledger.Sent}}, [][]string{{id("dan", "x")}},
			Settled{Left: 3}, "unknown unknown unknown sent"},
		{"a log that says refused", ledger.Filter{}, [][]string{{
			"Nov 22 12:00:01 mx postfix/cleanup[1]: 3F2A1B00C8: message-id=<" + id("cat", "example.org") + ">",
			"Nov 22 12:00:02 mx postfix/smtp[2]: 3F2A1B00C8: to=<cat@example.com>, relay=mx[192.0.2.1]:25, delay=1, " +
				"dsn=5.1.1, status=bounced (host said: 550 no such user)",
			"Nov 22 12:00:02 mx postfix/qmgr[3]: 3F2A1B00C8: removed",
		}}, Settled{Refused: 1, Left: 2}, "unknown unknown refused sent"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			c := planned(t, dir, "news", "",
				row(2, "ann", "ann@example.com", ledger.Pending), row(3, "bob", "bob@example.com", ledger.Pending),
				row(4, "cat", "cat@example.com", ledger.Pending), row(5, "dan", "dan@example.com", ledger.Pending))
			sent(t, c, map[string]ledger.State{"ann": ledger.Unknown, "bob": ledger.Unknown, "cat": ledger.Unknown})
			u, err := c.Unknown(t.Context(), secret, tt.f)
			if err != nil {
				t.Fatal(err)
			}
			for i, lines := range tt.files {
				if err := u.Read(write(t, dir, "found"+string(rune('0'+i)), lines...)); err != nil {
					t.Fatal(err)
				}
			}
			got, err := u.Settle(t.Context())
			if err != nil || got != tt.want {
				t.Errorf("%+v, %v; want %+v", got, err, tt.want)
			}
			var states []string
			for r, err := range c.Rows(t.Context(), ledger.Filter{}) {
				if err != nil {
					t.Fatal(err)
				}
				states = append(states, string(r.State))
			}
			if s := strings.Join(states, " "); s != tt.tally {
				t.Errorf("%s, want %s", s, tt.tally)
			}
		})
	}
}

// A person who was forgotten cannot be found, and a file that tells nothing is an error.
func TestUnknownForgotten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := planned(t, dir, "news", "", row(2, "ann", "ann@example.com", ledger.Pending))
	sent(t, c, map[string]ledger.State{"ann": ledger.Unknown})
	forget(t, c, openAccounts(t), "ann@example.com")
	u, err := c.Unknown(t.Context(), []byte("secret"), ledger.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Read(write(t, dir, "body.txt", "Hello!")); err == nil {
		t.Error("a letter is evidence")
	}
	if got, err := u.Settle(t.Context()); err != nil || got != (Settled{}) {
		t.Errorf("%+v, %v", got, err)
	}
}
