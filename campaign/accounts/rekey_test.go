package accounts

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/accounts/clock"
)

// What was counted under two other keys goes on counting under one, and the days of warming up with it; what has no
// other key stays. With the uses left where they were, a fourth was reserved.
func TestRekey(t *testing.T) {
	t.Parallel()
	ctx, now := t.Context(), time.Now()
	a, err := OpenBy(filepath.Join(t.TempDir(), "a", "accounts.db"), clock.Given())
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	use := func(key string, n int) (refused bool) {
		b, err := a.Budget(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		for range n {
			r, full, _, err := b.Reserve(ctx, now, []Limit{{key, []Cap{{3, time.Hour}, {3, 30 * time.Second}}}})
			if err != nil {
				t.Fatal(err)
			}
			if full != "" {
				return true
			}
			r.Stamp(now)
			now = now.Add(20 * time.Second)
		}
		return false
	}
	use("127.0.0.1 Ann", 1)
	use("LOCALHOST ann", 1)
	use("localhost ann", 1)
	use("other", 1)
	for _, key := range []string{"127.0.0.1 Ann", "localhost ann"} {
		if err := a.AddDay(ctx, key, now, 5, 1); err != nil {
			t.Fatal(err)
		}
	}
	one := func(key string) string {
		return strings.ReplaceAll(strings.ToLower(key), "127.0.0.1", "localhost")
	}
	for range 2 { // again changes nothing
		if err := a.Rekey(ctx, one); err != nil {
			t.Fatal(err)
		}
	}
	used, err := a.Used(ctx, "localhost ann", now.Add(-time.Hour), now)
	if err != nil || len(used.Uses) != 3 || used.Started.IsZero() {
		t.Errorf("%+v, %v", used, err)
	}
	if old, err := a.Used(ctx, "127.0.0.1 Ann", now.Add(-time.Hour), now); err != nil || len(old.Uses) != 0 {
		t.Errorf("%+v, %v", old, err)
	}
	if days, err := a.Days(ctx, "localhost ann"); err != nil || len(days) != 1 || days[0].Tried != 10 ||
		days[0].Refused != 2 {
		t.Errorf("%+v, %v", days, err)
	}
	if !use("localhost ann", 1) {
		t.Error("a fourth was reserved")
	}
	if use("other", 2) {
		t.Error("another account has fewer")
	}
}
