package campaign_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/internal/mailbox"
	"mailshot/internal/sink"
)

// A mailbox with letters beyond ASCII before the @ gets its message where the server offers SMTPUTF8, and is refused by
// name where it does not; then no server hears of it and no cap is used. An internationalised domain does not need the
// extension. The others get theirs either way (reliability D 28).
func TestMailboxBeyondASCII(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		hide []string
		want map[ledger.State]int64
		to   []string
	}{
		{nil, map[ledger.State]int64{ledger.Sent: 3},
			[]string{"ann@example.com", "bob@xn--bcher-kva.example", "jörg@example.com"}},
		{[]string{"SMTPUTF8"}, map[ledger.State]int64{ledger.Sent: 2, ledger.Refused: 1},
			[]string{"ann@example.com", "bob@xn--bcher-kva.example"}},
	} {
		dir := t.TempDir()
		store, err := mailbox.Open("eml", dir, mailbox.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s, rec := startSink(t, sink.Options{Hide: c.hide, Store: store})
		f := newFolder(t)
		// Whoever is refused here uses no cap: three would not fit.
		f.write(t, "campaign.yaml", base+server(s, "  caps: ["+[]string{"3", "2"}[len(c.hide)]+"/3h]\n"))
		f.write(t, "body.txt", "Hallo {{.name}}\n")
		f.write(t, "people.csv", "email,name\njörg@example.com,Jörg\nann@example.com,Ann\nbob@bücher.example,Bob\n")
		camp := f.open(t, campaign.Options{})
		plan, err := camp.Plan(t.Context(), campaign.PlanOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if fs := plan.Report.Findings; len(fs) != 1 || fs[0].Code != "needs-smtputf8" || fs[0].Place != "people.csv:2" ||
			fs[0].Severity != "warning" {
			t.Errorf("%+v", fs)
		}
		sum, err := camp.Run(t.Context(), nil, campaign.RunOptions{})
		if err != nil {
			t.Fatal(err)
		}
		want(t, sum, c.want)
		identity(t, sum)
		camp.Close()
		var to []string
		for _, r := range rec.accepted(t) {
			to = append(to, r.To...)
		}
		slices.Sort(to)
		if !slices.Equal(to, c.to) {
			t.Errorf("%v: the server has %q", c.hide, to)
		}
		messages, err := filepath.Glob(filepath.Join(dir, "*.eml"))
		if err != nil || len(messages) != len(c.to) {
			t.Errorf("%v: %q, %v", c.hide, messages, err)
		}
		raw := 0
		for _, name := range messages {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			raw += strings.Count(string(b), "\r\nTo: =?utf-8?b?SsO2cmc=?= <jörg@example.com>\r\n")
		}
		if raw != len(c.to)-2 {
			t.Errorf("%v: %d messages with the address in To", c.hide, raw)
		}
	}
}
