package standing

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/ledger"
)

// Only what is about the sender or about what a message says counts: no mailbox that is not there, is full, or asks to
// come back, and nothing that a server says of itself. Those of one kind are one, with the last one's words.
// Seen to fail with each 5.7 reply counted: a bad password and greylisting were the sender's fault.
func TestGathered(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Date(2026, 11, n, 9, 0, 0, 0, time.UTC) }
	of := func(stage string, code int, enhanced, text string, n int64, last int) ledger.Refusal {
		return ledger.Refusal{Sender: "Acme <news@acme.example>", Lane: "gmail", Server: "smtp.acme.example", Stage: stage,
			Code:     code,
			Enhanced: enhanced, Text: text, N: n, Last: day(last)}
	}
	other := of("end", 550, "5.7.1", "spam", 9, 9)
	other.Sender = "Other <news@other.example>"
	google := of("end", 421, "4.7.28", "unusual rate of unsolicited mail", 3, 4)
	google.Server = "aspmx.l.google.com:25"
	all := []ledger.Refusal{
		of("end", 550, "5.7.26", "This mail is unauthenticated", 12, 3),
		of("end", 550, "5.7.26", "This mail has been blocked because the sender is unauthenticated.", 2, 20),
		of("end", 554, "5.7.1", "Message rejected as spam", 1, 4),
		google,
		of("rcpt", 550, "5.1.1", "no such user", 40, 4), of("rcpt", 552, "5.2.2", "mailbox is full", 40, 4),
		of("rcpt", 450, "4.7.1", "greylisted, try again", 40, 4), of("mail", 550, "5.4.5",
			"Daily user sending limit exceeded", 40, 4),
		of("auth", 535, "5.7.8", "bad password", 40, 4), of("end", 552, "5.3.4", "message too big", 40, 4),
		of("connect", 554, "5.7.1", "blocked", 40, 4), of("rcpt", 554, "5.7.1", "Relay access denied", 40, 4), other,
	}
	var got []string
	for _, p := range gathered(all, "acme.example") {
		got = append(got, fmt.Sprintf("%d × %s, %t, %s, %s", p.N, words(p.Refusal), p.serious, where(p.Refusal),
			p.Last.Format("2 January")))
	}
	want := []string{
		`14 × 550 5.7.26 "This mail has been blocked because the sender is unauthenticated.", true, ` +
			`smtp.acme.example for recipients at gmail, 20 November`,
		`3 × 421 4.7.28 "unusual rate of unsolicited mail", false, aspmx.l.google.com for recipients at gmail, 4 November`,
		`1 × 554 5.7.1 "Message rejected as spam", false, smtp.acme.example for recipients at gmail, 4 November`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}
