package caps

import (
	"path/filepath"
	"testing"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/accounts/clock"
	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/sender"
)

// A clock that is set a day ahead does not begin a new day of a warm-up, and one that is set back does not begin an
// old one again. With the days taken from the wall clock, two more went at each jump, and five days were written
// down.
func TestWarmupWhileTheClockJumps(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)
	var off, since time.Duration
	wall := func() time.Time { return start.Add(since + off) }
	a, err := accounts.OpenBy(filepath.Join(t.TempDir(), "user", "accounts.db"), func(time.Time) clock.Reading {
		return clock.Reading{Wall: wall(), Boot: "a", Since: since}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	uses, err := a.Budget(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer uses.Close()
	s := &definition.Server{Host: "smtp.example.com"}
	s.Limits.Courtesy.Warmup = []int64{2, 4}
	w := NewWarmup(s, time.UTC, a)
	b := Budget{Accounts: uses, Warmup: w, Now: wall}
	fill := func() (n int, until time.Time) {
		t.Helper()
		for {
			r, refused, err := b.Reserve(t.Context(), wall(), []sender.Limit{{Key: "account"}})
			if err != nil {
				t.Fatal(err)
			}
			if r == nil {
				return n, refused.Until
			}
			r.Stamp(wall())
			if err := w.Settled(t.Context(), ledger.Sent, wall()); err != nil {
				t.Fatal(err)
			}
			n++
		}
	}
	if n, _ := fill(); n != 2 {
		t.Fatal(n)
	}
	for _, off = range []time.Duration{24 * time.Hour, 0, -24 * time.Hour, 0} {
		if n, until := fill(); n != 0 || until.Sub(wall()) != 6*time.Hour {
			t.Errorf("clock off by %s: %d more, the next in %s", off, n, until.Sub(wall()))
		}
	}
	off, since = -24*time.Hour, 6*time.Hour
	if n, _ := fill(); n != 4 {
		t.Errorf("%d on the next day", n)
	}
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	days, err := w.Days(t.Context())
	if err != nil || len(days) != 2 || days[0].Date.Day() != 22 || days[1].Date.Day() != 23 || days[1].Tried != 4 {
		t.Errorf("%v, %v", days, err)
	}
}
