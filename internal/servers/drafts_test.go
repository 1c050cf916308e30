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
	"mailshot/campaign/transport"
	"mailshot/internal/servers"
)

// A campaign into Drafts: no SMTP server is there at all, each message is in the folder once, with its flags,
// the caps of the server do not hold, and a second send appends nothing.
func TestToDrafts(t *testing.T) {
	t.Parallel()
	certificate := servers.NewCertificate(t)
	dovecot := servers.DovecotIMAP(t, certificate, "", nil)
	ca, err := os.ReadFile(certificate.File)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	list := "email,name\n"
	const rows = 12
	for i := range rows {
		list += fmt.Sprintf("p%d@example.com,Person %d\n", i, i)
	}
	for name, text := range map[string]string{
		"one.yaml": "id: one\nfrom: News <news@example.org>\nsubject: \"Hello {{.name}}\"\ncc: [chief@example.org]\n" +
			"recipients: { file: people.csv }\nbody: { text: body.txt }\nlimits: { caps: 3/24h, domains: { example.com: 2/24h } }\n" +
			"server: { host: 127.0.0.1, port: 1, tls: starttls, ca_file: ca.pem, username: writer, password: { file: password }, " +
			fmt.Sprintf("drafts: { host: localhost, port: %d, tls: starttls } }\n", dovecot.Ports[0]),
		"people.csv": list, "body.txt": "Dear {{.name}}\n", "password": servers.Password + "\n", "ca.pem": string(ca),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		d, err := definition.Load(filepath.Join(dir, "one.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		d.Servers[0].Drafts.Host = "127.0.0.1"
		if err := transport.ToDrafts(d); err != nil {
			t.Fatal(err)
		}
		c, err := campaign.Open(t.Context(), campaign.Options{Definition: d, Accounts: filepath.Join(dir, "a", "accounts.db")})
		if err != nil {
			t.Fatal(err)
		}
		plan, err := c.Plan(t.Context(), campaign.PlanOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan.Server, "as writer, folder Drafts") || len(plan.Caps) > 0 {
			t.Errorf("%q %q", plan.Server, plan.Caps)
		}
		sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
		if err != nil || sum.Stopped != "" || sum.Counts[string(ledger.Sent)] != rows {
			t.Fatalf("%v %+v", err, sum)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	files := dovecot.Files("writer", ".Entw&APw-rfe")
	if len(files) != rows {
		t.Errorf("%d drafts, want %d", len(files), rows)
	}
	for name, text := range files {
		if !strings.HasSuffix(name, ",DS") || !strings.Contains(text, "\nSubject: Hello Person ") ||
			!strings.Contains(text, "\nCc: chief@example.org") || !strings.Contains(text, "\nDear Person ") {
			t.Errorf("%s: %q", name, text)
		}
	}
}
