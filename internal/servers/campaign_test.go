package servers_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/internal/servers"
)

// definitionFile is a campaign whose messages are large and unusual: letters of many scripts, HTML, an attachment.
const definitionFile = `id: real
from: Größe & Söhne <news@example.com>
subject: "Nº {{.number}} für {{.name}}"
recipients: { file: people.csv, columns: { number: number } }
body: { markdown: body.md }
attachments:
  - file: data.bin
archive: sent
notify: [failure, delay]
limits: { connections: 3 }
dkim:
  - { domain: example.com, selector: r1, key: { file: r1.pem } }
  - { domain: example.com, selector: e1, key: { file: e1.pem } }
`

// campaigned sends a campaign to a server, in two runs, to n people at campaign.example and to jörg@campaign.example.
// The mailbox must have as many messages as the report says, each byte for byte the archive's copy, with signatures
// that others verify. It returns the counts.
func campaigned(t *testing.T, s *servers.Server, server string, n int, ca string) map[string]int64 {
	t.Helper()
	var list strings.Builder
	list.WriteString("email,name,number\njörg@campaign.example,Jörg,-1\n")
	for i := range n {
		fmt.Fprintf(&list, "person%d@campaign.example,%s %d,%d\n", i, []string{"Ann", "Zoë", "محمد", "李"}[i%4], i, i)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"campaign.yaml": definitionFile + server,
		"people.csv":    list.String(),
		"body.md":       "Dear {{.name}},\n\n.a line with a dot\n\n| what | how many |\n|---|---|\n| things | {{.number}} |\n",
		"data.bin":      strings.Repeat("\x00\r\n.\r\n\xff", 1000),
		"password":      servers.Password + "\n",
		"ca.pem":        ca,
		"r1.pem":        signingKeys()[0],
		"e1.pem":        signingKeys()[1],
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := definition.Load(filepath.Join(dir, "campaign.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var counts map[string]int64
	for _, limit := range []int64{int64(n) * 2 / 5, 0} {
		c, err := campaign.Open(t.Context(),
			campaign.Options{Definition: d, Accounts: filepath.Join(dir, "accounts", "accounts.db")})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Plan(t.Context(), campaign.PlanOptions{Limit: limit}); err != nil {
			t.Fatal(err)
		}
		sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
		if err != nil || sum.Stopped != "" {
			t.Fatalf("%v %+v", err, sum)
		}
		counts = sum.Counts
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	reported := int(counts[string(ledger.Sent)])
	if s.Socket == "" { // a Postfix, which has a queue
		if err := s.Log.Wait(waiting(t), reported, "@campaign.example>", "status=sent"); err != nil {
			t.Fatal(err)
		}
	}
	sent := map[string]string{}
	copies, err := filepath.Glob(filepath.Join(dir, "sent", "*.eml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range copies {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sent[messageID(string(b))] = string(b)
	}
	if len(sent) != reported {
		t.Errorf("%d copies in the archive, %d reported as sent", len(sent), reported)
	}
	delivered(t, s, "campaign.example", sent)
	verified(t, s, "campaign.example", "example.com")
	return counts
}
