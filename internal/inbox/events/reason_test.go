package events

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"mailshot/internal/bounce"
)

// What servers say, and providers hand on with a category that says no more than for good or not.
func TestJudge(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text     string
		category bounce.Reason
		want     bounce.Reason
	}{
		{"smtp; 550 5.1.1 <x@example.org>: Recipient address rejected: User unknown in virtual mailbox table", bounce.Hard, bounce.Hard},
		{"550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking", bounce.Soft, bounce.Hard},
		{"550 5.4.1 Recipient address rejected: Access denied. [AM0EUR02FT050.eop-EUR02.prod.protection.outlook.com]", bounce.Hard, bounce.Hard},
		{"550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).", bounce.Hard, bounce.Hard},
		{"554 delivery error: dd This user doesn't have a yahoo.example account (x@yahoo.example) [0]", bounce.Hard, bounce.Hard},
		{"550 5.2.1 The email account that you tried to reach is disabled", bounce.Hard, bounce.Hard},
		{"550 No such user here", bounce.Unknown, bounce.Hard},
		{"5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", bounce.Hard, bounce.Hard},
		{"550 Invalid Recipient - https://community.example.com/docs/DOC-1369#550", bounce.Hard, bounce.Hard},
		{"552-5.2.2 The email account that you tried to reach is over quota.", bounce.Hard, bounce.Full},
		{"452 4.2.2 Mailbox full", bounce.Soft, bounce.Full},
		{"554 5.2.2 mailbox full;STOREDRV.Deliver.Exception:QuotaExceededException", bounce.Hard, bounce.Full},
		{"550 5.7.26 This mail has been blocked because the sender is unauthenticated", bounce.Hard, bounce.Policy},
		{"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.example", bounce.Hard, bounce.Policy},
		{"550 5.7.606 Access denied, banned sending IP [192.0.2.1]", bounce.Hard, bounce.Policy},
		{"550 5.7.515 Access denied, sending domain does not meet the required authentication level", bounce.Hard, bounce.Policy},
		{"550 SC-001 (COL004) Unfortunately, messages from 192.0.2.1 weren't sent. Mail rejected for policy reasons", bounce.Hard, bounce.Policy},
		{"550 5.7.1 Message rejected as spam by Content Filtering", bounce.Hard, bounce.Content},
		{"552 5.3.4 Message size exceeds fixed limit", bounce.Hard, bounce.Content},
		{"554 5.6.0 Message contains a virus", bounce.Hard, bounce.Content},
		{"421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints", bounce.Soft, bounce.Policy},
		{"451 4.7.1 Greylisting in action, please come back later", bounce.Soft, bounce.Soft},
		{"421 4.4.1 Connection timed out", bounce.Soft, bounce.Soft},
		{"550 5.7.1 Relaying denied", bounce.Hard, bounce.Policy},
		{"450 4.1.1 user unknown", bounce.Soft, bounce.Soft},
		{"", bounce.Hard, bounce.Hard}, {"", bounce.Soft, bounce.Soft},
		{"smtp; 550", bounce.Hard, bounce.Hard},
		{"Could not deliver for the last 432000 seconds. Giving up.", bounce.Hard, bounce.Soft},
		{"554 5.3.0 Internal system error", bounce.Hard, bounce.Soft},
		{"smtp; 550 5.1.0 - Unknown address error 550-'5.7.1 rejected by our rules'", bounce.Hard, bounce.Policy},
		{"User mailbox exceeds allowed size", bounce.Hard, bounce.Full},
	} {
		if got, confidence := judge(tt.category, vague, said(tt.text, "", "")); got != tt.want {
			t.Errorf("%s, called %s: %s (%.1f), want %s", tt.text, tt.category, got, confidence, tt.want)
		}
	}
}

// Codes are found where servers write them, and not in addresses and versions.
func TestSaid(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text, code, status string
		wantCode           int
		wantEnhanced       string
	}{
		{"smtp; 550 5.1.1 user unknown", "", "5.1.1", 550, "5.1.1"},
		{"550-5.1.1 user unknown", "", "", 550, "5.1.1"}, {"550 #5.1.0 Address rejected.", "", "", 550, "5.1.0"},
		{"5.1.1 user unknown", "550", "", 550, "5.1.1"}, {"user unknown", "550", "5.1.1", 550, "5.1.1"},
		{"Host [5.1.1.7] said: 550 no", "", "", 0, ""}, {"No MX", "498", "", 0, ""}, {"", "605", "", 0, ""},
		{"421 4.7.0 5.1.1.1 blocked", "", "", 421, "4.7.0"}, {"250 2.0.0 OK", "", "", 250, "2.0.0"},
		{"x-postfix; 550 5.7.1 no (in reply to RCPT)", "", "", 550, "5.7.1"}, {"", "5.1.1", "", 0, "5.1.1"},
		{"", "", "550", 550, ""},
	} {
		a := said(tt.text, tt.code, tt.status)
		if a.basic() != tt.wantCode || a.enhanced != tt.wantEnhanced {
			t.Errorf("%q %q %q: %d %s", tt.text, tt.code, tt.status, a.basic(), a.enhanced)
		}
	}
}

// Another program's opinion of what 234 messages say, as an oracle: what a provider calls hard because the answer is a
// 5xx stays hard only where that program has not seen another reason.
func TestJudgeLikeOthers(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../../shared/corpora/bounces/sisimai/expected.json")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the messages of others are not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	var files map[string][]struct{ Reason, Diagnostic, Replycode, Status string }
	if err := json.Unmarshal(text, &files); err != nil {
		t.Fatal(err)
	}
	gone := []string{"userunknown", "hostunknown", "hasmoved", "mailererror", "filtered", "onhold", "undefined", "suspend", "suppressed", "rejected"}
	hard, right, missed, wrong := 0, 0, 0, 0
	for name, list := range files {
		for _, r := range list {
			if r.Diagnostic == "" || !strings.HasPrefix(r.Replycode+r.Status, "5") {
				continue
			}
			got, _ := judge(bounce.Hard, vague, said(r.Diagnostic, r.Replycode, r.Status))
			switch {
			case got == bounce.Hard && !slices.Contains(gone, r.Reason):
				wrong++
				t.Logf("%s: %s: %s", name, r.Reason, r.Diagnostic)
			case got == bounce.Hard:
				hard++
			}
			if r.Reason == "userunknown" || r.Reason == "hostunknown" {
				if got == bounce.Hard {
					right++
				} else {
					missed++
					t.Logf("%s: %s is missed as %s: %s", name, r.Reason, got, r.Diagnostic)
				}
			}
		}
	}
	if wrong > 4 || missed > 2 {
		t.Errorf("%d are called hard that are not, %d of the gone are missed", wrong, missed)
	}
	t.Logf("hard: %d agree, %d do not; of the gone %d are found, %d missed", hard, wrong, right, missed)
}
