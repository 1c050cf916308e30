package ledger

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// Each delivery is handed out once, and those of a lane in the order of the list, whatever the order of the lanes in
// the list is: by turns, by chance, one lane after the other, and with more rows between two of a lane than are read
// at once. So it is in a run that goes on with what another has left, where a lane is closed for a while, and where
// deliveries are put back. (Breakages: sweep added also what was read for its lane alone; readFresh read for its lane
// from the lane's own cursor, and not from where all lanes were read to; a lane's last id was 0.)
func TestOrderOfLanes(t *testing.T) {
	t.Parallel()
	const rows, lanes = 4000, 12
	chance := rand.New(rand.NewPCG(1, 2))
	for name, lane := range map[string]func(n int) int{
		"by turns":       func(n int) int { return n % lanes },
		"by chance":      func(int) int { return chance.IntN(lanes) },
		"one by one":     func(n int) int { return n * lanes / (rows + 1) },
		"two far apart":  func(n int) int { return min((n-1)%(rows-2), 1) },
		"many and small": func(n int) int { return n * 7 % 400 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := open1(t)
			list := rowsOf(rows)
			for i := range list {
				list[i].Lane = fmt.Sprintf("lane %d", lane(i+1))
			}
			plan(t, l, "news", list)
			lock(t, l, "news")
			last, got := map[string]int64{}, map[int64]bool{}
			for _, most := range []int{700, rows} {
				handsOutInOrder(t, run(t, l, "news", RunOptions{Limit: int64(most)}), last, got)
			}
			if len(got) != rows {
				t.Errorf("%d of %d were handed out", len(got), rows)
			}
		})
	}
}

// handsOutInOrder takes all that a run has, puts every thirteenth back once, and closes a lane for every other hundred.
// It records them by the three thousand, and has noted whatever was handed out when it ends.
func handsOutInOrder(t *testing.T, r *Run, last map[string]int64, got map[int64]bool) {
	t.Helper()
	var held []*Delivery
	for n := 1; ; n++ {
		var closed []string
		if n/100%2 == 1 {
			closed = []string{"lane 1"}
		}
		d, err := r.Next(t.Context(), closed, t0)
		if err != nil {
			t.Fatal(err)
		}
		if d == nil && closed != nil {
			continue
		}
		if d != nil && n%13 == 0 {
			r.PutBack(d)
			if d, err = r.Next(t.Context(), slices.Concat(closed, []string{"lane 2"}), t0); err != nil {
				t.Fatal(err)
			}
			if d == nil {
				continue
			}
		}
		if d == nil {
			break
		}
		if d.Number <= last[d.Lane] || got[d.Number] {
			t.Fatalf("row %d came after row %d of %s", d.Number, last[d.Lane], d.Lane)
		}
		if want := row(int(d.Number)); d.Key != want.Key || d.Address != want.Address || d.AddressKey != want.AddressKey ||
			d.Place != want.Place || string(d.Fields) != string(want.Fields) || string(d.Digest) != string(want.Digest) {
			t.Fatalf("%+v, planned as %+v", d, want)
		}
		last[d.Lane], got[d.Number] = d.Number, true
		held = append(held, d)
		if len(held) == 3000 {
			held = settled(t, r, held)
		}
	}
	settled(t, r, held)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// settled settles deliveries as refused, without a conversation.
func settled(t *testing.T, r *Run, held []*Delivery) []*Delivery {
	t.Helper()
	var errs []error
	for _, d := range held {
		errs = append(errs, r.Settle(t.Context(), d, Result{State: Held, Text: "not now"}))
	}
	if err := errors.Join(append(errs, r.Flush(t.Context()))...); err != nil {
		t.Fatal(err)
	}
	return held[:0]
}

// A text that is in two columns of a row is read once, and comes back in both. (Breakage: the address key was compared
// with the key.)
func TestSameTexts(t *testing.T) {
	t.Parallel()
	l := open1(t)
	texts := [][3]string{{"a@x.example", "a@x.example", "a@x.example"}, {"B@x.example", "b@x.example", "b@x.example"},
		{"c@x.example", "c@x.example", "17"}, {"D@x.example", "d@x.example", "D@x.example"}}
	list := rowsOf(len(texts))
	for i, s := range texts {
		list[i].Address, list[i].AddressKey, list[i].Key, list[i].Lane = s[0], s[1], s[2], "one"
	}
	plan(t, l, "news", list)
	lock(t, l, "news")
	r := run(t, l, "news", RunOptions{})
	for _, s := range texts {
		if d := next(t, r, t0); d.Address != s[0] || d.AddressKey != s[1] || d.Key != s[2] {
			t.Errorf("%q %q %q, want %q", d.Address, d.AddressKey, d.Key, s)
		}
	}
}
