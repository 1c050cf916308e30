package accounts

import (
	"bytes"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"mailshot/campaign/accounts/clock"
)

// t0 is a moment all tests can start from.
var t0 = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func accounts(t *testing.T, path string) *Accounts {
	t.Helper()
	a, err := OpenBy(path, clock.Given()) // time passes as the tests say
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

func accountsPath(t *testing.T) string { return filepath.Join(t.TempDir(), "a", "accounts.db") }

func TestSecret(t *testing.T) {
	t.Parallel()
	path := accountsPath(t)
	a, b := accounts(t, path), accounts(t, path)
	secrets := make([][]byte, 8)
	var wg sync.WaitGroup
	for i := range secrets {
		wg.Go(func() {
			var err error
			if secrets[i], err = []*Accounts{a, b}[i%2].Secret(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, s := range secrets {
		if len(s) != 32 || !bytes.Equal(s, secrets[0]) {
			t.Error("secrets differ")
		}
	}
}

func TestSuppressions(t *testing.T) {
	t.Parallel()
	a := accounts(t, accountsPath(t))
	ctx := t.Context()
	for _, e := range []Entry{
		{Domain: "Acme.example", Key: "ann@example.com", Reason: "unsubscribed", Source: "link", Time: t0},
		{Key: "bob@example.com", Reason: "hard bounce"},
		{Key: "@example.net", Reason: "asked by their postmaster"},
		{Domain: "acme.example", Key: "ann@example.com", Reason: "again"}, // stays as it was
		{Key: "@*.below.example", Reason: "all below"},
	} {
		if err := a.Suppress(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ domain, key, reason string }{
		{"acme.example", "ann@example.com", "unsubscribed"},
		{"other.example", "ann@example.com", ""},
		{"other.example", "bob@example.com", "hard bounce"},
		{"acme.example", "anyone@example.net", "asked by their postmaster"},
		{"acme.example", "anyone@sub.example.net", ""},
		{"acme.example", "ann@a.b.below.example", "all below"},
		{"acme.example", "ann@below.example", ""},
		{"acme.example", "ann@elsebelow.example", ""},
		{"acme.example", "@example.com", ""},
		{"acme.example", "", ""},
		{"", "bob@example.com", "hard bounce"},
	} {
		e, found, err := a.Suppressed(ctx, Mail{Domain: c.domain}, c.key)
		if err != nil || found != (c.reason != "") || e.Reason != c.reason {
			t.Errorf("%v: %+v %v %v", c, e, found, err)
		}
	}
	if err := a.Suppress(ctx, Entry{Key: "nobody"}); err == nil {
		t.Error("no address")
	}
	var many []Entry
	for i := range 1200 {
		many = append(many, Entry{Key: fmt.Sprintf("p%d@example.org", i)})
	}
	if err := a.SuppressAll(ctx, many); err != nil {
		t.Fatal(err)
	}
	n, last := 0, ""
	for e, err := range a.Suppressions(ctx) {
		if err != nil || e.Key < last || e.Time.IsZero() {
			t.Fatal(e, err)
		}
		n, last = n+1, e.Key
	}
	if n != 1204 {
		t.Error(n)
	}
	for _, want := range []bool{true, false} {
		if got, err := a.Unsuppress(ctx, "ACME.example", "", "ann@example.com"); err != nil || got != want {
			t.Error(got, err)
		}
	}
}

func TestHighWater(t *testing.T) {
	t.Parallel()
	a := accounts(t, accountsPath(t))
	for _, c := range []struct {
		mark  int64
		token string
		want  bool
	}{{3, "a", true}, {7, "b", true}, {7, "c", false}, {5, "d", false}} {
		if got, err := a.Claim(t.Context(), "run", c.mark, c.token); err != nil || got != c.want {
			t.Error(c, got, err)
		}
	}
	if got, token, err := a.HighWater(t.Context(), "run"); err != nil || got != 7 || token != "b" {
		t.Error(got, token, err)
	}
	if got, token, err := a.HighWater(t.Context(), "other"); err != nil || got != 0 || token != "" {
		t.Error(got, token, err)
	}
}

func budget(t *testing.T, a *Accounts) *Budget {
	t.Helper()
	b, err := a.Budget(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// reserve reserves one use, which must be granted.
func reserve(t *testing.T, b *Budget, now time.Time, ls ...Limit) *Reservation {
	t.Helper()
	r, key, until, err := b.Reserve(t.Context(), now, ls)
	if err != nil || r == nil {
		t.Fatalf("refused at %s: %q until %s: %v", now.Sub(t0), key, until.Sub(t0), err)
	}
	return r
}

// refuse checks that nothing is granted, by which key, and until how long after t0.
func refuse(t *testing.T, b *Budget, now time.Time, wantKey string, want time.Duration, ls ...Limit) {
	t.Helper()
	r, key, until, err := b.Reserve(t.Context(), now, ls)
	if err != nil || r != nil || key != wantKey || until.Sub(t0) != want {
		t.Fatalf("at %s: %v, %q until %s, want %q until %s: %v", now.Sub(t0), r, key, until.Sub(t0), wantKey, want, err)
	}
}

func TestBudgetWindows(t *testing.T) {
	t.Parallel()
	b := budget(t, accounts(t, accountsPath(t)))
	account := Limit{"account", []Cap{{3, time.Minute}, {5, time.Hour}}}
	lane := Limit{"lane", []Cap{{2, time.Minute}}}
	at := func(s float64) time.Time { return t0.Add(time.Duration(s * float64(time.Second))) }

	reserve(t, b, at(0), account, lane).Stamp(at(0.5)) // counts as 1
	second := reserve(t, b, at(2), account, lane)
	refuse(t, b, at(3), "lane", 61*time.Second, account, lane)
	// Without a stamp it is still now.
	refuse(t, b, at(30), "lane", 61*time.Second, account, lane)
	second.Stamp(at(30))
	second.Stamp(at(40)) // once only
	second.Release()
	third := reserve(t, b, at(31), account)
	refuse(t, b, at(32), "account", 61*time.Second, account)
	third.Release()
	reserve(t, b, at(32), account).Stamp(at(32))
	refuse(t, b, at(60.9), "account", 61*time.Second, account)
	reserve(t, b, at(61), account, lane).Stamp(at(61))
	refuse(t, b, at(62), "account", 90*time.Second, account, lane)
	reserve(t, b, at(90), account, lane).Stamp(at(90))
	refuse(t, b, at(200), "account", 3601*time.Second, account, lane)
	reserve(t, b, at(3601), account, lane).Release()
	if _, _, _, err := b.Reserve(t.Context(), at(0), []Limit{{"x", []Cap{{0, time.Minute}}}}); err == nil {
		t.Error("a cap of nothing")
	}
	reserve(t, b, at(3602)).Stamp(at(3602)) // no limits
}

// All is in use at this moment: ask again soon.
func TestBudgetAllInUse(t *testing.T) {
	t.Parallel()
	b := budget(t, accounts(t, accountsPath(t)))
	l := Limit{"account", []Cap{{1, time.Minute}}}
	reserve(t, b, t0, l)
	refuse(t, b, t0.Add(time.Hour), "account", time.Hour+pollBusy, l)
}

func TestBudgetPaces(t *testing.T) {
	t.Parallel()
	a := accounts(t, accountsPath(t))
	b, c := budget(t, a), budget(t, a)
	l := Limit{"account", []Cap{{5, time.Second}}}
	reserve(t, b, t0, l).Stamp(t0)
	refuse(t, c, t0.Add(199*time.Millisecond), "account", 200*time.Millisecond, l)
	reserve(t, c, t0.Add(200*time.Millisecond), l).Stamp(t0)
	// Idleness saves nothing up: burst 1.
	reserve(t, b, t0.Add(time.Minute), l)
	refuse(t, b, t0.Add(time.Minute), "account", time.Minute+200*time.Millisecond, l)
	// The clock is set back by an hour: no time has passed since the last start.
	refuse(t, b, t0.Add(-time.Hour), "account", -time.Hour+200*time.Millisecond, l)
	reserve(t, c, t0.Add(-time.Hour+200*time.Millisecond), l)
}

// A clock that is set back neither frees a use nor holds one up for longer than its window. Breakage that shows it:
// counting by the caller's clock refused the use until 1h1m0s instead.
func TestBudgetClock(t *testing.T) {
	t.Parallel()
	b := budget(t, accounts(t, accountsPath(t)))
	l := Limit{"account", []Cap{{1, time.Minute}}}
	reserve(t, b, t0.Add(time.Hour), l).Stamp(t0.Add(time.Hour)) // then the clock is set back
	refuse(t, b, t0, "account", time.Minute, l)
	refuse(t, b, t0.Add(30*time.Second), "account", time.Minute, l)
	reserve(t, b, t0.Add(time.Minute), l).Stamp(t0.Add(time.Minute))
	refuse(t, b, t0.Add(time.Minute), "account", 2*time.Minute, l)
	reserve(t, b, t0.Add(24*time.Hour), l).Stamp(t0.Add(24 * time.Hour)) // and forward
}

// What a dead process had reserved counts from when that is noticed. Breakage that shows it: dropping the leases
// granted a use at once.
func TestBudgetDeadHolder(t *testing.T) {
	t.Parallel()
	path := accountsPath(t)
	a := accounts(t, path)
	dead, err := a.Budget(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l := Limit{"account", []Cap{{2, time.Minute}}}
	reserve(t, dead, t0, l)
	reserve(t, dead, t0, l)
	b := budget(t, a)
	refuse(t, b, t0.Add(10*time.Minute), "account", 10*time.Minute+pollBusy, l) // it lives: in use
	// This is what the system does when a process dies.
	if err := dead.lock.Close(); err != nil {
		t.Fatal(err)
	}
	refuse(t, b, t0.Add(20*time.Minute), "account", 21*time.Minute+grace, l)
	refuse(t, b, t0.Add(21*time.Minute), "account", 21*time.Minute+grace, l)
	reserve(t, b, t0.Add(21*time.Minute+grace), l).Release()
	if holders, err := filepath.Glob(path + ".holders/*"); err != nil || len(holders) != 1 {
		t.Error(holders, err)
	}
}

// A caller waited for the file, and while it did another process used what it had reserved and died: that was not
// before the caller read the clock. With the time of the caller's arrival taken, the uses counted five minutes less.
func TestBudgetDeadWhileWaiting(t *testing.T) {
	t.Parallel()
	a := accounts(t, accountsPath(t))
	dead, err := a.Budget(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l := Limit{"account", []Cap{{1, time.Minute}}}
	reserve(t, dead, t0, l)
	if err := dead.lock.Close(); err != nil {
		t.Fatal(err)
	}
	b := budget(t, a)
	given, asked := a.clock, false
	a.clock = func(now time.Time) clock.Reading { // the caller arrives, and gets its turn later
		r := given(now)
		if asked {
			r = given(now.Add(5 * time.Minute))
		}
		asked = true
		return r
	}
	refuse(t, b, t0, "account", 6*time.Minute+grace, l)
}

// A server that is stalled may read what a dead process wrote half a minute later: it counts as now until then, under
// caps of any length. With grace taken for 0 uses were granted half a minute earlier: nine of eight in ten seconds,
// at the server.
func TestBudgetDeadHolderGrace(t *testing.T) {
	t.Parallel()
	for _, window := range []time.Duration{2 * time.Second, 10 * time.Second, time.Minute, 24 * time.Hour} {
		a := accounts(t, accountsPath(t))
		dead, err := a.Budget(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		l := Limit{"account", []Cap{{1, window}}}
		reserve(t, dead, t0, l)
		if err := dead.lock.Close(); err != nil {
			t.Fatal(err)
		}
		b := budget(t, a)
		found, free := 10*time.Second, 10*time.Second+30*time.Second+window
		refuse(t, b, t0.Add(found), "account", free, l)
		refuse(t, b, t0.Add(found+30*time.Second-time.Millisecond), "account", free, l)
		another := budget(t, a) // finds it dead once more
		refuse(t, another, t0.Add(found+30*time.Second+100*time.Millisecond), "account", free, l)
		refuse(t, b, t0.Add(free-time.Second), "account", free, l)
		reserve(t, b, t0.Add(free), l)
	}
}

// A large cap is leased in blocks; what is not used comes back at the end, and nothing is lost or gained on the way.
func TestBudgetLeases(t *testing.T) {
	t.Parallel()
	path := accountsPath(t)
	a := accounts(t, path)
	b, c := budget(t, a), budget(t, a)
	l := Limit{"account", []Cap{{2000, time.Hour}}}
	for range 1000 {
		reserve(t, b, t0, l).Stamp(t0)
		reserve(t, c, t0, l).Stamp(t0)
	}
	refuse(t, b, t0, "account", time.Hour, l)
	reserve(t, b, t0.Add(time.Hour), l).Stamp(t0.Add(time.Hour))
	leased := func() (n int64) {
		t.Helper()
		if err := a.db.Reading.QueryRow("SELECT coalesce(sum(n), 0) FROM leases").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := leased(); n < 2 || n > 40 {
		t.Error(n, "leased")
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if n := leased(); n != 0 {
		t.Error(n, "leased after the end")
	}
	if _, _, _, err := b.Reserve(t.Context(), t0.Add(time.Hour), []Limit{l}); err == nil ||
		!strings.Contains(err.Error(), "closed") {
		t.Error(err)
	}
	d := budget(t, a)
	for range 1999 {
		reserve(t, d, t0.Add(time.Hour), l).Stamp(t0.Add(time.Hour))
	}
	refuse(t, d, t0.Add(time.Hour), "account", 2*time.Hour, l)
}

// A cap of seconds is counted, too, and by the millisecond: the pace alone lets the sixth start while five are under
// way. Breakages that show it: with windows of less than a minute left out of room, the sixth was granted; counted by
// the second, it was refused until 3s instead of 2.14s.
func TestBudgetShortWindows(t *testing.T) {
	t.Parallel()
	a := accounts(t, accountsPath(t))
	b, c := budget(t, a), budget(t, a)
	l := Limit{"account", []Cap{{5, time.Second}}}
	at := func(ms int) time.Time { return t0.Add(time.Duration(ms) * time.Millisecond) }
	var open []*Reservation
	for i := range 5 {
		open = append(open, reserve(t, []*Budget{b, c}[i%2], at(200*i), l))
	}
	refuse(t, b, at(1100), "account", 1100*time.Millisecond+pollBusy, l)
	open[0].Stamp(at(1140))
	open[2].Stamp(at(1500))
	refuse(t, b, at(1600), "account", 2140*time.Millisecond, l)
	reserve(t, b, at(2140), l).Release()
	reserve(t, b, at(2340), l)
	refuse(t, c, at(2400), "account", 2540*time.Millisecond, l) // the pace
	reserve(t, b, at(2540), l)
	refuse(t, c, at(2740), "account", 2740*time.Millisecond+pollBusy, l)
}

// Uses under a cap of seconds count for those who have another cap on the same key.
// With only windows of a minute and more leased for, a third use was granted under 2/h.
func TestBudgetMixedCaps(t *testing.T) {
	t.Parallel()
	b := budget(t, accounts(t, accountsPath(t)))
	reserve(t, b, t0, Limit{"account", []Cap{{5, time.Second}, {100, time.Hour}}}).Stamp(t0)
	refuse(t, b, t0, "account", time.Hour, Limit{"account", []Cap{{1, time.Hour}}})
	reserve(t, b, t0.Add(10*time.Second), Limit{"account", []Cap{{5, time.Second}}}).Stamp(t0.Add(10 * time.Second))
	refuse(t, b, t0.Add(11*time.Second), "account", time.Hour, Limit{"account", []Cap{{2, time.Hour}}})
	refuse(t, b, t0.Add(11*time.Second), "account", 70*time.Second, Limit{"account", []Cap{{1, time.Minute}}})
}

// What a process leaves behind when it has nothing more to reserve is on the disk soon, and others need not wait for
// it. Without writeSoon the other was refused for ever, and the test ran into its time-out.
func TestBudgetIdle(t *testing.T) {
	t.Parallel()
	a := accounts(t, accountsPath(t))
	b, c := budget(t, a), budget(t, a)
	l := Limit{"account", []Cap{{2, time.Minute}}}
	first, second := reserve(t, b, t0, l), reserve(t, b, t0, l)
	first.Stamp(t0)
	second.Release()
	for { // ends by itself or by the test's time-out
		r, key, _, err := c.Reserve(t.Context(), t0.Add(59*time.Second), []Limit{l})
		if err != nil {
			t.Fatal(err)
		}
		if key == "" {
			r.Release()
			break
		}
		runtime.Gosched()
	}
	reserve(t, c, t0.Add(61*time.Second), l)
	reserve(t, c, t0.Add(61*time.Second), l)
}
