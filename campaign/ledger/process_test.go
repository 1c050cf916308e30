package ledger

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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
	case "return":
		childReturn(os.Getenv("LEDGER_PATH"))
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

// childRun runs the campaign with several callers, each of which begins one delivery ahead of the one that it starts,
// and says what it does: "b ID" after Begin returned, "t ID" after Start, "p ID" before PutBack, "s ID STATE" before
// Settle. After as many lines as LEDGER_LINES says it says and does nothing more, and waits for the kill.
func childRun(path string) {
	ctx := context.Background()
	var left atomic.Int64
	left.Store(math.MaxInt64)
	if lines := os.Getenv("LEDGER_LINES"); lines != "" {
		left.Store(must(strconv.ParseInt(lines, 10, 64)))
	}
	say := func(format string, args ...any) {
		if left.Add(-1) < 0 {
			select {}
		}
		fmt.Printf(format+"\n", args...)
	}
	l := must(Open(path))
	k := must(l.Lock("c")) // if it were thrown away, its file would be closed some day, and others have the lock
	r := must(l.Run(ctx, "c", RunOptions{}))
	var wg sync.WaitGroup
	for range killCallers {
		wg.Go(func() {
			var ahead *Delivery
			for {
				d := ahead
				ahead = must(r.Next(ctx, nil, time.Now()))
				if ahead != nil {
					must(0, r.Begin(ctx, ahead))
					say("b %d", ahead.ID)
				}
				switch {
				case d == nil && ahead == nil:
					return
				case d == nil:
					continue
				case rand.IntN(8) == 0:
					say("p %d", d.ID)
					r.PutBack(d)
					continue
				}
				to := Refused
				if rand.IntN(8) > 0 {
					must(0, r.Start(ctx, d))
					say("t %d", d.ID)
					to = []State{Sent, Sent, Sent, Deferred, Refused}[rand.IntN(5)]
				}
				say("s %d %s", d.ID, to)
				must(0, r.Settle(ctx, d, Result{State: to, Due: time.Now()}))
			}
		})
	}
	wg.Wait()
	must(0, r.Close())
	must(0, k.Close())
	fmt.Println("done")
}

// A process is killed again and again while it begins ahead, starts, puts back and settles. Every Begin that returned
// nil is on the disk. Nothing is started again that was started without an outcome before; of what had not started all
// is as it was, no more is unknown than there were callers, and the states add up.
//
// Breakages that show it: releasing the callers before the commit gave "was begun, but the ledger says pending"; begins
// committed without the settled ones gave "38 are begun"; a Start without a mark gave "had started, and is pending", as
// did taking all that is begun for not started; no regard for marks in recover gave "16 unknown of one kill"; two marks
// stored in one place, two callers that mark at once, or a number of marks that is not kept gave "had not started, and
// is unknown"; an end said of all that starts gave "had started (t), and is sent".
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
		after := 1 + rng.IntN(200)
		// However late the kill comes, it does not get far beyond that: what a pipe takes is more than the whole list.
		cmd, lines := child(t, "run", path, fmt.Sprint("LEDGER_LINES=", after+50))
		last := lastSaid(t, cmd, lines, after, unknown)
		_ = cmd.Wait()
		found := 0
		k, err := l.Lock("c") // takes over what is in the journal
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Close(); err != nil {
			t.Fatal(err)
		}
		for rec, err := range l.Deliveries(t.Context(), "c", Filter{IDs: slices.Collect(maps.Keys(last))}) {
			switch said := last[rec.ID]; {
			case err != nil:
				t.Fatal(err)
			case rec.State == Begun:
				found++
			case said == "b" || said == "t":
				t.Fatalf("round %d: %d was begun, but the ledger says %s", round, rec.ID, rec.State)
			case said != "p" && string(rec.State) != said:
				t.Fatalf("round %d: %d was settled as %s, but the ledger says %s", round, rec.ID, said, rec.State)
			}
		}
		if found > 3*killCallers { // of each one ahead, one started, and one that was put back
			t.Fatalf("round %d: %d are begun", round, found)
		}
		recoverKilled(t, l, round, last, unknown)
		identity(t, l, "c")
	}
	got := identity(t, l, "c")
	if got[Unknown] != int64(len(unknown)) {
		t.Errorf("%d unknown, want %d", got[Unknown], len(unknown))
	}
	t.Log(got)
}

// lastSaid kills the child after some lines, and returns the last that it said of each delivery: b, t, p or a state.
func lastSaid(t *testing.T, cmd *exec.Cmd, lines *bufio.Scanner, after int, unknown map[int64]bool) map[int64]string {
	t.Helper()
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
		if what == "t" && unknown[id] {
			t.Fatalf("%d was unknown, and is started again", id)
		}
		if last[id] = what; what == "s" {
			last[id] = state
		}
	}
	return last
}

// recoverKilled has a new run recover what a kill left begun.
func recoverKilled(t *testing.T, l *Ledger, round int, last map[int64]string, unknown map[int64]bool) {
	t.Helper()
	k, err := l.Lock("c")
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	var begun []int64
	for rec, err := range l.Deliveries(t.Context(), "c", Filter{States: []State{Begun}}) {
		if err != nil {
			t.Fatal(err)
		}
		begun = append(begun, rec.ID)
	}
	r, err := l.Run(t.Context(), "c", RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if len(begun) == 0 {
		return
	}
	doubts := 0
	for rec, err := range l.Deliveries(t.Context(), "c", Filter{IDs: begun}) {
		switch said := last[rec.ID]; {
		case err != nil:
			t.Fatal(err)
		case rec.State == Unknown:
			unknown[rec.ID] = true
			doubts++
			if marked(t) && (said == "p" || said == string(Pending)) {
				t.Fatalf("round %d: %d had not started, and is unknown", round, rec.ID)
			}
		case said == "t" || (said == string(Sent)) != (rec.State == Sent):
			t.Fatalf("round %d: %d had started (%s), and is %s", round, rec.ID, said, rec.State)
		}
	}
	if doubts > killCallers && marked(t) {
		t.Fatalf("round %d: %d unknown of one kill", round, doubts)
	}
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
