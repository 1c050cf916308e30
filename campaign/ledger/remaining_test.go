package ledger

import (
	"context"
	"testing"
	"time"
)

// What is left, lane by lane and delivery by delivery, is the same, and is what Outlook says; another campaign's
// deliveries have no part in it.
func TestLeft(t *testing.T) {
	t.Parallel()
	l := open1(t)
	plan(t, l, "other", rowsOf(7))
	plan(t, l, "c", rowsOf(9000))
	lock(t, l, "c")
	r := run(t, l, "c", RunOptions{})
	for i := range 900 {
		d := next(t, r, t0)
		begin(t, r, d)
		settle(t, r, d, []State{Sent, Deferred, Refused}[i%3])
	}
	o, err := r.Outlook(t.Context())
	if err != nil || o.Left != 8400 {
		t.Fatal(o, err)
	}
	var sums [2]map[string]int64
	for i, each := range []bool{false, true} {
		sums[i] = map[string]int64{}
		parts := 0
		for p, err := range l.Left(t.Context(), "c", each) {
			if err != nil {
				t.Fatal(err)
			}
			parts++
			if !p.Due.IsZero() && (p.N != 1 || !p.Due.Equal(t0.Add(time.Hour))) {
				t.Fatalf("%+v", p)
			}
			if each != (p.AddressKey != "") {
				t.Fatalf("%+v", p)
			}
			sums[i][p.Lane] += p.N
			if !p.Due.IsZero() {
				sums[i]["late "+p.Lane]++
			}
		}
		if want := map[bool]int{false: 303, true: 8400}[each]; parts != want {
			t.Errorf("%d parts, want %d", parts, want)
		}
	}
	all := int64(0)
	for name, n := range sums[0] {
		if n != sums[1][name] {
			t.Errorf("%s: %d and %d", name, n, sums[1][name])
		}
		if name[:4] == "lane" {
			all += n
		}
	}
	if all != o.Left || len(sums[0]) != len(sums[1]) {
		t.Errorf("%d left, %v %v", all, sums[0], sums[1])
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range l.Left(ended, "c", true) {
		if err == nil {
			t.Error("it goes on")
		}
	}
}
