package servers_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/accounts"
	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/internal/inbox"
	"mailshot/internal/inbox/imap"
	"mailshot/internal/inbox/returning"
	"mailshot/internal/servers"
)

const circleFile = `from: News <news@circle.example>
subject: "Hello {{.name}}"
bounces: "b+{{.mailshot.return_token}}@circle.example"
recipients: { file: people.csv }
body: { text: body.txt }
limits: { connections: 2 }
`

// A whole circle: a campaign goes through Postfix, which takes all of it; some of it comes back as Postfix's own bounces,
// into a mailbox that Dovecot serves; collect reads it by IMAP; the states and the suppression list say so; and a second
// campaign leaves out whose mailbox is gone, and nobody else.
func TestCircle(t *testing.T) {
	t.Parallel()
	certificate := servers.NewCertificate(t)
	postfix := servers.Postfix(t, certificate, []string{"here.example", "circle.example"}, "")
	dovecot := servers.DovecotIMAP(t, certificate, "", nil)
	dir := t.TempDir()
	const each = 5
	var list strings.Builder
	list.WriteString("email,name\n")
	for _, kind := range []string{"ann", "gone", "full", "wary"} {
		for i := range each {
			fmt.Fprintf(&list, "%s%d@here.example,%s %d\n", kind, i, kind, i)
		}
	}
	server := fmt.Sprintf("server: { host: 127.0.0.1, port: %d, tls: starttls, ca_file: ca.pem, username: %s, password: { file: password } }\n",
		postfix.Ports[0], servers.Username)
	ca, err := os.ReadFile(certificate.File)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"one.yaml":   "id: one\n" + circleFile + server,
		"two.yaml":   "id: two\n" + strings.Replace(circleFile, "body.txt", "again.txt", 1) + server,
		"again.txt":  "Dear {{.name}},\nwe have not heard of you.\n",
		"people.csv": list.String(), "body.txt": "Dear {{.name}},\nhow are you?\n",
		"password": servers.Password + "\n", "ca.pem": string(ca),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	user := filepath.Join(dir, "accounts", "accounts.db")
	state := filepath.Join(dir, ".mailshot", "state.db")
	if counts := circleSend(t, filepath.Join(dir, "one.yaml"), user); counts[string(ledger.Sent)] != 4*each {
		t.Fatalf("sent: %v", counts)
	}
	if err := postfix.Log.Wait(waiting(t), 3*each, "to=<b+", "@circle.example>", "status=sent"); err != nil {
		t.Fatal(err)
	}
	came, err := postfix.Mailbox("circle.example")
	if err != nil || len(came) != 3*each {
		t.Fatalf("%d bounces, %v", len(came), err)
	}
	files := map[string]string{}
	for i, text := range came {
		files[fmt.Sprintf("%d.M%d.host", 1_700_000_000+i, i)] = text
	}
	dovecot.Put("returns", files)
	a, err := accounts.Open(user)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	cfg := returning.Config{Accounts: a,
		Ledgers: func(context.Context) ([]string, error) { return []string{state}, nil },
		Sources: []returning.Source{{Name: "dovecot", Open: func(context.Context) (inbox.Box, error) {
			return imap.New(imap.Config{Host: "127.0.0.1", Port: dovecot.Ports[1], Username: "returns",
				RootCAs:  certificate.Pool,
				Password: func(context.Context) (string, error) { return servers.Password, nil }})
		}}}}
	for round, want := range []int64{3 * each, 0} { // the second finds nothing new
		sum, err := returning.Run(t.Context(), cfg)
		if err != nil || len(sum.Failed)+len(sum.Unread) > 0 || sum.Messages != want {
			t.Fatalf("round %d: %+v, %v", round, sum, err)
		}
	}
	circleStates(t, state, map[ledger.State]int64{ledger.Sent: each, ledger.Bounced: 3 * each})
	n := 0
	for e, err := range a.Suppressions(t.Context()) {
		if n++; err != nil || !strings.HasPrefix(e.Key, "gone") {
			t.Errorf("on the list: %+v, %v", e, err)
		}
	}
	if n != each {
		t.Errorf("%d on the list, want %d", n, each)
	}
	counts := circleSend(t, filepath.Join(dir, "two.yaml"), user)
	if counts[string(ledger.Suppressed)] != each || counts[string(ledger.Sent)] != 3*each {
		t.Errorf("the second campaign: %v", counts)
	}
}

// circleSend plans and sends a campaign.
func circleSend(t *testing.T, file, user string) map[string]int64 {
	t.Helper()
	d, err := definition.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	c, err := campaign.Open(t.Context(), campaign.Options{Definition: d, Accounts: user})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
	if err != nil || sum.Stopped != "" {
		t.Fatalf("%v %+v", err, sum)
	}
	return sum.Counts
}

// circleStates checks the counts of campaign one.
func circleStates(t *testing.T, state string, want map[ledger.State]int64) {
	t.Helper()
	l, err := ledger.Open(state)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	counts, rows, err := l.Counts(t.Context(), "one")
	sum := int64(0)
	for s, n := range counts {
		if sum += n; n != want[s] {
			t.Errorf("%d %s, want %d", n, s, want[s])
		}
	}
	if err != nil || sum != rows {
		t.Errorf("%d rows, %d in the states, %v", rows, sum, err)
	}
}
