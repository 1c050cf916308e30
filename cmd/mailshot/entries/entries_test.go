package entries_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/leaving"
	"mailshot/cmd/mailshot/entries"
	"mailshot/render/token"
)

var when = time.Date(2026, time.November, 22, 10, 0, 0, 0, time.Local)

// An entry is shown with whom it keeps from what, since when and why. A control character of a stranger's reason, or a
// text direction override, reaches no terminal; JSON has the text as it was.
func TestShown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		entry      accounts.Entry
		row, words string
	}{
		{accounts.Entry{Key: "ann@example.com"}, "ann@example.com|all|all|2026-11-22|",
			"is never mailed, since 2026-11-22 10:00"},
		{accounts.Entry{Key: "ann@example.com", Domain: "example.org", Topic: "news", Reason: "unsubscribed",
			Source: "campaign one"},
			"ann@example.com|example.org|news|2026-11-22|unsubscribed",
			"gets no mail about news from example.org, since 2026-11-22 10:00: unsubscribed; campaign one"},
		{accounts.Entry{Key: "ann@example.com", Topic: accounts.Bulk},
			"ann@example.com|all|newsletters and notices|2026-11-22|",
			"gets no newsletters and notices, since 2026-11-22 10:00"},
		{accounts.Entry{Key: "@example.com", Reason: "closed"}, "@example.com|all|all|2026-11-22|closed",
			"is never mailed, since 2026-11-22 10:00: as @example.com; closed"},
		{accounts.Entry{Key: accounts.HiddenKey([16]byte{1}), Source: "forget"}, "(forgotten)|all|all|2026-11-22|",
			"is never mailed, since 2026-11-22 10:00: forget"},
		{accounts.Entry{Key: accounts.HiddenKey([16]byte{1}), Topic: "news"}, "(by a token)|all|news|2026-11-22|",
			"gets no mail about news, since 2026-11-22 10:00"},
		{accounts.Entry{Key: "ann@example.com", Reason: "\x1b[31mred\u202e\x00", Domain: "ex\x1bample.org"}, "", ""},
	} {
		c.entry.Time = when
		e := entries.Of(c.entry)
		row, words := strings.Join(e.Row(), "|"), e.Words("ann@example.com")
		if c.row != "" && (row != c.row || words != c.words) {
			t.Errorf("%+v:\n%s, want\n%s\n%s, want\n%s", c.entry, row, c.row, words, c.words)
		}
		if strings.ContainsAny(row+words, "\x1b\x00\u202e") {
			t.Errorf("%q %q", row, words)
		}
		if len(e.Row()) != len(entries.Head) {
			t.Errorf("%d cells, and the head has %d", len(e.Row()), len(entries.Head))
		}
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var back entries.Suppressed
		if err := json.Unmarshal(text, &back); err != nil || back.Reason != c.entry.Reason || back.Key != c.entry.Key {
			t.Errorf("%s: %+v, %v", text, back, err)
		}
	}
	if text, err := json.Marshal(entries.All(nil)); err != nil || string(text) != "[]" {
		t.Errorf("%s, %v", text, err)
	}
}

// What a person asks for is kept in one spelling, or refused with the reason.
func TestAsked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		asked         entries.Asked
		domain, topic string
		wrong         string
	}{
		{asked: entries.Asked{}},
		{asked: entries.Asked{From: "Example.ORG", Topic: "News"}, domain: "example.org", topic: "news"},
		{asked: entries.Asked{From: "club@example.org", Topic: "*"}, domain: "example.org", topic: "*"},
		{asked: entries.Asked{From: "Bücher.example"}, domain: "xn--bcher-kva.example"},
		{asked: entries.Asked{From: "example..org"}, wrong: "--from"},
		{asked: entries.Asked{From: "a b.example"}, wrong: "--from"},
		{asked: entries.Asked{Topic: "the news"}, wrong: "--topic"},
		{asked: entries.Asked{Topic: "*,news"}, wrong: "--topic"},
		{asked: entries.Asked{Topic: strings.Repeat("n", 41)}, wrong: "--topic"},
		{asked: entries.Asked{Topic: "news\n"}, wrong: "--topic"},
	} {
		domain, topic, err := c.asked.Mail()
		if (err != nil) != (c.wrong != "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%+v: %v", c.asked, err)
		} else if err == nil && (domain != c.domain || topic != c.topic) {
			t.Errorf("%+v: %q %q", c.asked, domain, topic)
		}
	}
	keys, err := entries.Keys([]string{" Ann@Example.com\n", "@EXAMPLE.org", "@*.example.net"})
	if err != nil || strings.Join(keys, " ") != "ann@example.com @example.org @*.example.net" {
		t.Errorf("%q, %v", keys, err)
	}
	_, err = entries.Keys([]string{"ann@example.com", "nobody", "a@b@c", ""})
	if err == nil || !strings.Contains(err.Error(), "nobody") || !strings.Contains(err.Error(), "a@b@c") {
		t.Errorf("not all that are wrong are named: %v", err)
	}
}

// A token says which kind it is, and what it ends; one of a return path, an envelope id or a rehearsal ends nothing.
func TestToken(t *testing.T) {
	t.Parallel()
	a, err := accounts.Open(filepath.Join(t.TempDir(), "user", "accounts.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	secret, err := a.Secret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const bulk = "token of campaign one: it unsubscribes from newsletters and notices from example.org\n"
	for _, c := range []struct {
		of        token.Campaign
		use       token.Use
		rehearsal bool
		words     string
		json      string
	}{
		{token.Campaign{ID: "one", Domain: "example.org"}, token.Unsubscribe, false, bulk,
			`{"use":"unsubscribe","campaign":"one","from":"example.org","topic":"*","unsubscribes":true}`},
		{token.Campaign{ID: "two", Domain: "example.org", Topic: "news"}, token.Unsubscribe, false,
			"token of campaign two: it unsubscribes from news from example.org\n",
			`{"use":"unsubscribe","campaign":"two","from":"example.org","topic":"news","unsubscribes":true}`},
		{token.Campaign{ID: "one", Domain: "example.org"}, token.ReturnPath, false,
			"return path of campaign one: it says whose message came back, and unsubscribes nobody\n",
			`{"use":"return path","campaign":"one","from":"example.org","unsubscribes":false}`},
		{token.Campaign{ID: "one", Domain: "example.org"}, token.Envelope, false,
			"envelope id of campaign one: it names a message in a report, and unsubscribes nobody\n",
			`{"use":"envelope id","campaign":"one","from":"example.org","unsubscribes":false}`},
		{token.Campaign{ID: "one", Domain: "example.org"}, token.Unsubscribe, true,
			"token of a rehearsal (unsubscribe): it acts on nobody\n", `{"use":"unsubscribe","rehearsal":true,"unsubscribes":false}`},
		{token.Campaign{ID: "one", Domain: "example.org"}, token.ReturnPath, true,
			"token of a rehearsal (return path): it acts on nobody\n", `{"use":"return path","rehearsal":true,"unsubscribes":false}`},
	} {
		if err := leaving.Issue(t.Context(), a, c.of, when); err != nil {
			t.Fatal(err)
		}
		text := string(token.New(secret, c.of, c.use, c.rehearsal).Append(nil, "ann@example.com"))
		found, err := leaving.Find(t.Context(), text, a, nil)
		if err != nil {
			t.Fatal(err)
		}
		says := entries.TokenOf(found)
		asJSON, err := json.Marshal(says)
		if err != nil || says.String() != c.words || string(asJSON) != c.json {
			t.Errorf("%v, %s: %q %s, %v", c.use, text, says, asJSON, err)
		}
	}
	if none := entries.TokenOf(nil); none != nil || none.String() != "" {
		t.Errorf("%v", none)
	}
}
