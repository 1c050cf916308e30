package accounts

import (
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"mailshot/campaign/accounts/internal/schema"
	"mailshot/internal/sqlite"
)

func TestDays(t *testing.T) {
	t.Parallel()
	a, err := Open(filepath.Join(t.TempDir(), "u", "accounts.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	east := time.FixedZone("", 14*3600)
	for _, add := range []struct {
		key string
		at  time.Time
		n   int64
	}{{"a", t0, 2}, {"a", t0.Add(time.Hour), 3}, {"a", t0.In(east), 4}, {"b", t0, 9}} {
		if err := a.AddDay(t.Context(), add.key, add.at, add.n, 1); err != nil {
			t.Fatal(err)
		}
	}
	day := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	want := []SendingDay{{day, 5, 2}, {day.AddDate(0, 0, 1), 4, 1}}
	if got, err := a.Days(t.Context(), "a"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
}

// An accounts.db of the first version keeps what it holds.
func TestAccountsGoOnFromTheFirstVersion(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "u", "accounts.db")
	if _, err := sqlite.Prepare(path, use); err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), path, schema.Versions[:1])
	if err != nil {
		t.Fatal(err)
	}
	a := &Accounts{db: s}
	err = s.Write(func(tx *sqlite.Tx) error { return tx.Script("INSERT INTO marks(run, mark) VALUES ('r', 7)") })
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if a, err = Open(path); err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if mark, _, err := a.HighWater(t.Context(), "r"); err != nil || mark != 7 {
		t.Error(mark, err)
	}
	if err := a.AddDay(t.Context(), "k", t0, 1, 0); err != nil {
		t.Error(err)
	}
}
