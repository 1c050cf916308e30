package limits

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func caps(t *testing.T, texts ...string) []Cap {
	t.Helper()
	var cs []Cap
	for _, s := range texts {
		c, err := Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		cs = append(cs, c)
	}
	return cs
}

// stretches writes a forecast's rows: "+from to+to: n, after hold, pace hold".
func stretches(f Forecast) string {
	var rows []string
	for _, s := range f.Stretches {
		rows = append(rows, strings.TrimSpace(fmt.Sprintf("+%v..+%v %d after %q pace %q", s.From.Sub(start),
			s.To.Sub(start), s.Messages, s.After, s.Pace)))
	}
	return strings.Join(rows, "\n")
}

func TestForesee(t *testing.T) {
	t.Parallel()
	one := func(n int64) []Lane { return []Lane{{Messages: n}} }
	for name, c := range map[string]struct {
		account Account
		lanes   []Lane
		end     time.Duration
		rows    string
	}{
		"nothing": {},
		"no caps": {lanes: one(5), rows: `+0s..+0s 5 after "" pace ""`},
		"one window": {account: Account{Caps: caps(t, "2/min")}, lanes: one(5), end: 2 * time.Minute,
			rows: `+0s..+2m0s 5 after "" pace "2/min"`},
		"a window exactly full": {account: Account{Caps: caps(t, "2/min")}, lanes: one(2),
			rows: `+0s..+0s 2 after "" pace ""`},
		"paced": {account: Account{Caps: caps(t, "5/s")}, lanes: one(11), end: 2 * time.Second,
			rows: `+0s..+2s 11 after "" pace "5/s"`},
		// 400 in 20 minutes, at 20 a minute; a day later, as those leave the window, the next.
		"the day's cap": {account: Account{Caps: caps(t, "20/min", "400/24h")}, lanes: one(1000),
			end: 48*time.Hour + 9*time.Minute,
			rows: `+0s..+19m0s 400 after "" pace "20/min"
+24h0m0s..+24h19m0s 400 after "400/24h" pace "400/24h"
+48h0m0s..+48h9m0s 200 after "400/24h" pace "400/24h"`},
		// A message goes with its copies or not at all: of ten uses in a minute three messages of three take nine.
		"copies": {account: Account{Caps: caps(t, "10/min")}, lanes: []Lane{{Messages: 7, Copies: 14}}, end: 2 * time.Minute,
			rows: `+0s..+2m0s 7 after "" pace "10/min"`},
		"copies, used before": {account: Account{Caps: caps(t, "10/h"), Used: []Use{{start.Add(-50 * time.Minute), 8}}},
			lanes: []Lane{{Messages: 2, Copies: 4}}, end: 10 * time.Minute, rows: `+10m0s..+10m0s 2 after "10/h" pace ""`},
		"copies, paced": {account: Account{Caps: caps(t, "1/s")}, lanes: []Lane{{Messages: 3, Copies: 6}},
			end:  6 * time.Second,
			rows: `+0s..+6s 3 after "" pace "1/s"`},
		"copies of every other one": {account: Account{Caps: caps(t, "3/min")},
			lanes: []Lane{{Messages: 3}, {Messages: 1, Copies: 2}},
			end:   time.Minute, rows: `+0s..+1m0s 4 after "" pace "3/min"`},
		"used before": {account: Account{Caps: caps(t, "10/h"),
			Used: []Use{{start.Add(-2 * time.Hour), 50}, {start.Add(-50 * time.Minute), 8}}}, lanes: one(4),
			end: 10 * time.Minute, rows: `+0s..+10m0s 4 after "" pace "10/h"`},
		"used up": {account: Account{Caps: caps(t, "10/h"), Used: []Use{{start.Add(-20 * time.Minute), 10}}},
			lanes: one(4),
			end:   40 * time.Minute, rows: `+40m0s..+40m0s 4 after "10/h" pace ""`},
		"used in the future counts as now": {account: Account{Caps: caps(t, "1/h"),
			Used: []Use{{start.Add(9 * time.Hour), 1}}}, lanes: one(1),
			end: time.Hour, rows: `+1h0m0s..+1h0m0s 1 after "1/h" pace ""`},
		"started before": {account: Account{Caps: caps(t, "1/10s"), Started: start.Add(-4 * time.Second)},
			lanes: one(2),
			end:   16 * time.Second, rows: `+6s..+16s 2 after "1/10s" pace "1/10s"`},
		// The other messages do not wait for the lane that may not go.
		"two lanes": {lanes: []Lane{{Messages: 100},
			{Messages: 3, Account: &Account{Name: "gmail.com", Caps: caps(t, "1/h")}}}, end: 2 * time.Hour,
			rows: `+0s..+0s 101 after "" pace ""
+1h0m0s..+1h0m0s 1 after "gmail.com 1/h" pace ""
+2h0m0s..+2h0m0s 1 after "gmail.com 1/h" pace ""`},
		// The lane's messages use up the account's cap too.
		"lane below the account": {account: Account{Caps: caps(t, "6/h")},
			lanes: []Lane{{Messages: 6}, {Messages: 4, Account: &Account{Name: "a.example", Caps: caps(t, "2/h")}}},
			end:   time.Hour, rows: `+0s..+0s 6 after "" pace ""
+1h0m0s..+1h0m0s 4 after "6/h" pace ""`},
		"later": {lanes: []Lane{{Messages: 1, Later: []time.Time{start.Add(2 * time.Hour), start.Add(-time.Hour)}}},
			end: 2 * time.Hour,
			rows: `+0s..+0s 2 after "" pace ""
+2h0m0s..+2h0m0s 1 after "next attempt" pace ""`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := Foresee(start, []Account{c.account, {Caps: caps(t, "1_000_000/h")}}, c.lanes, nil)
			var n int64
			for _, l := range c.lanes {
				n += l.Messages + int64(len(l.Later))
			}
			if f.End.Sub(start) != c.end || f.Messages != n || f.Left != 0 || stretches(f) != c.rows {
				t.Errorf("ends +%v, want +%v; %d messages, want %d, %d left\n%s\nwant\n%s", f.End.Sub(start), c.end,
					f.Messages, n, f.Left, stretches(f), c.rows)
			}
		})
	}
}

// A cap that would take centuries ends the forecast, and does not overflow the arithmetic of times.
func TestForeseeHorizon(t *testing.T) {
	t.Parallel()
	f := Foresee(start, []Account{{Caps: caps(t, "1/366d")}}, []Lane{{Messages: 1_000_000}}, nil)
	if f.Messages != 10 || f.Left != 999_990 || f.End.Sub(start) != 9*366*24*time.Hour {
		t.Errorf("%d messages, %d left, ends +%v", f.Messages, f.Left, f.End.Sub(start))
	}
}

// TestForeseeIsTight: with random caps, lanes and earlier uses, no window ever holds more than its
// cap. No message could have gone earlier: whatever it waited for is full a moment before.
func TestForeseeIsTight(t *testing.T) {
	t.Parallel()
	for seed := range uint64(150) {
		rnd := rand.New(rand.NewPCG(seed, 11))
		random := func(name string) Account {
			l := Account{Name: name}
			for range rnd.IntN(3) {
				w := []time.Duration{time.Second, 10 * time.Second, time.Minute, 15 * time.Minute, time.Hour,
					24 * time.Hour}[rnd.IntN(6)]
				l.Caps = append(l.Caps, Cap{1 + rnd.Int64N(25), w})
			}
			at := start.Add(-25 * time.Hour)
			for range rnd.IntN(6) {
				at = at.Add(time.Duration(rnd.Int64N(int64(4 * time.Hour))))
				l.Used = append(l.Used, Use{at, 1 + rnd.Int64N(5)})
			}
			return l
		}
		account := random("")
		owns := []Account{random(""), random("a.example"), random("b.example")}
		var lanes []Lane
		for i := range owns {
			lanes = append(lanes, Lane{Messages: rnd.Int64N(60), Account: &owns[i]})
		}
		type history struct {
			lane  Account
			times []time.Time // of uses
			own   int         // first of this run's
		}
		all := map[string]*history{"account": {lane: account}}
		for i, l := range lanes {
			all[fmt.Sprint(i)] = &history{lane: *l.Account}
		}
		for _, h := range all {
			for _, u := range h.lane.Used {
				for range u.N {
					h.times = append(h.times, u.Time)
				}
			}
			h.own = len(h.times)
		}
		// Nobody tells which lane a message was of, so each lane runs alone with the account too.
		for i, l := range lanes {
			a, h := all["account"], all[fmt.Sprint(i)]
			a.times, h.times = a.times[:a.own], h.times[:h.own]
			left, _ := simulate(start, []Account{account}, []Lane{l}, nil, func(at time.Time, n int64, why Hold) {
				for range n {
					full := why == Hold{}
					for _, x := range []*history{a, h} {
						for _, c := range x.lane.Caps {
							in := int64(0)
							for j, u := range x.times {
								if c.Paced() && j < x.own {
									continue // a pace goes by Started
								}
								if gap := at.Sub(u); gap < c.Window {
									in++
									if c.Paced() && gap < c.Interval() {
										t.Fatalf("seed %d: %v apart, cap %v", seed, gap, c)
									}
								}
								if c.Paced() && at.Sub(u) == c.Interval() && c == why.Cap {
									full = true
								}
								if !c.Paced() && at.Sub(u) == c.Window && c == why.Cap {
									full = true
								}
							}
							// The earlier uses may be over the cap already. Then nothing goes at
							// all.
							if in+1 > c.N {
								t.Fatalf("seed %d: %d in %v with cap %v", seed, in+1, c.Window, c)
							}
						}
					}
					if !full {
						t.Fatalf("seed %d: waited for %v until %v, which is not a moment when it gives way", seed, why,
							at)
					}
					a.times, h.times = append(a.times, at), append(h.times, at)
					why = Hold{} // the others of this moment waited for nothing more
				}
			})
			if left != 0 || int64(len(h.times)-h.own) != l.Messages {
				t.Fatalf("seed %d: %d of %d went, %d left", seed, len(h.times)-h.own, l.Messages, left)
			}
		}
	}
}

// BenchmarkForesee foresees a million messages: with nothing in the way, under caps of windows, and
// under a pace.
func BenchmarkForesee(b *testing.B) {
	for name, caps := range map[string][]Cap{
		"free": nil, "windows": {{N: 100, Window: time.Minute}, {N: 50_000, Window: 24 * time.Hour}},
		"pace": {{N: 50, Window: time.Second}},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				lanes := make([]Lane, 20)
				for i := range lanes {
					lanes[i] = Lane{Name: fmt.Sprint(i), Messages: 50_000}
				}
				if f := Foresee(start, []Account{{Caps: caps}}, lanes, nil); f.Messages != 1_000_000 {
					b.Fatal(f)
				}
			}
		})
	}
}
