package campaign_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// A kill leaves at most one unknown for each connection, also where the disk is slow. A message that was begun ahead
// needs no commit before it starts, and the outcome of the one before is only queued. While the commit of the next
// begin takes its time, all those begun ahead start, one after the other, and the server takes them: on the disk none
// of them has an outcome, and each has a mark. With a block of three, a kill leaves four unknown on one connection,
// three of them with a whole 250.
func TestKilledBehindASlowDisk(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var cmd *exec.Cmd
	var lock *sql.Conn
	f := newFolder(t)
	dots := 0
	s, _ := startSink(t, sink.Options{Observe: func(e sink.Event) {
		if e.Kind != "dot" {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		switch dots++; dots {
		case 20: // from here on, the disk writes nothing
			for range 500 {
				if f.counts(t, "test")[ledger.Begun] == 4 {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			db, err := sql.Open("sqlite", "file:"+filepath.Join(f.dir, ".mailshot", "state.db")+"?_pragma=busy_timeout(60000)")
			if err == nil {
				lock, err = db.Conn(context.Background())
			}
			if err == nil {
				_, err = lock.ExecContext(context.Background(), "BEGIN IMMEDIATE")
			}
			if err != nil {
				t.Error(err)
			}
		case 23:
			if err := cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}})
	f.write(t, "campaign.yaml", base+fmt.Sprintf("server: { host: %s, port: %d, tls: none }\n"+
		"limits: { connections: 1 }\nledger: { block: 3 }\n", s.Host(), s.Port()))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(60))
	mu.Lock()
	var errs *bytes.Buffer
	cmd, _, errs = startChild(t, f)
	mu.Unlock()
	_ = cmd.Wait()
	mu.Lock()
	n := dots
	mu.Unlock()
	if lock == nil {
		t.Fatalf("ended after %d messages: %s", n, errs)
	}
	if _, err := lock.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	c := f.open(t, campaign.Options{Now: time.Now})
	defer c.Close()
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Run(t.Context(), nil, campaign.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := f.counts(t, "test"); got[ledger.Unknown] > 1 {
		t.Errorf("a kill has left %v, with one connection", got)
	}
}
