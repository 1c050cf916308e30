package accounts

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mailshot/campaign/accounts/clock"
	"mailshot/campaign/accounts/internal/schema"
	"mailshot/internal/sqlite"
)

// world is a machine with a true time, and a wall clock for each process that says something else.
type world struct {
	t    *testing.T
	path string

	mu    sync.Mutex // for what follows, and the processes' clocks: stamps are written in the background
	now   time.Time  // the true time
	began time.Time  // when the machine was started
	boots int
	procs []*process
}

type process struct {
	w   *world
	off time.Duration // of its wall clock from the true time
	a   *Accounts
	b   *Budget
}

func newWorld(t *testing.T, processes int) *world {
	w := &world{t: t, path: accountsPath(t), now: t0, began: t0.Add(-time.Hour)}
	for range processes {
		w.procs = append(w.procs, &process{w: w})
	}
	t.Cleanup(w.end)
	return w
}

func (p *process) wall() time.Time { return p.clock(time.Time{}).Wall }

func (p *process) clock(time.Time) clock.Reading {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	return clock.Reading{Wall: p.w.now.Add(p.off), Boot: fmt.Sprint("boot ", p.w.boots), Since: p.w.now.Sub(p.w.began)}
}

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// restart starts the machine anew; its processes have ended.
func (w *world) restart() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.boots, w.began = w.boots+1, w.now
}

// set sets the process's wall clock.
func (p *process) set(off time.Duration) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.off = off
}

// budget begins the process if it does not run.
func (p *process) budget() *Budget {
	if p.b == nil {
		var err error
		if p.a, err = OpenBy(p.w.path, p.clock); err == nil {
			p.b, err = p.a.Budget(p.w.t.Context())
		}
		if err != nil {
			p.w.t.Fatal(err)
		}
	}
	return p.b
}

// end ends the process: by itself, or as the system does it when the process is killed.
func (p *process) end(killed bool) {
	if p.b == nil {
		return
	}
	if killed {
		p.b.mu.Lock()
		p.b.closed = true
		if p.b.alarm != nil {
			p.b.alarm.Stop()
		}
		p.b.mu.Unlock()
		_ = p.b.lock.Close()
	} else if err := p.b.Close(); err != nil {
		p.w.t.Error(err)
	}
	if err := p.a.Close(); err != nil {
		p.w.t.Error(err)
	}
	p.a, p.b = nil, nil
}

func (w *world) end() {
	for _, p := range w.procs {
		p.end(false)
	}
}

// use uses the limit once if it may, and returns how long the refusal holds, by the process's own clock.
func (p *process) use(l Limit) (used bool, wait time.Duration) {
	p.w.t.Helper()
	r, key, until, err := p.budget().Reserve(p.w.t.Context(), p.wall(), []Limit{l})
	if err != nil {
		p.w.t.Fatal(err)
	}
	if key != "" {
		return false, until.Sub(p.wall())
	}
	r.Stamp(p.wall())
	return true, 0
}

// fill uses the limit until it is full, and returns how often that was.
func (p *process) fill(l Limit) (n int, wait time.Duration) {
	for {
		used, wait := p.use(l)
		if !used {
			return n, wait
		}
		n++
	}
}

// Two days back, two days ahead, again right: nothing is free before the window has really passed, and then all of it
// is. With the time of the file taken from the wall clock, a jump ahead gave ten more; as it was before, each pair of
// runs with a false clock and the right one did.
func TestCapWhileClocksJump(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	p, l := w.procs[0], Limit{"account", []Cap{{10, 24 * time.Hour}}}
	if n, _ := p.fill(l); n != 10 {
		t.Fatal(n)
	}
	for _, off := range []time.Duration{0, -48 * time.Hour, 0, 48 * time.Hour, 0, -time.Minute, time.Minute,
		26000 * 24 * time.Hour, 0} {
		p.end(false)
		p.set(off)
		n, wait := p.fill(l)
		if left := t0.Add(24 * time.Hour).Sub(w.now); n != 0 || wait < left || wait > left+time.Second {
			t.Errorf("clock off by %s: %d more, the next in %s, want in %s", off, n, wait, left)
		}
		w.pass(time.Minute)
	}
	p.set(-48 * time.Hour)
	w.pass(t0.Add(24*time.Hour + time.Second).Sub(w.now))
	if n, _ := p.fill(l); n != 10 {
		t.Errorf("%d after a day", n)
	}
}

// Two processes whose clocks differ by a minute and more keep to one cap. Before, the second moved the uses of the
// first into its own past, and made as many.
func TestCapOfTwoClocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	a, b, l := w.procs[0], w.procs[1], Limit{"account", []Cap{{10, time.Minute}}}
	for _, off := range []time.Duration{time.Minute, -time.Minute, 90 * time.Second, -time.Hour} {
		b.set(off)
		n, _ := a.fill(l)
		more, _ := b.fill(l)
		again, _ := a.fill(l)
		if n+more+again != 10 {
			t.Errorf("clocks that differ by %s: %d, %d and %d more within a minute", off, n, more, again)
		}
		w.pass(time.Minute + time.Second)
	}
}

// Clocks jump, processes are killed, the machine is started anew and is off for a while: in true time no window has
// more uses than its cap, and while the machine runs nobody waits for longer than the window. The one thing that is
// not tried is a machine that starts with a clock which is further ahead than any that was seen. Breakages that show
// it: the wall clock taken for the time of the file; at each start of the machine, the later of the two taken for it.
func TestCapInTrueTime(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 3)
			rnd := rand.New(rand.NewPCG(seed, 23))
			some := func(most time.Duration) time.Duration { return time.Duration(rnd.Int64N(int64(most))) }
			l := Limit{"account", []Cap{{5, time.Minute}, {12, 10 * time.Minute}}}
			var used []time.Time
			lead := time.Duration(0) // the furthest that a clock was ahead, of those that the file still knows
			for range 500 {
				w.pass(some(20 * time.Second))
				p := w.procs[rnd.IntN(len(w.procs))]
				switch rnd.IntN(20) {
				case 0: // a clock is set
					p.set(some(96*time.Hour) - 48*time.Hour)
				case 1:
					p.set(0)
				case 2:
					p.end(rnd.IntN(2) == 0)
				case 3: // the machine is started anew
					lead = w.lead()
					for _, p := range w.procs {
						p.end(rnd.IntN(2) == 0)
						p.set(min(p.off, lead, 0))
					}
					w.pass(some(2 * time.Minute))
					w.restart()
				}
				if ok, wait := p.use(l); ok {
					used = append(used, w.now)
				} else if wait > 10*time.Minute+grace+time.Second {
					t.Fatalf("a wait of %s", wait)
				}
			}
			for _, c := range l.Caps {
				for i := range used {
					if j := i + int(c.N); j < len(used) && used[j].Sub(used[i]) < c.Window {
						t.Fatalf("%d uses in %s, cap %d", c.N+1, used[j].Sub(used[i]), c.N)
					}
				}
			}
			if len(used) < 50 {
				t.Errorf("%d uses in %s", len(used), w.now.Sub(t0))
			}
		})
	}
}

// lead is how far the file has seen clocks ahead of the true time.
func (w *world) lead() time.Duration {
	db, err := sqlite.Open(w.t.Context(), w.path, schema.Versions)
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	var wall, last int64
	if err := db.Reading.QueryRow("SELECT wall, time FROM clock").Scan(&wall, &last); err != nil {
		return 0
	}
	return max(time.Unix(0, wall).Sub(w.now), time.Unix(0, last).Sub(w.now))
}

// Where nothing counts any more the time of the file is the wall time again, so a clock that said 2099 is forgotten,
// and the uses of 2099 are.
func TestTimeRecovers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	p, l := w.procs[0], Limit{"account", []Cap{{10, 24 * time.Hour}}}
	p.set(73 * 365 * 24 * time.Hour)
	if n, _ := p.fill(l); n != 10 {
		t.Fatal(n)
	}
	p.end(false)
	p.set(0)
	w.restart()
	off := func() time.Duration {
		t.Helper()
		_, off, err := p.a.Time(t.Context(), p.wall())
		if err != nil {
			t.Fatal(err)
		}
		return off
	}
	if n, wait := p.fill(l); n != 0 || wait < 23*time.Hour || wait > 25*time.Hour || off() >= 0 || p.b.Doubt() == "" {
		t.Errorf("%d more, wait %s, off by %s: %q", n, wait, off(), p.b.Doubt())
	}
	w.pass(24*time.Hour + 2*time.Second)
	if n, _ := p.fill(l); n != 10 || off() != 0 || p.b.Doubt() != "" {
		t.Errorf("%d after a day, off by %s: %q", n, off(), p.b.Doubt())
	}
	w.pass(12 * time.Hour)
	if n, wait := p.fill(l); n != 0 || wait > 13*time.Hour {
		t.Errorf("%d more, wait %s", n, wait)
	}
}

// A file of an earlier version has no time: its latest use tells it, where the wall clock is behind that. With the wall
// clock taken, the ten uses were two days away, and never free.
func TestTimeOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	for off, wantOff := range map[time.Duration]time.Duration{0: 0, -48 * time.Hour: -48 * time.Hour} {
		path := filepath.Join(t.TempDir(), "a", "accounts.db")
		path, err := sqlite.Prepare(path, use)
		if err != nil {
			t.Fatal(err)
		}
		old, err := sqlite.Open(t.Context(), path, schema.Versions[:5])
		if err != nil {
			t.Fatal(err)
		}
		if err := old.Write(func(tx *sqlite.Tx) error {
			_, err := tx.Exec("INSERT INTO uses(key, second, n) VALUES ('account', ?, 10)", t0.Unix())
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := old.Close(); err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, 1)
		w.path = path
		p, l := w.procs[0], Limit{"account", []Cap{{10, 24 * time.Hour}}}
		p.set(off)
		if n, wait := p.fill(l); n != 0 || wait != 24*time.Hour {
			t.Errorf("clock off by %s: %d more, wait %s", off, n, wait)
		}
		if _, got, err := p.a.Time(t.Context(), p.wall()); err != nil || got != wantOff {
			t.Errorf("off by %s, want %s, %v", got, wantOff, err)
		}
		w.pass(24 * time.Hour)
		if n, _ := p.fill(l); n != 10 {
			t.Errorf("clock off by %s: %d after a day", off, n)
		}
		if faults, err := Examine(t.Context(), path); len(faults) > 0 || err != nil {
			t.Error(faults, err)
		}
	}
}
