package reply

import (
	"strings"
	"testing"
	"time"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stage    Stage
		code     int
		enhanced string
		text     string
		class    Class
		about    About
		suppress bool
	}{
		{Greeting, 220, "", "", OK, "", false},
		{Greeting, 421, "4.3.2", "", Retry, AboutServer, false},
		{Greeting, 554, "5.7.1", "blocked", Stop, AboutServer, false},
		{Greeting, 250, "", "", Retry, AboutServer, false},
		{Connect, 0, "", "", Retry, AboutServer, false},
		{TLS, 0, "", "", Retry, AboutServer, false},
		{Ehlo, 421, "4.7.0", "Try again later", Retry, AboutServer, false},
		{StartTLS, 454, "", "TLS not available", Retry, AboutServer, false},
		{StartTLS, 502, "", "", Stop, AboutServer, false},
		{StartTLS, 354, "", "", Stop, AboutServer, false},
		{Auth, 235, "2.7.0", "", OK, "", false},
		{Auth, 454, "4.7.0", "", Retry, AboutServer, false},
		{Auth, 432, "4.7.12", "password transition", Stop, AboutServer, false},
		{Auth, 535, "5.7.8", "", Stop, AboutServer, false},
		{Auth, 534, "5.7.9", "", Stop, AboutServer, false},
		{Auth, 550, "5.7.30", "basic authentication is not supported", Stop, AboutServer, false},
		{Mail, 250, "2.1.0", "", OK, "", false},
		{Mail, 421, "", "", Hold, AboutServer, false},
		{Mail, 432, "4.3.2", "concurrent connections limit exceeded", Hold, AboutServer, false},
		{Mail, 450, "4.7.1", "too much mail from you", Hold, AboutServer, false},
		{Mail, 452, "4.3.1", "insufficient storage", Hold, AboutServer, false},
		{Mail, 454, "", "Throttling failure: Maximum sending rate exceeded.", Hold, AboutServer, false},
		{Mail, 454, "", "Throttling failure: Daily message quota exceeded.", Hold, AboutServer, false},
		{Mail, 550, "5.4.5", "Daily user sending limit exceeded", Hold, AboutServer, false},
		{Mail, 451, "4.1.8", "domain of sender does not resolve", Retry, AboutSender, false},
		{Mail, 501, "5.1.7", "bad sender address syntax", Stop, AboutSender, false},
		{Mail, 550, "5.1.8", "", Stop, AboutSender, false},
		{Mail, 553, "5.7.1", "sender address rejected: not owned by user", Stop, AboutSender, false},
		{Mail, 530, "5.7.0", "must issue STARTTLS first", Stop, AboutServer, false},
		{Mail, 552, "5.3.4", "message too big", Message, AboutMessage, false},
		{Mail, 503, "5.5.1", "nested MAIL", Hold, AboutServer, false},
		{Rcpt, 250, "2.1.5", "", OK, "", false},
		{Rcpt, 251, "", "will forward", OK, "", false},
		{Rcpt, 252, "", "", OK, "", false},
		{Rcpt, 450, "4.2.1", "receiving mail too quickly", Retry, AboutRecipient, false},
		{Rcpt, 451, "4.7.1", "greylisted", Retry, AboutRecipient, false},
		{Rcpt, 450, "4.1.1", "", Retry, AboutRecipient, false},
		{Rcpt, 452, "4.2.2", "over quota", Retry, AboutRecipient, false},
		{Rcpt, 452, "4.5.3", "too many recipients", Hold, AboutServer, false},
		{Rcpt, 550, "5.1.1", "user unknown", Refuse, AboutRecipient, true},
		{Rcpt, 553, "5.1.3", "", Refuse, AboutRecipient, true},
		{Rcpt, 550, "5.1.10", "", Refuse, AboutRecipient, true},
		{Rcpt, 550, "5.2.1", "disabled", Refuse, AboutRecipient, true},
		{Rcpt, 552, "5.2.2", "mailbox full", Refuse, AboutRecipient, false},
		{Rcpt, 550, "", "no", Refuse, AboutRecipient, false},
		// The basic code decides whether it is for good, and the enhanced code what it is about.
		{Rcpt, 450, "5.1.1", "user unknown", Retry, AboutRecipient, false},
		{Rcpt, 550, "4.1.1", "user unknown", Refuse, AboutRecipient, true},
		{Rcpt, 554, "5.7.1", "<x>: Relay access denied", Stop, AboutServer, false},
		{Rcpt, 550, "5.7.54", "Unable to relay recipient in non-accepted domain", Stop, AboutServer, false},
		{Rcpt, 550, "5.7.1", "Service unavailable; client [192.0.2.1] blocked using zen.spamhaus.org", Hold, AboutGroup,
			false},
		{Rcpt, 550, "5.7.133", "sender not authenticated for group", Refuse, AboutRecipient, false},
		{Rcpt, 553, "5.6.7", "", Refuse, AboutRecipient, false},
		{Data, 354, "", "", OK, "", false},
		{Data, 451, "", "", Retry, AboutMessage, false},
		{Data, 250, "", "", Retry, AboutServer, false},
		{Body, 0, "", "", Retry, AboutMessage, false},
		{End, 250, "2.0.0", "queued", OK, "", false},
		{End, 251, "", "", OK, "", false},
		{End, 0, "", "", Unknown, AboutMessage, false},
		{End, 354, "", "", Unknown, AboutMessage, false},
		{End, 600, "", "", Unknown, AboutMessage, false},
		{End, 199, "", "", Unknown, AboutMessage, false},
		{End, 421, "4.3.2", "", Hold, AboutServer, false},
		{End, 451, "4.3.0", "", Retry, AboutMessage, false},
		{End, 452, "4.3.1", "", Hold, AboutServer, false},
		{End, 552, "5.3.4", "", Message, AboutMessage, false},
		{End, 554, "5.7.1", "spam", Message, AboutMessage, false},
		{End, 554, "5.6.0", "bad MIME", Message, AboutMessage, false},
		{End, 550, "5.7.26", "unauthenticated mail", Stop, AboutSender, false},
		{End, 550, "5.7.515", "", Stop, AboutSender, false},
		{End, 550, "5.1.1", "user unknown", Refuse, AboutRecipient, true},
	} {
		v := Classify(c.stage, c.code, c.enhanced, c.text, "")
		if v.Class != c.class || v.About != c.about || v.Suppress != c.suppress {
			t.Errorf("%s %d %s %q: %+v, want %s %s", c.stage, c.code, c.enhanced, c.text, v, c.class, c.about)
		}
	}
}

// TestEveryCode checks what is true of every possible answer.
func TestEveryCode(t *testing.T) {
	t.Parallel()
	for _, stage := range []Stage{Connect, TLS, Greeting, Ehlo, StartTLS, Auth, Mail, Rcpt, Data, Body, End, Reset,
		Quit} {
		for code := range 700 {
			for _, enhanced := range []string{"", "5.1.1", "4.1.1", "4.2.2", "5.4.5", "5.7.1", "5.7.26", "4.3.2",
				"5.6.7", "x"} {
				v := Classify(stage, code, enhanced, "", "")
				whole := code >= 200 && code <= 299 || code >= 400 && code <= 599
				switch {
				case (v.Class == Unknown) != (stage == End && !whole):
					t.Fatalf("%s %d %s: %+v", stage, code, enhanced, v)
				case v.Class == OK && (code < 200 || code >= 400):
					t.Fatalf("%s %d %s: %+v", stage, code, enhanced, v)
				case v.Suppress && v.Class != Refuse:
					t.Fatalf("%s %d %s: %+v", stage, code, enhanced, v)
				case (v.Class == Refuse || v.Class == Message) && code/100 != 5:
					t.Fatalf("%s %d %s: %+v is for good", stage, code, enhanced, v)
				case v.Class == Hold && (v.HoldOff < time.Second || v.About != AboutServer && v.About != AboutGroup):
					t.Fatalf("%s %d %s: %+v", stage, code, enhanced, v)
				case (v.About == "") != (v.Class == OK):
					t.Fatalf("%s %d %s: %+v", stage, code, enhanced, v)
				}
			}
		}
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain":                        "plain",
		"  a \t b\r\n":                 "a b",
		"\x1b[31mred\x1b[0m":           "[31mred [0m",
		"a\x00b\x7fc\u0085d\u009be":    "a b c d e",
		"a\u202eb\u200bc\ufeffd":       "a b c d",
		"\xff\xfe":                     "",
		"Grüße, привет, سلام":          "Grüße, привет, سلام",
		strings.Repeat("x", MaxText*2): strings.Repeat("x", MaxText-1) + "…",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%.40q) = %.40q (%d bytes)", in, got, len(got))
		}
	}
}

func TestEnhanced(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]string{
		"5.1.1 no such user": {"5.1.1", "no such user"},
		"2.0.0":              {"2.0.0", ""},
		"4.7.999  x":         {"4.7.999", "x"},
		"5.1.1.1 x":          {"", "5.1.1.1 x"},
		"3.1.1 x":            {"", "3.1.1 x"},
		"5.1 x":              {"", "5.1 x"},
		"5.1000.1 x":         {"", "5.1000.1 x"},
		"5..1 x":             {"", "5..1 x"},
		"127.0.0.1 x":        {"", "127.0.0.1 x"},
		"":                   {"", ""},
	} {
		code, rest := Enhanced(in)
		if code != want[0] || rest != want[1] {
			t.Errorf("Enhanced(%q) = %q, %q", in, code, rest)
		}
	}
}
