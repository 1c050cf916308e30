package accounts

import (
	"testing"
	"time"
)

// Used tells of stamped uses at their time and of reserved ones as of now, and nothing of what was given back.
func TestUsed(t *testing.T) {
	t.Parallel()
	a := accounts(t, accountsPath(t))
	b := budget(t, a)
	now := time.Now().Truncate(time.Second)
	limit := []Limit{{Key: "host ann", Caps: []Cap{{5, time.Hour}, {9, 10 * time.Second}}}}
	var open []*Reservation
	for i := range 4 {
		r, key, until, err := b.Reserve(t.Context(), now.Add(time.Duration(i)*2*time.Second), limit)
		if err != nil || key != "" {
			t.Fatal(key, until, err)
		}
		open = append(open, r)
	}
	last := now.Add(8 * time.Second)
	open[0].Stamp(now.Add(7 * time.Second))
	open[1].Stamp(now.Add(7 * time.Second))
	open[2].Release()
	// What was stamped or released is written with the next reservation.
	if r, key, _, err := b.Reserve(t.Context(), last, limit); err != nil || key != "" {
		t.Fatal(key, err)
	} else {
		defer r.Release()
	}
	at := now.Add(10 * time.Second)
	got, err := a.Used(t.Context(), "host ann", now.Add(-time.Hour), at)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Uses) != 2 || got.Uses[0] != (Use{now.Add(7 * time.Second), 2}) || !got.Uses[1].Time.Equal(at) ||
		got.Uses[1].N != 2 {
		t.Errorf("uses %v", got.Uses)
	}
	if d := got.Started.Sub(last); d < 0 || d > time.Second {
		t.Errorf("started %v, want %v", got.Started, last)
	}
	for name, key := range map[string]string{"since": "host ann", "nobody's": "host bob"} {
		got, err := a.Used(t.Context(), key, at, at)
		if err != nil || len(got.Uses) > 1 {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
}
