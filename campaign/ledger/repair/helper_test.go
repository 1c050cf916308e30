package repair_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/campaign/ledger/repair"
	"mailshot/campaign/statefile"
	"mailshot/internal/sqlite"
)

// openAt opens a ledger for the rest of the test; then nothing may be wrong with its file.
func openAt(t testing.TB, path string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if faults, err := repair.Examine(context.Background(), path); err != nil || len(faults) > 0 {
			t.Error(faults, err)
		}
	})
	return l
}

// meddle changes a file past the program.
func meddle(t *testing.T, path, statement string) {
	t.Helper()
	s, err := sql.Open("sqlite", sqlite.Name(path))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Exec(statement); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// row makes the pending row n; its key, address and message come from n.
func row(n int) ledger.Row {
	addr := fmt.Sprintf("person%d@lane%d.example", n, n%3)
	sum := sha256.Sum256([]byte(addr))
	return ledger.Row{Number: int64(n), Place: fmt.Sprintf("people.csv:%d", n+1), Key: fmt.Sprintf("key-%d", n),
		Address: addr, AddressKey: addr,
		Lane: fmt.Sprintf("lane%d", n%3), Fields: []byte(addr), Digest: sum[:], State: ledger.Pending}
}

func rowsOf(n int) []ledger.Row {
	var list []ledger.Row
	for i := range n {
		list = append(list, row(i+1))
	}
	return list
}

// plan freezes a campaign of these rows.
func plan(t testing.TB, l *ledger.Ledger, id string, rows []ledger.Row) {
	t.Helper()
	d, err := l.Draft(t.Context(), ledger.Campaign{ID: id})
	if err != nil {
		t.Fatal(err)
	}
	conflicts, err := d.Add(t.Context(), rows)
	if err != nil || len(conflicts) > 0 {
		t.Fatal(conflicts, err)
	}
	if err := d.Freeze(t.Context(), ledger.Campaign{ID: id, Definition: "d"}); err != nil {
		t.Fatal(err)
	}
}

// lock takes the campaign's lock for the rest of the test.
func lock(t testing.TB, l *ledger.Ledger, id string) {
	t.Helper()
	k, err := l.Lock(id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
}

// run begins a run that ends with the test; lock was called before.
func run(t testing.TB, l *ledger.Ledger, id string, o ledger.RunOptions) *ledger.Run {
	t.Helper()
	r, err := l.Run(t.Context(), id, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// identity checks that the states add up to the rows, and returns the counts.
func identity(t testing.TB, l *ledger.Ledger, id string) map[ledger.State]int64 {
	t.Helper()
	counts, rows, err := l.Counts(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for _, s := range ledger.States() {
		sum += counts[s]
	}
	if sum != rows {
		t.Fatalf("%v add up to %d, rows %d", counts, sum, rows)
	}
	return counts
}

// next takes the next delivery, which there must be.
func next(t testing.TB, r *ledger.Run, now time.Time, closed ...string) *ledger.Delivery {
	t.Helper()
	d, err := r.Next(t.Context(), closed, now)
	if err != nil || d == nil {
		t.Fatal("nothing next", err)
	}
	return d
}

// begin begins and starts d.
func begin(t testing.TB, r *ledger.Run, d *ledger.Delivery) {
	t.Helper()
	if err := errors.Join(r.Begin(t.Context(), d), r.Start(t.Context(), d)); err != nil {
		t.Fatal(err)
	}
}

// settle settles d as s, due in an hour if that is deferred.
func settle(t testing.TB, r *ledger.Run, d *ledger.Delivery, s ledger.State) {
	t.Helper()
	res := ledger.Result{State: s, Stage: "dot", Code: 250, Text: "ok", Server: "mx.example"}
	if s == ledger.Deferred {
		res.Due = t0.Add(time.Hour)
	}
	if err := r.Settle(t.Context(), d, res); err != nil {
		t.Fatal(err)
	}
}

// asFile is the *statefile.Error in err.
func asFile(t testing.TB, err error) *statefile.Error {
	t.Helper()
	var f *statefile.Error
	if !errors.As(err, &f) {
		t.Fatalf("%v is not a *statefile.Error", err)
	}
	return f
}

// t0 is a moment all tests can start from.
var t0 = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// begunAhead is a campaign in a new file, with one delivery that has started and one that is begun ahead, and its lock.
func begunAhead(t *testing.T, path string) (*ledger.Ledger, io.Closer) {
	t.Helper()
	l, err := ledger.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	plan(t, l, "c", rowsOf(6))
	k, err := l.Lock("c")
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Run(t.Context(), "c", ledger.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	begin(t, r, next(t, r, t0))
	if err := r.Begin(t.Context(), next(t, r, t0)); err != nil {
		t.Fatal(err)
	}
	return l, k
}
