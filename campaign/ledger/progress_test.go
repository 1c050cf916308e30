package ledger

import (
	"reflect"
	"testing"
	"time"
)

// A list sorted by domain is sent evenly mixed, and all lanes end together. Proven by giving all lanes the same step:
// the last fifty were all of the large lane.
func TestOrderIsMixed(t *testing.T) {
	t.Parallel()
	l := open1(t)
	var rows []Row
	for lane, n := range map[string]int{"big": 80, "middle": 16, "small": 4} {
		for range n {
			r := row(len(rows) + 1)
			r.Lane = lane
			rows = append(rows, r)
		}
	}
	plan(t, l, "c", rows)
	lock(t, l, "c")
	r := run(t, l, "c", RunOptions{})
	var order []string
	for range rows {
		order = append(order, next(t, r, t0).Lane)
	}
	for from := 0; from < 100; from += 25 {
		n := map[string]int{}
		for _, lane := range order[from : from+25] {
			n[lane]++
		}
		if !reflect.DeepEqual(n, map[string]int{"big": 20, "middle": 4, "small": 1}) {
			t.Errorf("from %d on: %v", from, n)
		}
	}
	// A lane that was shut does not catch up in a block.
	r2 := func() *Run { r.Close(); return run(t, l, "c", RunOptions{}) }()
	for range 48 {
		next(t, r2, t0, "middle")
	}
	block := 0
	for range 8 {
		if next(t, r2, t0).Lane == "middle" {
			block++
		}
	}
	if block > 2 {
		t.Errorf("%d of the next eight are of the lane that was shut", block)
	}
	// What is put back is the next of its lane, and keeps the lane's place.
	d := next(t, r2, t0, "big", "small")
	for range 30 {
		r2.PutBack(d)
		d = next(t, r2, t0, "big", "small")
	}
	r2.PutBack(d)
	seen := false
	for range 8 {
		seen = seen || next(t, r2, t0) == d
	}
	if !seen {
		t.Error("a lane whose delivery was put back often comes no more")
	}
}

func TestProgressAndAnswers(t *testing.T) {
	t.Parallel()
	l := open1(t)
	plan(t, l, "c", rowsOf(9))
	if p, err := l.Progress(t.Context(), "c"); err != nil || !p.Latest.IsZero() || p.Lanes["lane0"][Pending] != 3 {
		t.Fatal(p, err)
	}
	lock(t, l, "c")
	now := t0
	r := run(t, l, "c", RunOptions{Now: func() time.Time { return now }})
	if o, err := r.Outlook(t.Context()); err != nil || len(o.Lanes) != 3 {
		t.Error(o, err)
	}
	for i := range 6 {
		now = t0.Add(time.Duration(i) * time.Second)
		d := next(t, r, now)
		res := Result{State: Sent, Code: 250, Text: "ok"}
		begin(t, r, d)
		if d.Lane != "lane0" {
			res = Result{State: Refused, Code: 550, Enhanced: "5.1.1", Text: "no " + d.Key}
		}
		if err := r.Settle(t.Context(), d, res); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	p, err := l.Progress(t.Context(), "c")
	if err != nil || !p.Latest.Equal(t0.Add(5*time.Second)) || p.Lanes["lane0"][Sent] != 2 ||
		p.Lanes["lane1"][Refused] != 2 || p.Lanes["lane2"][Pending] != 1 {
		t.Error(p, err)
	}
	all, err := l.Answers(t.Context(), "c", nil, []State{Refused, GaveUp}, 3)
	if err != nil || len(all) != 1 || all[0].N != 4 || all[0].Code != 550 || all[0].Enhanced != "5.1.1" {
		t.Error(all, err)
	}
	if one, err := l.Answers(t.Context(), "c", []string{"lane1"}, []State{Refused}, 3); err != nil || len(one) != 1 ||
		one[0].N != 2 {
		t.Error(one, err)
	}
	if none, err := l.Answers(t.Context(), "c", nil, []State{Unknown}, 3); err != nil || len(none) != 0 {
		t.Error(none, err)
	}
}
