package campaign_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
	"mailshot/campaign/ledger/repair"
)

// forget erases a person with the folder's accounts, as the command does.
func (f *folder) forget(t *testing.T, addressKey string) {
	t.Helper()
	a, err := accounts.Open(f.accounts)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	l, err := ledger.Open(f.state())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if l.KeyHash, err = a.KeyHash(t.Context()); err != nil {
		t.Fatal(err)
	}
	if done, err := l.Forget(t.Context(), addressKey); err != nil || done.Rows == 0 {
		t.Fatal(done, err)
	}
}

// state is the path of the folder's ledger.
func (f *folder) state() string { return filepath.Join(f.dir, ".mailshot", "state.db") }

// exec changes the folder's ledger behind its back.
func (f *folder) exec(t *testing.T, script string) {
	t.Helper()
	db, err := sql.Open("sqlite", f.state())
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(script)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// without is a list without the person n.
func without(list string, n string) string {
	var kept []string
	for line := range strings.Lines(list) {
		if !strings.HasPrefix(line, n+"@") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// older makes a ledger one of the version before check values were kept.
const older = "ALTER TABLE campaigns DROP COLUMN journal; ALTER TABLE campaigns DROP COLUMN folded; " +
	"ALTER TABLE campaigns DROP COLUMN secrets; ALTER TABLE campaigns DROP COLUMN template; " +
	"DROP TABLE counts; DROP TABLE copies; DROP TABLE copied; DROP TABLE members; " +
	"DROP TABLE returns; PRAGMA user_version = 3"

// A person who was erased is known by a hash that only the accounts' secret can make. With other accounts nobody can
// tell them from somebody new, so a list with people who are new to the campaign is refused, and one without goes on.
// That holds also after a forget with each of two accounts, for a ledger in which an older mailshot erased people, and
// after a repair. With the accounts of old new people are taken. Proven by not comparing the secret: "<nil>, want an
// ErasedError", and p0 was mailed twice.
func TestErasedWithOtherAccounts(t *testing.T) {
	t.Parallel()
	for name, then := range map[string]func(t *testing.T, f *folder){
		"at once":          func(*testing.T, *folder) {},
		"an older version": func(t *testing.T, f *folder) { f.exec(t, older) },
		"repaired": func(t *testing.T, f *folder) {
			if _, err := repair.File(t.Context(), f.state(), false); err != nil {
				t.Fatal(err)
			}
		},
		"an older version repaired": func(t *testing.T, f *folder) {
			f.exec(t, older)
			if _, err := repair.File(t.Context(), f.state(), false); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, rec := started(t, 3)
			f.send(t, campaign.Options{}, campaign.PlanOptions{})
			f.forget(t, "p0@example.com")
			then(t, f)

			other := &folder{dir: f.dir, accounts: filepath.Join(t.TempDir(), "user", "accounts.db")}
			c := other.open(t, campaign.Options{})
			_, err := c.Plan(t.Context(), campaign.PlanOptions{AcceptChanges: true})
			if err == nil {
				_, _ = c.Run(t.Context(), nil, campaign.RunOptions{})
			}
			c.Close()
			var erased *ledger.ErasedError
			if !errors.As(err, &erased) || erased.Keys != 1 {
				t.Errorf("%v, want an ErasedError of one row", err)
			}
			// Without them the list is accepted with the accounts of old, and takes somebody new.
			f.write(t, "people.csv", people(4))
			sum := f.send(t, campaign.Options{}, campaign.PlanOptions{AcceptChanges: true})
			want(t, sum, map[ledger.State]int64{ledger.Sent: 4})
			f.write(t, "people.csv", without(people(4), "p0"))
			want(t, other.send(t, campaign.Options{}, campaign.PlanOptions{AcceptChanges: true, AcceptCopy: true}),
				map[ledger.State]int64{ledger.Sent: 4})
			if n := len(rec.accepted(t)); n != 4 {
				t.Errorf("%d messages at the sink, want 4", n)
			}
		})
	}
}

// Where people were erased with two accounts, neither can tell all of them from new people; also if the first erased
// with an older mailshot, and after a repair. Proven by keeping the last check value alone, by not marking what an
// older version erased, and by a repair that drops the values: "<nil>, want an ErasedError of two rows".
func TestErasedWithTwoAccounts(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]struct{ older, repaired bool }{
		"both": {}, "the first by an older version": {older: true}, "repaired": {repaired: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, rec := started(t, 3)
			other := &folder{dir: f.dir, accounts: filepath.Join(t.TempDir(), "user", "accounts.db")}
			f.send(t, campaign.Options{}, campaign.PlanOptions{})
			f.forget(t, "p0@example.com")
			if s.older {
				f.exec(t, older)
			}
			other.forget(t, "p1@example.com")
			if s.repaired {
				if _, err := repair.File(t.Context(), f.state(), false); err != nil {
					t.Fatal(err)
				}
			}
			f.write(t, "people.csv", people(4))
			for _, f := range []*folder{f, other} {
				c := f.open(t, campaign.Options{})
				_, err := c.Plan(t.Context(), campaign.PlanOptions{AcceptChanges: true})
				c.Close()
				var erased *ledger.ErasedError
				if !errors.As(err, &erased) || erased.Keys != 2 {
					t.Errorf("%v, want an ErasedError of two rows", err)
				}
			}
			if n := len(rec.accepted(t)); n != 3 {
				t.Errorf("%d messages at the sink, want 3", n)
			}
		})
	}
}
