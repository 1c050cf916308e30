// Package budgettest is the conformance suite of [sender.Budget]. [Run] tests what the gate relies
// on, whoever keeps the count.
//
// The tests make up the time, and a budget must take it from its arguments. A budget may count a
// stamp up to a second later than given, never earlier. So the tests ask for no use back sooner
// than a second after its window.
package budgettest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"mailshot/sender"
	"mailshot/sender/limits"
)

// slack is how much later than stamped a use may count.
const slack = time.Second

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// Run tests a budget against the contract. newBudget returns an empty budget each time, and cleans
// up after itself with t.
func Run(t *testing.T, newBudget func(t *testing.T) sender.Budget) {
	for name, test := range map[string]func(*testing.T, *desk){
		"no limit":             testNoLimit,
		"cap":                  testCap,
		"all or none":          testAllOrNone,
		"release":              testRelease,
		"open counts as now":   testOpen,
		"future counts as now": testFuture,
		"late stamp":           testLateStamp,
		"late caller":          testLateCaller,
		"pace":                 testPace,
		"several caps":         testSeveralCaps,
		"lower cap later":      testLowerCap,
		"keys":                 testKeys,
		"second end":           testSecondEnd,
		"ctx":                  testContext,
		"concurrent":           testConcurrent,
		"random":               testRandom,
	} {
		t.Run(name, func(t *testing.T) { test(t, &desk{t: t, b: newBudget(t)}) })
	}
}

// desk asks a budget, and fails the test where the budget must not fail.
type desk struct {
	t *testing.T
	b sender.Budget
}

func limit(key string, caps ...string) sender.Limit {
	l := sender.Limit{Key: key}
	for _, s := range caps {
		c, err := limits.Parse(s)
		if err != nil {
			panic(err)
		}
		l.Caps = append(l.Caps, c)
	}
	return l
}

func (d *desk) ask(now time.Time, ls ...sender.Limit) (sender.Reservation, sender.Refusal) {
	d.t.Helper()
	r, refused, err := d.b.Reserve(context.Background(), now, ls)
	if err != nil {
		d.t.Fatalf("Reserve: %v", err)
	}
	if (r == nil) == (refused.Key == "") {
		d.t.Fatalf("a reservation (%v) and a refusal (%+v)", r != nil, refused)
	}
	return r, refused
}

func (d *desk) must(now time.Time, ls ...sender.Limit) sender.Reservation {
	d.t.Helper()
	r, refused := d.ask(now, ls...)
	if r == nil {
		d.t.Fatalf("refused at %v: %+v", now, refused)
	}
	return r
}

func (d *desk) mustNot(now time.Time, key string, ls ...sender.Limit) time.Time {
	d.t.Helper()
	r, refused := d.ask(now, ls...)
	if r != nil {
		d.t.Fatalf("allowed at %v", now)
	}
	if refused.Key != key || !refused.Until.After(now) {
		d.t.Fatalf("refusal %+v at %v, want key %q and a time after", refused, now, key)
	}
	return refused.Until
}

func testNoLimit(t *testing.T, d *desk) {
	for range 1000 {
		d.must(start, limit("a")).Stamp(start)
	}
	d.must(start).Release()
}

func testCap(t *testing.T, d *desk) {
	l := limit("a", "3/min")
	for i := range 3 {
		now := start.Add(time.Duration(i) * 10 * time.Second)
		d.must(now, l).Stamp(now)
	}
	until := d.mustNot(start.Add(30*time.Second), "a", l)
	if free := start.Add(time.Minute); until.Before(free) || until.After(free.Add(slack)) {
		t.Errorf("free again at %v, want %v", until, free)
	}
	d.mustNot(start.Add(59*time.Second), "a", l)
	d.must(until, l).Stamp(until)
	// The second use leaves ten seconds later.
	d.mustNot(until.Add(time.Second), "a", l)
	d.must(start.Add(70*time.Second+slack), l)
}

func testAllOrNone(t *testing.T, d *desk) {
	account, lane, other := limit("account", "2/h"), limit("lane", "1/h"), limit("other", "1/h")
	d.must(start, account, lane).Stamp(start)
	for range 5 {
		d.mustNot(start, "lane", account, lane)
	}
	// None of the refused uses has used up the account.
	d.must(start, account, other).Stamp(start)
	d.mustNot(start, "account", account, limit("third", "1/h"))
}

func testRelease(t *testing.T, d *desk) {
	l := limit("a", "2/h", "5/24h")
	d.must(start, l).Stamp(start)
	for range 20 {
		r := d.must(start, l)
		d.mustNot(start, "a", l)
		r.Release()
	}
	d.must(start, l)
}

func testOpen(t *testing.T, d *desk) {
	l := limit("a", "1/min")
	r := d.must(start, l)
	later := start.Add(5 * time.Hour)
	d.mustNot(later, "a", l)
	r.Stamp(later)
	d.mustNot(later.Add(59*time.Second), "a", l)
	d.must(later.Add(time.Minute+slack), l)
}

func testFuture(t *testing.T, d *desk) {
	l := limit("a", "1/min")
	ahead := start.Add(24 * time.Hour)
	d.must(ahead, l).Stamp(ahead)
	// The clock is set back by a day: the use counts, but only for its window.
	d.mustNot(start, "a", l)
	d.must(start.Add(time.Minute+slack), l)
}

func testLateStamp(t *testing.T, d *desk) {
	l := limit("a", "2/min")
	r1 := d.must(start, l)
	r2 := d.must(start, l)
	r2.Stamp(start.Add(30 * time.Second))
	r1.Stamp(start.Add(40 * time.Second))
	d.mustNot(start.Add(89*time.Second), "a", l)
	d.must(start.Add(90*time.Second+slack), l)
	d.mustNot(start.Add(90*time.Second+slack), "a", l)
}

// testLateCaller: callers read the clock before they get their turn. A caller with a time a little
// in the past must not make the uses look older.
func testLateCaller(t *testing.T, d *desk) {
	l := limit("a", "2/min")
	d.must(start, l).Stamp(start)
	r := d.must(start.Add(20*time.Second), l)
	d.mustNot(start.Add(10*time.Second), "a", l)
	r.Stamp(start.Add(20 * time.Second))
	d.mustNot(start.Add(10*time.Second), "a", l)
	d.must(start.Add(time.Minute+slack), l).Stamp(start.Add(time.Minute + slack))
	d.mustNot(start.Add(79*time.Second), "a", l)
	d.must(start.Add(80*time.Second+slack), l)
}

func testPace(t *testing.T, d *desk) {
	l := limit("a", "5/s")
	now := start
	for range 20 {
		d.must(now, l).Stamp(now)
		until := d.mustNot(now, "a", l)
		if until.Before(now.Add(200 * time.Millisecond)) {
			t.Fatalf("two uses %v apart under 5/s", until.Sub(now))
		}
		d.mustNot(until.Add(-time.Nanosecond), "a", l)
		now = until
	}
	if took := now.Sub(start); took > 8*time.Second {
		t.Errorf("20 uses took %v under 5/s", took)
	}
}

func testSeveralCaps(t *testing.T, d *desk) {
	l := limit("a", "2/min", "3/h")
	d.must(start, l).Stamp(start)
	d.must(start, l).Stamp(start)
	d.mustNot(start, "a", l)
	now := start.Add(time.Minute + slack)
	d.must(now, l).Stamp(now)
	until := d.mustNot(now, "a", l)
	if until.Before(start.Add(time.Hour)) {
		t.Errorf("free again at %v, though the hour's cap is used up", until)
	}
}

func testLowerCap(t *testing.T, d *desk) {
	for range 4 {
		d.must(start, limit("a", "5/h")).Stamp(start)
	}
	// Another campaign on the same account, with a cap of its own.
	d.mustNot(start, "a", limit("a", "3/h"))
	d.must(start, limit("a", "5/h")).Stamp(start)
	d.mustNot(start, "a", limit("a", "5/h"))
}

func testKeys(t *testing.T, d *desk) {
	for i := range 50 {
		l := limit(fmt.Sprint("key ", i), "1/h")
		d.must(start, l).Stamp(start)
		d.mustNot(start, l.Key, l)
	}
}

func testSecondEnd(t *testing.T, d *desk) {
	l := limit("a", "2/h")
	d.must(start, l).Stamp(start)
	r := d.must(start, l)
	r.Stamp(start)
	r.Release()
	r.Stamp(start)
	d.mustNot(start, "a", l)
}

func testContext(t *testing.T, d *desk) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	l := limit("a", "1/h")
	if r, _, err := d.b.Reserve(ctx, start, []sender.Limit{l}); err == nil {
		r.Release()
		return // it did not need to wait
	}
	d.must(start, l)
}

// testConcurrent lets many goroutines use one account at one moment. Exactly the cap passes.
func testConcurrent(t *testing.T, d *desk) {
	account, lanes := limit("account", "200/h"), []sender.Limit{limit("x", "90/h"), limit("y", "300/h")}
	now := start
	for round := range 2 {
		var mu sync.Mutex
		var wg sync.WaitGroup
		passed := map[string]int{}
		for w := range 8 {
			wg.Go(func() {
				for i := range 60 {
					l := lanes[(w+i)%2]
					r, _, err := d.b.Reserve(context.Background(), now, []sender.Limit{account, l})
					if err != nil {
						t.Errorf("Reserve: %v", err)
						return
					}
					if r == nil {
						continue
					}
					if i%7 == 0 {
						r.Release()
						continue
					}
					r.Stamp(now)
					mu.Lock()
					passed[l.Key]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		for _, l := range lanes { // fill up what was given back at the end
			for {
				r, _ := d.ask(now, account, l)
				if r == nil {
					break
				}
				r.Stamp(now)
				passed[l.Key]++
			}
		}
		if passed["x"]+passed["y"] != 200 || passed["x"] > 90 {
			t.Errorf("round %d: passed %v under 200 in all, 90 for x", round, passed)
		}
		now = now.Add(time.Hour + slack)
	}
}

// testRandom makes uses at random times, leaves them open for a while, gives some back, and looks
// at every window afterwards.
func testRandom(t *testing.T, d *desk) {
	for seed := range uint64(5) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		l := limit(fmt.Sprint("seed ", seed), "7/min", "20/10m")
		now := start
		var open []sender.Reservation
		var stamps []time.Time
		for range 2000 {
			now = now.Add(time.Duration(rnd.Int64N(int64(8 * time.Second))))
			if len(open) > 0 && rnd.IntN(2) == 0 {
				i := rnd.IntN(len(open))
				if rnd.IntN(4) == 0 {
					open[i].Release()
				} else {
					open[i].Stamp(now)
					stamps = append(stamps, now)
				}
				open = slices.Delete(open, i, i+1)
			}
			if r, _ := d.ask(now, l); r != nil {
				open = append(open, r)
			}
		}
		for _, r := range open {
			r.Release()
		}
		for _, c := range l.Caps {
			for i := range stamps {
				if j := i + int(c.N); j < len(stamps) && stamps[j].Sub(stamps[i]) < c.Window {
					t.Fatalf("seed %d: %d uses in %v, cap %v", seed, c.N+1, stamps[j].Sub(stamps[i]), c)
				}
			}
		}
		// Nothing leaks: when all is over, the whole cap is there again.
		now = now.Add(time.Hour)
		for range 7 {
			d.must(now, l).Stamp(now)
		}
	}
}
