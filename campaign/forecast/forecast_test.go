package forecast_test

import (
	"path/filepath"
	"testing"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/accounts/clock"
	"mailshot/campaign/caps"
	"mailshot/campaign/definition"
	"mailshot/campaign/forecast"
	"mailshot/campaign/ledger"
	"mailshot/campaign/pacing"
	"mailshot/sender/courtesy"
	"mailshot/sender/limits"
)

// How long 100 messages take: without a cap, by a cap of which a part is used, by the days of a new sender, by a lane's
// own cap, and by the hours.
//
// Broken on purpose: without what was used of the account, "used" ends at once. Without what was sent today in the
// warm-up, "new sender, some sent today" ends a day earlier. Without the lane's account, "lane" ends at once.
func TestOf(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) // a Monday
	day := func(n, hour int) time.Time { return time.Date(2026, 11, 23+n, hour, 0, 0, 0, time.UTC) }
	hours, err := courtesy.ParseHours([]string{"mon-fri"}, []string{"15:00-17:00"})
	if err != nil {
		t.Fatal(err)
	}
	perMinute := []limits.Cap{{N: 10, Window: time.Minute}}
	young := definition.Limits{Courtesy: definition.Courtesy{Warmup: courtesy.Warmup{20, 40, 80}}}
	for name, c := range map[string]struct {
		own     definition.Limits // of the server
		all     definition.Limits // of the campaign
		lane    string
		pacer   pacing.Config
		used    map[string]int // before start, by key
		sentOn  []time.Time    // days on which the new sender sent 20 before
		want    time.Time
		wantUse int64 // of all caps
	}{
		"no cap": {want: start},
		"cap":    {own: definition.Limits{Caps: perMinute}, want: start.Add(9 * time.Minute)},
		"used": {
			own:  definition.Limits{Caps: []limits.Cap{{N: 100, Window: time.Hour}}},
			used: map[string]int{"smtp.example.com": 10}, want: start.Add(time.Hour), wantUse: 10,
		},
		"lane": {
			all:  definition.Limits{Domains: map[string][]limits.Cap{"gmx.de": perMinute}},
			lane: "gmx.de", want: start.Add(9 * time.Minute),
		},
		"hours":               {pacer: pacing.Config{Hours: hours}, want: day(0, 15)},
		"new sender":          {own: young, want: day(2, 0)},
		"new sender, 2nd day": {own: young, sentOn: []time.Time{day(-1, 9)}, want: day(1, 0)},
		"new sender, some sent today": {
			own: young, used: map[string]int{"warm-up smtp.example.com 2026-11-23": 20}, want: day(3, 0),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			accounts, err := accounts.OpenBy(filepath.Join(t.TempDir(), "user", "accounts.db"), clock.Given())
			if err != nil {
				t.Fatal(err)
			}
			defer accounts.Close()
			for key, n := range c.used {
				use(t, accounts, key, n, start)
			}
			for _, d := range c.sentOn {
				if err := accounts.AddDay(t.Context(), "smtp.example.com", d, 20, 0); err != nil {
					t.Fatal(err)
				}
			}
			server := &definition.Server{Host: "smtp.example.com", Limits: c.own}
			c.pacer.Zone = time.UTC
			w := forecast.Waiting{}
			for range 100 {
				w.Add(c.lane, ledger.Record{})
			}
			f, uses, err := forecast.Of(t.Context(), forecast.Config{
				Now: start, Waiting: w, Accounts: accounts, Pacer: pacing.New(c.pacer),
				Terms:  caps.Terms{Limits: c.all, Servers: []*definition.Server{server}},
				Warmup: caps.NewWarmup(server, time.UTC, accounts),
			})
			if err != nil {
				t.Fatal(err)
			}
			var used int64
			for _, u := range uses {
				used += u.Used
			}
			if f.Messages != 100 || !f.End.Equal(c.want) || used != c.wantUse {
				t.Errorf("%d go, the last at %v, %d used; want %v and %d", f.Messages, f.End, used, c.want, c.wantUse)
			}
		})
	}
}

// use uses a cap of a day n times at now.
func use(t *testing.T, a *accounts.Accounts, key string, n int, now time.Time) {
	t.Helper()
	b, err := a.Budget(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	limit := []accounts.Limit{{Key: key, Caps: []accounts.Cap{{N: 1000, Window: 24 * time.Hour}}}}
	for range n {
		r, full, _, err := b.Reserve(t.Context(), now, limit)
		if err != nil || full != "" {
			t.Fatal(full, err)
		}
		r.Stamp(now)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}
