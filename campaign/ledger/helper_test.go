package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"mailshot/campaign/ledger/internal/schema"
	"mailshot/campaign/statefile"
	"mailshot/internal/sqlite"
)

// open1 opens a ledger in a new folder.
func open1(t testing.TB) *Ledger {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), ".mailshot", "state.db"))
}

func openAt(t testing.TB, path string) *Ledger {
	t.Helper()
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		keysClaimed(t, l)
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// keysClaimed checks that every row of a frozen campaign that has a key has the claim to it, that nothing else is
// claimed, and that the counts of states are those of the deliveries.
func keysClaimed(t testing.TB, l *Ledger) {
	t.Helper()
	if errors.Is(l.db.Write(func(*sqlite.Tx) error { return nil }), sql.ErrConnDone) {
		return
	}
	var lacking, left, off int
	err := l.db.Reading.QueryRow(`SELECT
		(SELECT count(*) FROM campaigns c CROSS JOIN states s WHERE c.frozen = 1
			AND (SELECT coalesce(sum(n), 0) FROM counts k WHERE k.campaign = c.no AND k.state = s.no)
				<> (SELECT count(*) FROM deliveries d WHERE d.id >> 40 = c.no AND d.state = s.no)),
		(SELECT count(*) FROM rows r JOIN campaigns c ON c.no = r.id >> 40 AND c.frozen = 1 AND c.purged = 0
			WHERE `+schema.Unclaimed+`),
		(SELECT count(*) FROM claims k WHERE NOT EXISTS (SELECT 1 FROM rows r
			WHERE r.id = k.row AND r.campaign = k.campaign AND r.hash = k.hash))`).Scan(&off, &lacking, &left)
	if err != nil || off > 0 || lacking > 0 || left > 0 {
		t.Errorf("%d counts are wrong, %d keys are not claimed, %d claims are left of rows that are gone, %v",
			off, lacking, left, err)
	}
}

// row makes the pending row n; its key, address and message come from n.
func row(n int) Row {
	addr := fmt.Sprintf("person%d@lane%d.example", n, n%3)
	sum := sha256.Sum256([]byte(addr))
	return Row{Number: int64(n), Place: fmt.Sprintf("people.csv:%d", n+1), Key: fmt.Sprintf("key-%d", n),
		Address: addr, AddressKey: addr,
		Lane: fmt.Sprintf("lane%d", n%3), Fields: []byte(addr), Digest: sum[:], State: Pending}
}

func rowsOf(n int) []Row {
	var list []Row
	for i := range n {
		list = append(list, row(i+1))
	}
	return list
}

// plan freezes a campaign of these rows.
func plan(t testing.TB, l *Ledger, id string, rows []Row) {
	t.Helper()
	d, err := l.Draft(t.Context(), Campaign{ID: id})
	if err != nil {
		t.Fatal(err)
	}
	conflicts, err := d.Add(t.Context(), rows)
	if err != nil || len(conflicts) > 0 {
		t.Fatal(conflicts, err)
	}
	if err := d.Freeze(t.Context(), Campaign{ID: id, Definition: "d"}); err != nil {
		t.Fatal(err)
	}
}

// lock takes the campaign's lock for the rest of the test.
func lock(t testing.TB, l *Ledger, id string) {
	t.Helper()
	k, err := l.Lock(id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
}

// run begins a run that ends with the test; lock was called before.
func run(t testing.TB, l *Ledger, id string, o RunOptions) *Run {
	t.Helper()
	r, err := l.Run(t.Context(), id, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// due is when the earliest of what is left for r is due, and how much that is.
func due(t testing.TB, r *Run) (time.Time, int64, error) {
	t.Helper()
	o, err := r.Outlook(t.Context())
	return o.Due, o.Left, err
}

// identity checks that the states add up to the rows, and returns the counts.
func identity(t testing.TB, l *Ledger, id string) map[State]int64 {
	t.Helper()
	counts, rows, err := l.Counts(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for _, s := range States() {
		sum += counts[s]
	}
	if sum != rows {
		t.Fatalf("%v add up to %d, rows %d", counts, sum, rows)
	}
	return counts
}

// next takes the next delivery, which there must be.
func next(t testing.TB, r *Run, now time.Time, closed ...string) *Delivery {
	t.Helper()
	d, err := r.Next(t.Context(), closed, now)
	if err != nil || d == nil {
		t.Fatal("nothing next", err)
	}
	return d
}

// none checks that nothing may go.
func none(t testing.TB, r *Run, now time.Time, closed ...string) {
	t.Helper()
	d, err := r.Next(t.Context(), closed, now)
	if err != nil || d != nil {
		t.Fatal("want nothing, got", d, err)
	}
}

// begin begins and starts d.
func begin(t testing.TB, r *Run, d *Delivery) {
	t.Helper()
	if err := errors.Join(r.Begin(t.Context(), d), r.Start(t.Context(), d)); err != nil {
		t.Fatal(err)
	}
}

// settle settles d as s, due in an hour if that is deferred.
func settle(t testing.TB, r *Run, d *Delivery, s State) {
	t.Helper()
	res := Result{State: s, Stage: "dot", Code: 250, Text: "ok", Server: "mx.example"}
	if s == Deferred {
		res.Due = t0.Add(time.Hour)
	}
	if err := r.Settle(t.Context(), d, res); err != nil {
		t.Fatal(err)
	}
}

// t0 is a moment all tests can start from.
var t0 = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// asFile is the *statefile.Error in err.
func asFile(t testing.TB, err error) *statefile.Error {
	t.Helper()
	var f *statefile.Error
	if !errors.As(err, &f) {
		t.Fatalf("%v is not a *statefile.Error", err)
	}
	return f
}
