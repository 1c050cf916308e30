package courtesy

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"mailshot/internal/moment"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func TestGroup(t *testing.T) {
	t.Parallel()
	for domain, want := range map[string]string{
		"gmail.com": "gmail", "googlemail.com": "gmail", "hotmail.com": "outlook", "live.co.uk": "outlook",
		"outlook.com.br": "outlook", "msn.com": "outlook",
		"yahoo.com": "yahoo", "yahoo.fr": "yahoo", "yahoo.co.uk": "yahoo", "aol.com": "yahoo", "ymail.com": "yahoo",
		"yahoo.co.jp": "yahoo-jp",
		"me.com":      "icloud", "gmx.de": "gmx", "gmx.net": "gmx", "web.de": "gmx",
		"example.com": "", "gmail.example": "", "mail.gmail.com": "", "live.example.com": "", "live": "", "": "",
		"live.tv.example": "", "hotmail.online": "", "com": "",
	} {
		if got := Group(domain); got != want {
			t.Errorf("%s: %q, want %q", domain, got, want)
		}
	}
	seen := map[string]string{}
	for name, domains := range providers {
		for _, d := range domains {
			if was, twice := seen[d]; twice {
				t.Errorf("%s is of %s and of %s", d, was, name)
			}
			seen[d] = name
		}
	}
}

func TestGroupOfHost(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"aspmx.l.google.com": "gmail", "alt1.gmail-smtp-in.l.google.com": "gmail", "aspmx2.googlemail.com": "gmail",
		"google.com": "gmail",
		"example-com.mail.protection.outlook.com": "m365", "example-com.a-v1.mx.microsoft": "m365",
		"hotmail-com.olc.protection.outlook.com": "outlook",
		"mta5.am0.yahoodns.net":                  "yahoo",
		"mx00.ionos.de":                          "ionos", "us-smtp-inbound-1.mimecast.com": "mimecast",
		"mx.example.com": "", "notgoogle.com": "", "google.com.example": "", "com": "", "": "",
	} {
		if got := GroupOfHost(host); got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
	// The provider of a domain has one name, however it is found.
	for name := range providers {
		if exchangers[name] == nil && name != "yahoo-jp" {
			t.Errorf("no mail servers of %s", name)
		}
	}
}

func TestShare(t *testing.T) {
	t.Parallel()
	named := []string{"gmail.com", "hotmail.com", "outlook.com", "acme.example"}
	for domain, want := range map[string]string{
		"gmail.com": "gmail.com", "googlemail.com": "gmail.com", "outlook.com": "outlook.com",
		"live.com":     "hotmail.com",
		"acme.example": "acme.example", "other.example": "", "yahoo.com": "",
	} {
		if got := Share(domain, Group(domain), named); got != want {
			t.Errorf("%s: %q, want %q", domain, got, want)
		}
	}
}

func TestWarmup(t *testing.T) {
	t.Parallel()
	w := Warmup{50, 100, 250, 500}
	for name, c := range map[string]struct {
		days  []Day // Date is set: one a day up to yesterday
		pause int   // days between the last and today, 1 if zero
		most  int64
		step  int
		warm  bool
	}{
		"the first day":                 {most: 50, step: 1},
		"a good day moves on":           {days: []Day{{Tried: 50}}, most: 100, step: 2},
		"half of the step is enough":    {days: []Day{{Tried: 25}}, most: 100, step: 2},
		"less is not":                   {days: []Day{{Tried: 24}}, most: 50, step: 1},
		"a day without mail is not one": {days: []Day{{Tried: 50}, {}, {}}, most: 100, step: 2},
		"three in a hundred pass": {days: []Day{{Tried: 50}, {Tried: 100, Refused: 3}}, most: 250,
			step: 3},
		"four hold": {days: []Day{{Tried: 50}, {Tried: 100, Refused: 4}}, most: 100,
			step: 2},
		"six hold": {days: []Day{{Tried: 50}, {Tried: 100, Refused: 6}}, most: 100,
			step: 2},
		"seven step back":                  {days: []Day{{Tried: 50}, {Tried: 100, Refused: 7}}, most: 50, step: 1},
		"never below the first":            {days: []Day{{Tried: 50, Refused: 50}}, most: 50, step: 1},
		"bad ones count in small days too": {days: []Day{{Tried: 50}, {Tried: 10, Refused: 5}}, most: 50, step: 1},
		"held, then on": {days: []Day{{Tried: 50}, {Tried: 100, Refused: 4}, {Tried: 100}},
			most: 250, step: 3},
		"warm": {days: []Day{{Tried: 50}, {Tried: 100}, {Tried: 250}, {Tried: 500}},
			step: 4, warm: true},
		"warm, and few are sent": {days: []Day{{Tried: 50}, {Tried: 100}, {Tried: 250}, {Tried: 500},
			{Tried: 1}}, step: 4, warm: true},
		"warm, and a bad day leads back": {days: []Day{{Tried: 50}, {Tried: 100}, {Tried: 250}, {Tried: 500},
			{Tried: 100, Refused: 9}}, most: 250, step: 3},
		"a pause of thirty days keeps it": {days: []Day{{Tried: 50}}, pause: 30, most: 100, step: 2},
		"a longer one lets it go cold":    {days: []Day{{Tried: 50}, {Tried: 100}}, pause: 31, most: 50, step: 1},
		"a longer one before the last day too": {days: append([]Day{{Tried: 50}, {Tried: 100}, {Tried: 250}},
			append(make([]Day, 30), Day{Tried: 50})...), most: 100, step: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pause := max(c.pause, 1)
			for i := range c.days {
				c.days[i].Date = start.AddDate(0, 0, i-len(c.days)-pause+1)
			}
			most, step, ok := w.Today(c.days, start)
			if most != c.most || step != c.step || ok == c.warm {
				t.Errorf("%d in step %d, %v; want %d in %d", most, step, ok, c.most, c.step)
			}
		})
	}
	if _, _, ok := (Warmup)(nil).Today(nil, start); ok {
		t.Error("no warm-up bounds")
	}
	most, _, _ := w.Today([]Day{{Date: start, Tried: 50}, {Date: start.AddDate(0, 0, 3), Tried: 50}}, start)
	if most != 50 {
		t.Errorf("today and days to come count: %d", most)
	}
}

func TestMidnight(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, now, want string }{
		{"UTC", "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"},
		{"Europe/Berlin", "2026-03-28T23:30:00+01:00", "2026-03-29T00:00:00+01:00"},
		{"Europe/Berlin", "2026-12-31T23:59:59+01:00", "2027-01-01T00:00:00+01:00"},
		{"Africa/Cairo", "2026-04-23T12:00:00+02:00", "2026-04-24T01:00:00+03:00"}, // 0:00 is skipped
	} {
		now, _ := time.Parse(time.RFC3339, c.now)
		want, _ := time.Parse(time.RFC3339, c.want)
		if got := Midnight(now.In(zone(t, c.zone))); !got.Equal(want) {
			t.Errorf("%s: after %v comes %v, want %v", c.zone, now, got, want)
		}
	}
}

func TestWaves(t *testing.T) {
	t.Parallel()
	w := Waves{Sizes: []int64{20, 200}, Hold: time.Hour}
	for tried, want := range map[int64]struct {
		number int
		room   int64
		last   bool
		held   bool
	}{
		0: {1, 20, false, false}, 19: {1, 1, false, false}, 20: {2, 200, false, true}, 21: {2, 199, false, false},
		219: {2, 1, false, false}, 220: {3, 0, true, true}, 221: {3, 0, true, false}, 9999: {3, 0, true, false},
	} {
		number, room, last := w.Wave(tried)
		held := w.Held(tried, start)
		if number != want.number || room != want.room || last != want.last || held.IsZero() == want.held ||
			want.held && !held.Equal(start.Add(time.Hour)) {
			t.Errorf("%d tried: wave %d with room for %d (last %v), held until %v; want %+v", tried, number, room, last,
				held, want)
		}
	}
	if got := (Waves{Sizes: []int64{1}}).Held(1, start); !got.Equal(start.Add(30 * time.Minute)) {
		t.Errorf("held until %v without a hold given", got)
	}
	if n, _, last := (Waves{}).Wave(7); n != 1 || !last {
		t.Error("no waves bound")
	}
}

func TestStopLoss(t *testing.T) {
	t.Parallel()
	s := StopLoss{Refused: 0.05, Unknown: 0.01, Deferred: 0.3}
	for _, c := range []struct {
		s    StopLoss
		o    Outcomes
		want string
	}{
		{s, Outcomes{}, ""},
		{s, Outcomes{Refused: 49}, ""}, // too early
		{s, Outcomes{Refused: 50}, "50 of 50 refused (100%, at most 5%)"},
		{s, Outcomes{Sent: 95, Refused: 5}, ""},
		{s, Outcomes{Sent: 94, Refused: 6}, "6 of 100 refused (6%, at most 5%)"},
		{s, Outcomes{Sent: 98, Unknown: 2}, "2 of 100 unknown (2%, at most 1%)"},
		{s, Outcomes{Sent: 60, Deferred: 40}, "40 of 100 deferred (40%, at most 30%)"},
		{s, Outcomes{Sent: 938, Refused: 62}, "62 of 1000 refused (6.2%, at most 5%)"},
		{StopLoss{Refused: 0.5, After: 2}, Outcomes{Refused: 1}, ""},
		{StopLoss{Refused: 0.5, After: 2}, Outcomes{Refused: 2}, "2 of 2 refused (100%, at most 50%)"},
		{StopLoss{}, Outcomes{Refused: 5000}, ""},
	} {
		loss, stop := c.s.Exceeded(c.o)
		if got := loss.String(); stop != (c.want != "") || stop && got != c.want {
			t.Errorf("%+v with %+v: %v %q, want %q", c.s, c.o, stop, got, c.want)
		}
	}
}

func TestAdaptiveSetsNoBoundUnasked(t *testing.T) {
	t.Parallel()
	var a Adaptive
	for i := range 1000 {
		if ok, _ := a.Free(start, i); !ok {
			t.Fatalf("bound at %d under way", i)
		}
		a.Begin(start)
		a.Good(start)
	}
}

func TestAdaptive(t *testing.T) {
	t.Parallel()
	var a Adaptive
	now := start
	for range 600 { // a minute at ten a second
		a.Begin(now)
		now = now.Add(100 * time.Millisecond)
	}
	until := a.Slower(now, 8, 0, 0.5)
	if got := until.Sub(now); got != 30*time.Second {
		t.Errorf("first hold %v", got)
	}
	if again := a.Slower(now.Add(time.Second), 7, 0, 0.5); !again.Equal(until) {
		t.Errorf("a second answer of the same cause holds until %v, not %v", again, until)
	}
	if again := a.Slower(now.Add(time.Second), 7, time.Minute, 0.5); !again.Equal(now.Add(61 * time.Second)) {
		t.Errorf("one that asks for more holds until %v", again)
	}
	now = now.Add(61 * time.Second)
	if ok, until := a.Free(now.Add(-1), 0); ok || !until.Equal(now) {
		t.Errorf("free in the hold: %v %v", ok, until)
	}
	if ok, _ := a.Free(now, 3); !ok {
		t.Error("window of four has no room for a fourth")
	}
	if ok, until := a.Free(now, 4); ok || !until.IsZero() {
		t.Errorf("a fifth: %v %v", ok, until)
	}
	a.Begin(now)
	if ok, until := a.Free(now, 1); ok || until.Sub(now).Round(time.Millisecond) != 200*time.Millisecond {
		t.Errorf("paced: %v %v, want half of ten a second", ok, until.Sub(now))
	}
	// As many good ones as the window takes, and one that makes up for what is between: one more.
	for range 5 {
		now = now.Add(200 * time.Millisecond)
		a.Good(now)
	}
	if ok, _ := a.Free(now, 4); !ok {
		t.Error("window did not grow")
	}
	if ok, _ := a.Free(now, 5); ok {
		t.Error("window grew by more than one")
	}
	// Ten minutes without a request: all of the rate is back.
	for range 10 {
		now = now.Add(time.Minute)
		a.Good(now)
	}
	a.Begin(now)
	if ok, until := a.Free(now, 0); !ok {
		t.Errorf("still paced after ten minutes: %v", until.Sub(now))
	}
}

// A burst is not a rate: four every ten seconds are halved to one in five.
func TestAdaptiveMeasuresOverBursts(t *testing.T) {
	t.Parallel()
	var a Adaptive
	now := start
	for range 5 {
		for range 4 {
			a.Begin(now)
		}
		now = now.Add(10 * time.Second)
	}
	a.Begin(now)
	now = a.Slower(now, 4, 0, 0.5)
	a.Begin(now)
	if ok, until := a.Free(now, 0); ok || until.Sub(now) < 3*time.Second || until.Sub(now) > 6*time.Second {
		t.Errorf("the next %v after the last", until.Sub(now))
	}
}

// A careful start has one message under way, and grows with each success until nothing bounds it.
func TestAdaptiveStart(t *testing.T) {
	t.Parallel()
	var a Adaptive
	a.Start(4)
	for good, most := range []int{1, 2, 3} {
		if ok, _ := a.Free(start, most-1); !ok {
			t.Errorf("after %d successes no room for %d", good, most)
		}
		if ok, _ := a.Free(start, most); ok {
			t.Errorf("after %d successes room for %d", good, most+1)
		}
		a.Good(start)
	}
	if ok, _ := a.Free(start, 1000); !ok {
		t.Error("still bound")
	}
	a.Start(8)
	if a.Slower(start, 1, 0, 0); a.window != 1 || a.free != 8 {
		t.Errorf("window %v, let go at %v", a.window, a.free)
	}
	for range 4 {
		a.Good(start)
	}
	if a.window >= 4 {
		t.Errorf("after a request it grew to %v with four successes", a.window)
	}
}

func TestAdaptiveHoldsDouble(t *testing.T) {
	t.Parallel()
	var a Adaptive
	now := start
	var holds []time.Duration
	for range 9 {
		a.Begin(now)
		until := a.Slower(now, 1, 0, 0.5)
		holds = append(holds, until.Sub(now))
		now = until
	}
	want := []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute,
		16 * time.Minute, 32 * time.Minute, time.Hour, time.Hour}
	if !slices.Equal(holds, want) {
		t.Errorf("%v", holds)
	}
	if got := a.Slower(now, 1, 0, 0.99).Sub(now); got != time.Hour {
		t.Errorf("with all of the spread %v, want an hour at most", got)
	}
	now = now.Add(time.Hour)
	for range calm {
		a.Good(now)
	}
	if got := a.Slower(now, 1, 0, 0.5).Sub(now); got != 30*time.Second {
		t.Errorf("after %d successes the next hold is %v", calm, got)
	}
}

// With random servers nothing begins in a hold, and never more are under way than the window takes.
// Two messages are never nearer than the slowest pace asks. The caller always gets a way on, and in
// the end all bounds are gone.
func TestAdaptiveModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		var a Adaptive
		now, hold, under, asked := start, time.Time{}, 0, 0
		for step := 0; step < 3000; step++ {
			ok, until := a.Free(now, under)
			switch {
			case ok && (under == 0 || rnd.IntN(2) == 0):
				if now.Before(hold) {
					t.Fatalf("seed %d: begun in a hold", seed)
				}
				if asked > 0 && a.window > 0 && under+1 > max(1, int(a.window)) {
					t.Fatalf("seed %d: %d under way, window %v", seed, under+1, a.window)
				}
				a.Begin(now)
				under++
			case under > 0:
				now = now.Add(time.Duration(rnd.IntN(3000)) * time.Millisecond)
				if step < 1500 && rnd.IntN(20) == 0 {
					hold = moment.Later(hold, a.Slower(now, under, time.Duration(rnd.IntN(60))*time.Second, rnd.Float64()))
					asked++
				} else {
					a.Good(now)
				}
				under--
			default:
				if until.IsZero() {
					t.Fatalf("seed %d: nothing under way and no time to wait for", seed)
				}
				if !until.After(now) || until.Sub(now) > 2*longHold {
					t.Fatalf("seed %d: to wait %v", seed, until.Sub(now))
				}
				now = until
			}
		}
		for range 60 {
			now = now.Add(time.Minute)
			a.Good(now)
		}
		if ok, until := a.Free(now, 0); !ok {
			t.Errorf("seed %d: bound after an hour without a request until %v", seed, until.Sub(now))
		}
	}
}
