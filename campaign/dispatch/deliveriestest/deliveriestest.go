// Package deliveriestest is the conformance suite of [dispatch.Deliveries]. [Run] tests what a run relies on, whoever
// keeps the memory: that nobody is handed out twice, that a begun delivery is never forgotten, and that the states add
// up.
package deliveriestest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"mailshot/campaign/dispatch"
	"mailshot/campaign/ledger"
)

// Row is one row of the campaign under test. Its key is its address's too.
type Row struct{ Key, Lane string }

// Memory is the memory under test, of one campaign whose rows are all pending at first.
type Memory interface {
	// Open begins a run. A run that was open before is dropped as a crash drops it: it is not closed, and is not used
	// any more.
	Open(t *testing.T) dispatch.Deliveries
	// States are the states by key as they are durable now, read past every run.
	States(t *testing.T) map[string]ledger.State
	// Suppress makes a key's recipient one that is found suppressed from now on.
	Suppress(key string)
}

// Run tests a memory against the contract. newMemory returns a memory of these rows each time, and cleans up after
// itself with t.
func Run(t *testing.T, newMemory func(t *testing.T, rows []Row) Memory) {
	for _, test := range []struct {
		name string
		rows []Row
		run  func(*desk)
	}{
		{"everybody once", rows(300, 3), (*desk).everybodyOnce},
		{"closed lanes", rows(9, 3), (*desk).closedLanes},
		{"lanes are mixed", rows(90, 3), (*desk).mixed},
		{"put back", rows(3, 1), (*desk).putBack},
		{"deferred", rows(2, 1), (*desk).deferred},
		{"begun is durable", rows(4, 1), (*desk).begunIsDurable},
		{"begun ahead", rows(6, 1), (*desk).begunAhead},
		{"begun and put back", rows(4, 1), (*desk).begunAndPutBack},
		{"settled is durable", rows(8, 1), (*desk).settledIsDurable},
		{"suppressed in begin", rows(3, 1), (*desk).suppressed},
		{"suppressed in start", rows(3, 1), (*desk).suppressedInStart},
		{"outlook", rows(4, 2), (*desk).outlook},
		{"crash at random", rows(120, 4), (*desk).crashes},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMemory(t, test.rows)
			test.run(&desk{t: t, m: m, d: m.Open(t), rows: test.rows})
		})
	}
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func rows(n, lanes int) []Row {
	var list []Row
	for i := range n {
		list = append(list, Row{Key: fmt.Sprintf("p%d@example.org", i), Lane: fmt.Sprintf("lane%d", i%lanes)})
	}
	return list
}

// desk asks a memory, and fails the test where the memory must not fail.
type desk struct {
	t    *testing.T
	m    Memory
	d    dispatch.Deliveries
	rows []Row
}

func (k *desk) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

// next hands out what may go at noon; nil: nothing.
func (k *desk) next(closed ...string) *ledger.Delivery {
	k.t.Helper()
	return k.nextAt(noon, closed...)
}

// find hands out deliveries until it is the one with this key, and puts the others back.
func (k *desk) find(key string) *ledger.Delivery {
	k.t.Helper()
	var others []*ledger.Delivery
	defer func() {
		for _, d := range others {
			k.d.PutBack(d)
		}
	}()
	for {
		d := k.next()
		if d == nil {
			k.t.Fatalf("%s is not handed out", key)
		}
		if d.Key == key {
			return d
		}
		others = append(others, d)
	}
}

func (k *desk) nextAt(now time.Time, closed ...string) *ledger.Delivery {
	k.t.Helper()
	d, err := k.d.Next(k.t.Context(), closed, now)
	k.must(err)
	k.addUp()
	return d
}

// begin begins and starts d.
func (k *desk) begin(d *ledger.Delivery) {
	k.t.Helper()
	k.must(k.d.Begin(k.t.Context(), d))
	k.must(k.d.Start(k.t.Context(), d))
	k.addUp()
}

func (k *desk) settle(d *ledger.Delivery, s ledger.State, due time.Time) {
	k.t.Helper()
	k.must(k.d.Settle(k.t.Context(), d, ledger.Result{State: s, Due: due, Time: noon}))
	k.addUp()
}

// addUp checks that the counts of the run are those of all rows.
func (k *desk) addUp() {
	k.t.Helper()
	sum := int64(0)
	for _, n := range k.d.Counts() {
		sum += n
	}
	if sum != int64(len(k.rows)) {
		k.t.Fatalf("the states add up to %d, there are %d rows", sum, len(k.rows))
	}
}

// state is the durable state of a delivery.
func (k *desk) state(d *ledger.Delivery) ledger.State {
	k.t.Helper()
	return k.m.States(k.t)[d.Key]
}

// everybodyOnce has eight workers at once: each delivery is handed out to one of them.
func (k *desk) everybodyOnce() {
	var mu sync.Mutex
	got := map[string]int{}
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for {
				d, err := k.d.Next(k.t.Context(), nil, noon)
				if err == nil && d == nil {
					return
				}
				if err == nil {
					err = k.d.Begin(k.t.Context(), d)
				}
				if err == nil {
					err = k.d.Start(k.t.Context(), d)
				}
				if err == nil {
					err = k.d.Settle(k.t.Context(), d, ledger.Result{State: ledger.Sent, Time: noon})
				}
				if err != nil {
					k.t.Error(err)
					return
				}
				mu.Lock()
				got[d.Key]++
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	k.must(k.d.Flush(k.t.Context()))
	k.addUp()
	states := k.m.States(k.t)
	for _, row := range k.rows {
		if got[row.Key] != 1 || states[row.Key] != ledger.Sent {
			k.t.Errorf("%s was handed out %d times, and is %s", row.Key, got[row.Key], states[row.Key])
		}
	}
}

func (k *desk) closedLanes() {
	for range 6 {
		d := k.next("lane1")
		if d == nil || d.Lane == "lane1" {
			k.t.Fatalf("got %+v", d)
		}
	}
	if d := k.next("lane1"); d != nil {
		k.t.Fatalf("got %+v", d)
	}
	if d := k.next("lane0", "lane2"); d == nil || d.Lane != "lane1" {
		k.t.Fatalf("got %+v", d)
	}
}

// mixed: no lane is sent in a block.
func (k *desk) mixed() {
	seen := map[string]int{}
	for i := range 30 {
		seen[k.next().Lane]++
		for lane, n := range seen {
			if n > i/3+2 {
				k.t.Fatalf("%d of the first %d are of %s", n, i+1, lane)
			}
		}
	}
}

// putBack: what is put back is as it was, and the next of its lane.
func (k *desk) putBack() {
	first := k.next()
	k.d.PutBack(first)
	k.d.PutBack(first) // once more does nothing
	k.addUp()
	again := k.next()
	if again.Key != first.Key || again.State != ledger.Pending || again.Attempts != 0 || !again.First.IsZero() {
		k.t.Fatalf("got %+v after %+v was put back", again, first)
	}
	if other := k.next(); other == nil || other.Key == first.Key {
		k.t.Fatalf("got %+v", other)
	}
}

// deferred: not before it is due, and then with its attempts.
func (k *desk) deferred() {
	d := k.next()
	k.begin(d)
	k.settle(d, ledger.Deferred, noon.Add(time.Hour))
	other := k.next()
	k.begin(other)
	k.settle(other, ledger.Sent, time.Time{})
	if early := k.nextAt(noon.Add(time.Hour - 1)); early != nil {
		k.t.Fatalf("got %+v before it was due", early)
	}
	left, err := k.d.Outlook(k.t.Context())
	if k.must(err); left.Left != 1 || !left.Due.Equal(noon.Add(time.Hour)) {
		k.t.Fatalf("%+v", left)
	}
	again := k.nextAt(noon.Add(time.Hour))
	if again == nil || again.Key != d.Key || again.State != ledger.Deferred || again.Attempts != 1 ||
		again.First.IsZero() {
		k.t.Fatalf("got %+v", again)
	}
}

// begunIsDurable: a crash after Start leaves the delivery begun, and the next run makes it unknown and hands it to
// nobody.
func (k *desk) begunIsDurable() {
	begun, handed := k.next(), k.next()
	k.begin(begun)
	if s := k.state(begun); s != ledger.Begun {
		k.t.Fatalf("Begin has returned, and it is %s", s)
	}
	k.d = k.m.Open(k.t)
	if s := k.state(begun); s != ledger.Unknown {
		k.t.Fatalf("after the crash it is %s", s)
	}
	seen := map[string]bool{}
	for d := k.next(); d != nil; d = k.next() {
		seen[d.Key] = true
	}
	if seen[begun.Key] || !seen[handed.Key] || len(seen) != len(k.rows)-1 {
		k.t.Errorf("handed out after the crash: %v", seen)
	}
}

// begunAhead: what is begun, and what has started, are told apart by a crash, or both are unknown. Of what is begun
// nothing else can be begun or put to an end as if it had been sent.
func (k *desk) begunAhead() {
	started, waiting := k.next(), k.next()
	for _, d := range []*ledger.Delivery{started, waiting} {
		k.must(k.d.Begin(k.t.Context(), d))
	}
	k.must(k.d.Start(k.t.Context(), started))
	for name, err := range map[string]error{
		"begun again":      k.d.Begin(k.t.Context(), waiting),
		"started again":    k.d.Start(k.t.Context(), started),
		"sent, unstarted":  k.d.Settle(k.t.Context(), waiting, ledger.Result{State: ledger.Sent, Time: noon}),
		"never begun":      k.d.Start(k.t.Context(), k.next()),
		"unknown, unsent":  k.d.Settle(k.t.Context(), waiting, ledger.Result{State: ledger.Unknown, Time: noon}),
		"suppressed, late": k.d.Settle(k.t.Context(), started, ledger.Result{State: ledger.Suppressed, Time: noon}),
	} {
		if !errors.Is(err, ledger.ErrState) {
			k.t.Errorf("%s: %v", name, err)
		}
	}
	k.d = k.m.Open(k.t)
	k.addUp()
	if s := k.state(started); s != ledger.Unknown {
		k.t.Errorf("it had started, and is %s", s)
	}
	if s := k.state(waiting); s != ledger.Pending && s != ledger.Unknown {
		k.t.Errorf("it was begun ahead, and is %s", s)
	}
	for d := k.next(); d != nil; d = k.next() {
		if d.Key == started.Key {
			k.t.Error("what had started is handed out again")
		}
	}
}

// begunAndPutBack: what is begun and put back is as it was, also after a crash; what has started is not put back.
func (k *desk) begunAndPutBack() {
	first := k.next()
	k.must(k.d.Begin(k.t.Context(), first))
	k.d.PutBack(first)
	k.addUp()
	again := k.next()
	if again.Key != first.Key || again.State != ledger.Pending || again.Attempts != 0 || !again.First.IsZero() {
		k.t.Fatalf("got %+v after it was begun and put back", again)
	}
	k.must(k.d.Begin(k.t.Context(), again))
	k.settle(again, ledger.Deferred, noon) // refused before its body
	k.must(k.d.Flush(k.t.Context()))
	late := k.find(first.Key)
	k.must(k.d.Begin(k.t.Context(), late))
	k.d.PutBack(late)
	k.addUp()
	k.must(k.d.Flush(k.t.Context()))
	if s := k.state(first); s != ledger.Deferred {
		k.t.Fatalf("it was deferred, begun and put back, and is %s", s)
	}
	late = k.find(first.Key)
	if late.Attempts != 1 || late.State != ledger.Deferred || late.First.IsZero() {
		k.t.Fatalf("got %+v", late)
	}
	k.begin(late)
	k.d.PutBack(late)
	if k.addUp(); k.d.Counts()[ledger.Begun] != 1 {
		k.t.Error("what has started was put back")
	}
	k.settle(late, ledger.Sent, time.Time{})
	k.must(k.d.Flush(k.t.Context()))
	if s := k.state(late); s != ledger.Sent {
		k.t.Errorf("it is %s", s)
	}
}

// settledIsDurable: with the next Begin, the next Outlook, or Flush; before that a crash makes it unknown or
// sent, never pending.
func (k *desk) settledIsDurable() {
	durable := map[string]func(){
		"Flush":   func() { k.must(k.d.Flush(k.t.Context())) },
		"Outlook": func() { _, err := k.d.Outlook(k.t.Context()); k.must(err) },
		"Begin":   func() { k.begin(k.next()) },
	}
	for name, make := range durable {
		d := k.next()
		k.begin(d)
		k.settle(d, ledger.Sent, time.Time{})
		make()
		k.d = k.m.Open(k.t)
		if k.state(d) != ledger.Sent {
			k.t.Errorf("after %s and a crash it is %s", name, k.state(d))
		}
	}
	d := k.next()
	k.begin(d)
	k.settle(d, ledger.Sent, time.Time{})
	k.d = k.m.Open(k.t)
	if s := k.state(d); s != ledger.Sent && s != ledger.Unknown {
		k.t.Errorf("settled, then a crash: %s", s)
	}
}

// suppressed: Begin says why, the delivery is settled, and nobody gets it again.
func (k *desk) suppressed() {
	d := k.next()
	k.m.Suppress(d.Key)
	var suppressed *ledger.SuppressedError
	if err := k.d.Begin(k.t.Context(), d); !errors.As(err, &suppressed) {
		k.t.Fatalf("Begin says %v", err)
	}
	k.addUp()
	k.must(k.d.Flush(k.t.Context()))
	if s := k.state(d); s != ledger.Suppressed {
		k.t.Errorf("it is %s", s)
	}
	for other := k.next(); other != nil; other = k.next() {
		if other.Key == d.Key {
			k.t.Error("it is handed out again")
		}
	}
}

// suppressedInStart: as in Begin, for somebody who was suppressed after it.
func (k *desk) suppressedInStart() {
	d := k.next()
	k.must(k.d.Begin(k.t.Context(), d))
	k.m.Suppress(d.Key)
	var suppressed *ledger.SuppressedError
	if err := k.d.Start(k.t.Context(), d); !errors.As(err, &suppressed) {
		k.t.Fatalf("Start says %v", err)
	}
	k.addUp()
	k.must(k.d.Flush(k.t.Context()))
	if s := k.state(d); s != ledger.Suppressed {
		k.t.Errorf("it is %s", s)
	}
	for other := k.next(); other != nil; other = k.next() {
		if other.Key == d.Key {
			k.t.Error("it is handed out again")
		}
	}
}

// outlook: what is left by lane, what is in somebody's hands aside.
func (k *desk) outlook() {
	lanes := func() (names []string) {
		o, err := k.d.Outlook(k.t.Context())
		k.must(err)
		for _, l := range o.Lanes {
			names = append(names, l.Lane)
		}
		slices.Sort(names)
		return names
	}
	if got := lanes(); !slices.Equal(got, []string{"lane0", "lane1"}) {
		k.t.Fatal(got)
	}
	a, b := k.next("lane1"), k.next("lane1")
	if got := lanes(); !slices.Equal(got, []string{"lane1"}) {
		k.t.Errorf("lane0 is in somebody's hands: %v", got)
	}
	k.d.PutBack(a)
	if got := lanes(); !slices.Equal(got, []string{"lane0", "lane1"}) {
		k.t.Error(got)
	}
	k.d.PutBack(b)
	o, err := k.d.Outlook(k.t.Context())
	if k.must(err); o.Left != 4 || !o.Due.IsZero() {
		k.t.Errorf("%+v", o)
	}
}

// crashes: whatever is under way at a crash, nobody whose message may be with a server is handed out again.
func (k *desk) crashes() {
	sent := map[string]int{}
	for life := range 6 {
		for i := range 20 {
			d := k.next()
			if d == nil {
				break
			}
			switch (life + i) % 6 {
			case 4: // dropped before it starts
				k.must(k.d.Begin(k.t.Context(), d))
			case 5:
				k.must(k.d.Begin(k.t.Context(), d))
				k.d.PutBack(d)
			case 0: // dropped before it is begun
			case 1:
				k.begin(d)
				sent[d.Key]++
			case 2:
				k.begin(d)
				sent[d.Key]++
				k.settle(d, ledger.Sent, time.Time{})
			case 3:
				k.begin(d)
				k.settle(d, ledger.Deferred, noon)
			}
		}
		k.d = k.m.Open(k.t)
	}
	states := k.m.States(k.t)
	if len(states) != len(k.rows) {
		k.t.Errorf("%d states of %d rows", len(states), len(k.rows))
	}
	for key, n := range sent {
		if s := states[key]; n != 1 || s != ledger.Sent && s != ledger.Unknown {
			k.t.Errorf("%s was begun %d times for good, and is %s", key, n, s)
		}
	}
}
