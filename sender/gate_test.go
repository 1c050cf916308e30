package sender

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/sender/limits"
)

var morning = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func capped(t *testing.T, key string, caps ...string) Limit {
	t.Helper()
	l := Limit{Key: key}
	for _, s := range caps {
		c, err := limits.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		l.Caps = append(l.Caps, c)
	}
	return l
}

// line is a queue of messages by lane, as a ledger hands them out.
type line struct {
	lanes []string
	out   []string // picked last
}

func (l *line) pick(closed []string) (string, bool) {
	i := slices.IndexFunc(l.lanes, func(lane string) bool { return !slices.Contains(closed, lane) })
	if i < 0 {
		return "", false
	}
	lane := l.lanes[i]
	l.lanes = slices.Delete(l.lanes, i, i+1)
	l.out = append(l.out, lane)
	return lane, true
}

func (l *line) putBack() {
	lane := l.out[len(l.out)-1]
	l.out = l.out[:len(l.out)-1]
	l.lanes = append([]string{lane}, l.lanes...)
}

func TestGate(t *testing.T) {
	t.Parallel()
	account := capped(t, "account", "5/h")
	lanes := map[string]Limit{"slow": capped(t, "slow", "1/h")}
	g := NewGate(NewMemoryBudget(), account, lanes)
	q := &line{lanes: []string{"slow", "slow", "free", "free", "free", "free"}}
	now := morning
	var rs []Reservation
	for _, want := range []string{"slow", "free", "free", "free"} {
		r, wait, err := g.Admit(t.Context(), now, q.pick, q.putBack)
		if err != nil || r == nil {
			t.Fatalf("%s: not admitted until %v, %v", want, wait, err)
		}
		if got := q.out[len(q.out)-1]; got != want {
			t.Fatalf("picked %s, want %s", got, want)
		}
		rs = append(rs, r)
	}
	q.lanes = []string{"slow"}
	r, wait, err := g.Admit(t.Context(), now, q.pick, q.putBack)
	if r != nil || err != nil || !wait.Equal(now.Add(time.Hour)) {
		t.Errorf("got %v, %v, %v", r, wait, err)
	}
	// What is given back opens the lane again, at once.
	rs[0].Release()
	if r, _, _ := g.Admit(t.Context(), now, q.pick, q.putBack); r == nil || q.out[len(q.out)-1] != "slow" {
		t.Error("the lane stayed closed")
	}
	q.lanes = []string{"free"}
	if r, _, _ := g.Admit(t.Context(), now, q.pick, q.putBack); r == nil {
		t.Error("the account's fifth was not admitted")
	}
	// The account's cap closes everything, and what was picked goes back.
	q.lanes = []string{"free"}
	r, wait, err = g.Admit(t.Context(), now, q.pick, q.putBack)
	if r != nil || err != nil || !wait.After(now) || len(q.lanes) != 1 {
		t.Errorf("got %v, %v, %v; left %v", r, wait, err, q.lanes)
	}
	q.lanes = nil
	r, wait, err = g.Admit(t.Context(), now.Add(3*time.Hour), q.pick, q.putBack)
	if r != nil || !wait.IsZero() || err != nil {
		t.Errorf("nothing to pick: %v, %v, %v", r, wait, err)
	}
}

// TestGateErrors: whatever goes wrong, nothing stays picked.
func TestGateErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk full")
	g := NewGate(brokenBudget{broken}, Limit{Key: "account"}, nil)
	q := &line{lanes: []string{"a"}}
	if _, _, err := g.Admit(t.Context(), morning, q.pick, q.putBack); !errors.Is(err, broken) || len(q.lanes) != 1 {
		t.Errorf("%v, left %v", err, q.lanes)
	}
	g = NewGate(NewMemoryBudget(), Limit{Key: "account"}, map[string]Limit{"a": capped(t, "a", "1/h")})
	if r, _, err := g.Admit(t.Context(), morning, q.pick, q.putBack); r == nil || err != nil {
		t.Fatalf("not admitted: %v", err)
	}
	q.lanes = []string{"a"}
	if r, wait, err := g.Admit(t.Context(), morning, q.pick, q.putBack); r != nil || wait.IsZero() || err != nil {
		t.Fatalf("a second one was admitted, or has nothing to wait for: %v", err)
	}
	_, _, err := g.Admit(t.Context(), morning, func([]string) (string, bool) { return q.pick(nil) }, q.putBack)
	if err == nil || len(q.lanes) != 1 {
		t.Errorf("a closed lane was picked: %v, left %v", err, q.lanes)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := g.Admit(ctx, morning, q.pick, q.putBack); !errors.Is(err, context.Canceled) || len(q.lanes) != 1 {
		t.Errorf("%v, left %v", err, q.lanes)
	}
}

type brokenBudget struct{ err error }

func (b brokenBudget) Reserve(context.Context, time.Time, []Limit) (Reservation, Refusal, error) {
	return nil, Refusal{}, b.err
}

// TestGateKeepsTheCap lets three gates of one budget, with eight workers each, work through a
// queue. One message in ten is given back. Then it counts every window.
//
// It guards "never past the cap": with Reserve not asking Free about the account, there were 21
// uses in 80 ms under 20/min.
func TestGateKeepsTheCap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		account := capped(t, "account", "20/min", "200/h")
		lanes := map[string]Limit{"x": capped(t, "x", "6/min")}
		b := NewMemoryBudget()
		var mu sync.Mutex // the queue's and the record's
		var all, xs []time.Time
		left, working := map[string]int{"x": 150, "y": 450}, 600
		var wg sync.WaitGroup
		for range 3 {
			g := NewGate(b, account, lanes)
			for w := range 8 {
				wg.Go(func() {
					for i := w; ; i++ {
						var lane string
						r, wait, err := g.Admit(t.Context(), time.Now(), func(closed []string) (string, bool) {
							mu.Lock()
							defer mu.Unlock()
							for _, lane = range []string{"x", "y"} {
								if left[lane] > 0 && !slices.Contains(closed, lane) {
									left[lane]--
									return lane, true
								}
							}
							return "", false
						}, func() { mu.Lock(); left[lane]++; mu.Unlock() })
						if err != nil {
							t.Error(err)
							return
						}
						if r == nil {
							mu.Lock()
							done := working == 0
							mu.Unlock()
							if done {
								return
							}
							time.Sleep(min(max(time.Until(wait), time.Second), time.Minute)) // synctest: no time passes
							continue
						}
						time.Sleep(time.Duration(i%5) * 40 * time.Millisecond) // the message on its way
						mu.Lock()
						if i%10 == 9 {
							left[lane]++
							mu.Unlock()
							r.Release()
							continue
						}
						r.Stamp(time.Now())
						all = append(all, time.Now())
						if lane == "x" {
							xs = append(xs, time.Now())
						}
						working--
						mu.Unlock()
					}
				})
			}
		}
		wg.Wait()
		if len(all) != 600 || len(xs) != 150 {
			t.Fatalf("%d sent, %d in x", len(all), len(xs))
		}
		for _, c := range []struct {
			times []time.Time
			limit Limit
		}{{all, account}, {xs, lanes["x"]}} {
			for _, k := range c.limit.Caps {
				for i := range c.times {
					if j := i + int(k.N); j < len(c.times) && c.times[j].Sub(c.times[i]) < k.Window {
						t.Fatalf("%s: %d in %v, cap %v", c.limit.Key, k.N+1, c.times[j].Sub(c.times[i]), k)
					}
				}
			}
		}
		if took := all[len(all)-1].Sub(all[0]); took < 2*time.Hour || took > 3*time.Hour {
			t.Errorf("600 messages at 200/h took %v", took)
		}
	})
}

// A cap that several accounts share holds besides the account's own: either closes the gate for
// every lane.
func TestGateShared(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	caps := func(n int64) []limits.Cap { return []limits.Cap{{N: n, Window: time.Hour}} }
	b := NewMemoryBudget()
	shared := Limit{Key: "group", Caps: caps(3)}
	one := NewGate(b, Limit{Key: "one", Caps: caps(2)}, map[string]Limit{"x": {Key: "one x", Caps: caps(5)}}, shared)
	two := NewGate(b, Limit{Key: "two", Caps: caps(2)}, nil, shared)
	let := func(g *Gate) bool {
		r, wait, err := g.Admit(t.Context(), now, func([]string) (string, bool) { return "x", true }, func() {})
		if err != nil || (r == nil) != (wait.Equal(now.Add(time.Hour))) {
			t.Fatal(r, wait, err)
		}
		if r != nil {
			r.Stamp(now)
		}
		return r != nil
	}
	var got []bool
	for _, g := range []*Gate{one, one, one, two, two} {
		got = append(got, let(g))
	}
	if want := []bool{true, true, false, true, false}; !slices.Equal(got, want) {
		t.Errorf("let through %v, want %v", got, want)
	}
}

// asked counts how often a budget was asked.
type asked struct {
	Budget
	n *int
}

func (a asked) Reserve(ctx context.Context, now time.Time, ls []Limit) (Reservation, Refusal, error) {
	*a.n++
	return a.Budget.Reserve(ctx, now, ls)
}

// However many workers wait for the account's cap, the budget is asked when the cap is free again, or at once when a
// use is given back. The budget may be a file that other processes use too. Broken on purpose: without a pace of its
// own the gate asked twice for each use; with paces that outlive a release it did not ask at once.
func TestGateAsksOnce(t *testing.T) {
	t.Parallel()
	n := 0
	g := NewGate(asked{NewMemoryBudget(), &n}, capped(t, "account", "1/20s"), nil)
	now := morning
	pick := func([]string) (string, bool) { return "x", true }
	admit := func() Reservation {
		r, _, err := g.Admit(t.Context(), now, pick, func() {})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := admit()
	for range 100 {
		if admit() != nil {
			t.Fatal("past the cap")
		}
	}
	if n != 1 {
		t.Errorf("asked %d times", n)
	}
	first.Release()
	second := admit()
	second.Stamp(now)
	for range 40 {
		admit()
		now = now.Add(500 * time.Millisecond)
	}
	if n != 2 {
		t.Errorf("asked %d times", n)
	}
	if admit() == nil {
		t.Error("not free after its window")
	}
}

// TestGatePace: what counting costs a cap of seconds. A use counts from its reservation until a
// window after its reply, so N go in the window and the time of a reply.
func TestGatePace(t *testing.T) {
	t.Parallel()
	for cap, least := range map[string]float64{"5/s": 0.95, "100/s": 0.95, "500/s": 0.95, "20/2s": 0.95} {
		t.Run(cap, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				account := capped(t, "account", cap)
				g := NewGate(NewMemoryBudget(), account, nil)
				pick := func([]string) (string, bool) { return "x", true }
				n := int(60 * float64(account.Caps[0].N) / account.Caps[0].Window.Seconds()) // a minute's worth
				var mu sync.Mutex
				start, left := time.Now(), n
				var wg sync.WaitGroup
				for range 32 {
					wg.Go(func() {
						for {
							mu.Lock()
							if left--; left < 0 {
								mu.Unlock()
								return
							}
							mu.Unlock()
							for {
								r, wait, err := g.Admit(t.Context(), time.Now(), pick, func() {})
								if err != nil {
									t.Error(err)
									return
								}
								if r != nil {
									time.Sleep(30 * time.Millisecond) // synctest: the reply
									r.Stamp(time.Now())
									break
								}
								time.Sleep(time.Until(wait)) // synctest: no time passes
							}
						}
					})
				}
				wg.Wait()
				got := time.Minute.Seconds() / time.Since(start).Seconds()
				t.Logf("%.3f of %s", got, cap)
				if got < least || got > 1.02 {
					t.Errorf("%.3f of %s", got, cap)
				}
			})
		})
	}
}
