package ledger

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMain lets the test binary be the process that gets killed.
func TestMain(m *testing.M) {
	switch os.Getenv("LEDGER_CHILD") {
	case "run":
		childRun(os.Getenv("LEDGER_PATH"))
	case "draft":
		childDraft(os.Getenv("LEDGER_PATH"))
	case "lock":
		childLock(os.Getenv("LEDGER_PATH"))
	default:
		os.Exit(m.Run())
	}
}

// child starts this binary in a role; its lines come through the scanner. It is killed at the end of the test at the
// latest.
func child(t *testing.T, role, path string, env ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append(env, "LEDGER_CHILD="+role, "LEDGER_PATH="+path)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd, bufio.NewScanner(out)
}

// must ends a child that cannot go on.
func must[T any](v T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(3)
	}
	return v
}

const killCallers = 8

// childRun runs the campaign with several callers, and says what it does: "b ID" after Begin returned, "s ID STATE"
// before Settle.
func childRun(path string) {
	ctx := context.Background()
	l := must(Open(path))
	must(l.Lock("c"))
	r := must(l.Run(ctx, "c", RunOptions{}))
	var wg sync.WaitGroup
	for range killCallers {
		wg.Go(func() {
			for {
				d := must(r.Next(ctx, nil, time.Now()))
				if d == nil {
					return
				}
				must(0, r.Begin(ctx, d))
				fmt.Printf("b %d\n", d.ID)
				to := []State{Sent, Sent, Sent, Deferred, Refused}[rand.IntN(5)]
				fmt.Printf("s %d %s\n", d.ID, to)
				must(0, r.Settle(ctx, d, Result{State: to, Due: time.Now()}))
			}
		})
	}
	wg.Wait()
	must(0, r.Close())
	fmt.Println("done")
}

// A process is killed again and again while it begins and settles. Every Begin that returned nil is on the disk,
// nothing is begun that was begun without an outcome before, no more is unknown than there were callers, and the states
// add up.
//
// Breakages that show it: releasing the callers before the commit gave "was settled as refused, but the ledger says
// pending"; turning begun ones back to pending in recover gave "was unknown, and is begun again"; committing begins
// without the settled ones gave "18 unknown of one kill".
func TestKill(t *testing.T) {
	rounds, rows := 50, 6000
	if testing.Short() {
		rounds, rows = 8, 1000
	}
	path := filepath.Join(t.TempDir(), "s", "state.db")
	l := openAt(t, path)
	plan(t, l, "c", rowsOf(rows))
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	unknown := map[int64]bool{}
	for round := range rounds {
		cmd, lines := child(t, "run", path)
		after := 1 + rng.IntN(200)
		last := map[int64]string{}
		for n := 0; lines.Scan(); n++ {
			if n == after {
				_ = cmd.Process.Kill() // what it wrote until then is still read
			}
			what, rest, _ := strings.Cut(lines.Text(), " ")
			if what == "done" {
				t.Fatal("too few rows: the run ended")
			}
			text, state, _ := strings.Cut(rest, " ")
			id, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				break // a line cut off by the kill
			}
			if what == "b" {
				if unknown[id] {
					t.Fatalf("round %d: %d was unknown, and is begun again", round, id)
				}
				state = string(Begun)
			}
			last[id] = state
		}
		_ = cmd.Wait()
		var ids []int64
		for id := range last {
			ids = append(ids, id)
		}
		for rec, err := range l.Deliveries(t.Context(), "c", Filter{IDs: ids}) {
			said := last[rec.ID]
			switch {
			case err != nil:
				t.Fatal(err)
			case said == string(Begun) && rec.State != Begun:
				t.Fatalf("round %d: %d was begun, but the ledger says %s", round, rec.ID, rec.State)
			case rec.State != Begun && string(rec.State) != said:
				t.Fatalf("round %d: %d was settled as %s, but the ledger says %s", round, rec.ID, said, rec.State)
			}
		}
		found := 0
		for rec, err := range l.Deliveries(t.Context(), "c", Filter{States: []State{Begun}}) {
			if err != nil {
				t.Fatal(err)
			}
			found++
			unknown[rec.ID] = true
		}
		if found > killCallers {
			t.Fatalf("round %d: %d unknown of one kill", round, found)
		}
		identity(t, l, "c")
	}
	lock(t, l, "c")
	run(t, l, "c", RunOptions{})
	got := identity(t, l, "c")
	if got[Unknown] != int64(len(unknown)) {
		t.Errorf("%d unknown, want %d", got[Unknown], len(unknown))
	}
	t.Log(got)
}

// childDraft adds rows for ever.
func childDraft(path string) {
	l := must(Open(path))
	d := must(l.Draft(context.Background(), Campaign{ID: "c"}))
	for n := 0; ; n += 100 {
		var rows []Row
		for i := range 100 {
			rows = append(rows, row(n+i))
		}
		must(d.Add(context.Background(), rows))
		fmt.Println(n)
	}
}

// Nothing of a draft that was interrupted can be seen, and the next draft removes it.
func TestDraftKilled(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s", "state.db")
	l := openAt(t, path)
	cmd, lines := child(t, "draft", path)
	for range 5 {
		lines.Scan()
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if _, err := l.Campaign(t.Context(), "c"); err == nil {
		t.Error("a draft is visible")
	}
	if list, err := l.Campaigns(t.Context()); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
	plan(t, l, "c", rowsOf(7))
	if got := identity(t, l, "c"); got[Pending] != 7 {
		t.Error(got)
	}
	var rows, deliveries int
	err := l.db.Reading.QueryRow("SELECT (SELECT count(*) FROM rows), (SELECT count(*) FROM deliveries)").
		Scan(&rows, &deliveries)
	if err != nil || rows != 7 || deliveries != 7 {
		t.Error(rows, deliveries, err)
	}
}

// childLock holds the campaign's lock until it is killed.
func childLock(path string) {
	l := must(Open(path))
	must(l.Lock("c"))
	fmt.Println("locked")
	select {}
}

// The lock keeps other processes out, names the one that has it, and is free when that dies.
func TestLockAcrossProcesses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s", "state.db")
	l := openAt(t, path)
	plan(t, l, "c", rowsOf(1))
	cmd, lines := child(t, "lock", path)
	lines.Scan()
	_, err := l.Lock("c")
	le, ok := err.(*LockedError)
	if !ok || le.PID != cmd.Process.Pid || le.ID != "c" {
		t.Fatal(err)
	}
	if _, err := l.Cancel(t.Context(), "c"); err == nil {
		t.Error("changed by hand while another process has the lock")
	}
	if k, err := l.Lock("other"); err != nil || k.Close() != nil || k.Close() != nil {
		t.Error("another campaign's lock:", err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if n, err := l.Cancel(t.Context(), "c"); err != nil || n != 1 {
		t.Error(n, err)
	}
	lock(t, l, "c")
	if _, err := l.Lock("c"); err == nil {
		t.Error("locked twice in one process")
	}
}
