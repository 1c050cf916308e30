package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"testing"
	"time"
)

func TestRunHandsOutAndRecords(t *testing.T) {
	t.Parallel()
	l := open1(t)
	plan(t, l, "c", rowsOf(6))
	lock(t, l, "c")
	r := run(t, l, "c", RunOptions{Now: func() time.Time { return t0 }})

	// Lanes take turns: the first three come from three lanes, each lane's first.
	lanes := map[string]int64{}
	var hand []*Delivery
	for range 3 {
		d := next(t, r, t0)
		lanes[d.Lane] = d.Number
		hand = append(hand, d)
	}
	if want := map[string]int64{"lane1": 1, "lane2": 2, "lane0": 3}; !maps.Equal(lanes, want) {
		t.Errorf("got %v, want %v", lanes, want)
	}
	// Put back is next of its lane again.
	r.PutBack(hand[0])
	r.PutBack(hand[0])
	if d := next(t, r, t0, "lane0", "lane2"); d.ID != hand[0].ID || d.Key != "key-1" ||
		string(d.Fields) != d.Address || d.Attempts != 0 || !d.First.IsZero() {
		t.Errorf("got %+v", d)
	} else {
		hand[0] = d
	}
	begin(t, r, hand[0])
	settle(t, r, hand[0], Sent)
	begin(t, r, hand[1])
	settle(t, r, hand[1], Deferred)
	settle(t, r, hand[2], Refused) // before the body
	counts := map[State]int64{Pending: 3, Sent: 1, Deferred: 1, Refused: 1}
	if got := r.Counts(); !nonzero(got, counts) {
		t.Errorf("got %v, want %v", got, counts)
	}
	for range 3 {
		settle(t, r, next(t, r, t0), Held)
	}
	none(t, r, t0)
	at, left, err := due(t, r)
	if err != nil || left != 1 || !at.Equal(t0.Add(time.Hour)) {
		t.Error(at, left, err)
	}
	none(t, r, t0.Add(time.Hour-1))
	d := next(t, r, t0.Add(time.Hour))
	if d.Number != 2 || d.Attempts != 1 || !d.First.Equal(t0) || d.State != Deferred {
		t.Errorf("got %+v", d)
	}
	none(t, r, t0.Add(2*time.Hour))
	begin(t, r, d)
	settle(t, r, d, Unknown)
	if at, left, err := due(t, r); err != nil || left != 0 || !at.IsZero() {
		t.Error(at, left, err)
	}
	if got, want := identity(t, l, "c"), (map[State]int64{Sent: 1, Unknown: 1, Refused: 1, Held: 3}); !nonzero(got,
		want) || !nonzero(r.Counts(), want) {
		t.Errorf("got %v and %v, want %v", got, r.Counts(), want)
	}
	var text string
	for rec, err := range l.Deliveries(t.Context(), "c", Filter{States: []State{Sent, Unknown}}) {
		if err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprint(rec.Place, " ", rec.State, " ", rec.Attempts, " ", rec.Last.Stage, " ", rec.Last.Code, " ",
			rec.Last.Server, " ", rec.Lane, "\n")
	}
	if text != "people.csv:2 sent 1 dot 250 mx.example lane1\npeople.csv:3 unknown 2 dot 250 mx.example lane2\n" {
		t.Error(text)
	}
}

// nonzero compares counts, in which a state without deliveries may be left out.
func nonzero(a, b map[State]int64) bool {
	for _, s := range states() {
		if a[s] != b[s] {
			return false
		}
	}
	return true
}

// Whatever is not in the table of states is refused, and changes nothing.
func TestRunRefusesWhatIsNotLegal(t *testing.T) {
	t.Parallel()
	l := open1(t)
	plan(t, l, "c", rowsOf(1))
	if _, err := l.Run(t.Context(), "c", RunOptions{}); !errors.Is(err, ErrNotLocked) {
		t.Fatal(err)
	}
	lock(t, l, "c")
	lock(t, l, "other")
	if _, err := l.Run(t.Context(), "other", RunOptions{}); !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
	r := run(t, l, "c", RunOptions{})
	d := next(t, r, t0)
	for _, s := range []State{Sent, Unknown, Pending, Begun, Invalid, ""} {
		if err := r.Settle(t.Context(), d, Result{State: s}); !errors.Is(err, ErrState) {
			t.Errorf("pending settled as %q: %v", s, err)
		}
	}
	begin(t, r, d)
	if err := r.Begin(t.Context(), d); !errors.Is(err, ErrState) {
		t.Error("begun twice", err)
	}
	r.PutBack(d) // too late
	none(t, r, t0)
	for _, s := range []State{Suppressed, Held, Cancelled, Pending, Begun} {
		if err := r.Settle(t.Context(), d, Result{State: s}); !errors.Is(err, ErrState) {
			t.Errorf("begun settled as %q: %v", s, err)
		}
	}
	if err := r.Settle(t.Context(), d, Result{State: Deferred}); err == nil {
		t.Error("deferred without a due time")
	}
	settle(t, r, d, Sent)
	if err := r.Settle(t.Context(), d, Result{State: Refused}); !errors.Is(err, ErrState) {
		t.Error("settled twice", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Begin(ended, d); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := errors.Join(r.Close()); err != nil {
		t.Error(err)
	}
	if _, err := r.Next(t.Context(), nil, t0); err == nil {
		t.Error("next of a closed run")
	}
	if got := identity(t, l, "c"); got[Sent] != 1 {
		t.Error(got)
	}
}

// What a run leaves begun is unknown to the next, and is not handed out. Breakage that shows it: turning
// begun ones back to pending in recover gave "want nothing, got" the delivery.
func TestBegunIsUnknownToTheNextRun(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/s/state.db"
	l := openAt(t, path)
	plan(t, l, "c", rowsOf(2))
	k, err := l.Lock("c")
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, l, "c", RunOptions{})
	begin(t, r, next(t, r, t0))
	settle(t, r, next(t, r, t0), Refused)
	if err := errors.Join(r.Close(), k.Close()); err != nil {
		t.Fatal(err)
	}
	l2 := openAt(t, path)
	lock(t, l2, "c")
	r2 := run(t, l2, "c", RunOptions{})
	none(t, r2, t0.Add(1000*time.Hour))
	if got := identity(t, l2, "c"); !nonzero(got, map[State]int64{Unknown: 1, Refused: 1}) {
		t.Error(got)
	}
	for rec := range l2.Deliveries(t.Context(), "c", Filter{States: []State{Unknown}}) {
		if rec.Last == nil || rec.Last.Stage != "recovery" || rec.Last.State != Unknown {
			t.Errorf("%+v", rec.Last)
		}
	}
	c, err := l2.Campaign(t.Context(), "c")
	if err != nil || c.Runs != 2 || c.Rows != 2 || c.Definition != "d" || !c.Frozen || c.Run == "" {
		t.Errorf("%+v %v", c, err)
	}
}

// A recipient suppressed during the run is not begun. Breakage that shows it: not heeding the answer gave
// "begin: <nil>".
func TestBeginSuppresses(t *testing.T) {
	t.Parallel()
	l := open1(t)
	plan(t, l, "c", rowsOf(3))
	lock(t, l, "c")
	broken := errors.New("list cannot be read")
	r := run(t, l, "c", RunOptions{Limit: 1, Suppressed: func(_ context.Context, key string) (string, error) {
		switch key {
		case row(1).AddressKey:
			return "unsubscribed", nil
		case row(2).AddressKey:
			return "", broken
		}
		return "", nil
	}})
	d := next(t, r, t0, "lane0", "lane2")
	var s *SuppressedError
	if err := r.Begin(t.Context(), d); !errors.As(err, &s) || s.Reason != "unsubscribed" ||
		s.AddressKey != d.AddressKey {
		t.Fatal("begin:", err)
	}
	r.PutBack(d) // it is settled: nothing to put back
	// A suppressed delivery was not tried: the limit of one still allows one.
	d = next(t, r, t0, "lane0")
	if err := r.Begin(t.Context(), d); !errors.Is(err, broken) {
		t.Fatal("begin:", err)
	}
	r.PutBack(d)
	d = next(t, r, t0, "lane2")
	begin(t, r, d)
	settle(t, r, d, Sent)
	none(t, r, t0)
	if got := identity(t, l, "c"); !nonzero(got, map[State]int64{Suppressed: 1, Pending: 1, Sent: 1}) ||
		!nonzero(r.Counts(), got) {
		t.Error(got, r.Counts())
	}
}

// Somebody who comes on the list after their message was begun, and waits for its turn, gets no message. Breakage that
// shows it: Start without the news gave "start: <nil>".
func TestStartHasNews(t *testing.T) {
	t.Parallel()
	l := open1(t)
	plan(t, l, "c", rowsOf(2))
	lock(t, l, "c")
	var list, known atomic.Bool // what is on the list, and what is known of it
	r := run(t, l, "c", RunOptions{
		News: func(context.Context) error { known.Store(list.Load()); return nil },
		Suppressed: func(_ context.Context, key string) (string, error) {
			if known.Load() && key == row(1).AddressKey {
				return "unsubscribed", nil
			}
			return "", nil
		}})
	d := next(t, r, t0, row(2).Lane)
	if err := r.Begin(t.Context(), d); err != nil {
		t.Fatal("begin:", err)
	}
	list.Store(true)
	if err := r.Start(t.Context(), d); !errors.As(err, new(*SuppressedError)) {
		t.Error("start:", err)
	}
}

// The limit counts different deliveries; what the run deferred is tried again within it, and others' deferred ones are
// not.
func TestLimit(t *testing.T) {
	t.Parallel()
	l := open1(t)
	plan(t, l, "c", rowsOf(30))
	lock(t, l, "c")
	r := run(t, l, "c", RunOptions{})
	for range 10 {
		settle(t, r, next(t, r, t0), Deferred)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	late := t0.Add(2 * time.Hour)
	r = run(t, l, "c", RunOptions{Limit: 4, Now: func() time.Time { return late }})
	seen := map[int64]bool{}
	for range 4 {
		d := next(t, r, late)
		seen[d.ID] = true
		if err := r.Settle(t.Context(), d, Result{State: Deferred, Due: late.Add(time.Minute)}); err != nil {
			t.Fatal(err)
		}
	}
	none(t, r, late)
	if at, left, err := due(t, r); err != nil || left != 4 || !at.Equal(late.Add(time.Minute)) {
		t.Fatal(at, left, err)
	}
	for range 4 {
		d := next(t, r, late.Add(time.Hour))
		if !seen[d.ID] {
			t.Errorf("%d is not within the limit", d.ID)
		}
		begin(t, r, d)
		settle(t, r, d, Sent)
	}
	none(t, r, late.Add(time.Hour))
	if at, left, err := due(t, r); err != nil || left != 0 || !at.IsZero() {
		t.Fatal(at, left, err)
	}
	if got := identity(t, l, "c"); got[Sent] != 4 || got[Pending]+got[Deferred] != 26 {
		t.Error(got)
	}
}

// Only leaves the others as they are, and they are not work left; not even those that are overdue.
func TestOnly(t *testing.T) {
	t.Parallel()
	l := open1(t)
	plan(t, l, "c", rowsOf(3000))
	lock(t, l, "c")
	r := run(t, l, "c", RunOptions{})
	for range 900 {
		settle(t, r, next(t, r, t0), Deferred)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	late := t0.Add(2 * time.Hour)
	r = run(t, l, "c", RunOptions{Only: func(d Delivery) (bool, error) { return d.Number%100 == 0, nil }})
	if _, left, err := due(t, r); err != nil || left != 30 {
		t.Fatal(left, err)
	}
	for i := range 30 {
		d := next(t, r, late)
		if d.Number%100 != 0 {
			t.Fatal(d.Number)
		}
		begin(t, r, d)
		settle(t, r, d, map[bool]State{true: Deferred, false: Sent}[i == 0])
	}
	d := next(t, r, late) // due an hour after t0
	settle(t, r, d, Refused)
	none(t, r, late)
	if at, left, err := due(t, r); err != nil || left != 0 || !at.IsZero() {
		t.Fatal(at, left, err)
	}
	identity(t, l, "c")
	bad := errors.New("no such column")
	if _, err := l.Run(t.Context(), "c", RunOptions{Only: func(Delivery) (bool, error) {
		return false,
			bad
	}}); !errors.Is(err, bad) {
		t.Error(err)
	}
}

// One lane with everything in it, many lanes with one each, and blocks that end within both: each delivery is handed
// out once.
func TestNextGivesEachOnce(t *testing.T) {
	t.Parallel()
	l := open1(t)
	rows := rowsOf(4000)
	for i := range rows {
		if rows[i].Lane = "big"; i%4 == 0 {
			rows[i].Lane = fmt.Sprint("small", i)
		}
	}
	plan(t, l, "c", rows)
	lock(t, l, "c")
	r := run(t, l, "c", RunOptions{})
	seen := map[int64]int{}
	last := int64(0)
	for i := 0; ; i++ {
		d, err := r.Next(t.Context(), nil, t0)
		if err != nil {
			t.Fatal(err)
		}
		if d == nil {
			break
		}
		if d.Lane == "big" {
			if d.ID <= last {
				t.Fatalf("%d after %d", d.ID, last)
			}
			last = d.ID
		}
		seen[d.ID]++
		switch {
		case i%7 == 0 && seen[d.ID] == 1:
			if last == d.ID {
				last--
			}
			r.PutBack(d)
			seen[d.ID] = 10
		case i%5 == 0:
			begin(t, r, d)
			settle(t, r, d, Sent)
		}
	}
	for id, n := range seen {
		if n != 1 && n != 11 {
			t.Errorf("%d handed out %d times", id, n)
		}
	}
	if len(seen) != 4000 {
		t.Errorf("%d handed out", len(seen))
	}
}

// A deferred delivery that becomes due while the clock goes back is found again.
func TestDeferredWithTheClockSetBack(t *testing.T) {
	t.Parallel()
	l := open1(t)
	plan(t, l, "c", rowsOf(300))
	lock(t, l, "c")
	r := run(t, l, "c", RunOptions{})
	for range 300 {
		settle(t, r, next(t, r, t0), Deferred)
	}
	late := t0.Add(time.Hour)
	for range 150 {
		d := next(t, r, late)
		if err := r.Settle(t.Context(), d, Result{State: Deferred, Due: t0.Add(-time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	sent := 0
	for {
		d, err := r.Next(t.Context(), nil, late)
		if err != nil {
			t.Fatal(err)
		}
		if d == nil {
			break
		}
		begin(t, r, d)
		settle(t, r, d, Sent)
		sent++
	}
	if got := identity(t, l, "c"); sent != 300 || got[Sent] != 300 {
		t.Error(sent, got)
	}
}

// A first run that is taken back was none: its plan can be withdrawn. A later run stays begun.
func TestForgo(t *testing.T) {
	t.Parallel()
	l := open1(t)
	plan(t, l, "c", rowsOf(2))
	lock(t, l, "c")
	runs := func(want int64) {
		t.Helper()
		if c, err := l.Campaign(t.Context(), "c"); err != nil || c.Runs != want {
			t.Errorf("%d runs, want %d; %v", c.Runs, want, err)
		}
	}
	forgo := func() {
		t.Helper()
		r := run(t, l, "c", RunOptions{})
		if err := errors.Join(r.Forgo(t.Context()), r.Close()); err != nil {
			t.Fatal(err)
		}
	}
	forgo()
	runs(0)
	if err := run(t, l, "c", RunOptions{}).Close(); err != nil {
		t.Fatal(err)
	}
	forgo()
	runs(2)
	plan(t, l, "d", rowsOf(2))
	lock(t, l, "d")
	if err := run(t, l, "d", RunOptions{}).Forgo(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ok, err := l.Withdraw(t.Context(), "d"); err != nil || !ok {
		t.Errorf("withdrawn: %v, %v", ok, err)
	}
}
