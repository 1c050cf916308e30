package suppression_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign/suppression"
)

// entries writes a list down: a line an entry.
func entries(l *suppression.List) string {
	var b strings.Builder
	for _, e := range l.Entries {
		fmt.Fprintf(&b, "%s|%s|", e.Key, e.Reason)
		if !e.Time.IsZero() {
			b.WriteString(e.Time.Format("2006-01-02T15:04:05"))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// The exports of other programs, and lists of a person's own.
func TestRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, kind, want string
		out, unfit       int
	}{
		{file: "listmonk.csv", kind: "listmonk", out: 1, want: `
bob@example.com|blocklisted in listmonk|2026-03-02T08:00:00
zoe@example.com|disabled in listmonk|2026-03-03T09:30:00
`},
		{file: "mailchimp_cleaned.csv", kind: "Mailchimp", want: `
gone@example.com|cleaned by Mailchimp: it bounced|2026-02-11T10:15:00
`},
		{file: "mailchimp_unsubscribed.csv", kind: "Mailchimp", want: `
ann@example.com|unsubscribed at Mailchimp: NORMAL|2026-01-05T12:00:01
kim@example.org|unsubscribed at Mailchimp: too many mails, sorry|2026-01-06T07:45:00
lee@example.net|unsubscribed at Mailchimp|2026-01-07T07:45:00
`},
		{file: "ses.json", kind: "Amazon SES", want: `
ann@example.com|bounce at Amazon SES|2026-04-10T21:03:05
bob@example.com|complaint at Amazon SES|2026-04-10T21:04:26
`},
		{file: "ses.csv", kind: "Amazon SES", want: `
ann@example.com|bounce at Amazon SES|2026-04-10T21:03:05
bob@example.com|complaint at Amazon SES|
`},
		{file: "ses_import.json", kind: "Amazon SES", want: `
ann@example.com|bounce at Amazon SES|
bob@example.com|complaint at Amazon SES|
`},
		{file: "sendgrid_bounces.csv", kind: "SendGrid", unfit: 1, want: `
gone@example.com|550 5.1.1 The account does not exist, see "help" (SendGrid)|2026-07-01T00:00:00
two@example.org|bounced
in two lines (SendGrid)|2026-07-01T00:00:01
`},
		{file: "sendgrid_spam.csv", kind: "SendGrid", want: `
ann@example.com|spam report at SendGrid|2026-07-01T00:00:00
`},
		{file: "sendgrid_unsubscribes.csv", kind: "SendGrid", want: `
ann@example.com|unsubscribed at SendGrid|2026-07-01T00:00:00
`},
		{file: "own.csv", want: `
ann@example.com|asked by phone, twice|2026-05-01T00:00:00
bob@example.com||
@example.net|left, last spring|
@*.example.org|all of them|
josé@xn--bcher-kva.example|capitals, a decomposed é and the spelling of the domain|
`},
		{file: "plain.txt", want: `
ann@example.com||
bob@example.com|said "no"|2026-05-01T00:00:00
@example.net||
@xn--bcher-kva.example|everybody|
zoe@example.com|moved, gone|
`},
	} {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			f, err := os.Open(filepath.Join("testdata", "suppress", c.file))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			l, err := suppression.Read(f, c.file)
			if err != nil {
				t.Fatal(err)
			}
			got, want := entries(l), strings.TrimPrefix(c.want, "\n")
			if got != want || l.Kind != c.kind || l.LeftOut != int64(c.out) || len(l.Unfit) != c.unfit {
				t.Errorf("%s, %d left out, unfit %v:\n%swant\n%s", l.Kind, l.LeftOut, l.Unfit, got, want)
			}
		})
	}
}

// What is refused, with its place; what is good in it comes back all the same.
func TestReadRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text, want string
		good             int
	}{
		{"typo", "ann@example.com\nann at example.com\nbob@example.com\n", "list:2:", 2},
		{"no header", "ann at example.com\nbob@example.com\n", "list:1: neither an address nor a header", 0},
		{"wildcard in a name", "sales*@example.com\n", "a * may stand only for", 0},
		{"wildcard in a domain", "@*ample.com\n", "list:1:", 0},
		{"wildcard twice", "@*.*.example.com\n", "is not a domain", 0},
		{"everybody", "@*\n", "list:1:", 0},
		{"Mailchimp's members", "Email Address,First Name,MEMBER_RATING,LEID,EUID\nann@example.com,Ann,2,1,a\n",
			"who may be mailed", 0},
		{"SES cut off", `{"SuppressedDestinationSummaries": [{"EmailAddress": "ann@example.com", "Reason": "BOUNCE"}],
			"NextToken": "x"}`, "not the whole list", 1},
		{"other JSON", `{"people": []}`, "list: entry 1: no EmailAddress", 0},
		{"half a JSON", `[{"EmailAddress": "ann@exam`, "list: not JSON", 0},
		{"open quote", "email,reason\nann@example.com,\"never closed\nbob@example.com,x\n", "list:2: a quote", 0},
		{"a comma too many", "email,reason\nann@example.com, bob@example.com\n,zoe@example.com\n", "list:3:", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, err := suppression.Read(strings.NewReader(c.text), "list")
			if err == nil || !strings.Contains(err.Error(), c.want) || len(l.Entries) != c.good {
				t.Errorf("%d entries, %v; want %d and %q", len(l.Entries), err, c.good, c.want)
			}
		})
	}
}

// UTF-16, as Excel's "Unicode text" has it, and a mark of UTF-8.
func TestReadEncodings(t *testing.T) {
	t.Parallel()
	utf16 := "\xff\xfe"
	for _, r := range "email\treason\r\nann@example.com\tasked\r\n" {
		utf16 += string([]byte{byte(r), 0})
	}
	for _, text := range []string{utf16, "\ufeffemail,reason\r\nann@example.com,asked\r\n"} {
		l, err := suppression.Read(strings.NewReader(text), "list")
		if got := entries(l); err != nil || got != "ann@example.com|asked|\n" {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/suppress/*")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l, _ := suppression.Read(strings.NewReader(string(b)), "list")
		for _, e := range l.Entries {
			if again, err := suppression.Key(e.Key); err != nil || again != e.Key {
				t.Errorf("the key %q is %q, %v", e.Key, again, err)
			}
		}
	})
}
