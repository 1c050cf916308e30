package survey

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/definition"
)

// made is the message of a row as the page has it made.
func made(t *testing.T, o campaign.Options, chosen campaign.Chosen) string {
	t.Helper()
	c, err := campaign.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var b bytes.Buffer
	for m, err := range c.Messages(t.Context(), chosen) {
		if err != nil || m.Err != nil || m.Message == nil {
			t.Fatalf("%v %v %q", err, m.Err, m.Why)
		}
		fmt.Fprintln(&b, m.Row.Number, m.Row.Place, m.Row.Name)
		_, err := m.Message.WriteTo(&b)
		if m.Message.Release(); err != nil {
			t.Fatal(err)
		}
		break
	}
	text, _, _ := strings.Cut(b.String(), "\nDate: ") // which is another one
	_, rest, _ := strings.Cut(b.String(), "\nSubject: ")
	return text + rest
}

// A row that was kept makes the message that the list makes. What only the list can tell of, a row that is left out or
// has a fault, is not kept. Nothing is left of the working folder. Seen to fail where the mark of the row before is not
// taken: a row between two marks is not found.
func TestRowsKept(t *testing.T) {
	t.Parallel()
	var list strings.Builder
	list.WriteString("email,name,amount,due,note\n")
	const n = 30_000
	for i := 1; i <= n; i++ {
		amount, due := fmt.Sprint(i), "2026-11-30"
		if i == 20_001 {
			amount = "many"
		}
		if i == 20_002 {
			due = ""
		}
		fmt.Fprintf(&list, "p%d@example.com,Ann %d,%s,%s,%0150d\n", i, i, amount, due, i)
	}
	d, o := folder(t, map[string]string{
		"campaign.yaml": strings.Replace(fmt.Sprintf(campaignFile, ""), "{ file: people.csv }",
			"{ file: people.csv, name: name, where: 'amount != 77', columns: { amount: number, due: date } }", 1),
		"body.txt": "Dear {{.name}}, {{num 2 .amount}} by {{if .due}}{{date \"2 January\" .due}}{{end}}: {{.note}}\n", "people.csv": list.String(),
	})
	var s Surveys
	version := Version(d)
	s.Of("campaign.yaml", version, o)
	s.all.Wait()
	for _, row := range []int64{1, 2, 63, 64, 65, 66, 128, 129, 15_000, 20_002, n - 1, n} {
		kept, ok := s.Row("campaign.yaml", version, row)
		if !ok {
			t.Errorf("row %d is not kept", row)
			continue
		}
		got := made(t, o, campaign.Chosen{Row: row, Place: kept.Place, Kept: kept.Cells})
		if want := made(t, o, campaign.Chosen{Row: row}); got != want {
			t.Errorf("row %d:\n%s\nnot\n%s", row, got, want)
		}
	}
	for _, row := range []int64{0, -1, 77, 20_001, n + 1} {
		if kept, ok := s.Row("campaign.yaml", version, row); ok {
			t.Errorf("row %d: %+v", row, kept)
		}
	}
	if _, ok := s.Row("campaign.yaml", "another", 1); ok {
		t.Error("a row of another version")
	}
	if left, err := os.ReadDir(filepath.Join(d.Home(), "tmp")); err != nil || len(left) == 0 {
		t.Errorf("no working folder: %v", err)
	}
	s.Close()
	if left, _ := os.ReadDir(filepath.Join(d.Home(), "tmp")); len(left) > 0 {
		t.Errorf("something is left: %v", left)
	}
	if _, ok := s.Row("campaign.yaml", version, 1); ok {
		t.Error("a row after the end")
	}
}

// A row alone is not the message of a group of rows: what is kept of it, if anything is, makes the message that the
// list makes. The test waits for campaign files that know groups.
func TestGroupsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"campaign.yaml": strings.Replace(fmt.Sprintf(campaignFile, ""), "{ file: people.csv }",
			"{ file: people.csv, name: name, group: name, columns: { amount: number } }", 1),
		"body.txt":   "Dear {{.name}}:{{range .rows}} {{num 2 .amount}}{{end}}\n",
		"people.csv": "email,name,amount\na@example.com,Ann,1\nb@example.com,Bob,2\na@example.com,Ann,3\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := definition.Load(filepath.Join(dir, "campaign.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	o := campaign.Options{Definition: d, Accounts: filepath.Join(t.TempDir(), "own", "accounts.db"),
		Stdin: strings.NewReader("")}
	var s Surveys
	defer s.Close()
	s.Of("campaign.yaml", Version(d), o)
	s.all.Wait()
	for row := int64(1); row <= 2; row++ {
		chosen := campaign.Chosen{Row: row}
		if kept, ok := s.Row("campaign.yaml", Version(d), row); ok {
			chosen.Place, chosen.Kept = kept.Place, kept.Cells
		}
		if got, want := made(t, o, chosen), made(t, o, campaign.Chosen{Row: row}); got != want {
			t.Errorf("row %d:\n%s\nnot\n%s", row, got, want)
		}
	}
}
