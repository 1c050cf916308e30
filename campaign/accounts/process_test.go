package accounts

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mailshot/campaign/accounts/clock"
)

// TestMain lets the test binary be the process that gets killed.
func TestMain(m *testing.M) {
	if path := os.Getenv("ACCOUNTS_CHILD"); path != "" {
		childBudget(path)
		return
	}
	os.Exit(m.Run())
}

// child starts this binary to use an account; its lines come through the scanner. It is killed at the end of the test
// at the latest.
func child(t *testing.T, path string, env ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append(env, "ACCOUNTS_CHILD="+path)...)
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

// The children's clock: it runs faster than the real one, from a common start.
type fastClock struct {
	start time.Time
	speed int64
}

func (c fastClock) now() time.Time { return c.start.Add(time.Since(c.start) * time.Duration(c.speed)) }

func clockFrom(env string) fastClock {
	start, speed, _ := strings.Cut(env, "*")
	return fastClock{time.Unix(0, must(strconv.ParseInt(start, 10, 64))), must(strconv.ParseInt(speed, 10, 64))}
}

// parseCaps reads "60/1m0s 300/10m0s".
func parseCaps(s string) (caps []Cap) {
	for c := range strings.FieldsSeq(s) {
		n, w, _ := strings.Cut(c, "/")
		caps = append(caps, Cap{must(strconv.ParseInt(n, 10, 64)), must(time.ParseDuration(w))})
	}
	return caps
}

// childBudget uses the account as fast as it may until its output is closed, and says when it did; now and then it
// gives a use back.
func childBudget(path string) {
	ctx := context.Background()
	c := clockFrom(os.Getenv("ACCOUNTS_CLOCK"))
	a := must(OpenBy(path, clock.Or(nil, c.now)))
	b := must(a.Budget(ctx))
	limits := []Limit{{"account", parseCaps(os.Getenv("ACCOUNTS_CAPS"))}}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				r, key, until, err := b.Reserve(ctx, c.now(), limits)
				must(0, err)
				if key != "" {
					<-time.After(max(until.Sub(c.now()), 0) / time.Duration(c.speed))
					continue
				}
				if rand.IntN(10) == 0 {
					r.Release()
					continue
				}
				must(fmt.Printf("%d\n", c.now().UnixNano()))
				r.Stamp(c.now())
			}
		})
	}
	wg.Wait()
}

// Two processes use one account, and one is killed and replaced: no window ever holds more uses than the cap.
//
// Breakages that show it: leaving the leases out of the count gave "2023 uses in 1m0s, cap 2000"; dropping a dead
// holder's leases instead of burying them gave 2022, and rounding stamps down 2101.
func TestCapAcrossProcesses(t *testing.T) {
	for _, c := range []struct {
		caps  string
		speed int
		uses  int
	}{
		{"40/1m 150/6m", 300, 600}, // one at a time
		{"2000/1m", 60, 6000},      // leased in blocks
		{"1500/1m 30/1s", 5, 60},   // paced too
	} {
		t.Run(strings.ReplaceAll(c.caps, "/", " in "), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "a", "accounts.db")
			a, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			env := []string{fmt.Sprintf("ACCOUNTS_CLOCK=%d*%d", time.Now().UnixNano(), c.speed),
				"ACCOUNTS_CAPS=" + c.caps}
			lines := make(chan int64)
			var readers sync.WaitGroup
			start := func() *exec.Cmd {
				cmd, out := child(t, path, env...)
				readers.Go(func() {
					for out.Scan() {
						if at, err := strconv.ParseInt(out.Text(), 10, 64); err == nil && len(out.Text()) == 19 {
							lines <- at
						}
					}
				})
				return cmd
			}
			first, second := start(), start()
			var at []int64
			for len(at) < c.uses {
				at = append(at, <-lines)
				if len(at) == c.uses/2 {
					_ = first.Process.Kill()
					first = start()
				}
			}
			_ = first.Process.Kill()
			_ = second.Process.Kill()
			go func() { readers.Wait(); close(lines) }()
			for x := range lines {
				at = append(at, x)
			}
			slices.Sort(at)
			for _, cp := range parseCaps(c.caps) {
				if cp.paced() {
					continue // its uses start at the right distance; when they are noted is the scheduler's
				}
				for i := range at {
					n := 1
					for n < len(at)-i && at[i+n] < at[i]+int64(cp.Window) {
						n++
					}
					if int64(n) > cp.N {
						t.Fatalf("%d uses in %s, cap %d", n, cp.Window, cp.N)
					}
				}
			}
		})
	}
}
