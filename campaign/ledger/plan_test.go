package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// list gives all records as lines, in the list's order.
func list(t *testing.T, l *Ledger, id string, f Filter) string {
	t.Helper()
	var lines []string
	for r, err := range l.Deliveries(t.Context(), id, f) {
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", r.Place, r.Key, r.State, r.Reason)))
	}
	return strings.Join(lines, "\n")
}

// with changes a row.
func with(r Row, change func(*Row)) Row {
	change(&r)
	return r
}

func TestDraftKeys(t *testing.T) {
	t.Parallel()
	l := open1(t)
	again := func(n, of int) Row {
		return with(row(of), func(r *Row) { r.Number, r.Place = int64(n), fmt.Sprintf("people.csv:%d", n+1) })
	}
	other := func(r *Row) { r.Digest = []byte("other") }
	rows := []Row{
		row(1), row(2),
		again(3, 1),
		with(again(4, 2), other),
		with(row(5), func(r *Row) { r.State, r.Key, r.Reason = Invalid, "", "no @" }),
		with(row(6), func(r *Row) { r.State, r.Reason = Filtered, "" }),
		with(again(7, 6), func(*Row) {}), // a filtered row does not claim its key
		with(row(8), func(r *Row) { r.State, r.Reason = Suppressed, "unsubscribed" }),
		again(9, 8),
	}
	for _, first := range []bool{false, true} {
		id := fmt.Sprint("first ", first)
		d, err := l.Draft(t.Context(), Campaign{ID: id, DuplicatesFirst: first})
		if err != nil {
			t.Fatal(err)
		}
		conflicts, err := d.Add(t.Context(), rows)
		if err != nil {
			t.Fatal(err)
		}
		if !first {
			if len(conflicts) != 1 || conflicts[0].Row.Place != "people.csv:5" || conflicts[0].First != "people.csv:3" {
				t.Errorf("%+v", conflicts)
			}
			// With --skip-errors the caller adds it again as invalid.
			if _, err := d.Add(t.Context(),
				[]Row{with(rows[3], func(r *Row) { r.State, r.Reason = Invalid, "conflict" })}); err != nil {
				t.Fatal(err)
			}
		} else if len(conflicts) != 0 {
			t.Errorf("%+v", conflicts)
		}
		if _, err := d.Add(t.Context(), []Row{row(20), with(row(21), func(r *Row) { r.Key = "" })}); err == nil ||
			!strings.Contains(err.Error(), "people.csv:22") {
			t.Error("no key:", err)
		}
		if _, err := d.Add(t.Context(), []Row{with(row(21), func(r *Row) { r.State = Sent })}); !errors.Is(err,
			ErrState) {
			t.Error("planned as sent:", err)
		}
		counts := d.Counts()
		if err := d.Freeze(t.Context(), Campaign{Header: []byte("h"), From: "a@example.com"}); err != nil {
			t.Fatal(err)
		}
		if got := identity(t, l, id); !nonzero(got, counts) || got[Pending] != 3 {
			t.Error(got, counts)
		}
		if err := d.Freeze(t.Context(), Campaign{}); err == nil {
			t.Error("frozen twice")
		}
		if err := d.Discard(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := l.Draft(t.Context(), Campaign{ID: id}); !errors.Is(err, ErrFrozen) {
			t.Error(err)
		}
	}
	want := `people.csv:2 key-1 pending
people.csv:3 key-2 pending
people.csv:4 key-1 duplicate same key as people.csv:2
people.csv:5 key-2 duplicate same key as people.csv:3
people.csv:6  invalid no @
people.csv:7 key-6 filtered
people.csv:8 key-6 pending
people.csv:9 key-8 suppressed unsubscribed
people.csv:10 key-8 duplicate same key as people.csv:9`
	if got := list(t, l, "first true", Filter{}); got != want {
		t.Errorf("got\n%s", got)
	}
	d, err := l.Draft(t.Context(), Campaign{ID: "gone"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Add(t.Context(), rowsOf(5)); err != nil {
		t.Fatal(err)
	}
	if err := d.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Campaign(t.Context(), "gone"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if all, err := l.Campaigns(t.Context()); err != nil || len(all) != 2 || all[0].ID != "first false" {
		t.Error(all, err)
	}
}

func TestReplan(t *testing.T) {
	t.Parallel()
	l := open1(t)
	old := rowsOf(8)
	old = append(old, with(row(9), func(r *Row) { r.State, r.Key = Invalid, "" }),
		with(row(10), func(r *Row) { r.State = Filtered }))
	plan(t, l, "c", old)
	k, err := l.Lock("c")
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, l, "c", RunOptions{})
	for range 8 {
		d := next(t, r, t0)
		switch d.Number {
		case 1, 2: // done: edited and gone below
			begin(t, r, d)
			settle(t, r, d, Sent)
		case 3: // unknown
			begin(t, r, d)
		case 4, 5:
			settle(t, r, d, Deferred)
		default:
			defer r.PutBack(d)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	run(t, l, "c", RunOptions{}).Close() // makes 3 unknown
	edited := func(n int) Row {
		return with(row(n), func(r *Row) {
			r.Digest, r.Fields, r.Address, r.AddressKey, r.Lane = []byte("new"), []byte("new"), "new@example.org",
				"new@example.org", "new lane"
			r.Place = "new.csv:1"
		})
	}
	// 1 edited, 2 gone, 3 edited: done. 4 edited, 5 gone: deferred. 6 edited, 7 gone, 8 the same: pending. 10 was
	// filtered, 11 and 12 are new.
	rows := []Row{edited(1), edited(3), edited(4), edited(6), row(8), row(10), row(11),
		with(row(12), func(r *Row) { r.State, r.Reason = Suppressed, "s" }),
		with(row(13), func(r *Row) { r.State, r.Key, r.Reason = Invalid, "", "bad" }),
		with(row(11), func(r *Row) { r.Place = "people.csv:99" })}
	before := list(t, l, "c", Filter{})

	p, err := l.Replan(t.Context(), Campaign{ID: "c"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Add(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	want := Changes{Added: 3, Cancelled: 2, Changed: 2, Untouched: 4}
	if got, err := p.Counts(t.Context()); err != nil || got != want {
		t.Errorf("got %+v, want %+v, %v", got, want, err)
	}
	if got := list(t, l, "c", Filter{}); got != before {
		t.Error("a re-plan shows before Apply")
	}
	// Nothing of it is handed out either.
	r = run(t, l, "c", RunOptions{})
	handed := 0
	for d, err := r.Next(t.Context(), nil, t0); d != nil || err != nil; d, err = r.Next(t.Context(), nil, t0) {
		handed++
		defer r.PutBack(d)
	}
	if handed != 3 {
		t.Error(handed, "handed out")
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := list(t, l, "c", Filter{}); got != before {
		t.Error("a discarded re-plan shows")
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}

	p, err = l.Replan(t.Context(), Campaign{ID: "c"}) // takes the lock itself
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Lock("c"); err == nil {
		t.Error("a re-plan does not lock")
	}
	for chunk := range slices.Chunk(rows, 3) {
		if _, err := p.Add(t.Context(), chunk); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := p.Counts(t.Context()); err != nil || got != want {
		t.Errorf("got %+v, want %+v, %v", got, want, err)
	}
	if err := p.Apply(t.Context(), Campaign{Definition: "d2", List: "l2"}); err != nil {
		t.Fatal(err)
	}
	if err := p.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := list(t, l, "c", Filter{}); got != `people.csv:2 key-1 sent
people.csv:3 key-2 sent
people.csv:4 key-3 unknown
new.csv:1 key-4 deferred
people.csv:6 key-5 cancelled gone from the list
new.csv:1 key-6 pending
people.csv:8 key-7 cancelled gone from the list
people.csv:9 key-8 pending
people.csv:11 key-10 pending
people.csv:12 key-11 pending
people.csv:13 key-12 suppressed s
people.csv:14  invalid bad
people.csv:99 key-11 duplicate same key as people.csv:12` {
		t.Errorf("got\n%s", got)
	}
	identity(t, l, "c")
	c, err := l.Campaign(t.Context(), "c")
	if err != nil || c.Definition != "d2" || c.List != "l2" || c.Rows != 13 {
		t.Errorf("%+v %v", c, err)
	}
	lock(t, l, "c")
	r = run(t, l, "c", RunOptions{})
	got := map[string]string{}
	for d, err := r.Next(t.Context(), nil, t0.Add(2*time.Hour)); d != nil ||
		err != nil; d, err = r.Next(t.Context(), nil, t0.Add(2*time.Hour)) {
		if err != nil {
			t.Fatal(err)
		}
		got[d.Key] = d.Lane + " " + d.Address + " " + string(d.Fields)
		begin(t, r, d)
		settle(t, r, d, Sent)
	}
	if len(got) != 5 || got["key-4"] != "new lane new@example.org new" || got["key-6"] != got["key-4"] ||
		got["key-8"] != "lane2 "+row(8).Address+" "+row(8).Address {
		t.Error(got)
	}
	identity(t, l, "c")
	if _, err := l.Replan(t.Context(), Campaign{ID: "none"}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestByHand(t *testing.T) {
	t.Parallel()
	l := open1(t)
	plan(t, l, "c", rowsOf(8))
	k, err := l.Lock("c")
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, l, "c", RunOptions{})
	for range 6 {
		d := next(t, r, t0)
		switch d.Number {
		case 1, 2, 3:
			begin(t, r, d)
			settle(t, r, d, Unknown)
		case 4:
			settle(t, r, d, Refused)
		case 5:
			settle(t, r, d, GaveUp)
		case 6:
			settle(t, r, d, Held)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	check := func(n int64, err error, want int64) {
		t.Helper()
		if err != nil || n != want {
			t.Errorf("%d changed, want %d: %v", n, want, err)
		}
		identity(t, l, "c")
	}
	n, err := l.Resolve(ctx, "c", Filter{Addresses: []string{row(1).AddressKey}}, Sent)
	check(n, err, 1)
	n, err = l.Resolve(ctx, "c", Filter{Domains: []string{"LANE2.example"}}, Pending)
	check(n, err, 1)
	n, err = l.Resolve(ctx, "c", Filter{}, Refused)
	check(n, err, 1)
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	n, _, err = l.Retry(ctx, "c", Filter{States: []State{Refused, GaveUp}, Keys: []string{"key-4", "key-5", "key-6"}})
	check(n, err, 2)
	n, err = l.Cancel(ctx, "c")
	check(n, err, 5)
	for _, s := range []State{Sent, Unknown, Pending, Begun} {
		if n, _, err := l.Retry(ctx, "c", Filter{States: []State{s}}); !errors.Is(err, ErrState) || n != 0 {
			t.Errorf("retry of %s: %v", s, err)
		}
	}
	if _, err := l.Resolve(ctx, "c", Filter{}, Held); !errors.Is(err, ErrState) {
		t.Error(err)
	}
	if _, _, err := l.Retry(ctx, "none", Filter{}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	var all Filter
	for i := range 8 {
		all.Addresses = append(all.Addresses, row(i+1).AddressKey)
	}
	n, _, err = l.Retry(ctx, "c", all)
	check(n, err, 7) // all but the sent one
	for rec, err := range l.Deliveries(ctx, "c", Filter{Keys: []string{"key-4"}}) {
		if err != nil || rec.Attempts != 0 || !rec.First.IsZero() || rec.Manual == nil || rec.Manual.Act != "retry" ||
			rec.Manual.Before != Cancelled ||
			rec.Manual.After != Pending || rec.Manual.Who == "" || rec.Manual.Time.IsZero() ||
			rec.Last.State != Refused {
			t.Errorf("%+v %+v %v", rec, rec.Manual, err)
		}
	}
	var audits int
	if err := l.db.Reading.QueryRow("SELECT count(*) FROM audit").Scan(&audits); err != nil || audits != 17 {
		t.Error(audits, err)
	}
}
