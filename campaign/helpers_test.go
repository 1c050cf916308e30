package campaign_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// record keeps what a sink accepted, in memory or also in a file.
type record struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.Write(p)
}

// accepted are the sink's records so far.
func (r *record) accepted(t testing.TB) []sink.Record {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []sink.Record
	for line := range bytes.Lines(r.buf.Bytes()) {
		var one sink.Record
		if err := json.Unmarshal(line, &one); err != nil {
			t.Fatalf("sink record %q: %v", line, err)
		}
		all = append(all, one)
	}
	return all
}

// startSink starts a sink without TLS on loopback; rules are sink.ParseRule's.
func startSink(t testing.TB, o sink.Options, rules ...string) (*sink.Server, *record) {
	t.Helper()
	rec := new(record)
	if o.Record == nil {
		o.Record = rec
	}
	if o.TLS == "" {
		o.TLS = "none"
	}
	o.Addr = "127.0.0.1:0"
	for _, s := range rules {
		rule, err := sink.ParseRule(s)
		if err != nil {
			t.Fatal(err)
		}
		o.Rules = append(o.Rules, rule)
	}
	s, err := sink.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, rec
}

// folder is a campaign's folder under test.
type folder struct {
	dir, accounts string
}

func newFolder(t testing.TB) *folder {
	t.Helper()
	dir := t.TempDir()
	return &folder{dir: filepath.Join(dir, "c"), accounts: filepath.Join(dir, "user", "accounts.db")}
}

// write puts a file below the folder.
func (f *folder) write(t testing.TB, name, text string) {
	t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// people is a list with n rows, each with a token of its own.
func people(n int) string {
	var b strings.Builder
	b.WriteString("email,name,token\n")
	for i := range n {
		fmt.Fprintf(&b, "p%d@example.com,Person %d,tok%dtok\n", i, i, i)
	}
	return b.String()
}

// server is the definition's end that sends to s.
func server(s *sink.Server, extra string) string {
	return fmt.Sprintf("server: { host: %s, port: %d, tls: none }\nlimits:\n  connections: 4\n"+
		"  retry: { first: 1s, max: 1s, give_up: 48h }\n%s", s.Host(), s.Port(), extra)
}

const base = `id: test
from: Sender <sender@example.org>
subject: "Hello {{.name}}"
recipients: { file: people.csv }
body: { text: body.txt }
`

// open opens the folder's campaign.yaml with o.
func (f *folder) open(t testing.TB, o campaign.Options) *campaign.Campaign {
	t.Helper()
	c, err := f.tryOpen(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (f *folder) tryOpen(o campaign.Options) (*campaign.Campaign, error) {
	d, err := definition.Load(filepath.Join(f.dir, "campaign.yaml"))
	if err != nil {
		return nil, err
	}
	// A campaign file counts in seconds and more; the tests need not wait for that.
	if d.Limits.Retry.First == time.Second {
		d.Limits.Retry.First, d.Limits.Retry.Max = time.Millisecond, 10*time.Millisecond
	}
	o.Definition, o.Accounts, o.State = d, f.accounts, filepath.Join(f.dir, ".mailshot", "state.db")
	return campaign.Open(context.Background(), o)
}

// send plans and runs the folder's campaign once.
func (f *folder) send(t testing.TB, o campaign.Options, p campaign.PlanOptions) *campaign.Summary {
	t.Helper()
	c := f.open(t, o)
	defer c.Close()
	if _, err := c.Plan(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	identity(t, sum)
	return sum
}

// unready is what keeps the folder's campaign from being planned, in the words of its one finding.
func (f *folder) unready(t testing.TB, o campaign.Options) string {
	t.Helper()
	c := f.open(t, o)
	defer c.Close()
	_, err := c.Plan(t.Context(), campaign.PlanOptions{})
	var refused *campaign.CheckError
	if !errors.As(err, &refused) || refused.Report.Errors() != 1 {
		t.Fatalf("Plan: %v, want a CheckError with one error", err)
	}
	return refused.Report.Findings[0].String()
}

// identity is the promise's sum: every row is in exactly one state.
func identity(t testing.TB, sum *campaign.Summary) {
	t.Helper()
	var total int64
	for _, n := range sum.Counts {
		total += n
	}
	if total != sum.Rows {
		t.Errorf("states add up to %d, rows are %d: %v", total, sum.Rows, sum.Counts)
	}
}

// want checks the counts by state; states left out must be empty.
func want(t testing.TB, sum *campaign.Summary, counts map[ledger.State]int64) {
	t.Helper()
	for state, n := range sum.Counts {
		if counts[ledger.State(state)] != n {
			t.Errorf("%s: %d, want %d (all: %v; stopped %q)", state, n, counts[ledger.State(state)], sum.Counts, sum.Stopped)
		}
	}
	for state, n := range counts {
		if sum.Counts[string(state)] != n {
			t.Errorf("%s: %d, want %d (stopped %q)", state, sum.Counts[string(state)], n, sum.Stopped)
		}
	}
}
