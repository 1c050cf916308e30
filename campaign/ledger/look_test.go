package ledger

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Pages of a campaign, forwards and backwards, by state, by text and by reply, have the rows that Deliveries has.
func TestPage(t *testing.T) {
	t.Parallel()
	l := open1(t)
	plan(t, l, "other", rowsOf(3))
	plan(t, l, "news", rowsOf(120))
	lock(t, l, "news")
	r := run(t, l, "news", RunOptions{})
	for i := range 60 {
		d := next(t, r, t0)
		begin(t, r, d)
		settle(t, r, d, []State{Sent, Sent, Refused}[i%3])
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	all := slices.Collect(func(yield func(Record) bool) {
		for r, err := range l.Deliveries(t.Context(), "news", Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			if !yield(r) {
				return
			}
		}
	})
	reply := &Answer{}
	for _, r := range all {
		if r.State == Refused {
			reply.Code, reply.Enhanced = r.Last.Code, r.Last.Enhanced
		}
	}
	for name, tt := range map[string]struct {
		f    Find
		want func(Record) bool
	}{
		"all":     {Find{}, func(Record) bool { return true }},
		"refused": {Find{Filter: Filter{States: []State{Refused}}}, func(r Record) bool { return r.State == Refused }},
		"text":    {Find{Text: all[7].Address[:3]}, func(Record) bool { return true }},
		"one":     {Find{Text: all[117].Key}, func(r Record) bool { return r.Key == all[117].Key }},
		"none":    {Find{Text: "nobody%_"}, func(Record) bool { return false }},
		"reply": {Find{Reply: reply, Filter: Filter{States: []State{Refused, GaveUp}}},
			func(r Record) bool { return r.State == Refused }},
		"key": {Find{Filter: Filter{Keys: []string{all[3].Key}}}, func(r Record) bool { return r.Key == all[3].Key }},
		"both": {Find{Text: all[2].Key, Filter: Filter{States: []State{Sent}}},
			func(r Record) bool { return r.State == Sent && strings.Contains(r.Key, all[2].Key) }},
	} {
		t.Run(name, func(t *testing.T) {
			var want, got, back []int64
			for _, r := range all {
				if tt.want(r) {
					want = append(want, r.ID)
				}
			}
			f := tt.f
			f.Limit = 7
			for more := true; more; {
				var page []Record
				var err error
				if page, more, err = l.Page(t.Context(), "news", f); err != nil || more && len(page) != 7 {
					t.Fatal(len(page), err)
				}
				for _, r := range page {
					got, f.After = append(got, r.ID), r.ID
				}
			}
			f.After, f.Before = 0, 1<<62
			for more := true; more; {
				var page []Record
				var err error
				if page, more, err = l.Page(t.Context(), "news", f); err != nil {
					t.Fatal(err)
				}
				var ids []int64
				for _, r := range page {
					ids = append(ids, r.ID)
				}
				if back = append(ids, back...); len(ids) > 0 {
					f.Before = ids[0]
				}
			}
			if !slices.Equal(got, want) || !slices.Equal(back, want) {
				t.Errorf("%d\n%d, backwards\n%d, want", got, back, want)
			}
		})
	}
}

// The minutes have every attempt of the campaign and none of another; a delivery's story has its attempts and what a
// person did, in order.
func TestMinutesAndStory(t *testing.T) {
	t.Parallel()
	l := open1(t)
	for _, id := range []string{"a", "b"} {
		plan(t, l, id, rowsOf(6))
		lock(t, l, id)
		r := run(t, l, id, RunOptions{})
		for i := range 6 {
			d := next(t, r, t0)
			begin(t, r, d)
			settle(t, r, d, []State{Sent, Refused}[i%2])
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	minutes, err := l.Minutes(t.Context(), "b")
	if err != nil || len(minutes) != 1 || fmt.Sprint(minutes[0].States) != fmt.Sprint(map[State]int64{Sent: 3,
		Refused: 3}) {
		t.Errorf("%v %v", minutes, err)
	}
	page, _, err := l.Page(t.Context(), "b", Find{Limit: 1, Filter: Filter{States: []State{Refused}}})
	if err != nil || len(page) != 1 {
		t.Fatal(page, err)
	}
	if n, _, err := l.Retry(t.Context(), "b", Filter{IDs: []int64{page[0].ID}}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	tried, changed, err := l.Story(t.Context(), page[0].ID)
	if err != nil || len(tried) != 1 || tried[0].State != Refused || len(changed) != 1 || changed[0].Act != "retry" ||
		changed[0].Before != Refused || changed[0].After != Pending {
		t.Errorf("%+v %+v %v", tried, changed, err)
	}
}

// Whoever asks who holds a campaign is told, and keeps nobody out, however often they ask.
func TestHolder(t *testing.T) {
	t.Parallel()
	l := open1(t)
	if n := l.Holder("news"); n != 0 {
		t.Errorf("%d holds what nobody ever held", n)
	}
	done := make(chan struct{})
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		for {
			select {
			case <-done:
				return
			default:
				l.Holder("news")
				runtime.Gosched()
			}
		}
	}()
	for range 50 {
		k, err := l.Lock("news")
		if err != nil {
			t.Error(err)
			break
		}
		if n := l.Holder("news"); n == 0 {
			t.Error("nobody holds what is held")
		}
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	}
	close(done)
	<-asked
	if n := l.Holder("news"); n != 0 {
		t.Errorf("%d holds what was given back", n)
	}
}
