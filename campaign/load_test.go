package campaign

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/grouped"
	"mailshot/campaign/ledger"
	"mailshot/internal/behind"
)

// BenchmarkLoad takes a list into the ledger as a plan does, but for the making of messages: read, typed, addresses
// checked, suppression asked, keys claimed, stored and frozen. With 1,000,000 rows (-benchtime 1000000x) its rows/s and
// its peak, which is the whole process's, are the figures in docs/figures.md.
func BenchmarkLoad(b *testing.B) {
	dir := b.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	write("campaign.yaml", `id: load
from: Sender <sender@example.org>
subject: "Hello {{.name}}"
recipients: { file: people.csv, columns: { amount: number, due: date } }
body: { text: body.txt }
server: { host: localhost, port: 2525, tls: none }
`)
	write("body.txt", "Dear {{.name}}\n")
	f, err := os.Create(filepath.Join(dir, "people.csv"))
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "email,name,amount,due,country,city")
	for i := range b.N {
		fmt.Fprintf(w, "person%d@example.com,\"Person, %d\",%d.50,2026-%02d-%02d,DE,Town %d\n", i, i, i%9973, i%12+1, i%28+1,
			i%500)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	f.Close()
	def, err := definition.Load(filepath.Join(dir, "campaign.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	c, err := Open(b.Context(), Options{Definition: def, Accounts: filepath.Join(dir, "user", "accounts.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	l, err := ledger.Open(c.statePath())
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	screen, err := c.suppress.Screen(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	digest := [32]byte{}
	b.ResetTimer()
	if err := c.openList(b.Context()); err != nil {
		b.Fatal(err)
	}
	draft, err := l.Draft(b.Context(), ledger.Campaign{ID: "load"})
	if err != nil {
		b.Fatal(err)
	}
	p := &planned{report: &check.Report{Counts: map[string]int64{}}}
	into, adding := filling{c: c, p: p, screen: screen, groups: &grouped.Rows{}}, behind.Work{}
	made := make([]verdict, 0, chunk)
	flush := func() {
		batch, err := into.toLedger(b.Context(), made)
		if err != nil {
			b.Fatal(err)
		}
		if err := adding.Do(func() error { _, err := draft.Add(b.Context(), batch); return err }); err != nil {
			b.Fatal(err)
		}
		made = make([]verdict, 0, chunk)
	}
	for row, err := range c.list.Rows(b.Context()) {
		if err != nil || len(row.Faults) > 0 || row.Invalid != "" {
			b.Fatal(err, row)
		}
		if made = append(made, verdict{row: row, fields: row.Encode(), digest: digest}); len(made) == cap(made) {
			flush()
		}
	}
	flush()
	if err := adding.Wait(); err != nil {
		b.Fatal(err)
	}
	if err := c.sumUp(b.Context(), draft, p); err != nil {
		b.Fatal(err)
	}
	if err := draft.Freeze(b.Context(), ledger.Campaign{}); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	if n := draft.Counts()[ledger.Pending]; n != int64(b.N) {
		b.Fatal(n, "pending")
	}
	status, _ := os.ReadFile("/proc/self/status") // Linux
	for line := range strings.Lines(string(status)) {
		var kB float64
		if _, err := fmt.Sscanf(line, "VmHWM: %f kB", &kB); err == nil {
			b.ReportMetric(kB/1000, "peakMB")
		}
	}
}

// counting takes rows and notes how many bytes of fields came at once.
type counting struct {
	*ledger.Draft
	rows int
	most int
}

func (c *counting) Add(_ context.Context, rows []ledger.Row) ([]ledger.Conflict, error) {
	n := 0
	for _, r := range rows {
		n += len(r.Fields)
	}
	c.rows += len(rows)
	c.most = max(c.most, n)
	return nil, nil
}

// A list with large cells is taken in pieces of a size, not of a number of rows, for two pieces are in the memory at a
// time. With the number alone, 4,000 rows of 20 KB took 700 MB.
func TestWideRows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"campaign.yaml": "id: wide\nfrom: Sender <sender@example.org>\nsubject: Hello\n" +
			"recipients: { file: people.csv }\nbody: { text: body.txt }\n" +
			"server: { host: localhost, port: 2525, tls: none }\n",
		"body.txt": "Hello\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const people, cell = 60, 500 << 10
	list := "email,note\n"
	for i := range people {
		list += fmt.Sprintf("p%d@example.com,%s\n", i, strings.Repeat("x", cell))
	}
	if err := os.WriteFile(filepath.Join(dir, "people.csv"), []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	def, err := definition.Load(filepath.Join(dir, "campaign.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(t.Context(), Options{Definition: def, Accounts: filepath.Join(dir, "user", "accounts.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.openList(t.Context()); err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(c.statePath())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	draft, err := l.Draft(t.Context(), ledger.Campaign{ID: "wide"})
	if err != nil {
		t.Fatal(err)
	}
	to := &counting{Draft: draft}
	if _, err := c.fill(t.Context(), to, PlanOptions{}, &grouped.Rows{}); err != nil {
		t.Fatal(err)
	}
	if to.rows != people || to.most > mostCells+cell+100 {
		t.Errorf("%d rows, %d bytes at once", to.rows, to.most)
	}
}
