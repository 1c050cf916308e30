package limits

import (
	"math/rand/v2"
	"testing"
	"time"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func TestParse(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]Cap{
		"20/min":          {20, time.Minute},
		"10_000/24h":      {10_000, 24 * time.Hour},
		"5/s":             {5, time.Second},
		"300/15m":         {300, 15 * time.Minute},
		"1/sec":           {1, time.Second},
		" 400 / 24 h ":    {400, 24 * time.Hour},
		"7/DAY":           {7, 24 * time.Hour},
		"1_000_000/hr":    {1_000_000, time.Hour},
		"2/90s":           {2, 90 * time.Second},
		"100/second":      {100, time.Second},
		"3/2 days":        {3, 48 * time.Hour},
		"1/minute":        {1, time.Minute},
		"9/8784h":         {9, 8784 * time.Hour},
		"1000000000000/d": {1e12, 24 * time.Hour},
	} {
		got, err := Parse(s)
		if err != nil || got != want {
			t.Errorf("Parse(%q) = %v, %v, want %v", s, got, err, want)
		}
		if again, err := Parse(got.String()); err != nil || again != got {
			t.Errorf("%q is written %q, which reads %v, %v", s, got, again, err)
		}
	}
	for _, s := range []string{"", "20", "/min", "20/", "0/min", "-1/min", "1.5/s", "10,000/24h", "1__0/s", "_1/s",
		"1_/s", "20/0s", "20/fortnight",
		"20/9999h", "99999999999999999999/s", "20/99999999999999999999s", "1/1/s", "20/m in", "٣/s", "1/h30m", "1e3/s",
		"2000000000000/s"} {
		if c, err := Parse(s); err == nil {
			t.Errorf("Parse(%q) = %v", s, c)
		}
	}
	for want, c := range map[string]Cap{"10_000/24h": {10000, 24 * time.Hour}, "9999/h": {9999, time.Hour},
		"1_234_567/15min": {1234567, 15 * time.Minute}, "5/s": {5, time.Second}} {
		if got := c.String(); got != want {
			t.Errorf("%v is written %q, want %q", c, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"20/min", "10_000/24h", "5/s", "0/s", "1/1/1", "9/99999999999d", "_/h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Parse(s)
		if err != nil {
			return
		}
		if c.N < 1 || c.Window < time.Second || c.Window > maxWindow {
			t.Fatalf("Parse(%q) = %+v", s, c)
		}
		if again, err := Parse(c.String()); err != nil || again != c {
			t.Fatalf("%q is written %q, which reads %v, %v", s, c, again, err)
		}
		if c.Paced() && c.Interval()*time.Duration(min(c.N, 1000)) < c.Window/time.Duration(max(1, c.N/1000)) {
			t.Fatalf("%v: interval %v", c, c.Interval())
		}
	})
}

// TestNeverAboveTheCap drives windows and paces with random caps, delays, returns
// and clock steps, asking again exactly when told to, and counts every window.
//
// It guards "never past the cap": with a window taken a second too short, seed 1
// found a use free before its time.
func TestNeverAboveTheCap(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		caps := []Cap{{N: 1 + rnd.Int64N(20), Window: time.Duration(1+rnd.Int64N(5)) * time.Minute}}
		if rnd.IntN(2) == 0 {
			caps = append(caps, Cap{N: caps[0].N + rnd.Int64N(20), Window: 30 * time.Minute})
		}
		if rnd.IntN(2) == 0 {
			caps = append(caps, Cap{N: 1 + rnd.Int64N(9), Window: time.Second})
		}
		var u Usage
		now := start
		type use struct{ opened time.Time }
		var open []use
		var begun, done []time.Time
		for range 1500 {
			switch until := u.Free(now, caps); {
			case until.IsZero():
				u.Open(now)
				open = append(open, use{now})
				begun = append(begun, now)
			case !until.After(now):
				t.Fatalf("seed %d: refused at %v until %v", seed, now, until)
			case len(open) == 0 && rnd.IntN(2) == 0:
				now = until // nothing is open: this very moment must do, and not a nanosecond earlier
				if !u.Free(now.Add(-1), caps).After(now.Add(-1)) {
					t.Fatalf("seed %d: free before its time", seed)
				}
				if !u.Free(now, caps).IsZero() && len(caps) == 1 {
					t.Fatalf("seed %d: not free at its time", seed)
				}
			}
			now = now.Add(time.Duration(rnd.Int64N(int64(20 * time.Second))))
			for len(open) > 0 && rnd.IntN(3) > 0 {
				o := open[0]
				open = open[1:]
				if rnd.IntN(5) == 0 {
					u.Release(o.opened)
				} else {
					u.Stamp(now)
					done = append(done, now)
				}
			}
		}
		for _, c := range caps {
			times := done
			if c.Paced() {
				times = nil
				for i, b := range begun { // a released start may be followed at once
					if i == 0 || b.Sub(begun[i-1]) > 0 {
						times = append(times, b)
					}
				}
			}
			for i := range times {
				if j := i + int(c.N); j < len(times) && times[j].Sub(times[i]) < c.Window && !c.Paced() {
					t.Fatalf("seed %d: %d uses in %v, cap %v", seed, c.N+1, times[j].Sub(times[i]), c)
				}
			}
		}
	}
}

// TestPace: starts are evenly spaced, so no window of the cap's length, wherever
// it begins, holds more than N.
func TestPace(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		rnd := rand.New(rand.NewPCG(seed, 9))
		c := Cap{N: 1 + rnd.Int64N(100), Window: time.Duration(1+rnd.Int64N(59)) * time.Second}
		var p Pace
		var times []time.Time
		for now := start; len(times) < 500; {
			if until := p.Free(now, c); !until.IsZero() {
				now = until
				continue
			}
			p.Use(now)
			times = append(times, now)
			now = now.Add(time.Duration(rnd.Int64N(int64(2 * c.Interval()))))
		}
		for i := range times {
			if j := i + int(c.N); j < len(times) && times[j].Sub(times[i]) < c.Window {
				t.Fatalf("seed %d: %d starts in %v, cap %v", seed, c.N+1, times[j].Sub(times[i]), c)
			}
		}
	}
}

// TestClockSetBack: uses of the future count as made now, for one window.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	hourly, paced := []Cap{{2, time.Hour}}, []Cap{{1, 10 * time.Second}}
	for _, caps := range [][]Cap{hourly, paced} {
		var u Usage
		for range caps[0].N {
			u.Open(start)
			u.Stamp(start)
		}
		back := start.Add(-48 * time.Hour)
		if got := u.Free(back, caps); !got.Equal(back.Add(caps[0].Window)) {
			t.Errorf("%v: free at %v", caps, got)
		}
		if got := u.Free(back.Add(caps[0].Window), caps); !got.IsZero() {
			t.Errorf("%v: not free after a window: %v", caps, got)
		}
	}
}

// TestLateCaller: a caller whose time is a little old makes no use look older. With such a time
// believed, the third use was free after 50 s.
func TestLateCaller(t *testing.T) {
	t.Parallel()
	c := Cap{2, time.Minute}
	for name, base := range map[string]time.Time{"wall": start, "monotonic": time.Now()} {
		var w Window
		for _, at := range []time.Duration{0, 20 * time.Second} {
			w.Open()
			w.Stamp(base.Add(at))
		}
		behind := -10 * time.Second
		if name == "monotonic" {
			behind = -2 * time.Hour // however late
		}
		if until := w.Free(base.Add(behind), c); !until.Equal(base.Add(time.Minute)) {
			t.Errorf("%s: free at %v, want a minute after the first use", name, until.Sub(base))
		}
		if until := w.Free(base.Add(59*time.Second), c); !until.Equal(base.Add(time.Minute)) {
			t.Errorf("%s: free at %v, want a minute after the first use", name, until.Sub(base))
		}
	}
}

// TestMemory: what no window can hold any more is forgotten.
func TestMemory(t *testing.T) {
	t.Parallel()
	var w Window
	c := Cap{100, time.Minute}
	for i := range 100_000 {
		now := start.Add(time.Duration(i) * time.Second)
		if w.Free(now, c).IsZero() {
			w.Open()
			w.Stamp(now)
		}
	}
	if n := cap(w.stamps); n > 1000 {
		t.Errorf("room for %d stamps with at most 60 in the window", n)
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	half := func() float64 { return 0.5 } // no spread
	at := start
	var got []time.Duration
	for attempt := 1; ; attempt++ {
		due, giveUp := Backoff{}.Next(attempt, start, at, half)
		if giveUp {
			break
		}
		got = append(got, due.Sub(at))
		at = due
	}
	m := time.Minute
	for i, want := range []time.Duration{5 * m, 10 * m, 20 * m, 40 * m, 80 * m, 160 * m, 240 * m, 240 * m} {
		if got[i] != want {
			t.Errorf("wait %d is %v, want %v", i+1, got[i], want)
		}
	}
	if at.Sub(start) != 48*time.Hour {
		t.Errorf("the last attempt is made %v after the first", at.Sub(start))
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		b := Backoff{First: time.Second, Max: time.Minute, GiveUp: time.Hour}
		now := start.Add(time.Duration(rnd.Int64N(int64(2 * time.Hour))))
		due, giveUp := b.Next(1+rnd.IntN(80), start, now, rnd.Float64)
		if giveUp != (now.Sub(start) > time.Hour-time.Second) {
			t.Fatalf("give up %v, %v after the first", giveUp, now.Sub(start))
		}
		if !giveUp && (due.Sub(now) < 800*time.Millisecond || due.Sub(now) > 72*time.Second ||
			due.After(start.Add(time.Hour))) {
			t.Fatalf("due %v after now", due.Sub(now))
		}
	}
	due, giveUp := (Backoff{First: time.Minute, Max: time.Second}).Next(9, start.Add(time.Hour), start, nil)
	if giveUp || due.Sub(start) != time.Minute {
		t.Errorf("a first attempt in the future: due %v, give up %v", due, giveUp)
	}
}
