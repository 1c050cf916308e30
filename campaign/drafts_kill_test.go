package campaign_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"mailshot/campaign/ledger"
	"mailshot/internal/servers"
)

// relay passes connections on to a port, and calls passed for each piece that goes either way.
func relay(t *testing.T, port int, passed func()) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	pump := func(to, from net.Conn) {
		defer to.Close()
		defer from.Close()
		piece := make([]byte, 4096)
		for {
			n, err := from.Read(piece)
			if n > 0 {
				passed()
				if _, err := to.Write(piece[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
	all.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port))
			if err != nil {
				_ = near.Close()
				continue
			}
			all.Go(func() { pump(far, near) })
			all.Go(func() { pump(near, far) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	return l.Addr().(*net.TCPAddr).Port
}

// A program that puts messages into Drafts, and is killed again and again at any piece of the conversation, puts each
// there once: what is sent by the ledger is in the folder, what is unknown may be, and nothing is twice.
//
// Broken on purpose: with begin called only behind the message, some were there twice.
func TestDraftsKilled(t *testing.T) {
	t.Parallel()
	const n = 100 // more pieces than three kills need, however few a slow relay makes of them
	f := newFolder(t)
	dovecot, _ := dovecotBox(t, f)
	rng := rand.New(rand.NewPCG(3, 3))
	var mu sync.Mutex
	var cmd *exec.Cmd
	left := 0
	port := relay(t, dovecot.Ports[0], func() {
		mu.Lock()
		defer mu.Unlock()
		if left--; left == 0 && cmd != nil {
			_ = cmd.Process.Kill()
		}
	})
	f.write(t, "people.csv", people(n))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "password", servers.Password+"\n")
	f.write(t, "campaign.yaml", base+fmt.Sprintf("server: { host: 127.0.0.1, port: 1, ca_file: ca.pem, username: writer, "+
		"password: { file: password }, drafts: { port: %d, tls: starttls } }\nlimits: { connections: 3 }\n", port))
	kills := 0
	for round := range 14 {
		mu.Lock()
		left = 20 + rng.IntN(90)
		if round == 13 {
			left = -1
		}
		child, _, errs := startChild(t, f)
		cmd = child
		mu.Unlock()
		err := child.Wait()
		mu.Lock()
		cmd = nil
		mu.Unlock()
		if err != nil && !child.ProcessState.Exited() {
			kills++
			continue
		}
		if f.counts(t, "test")[ledger.Pending] == 0 {
			break
		}
		t.Fatalf("round %d: %v %s", round, err, errs)
	}
	if kills < 3 {
		t.Fatalf("%d kills: the test shows nothing", kills)
	}
	var all []string
	for _, text := range dovecot.Files("writer", ".Entw&APw-rfe") {
		all = append(all, text)
	}
	ids := messageIDs(all)
	if len(slices.Compact(slices.Clone(ids))) != len(ids) || strings.Contains(strings.Join(ids, " "), "  ") {
		t.Error("a message is there twice")
	}
	counts := f.counts(t, "test")
	if counts[ledger.Sent]+counts[ledger.Unknown] != n || int64(len(ids)) < counts[ledger.Sent] {
		t.Errorf("%v after %d kills, %d drafts", counts, kills, len(ids))
	}
	t.Logf("%d kills: %d drafts, %v", kills, len(ids), counts)
}
