package ledger

import "testing"

// A retry of many leaves out what a person decided, and says how many that are: resolved as refused, found refused,
// cancelled by hand, gone from a list that was accepted. It takes them if they are named, and those that were cancelled
// if that state is named. What a server has answered since is not decided by hand any more. Proven by a retry that does
// not ask: "0 left out" everywhere.
func TestRetryLeavesOutWhatAPersonDecided(t *testing.T) {
	t.Parallel()
	const (
		server = iota + 1 // refused by the server
		resolved
		found
		again // resolved and named in a retry, and refused by the server since
		gone
		cancelled
	)
	for name, tt := range map[string]struct {
		f         Filter
		n, byHand int64
	}{
		"all":              {Filter{}, 2, 4},
		"refused":          {Filter{States: []State{Refused}}, 2, 2},
		"cancelled":        {Filter{States: []State{Cancelled}}, 2, 0},
		"both":             {Filter{States: []State{Refused, Cancelled}}, 4, 2},
		"gave up":          {Filter{States: []State{GaveUp}}, 0, 0},
		"a domain":         {Filter{Domains: []string{"lane1.example"}, States: []State{Refused}}, 2, 0},
		"another domain":   {Filter{Domains: []string{"lane2.example"}}, 0, 2},
		"keys":             {Filter{Keys: []string{"key-2", "key-6"}}, 2, 0},
		"an address":       {Filter{Addresses: []string{row(found).AddressKey}}, 1, 0},
		"keys and a state": {Filter{Keys: []string{"key-2", "key-6"}, States: []State{Refused}}, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := open1(t)
			plan(t, l, "c", rowsOf(6))
			k, err := l.Lock("c")
			if err != nil {
				t.Fatal(err)
			}
			ids := map[int64]int64{} // by number
			send := func(ends map[int64]State) {
				t.Helper()
				r := run(t, l, "c", RunOptions{})
				for range ends {
					d := next(t, r, t0)
					ids[d.Number] = d.ID
					begin(t, r, d)
					settle(t, r, d, ends[d.Number])
				}
				if err := r.Close(); err != nil {
					t.Fatal(err)
				}
			}
			send(map[int64]State{server: Refused, resolved: Unknown, found: Unknown, again: Unknown})
			must := func(n int64, err error) {
				t.Helper()
				if err != nil || n == 0 {
					t.Fatal(n, err)
				}
			}
			must(l.Found(t.Context(), "c", []Evidence{{ID: ids[found], State: Refused, Words: "bounced"}}))
			must(l.Resolve(t.Context(), "c", Filter{}, Refused))
			n, _, err := l.Retry(t.Context(), "c", Filter{Keys: []string{"key-4"}})
			must(n, err)
			re, err := l.Replan(t.Context(), Campaign{ID: "c"})
			if err != nil {
				t.Fatal(err)
			}
			rows := rowsOf(6)
			if _, err := re.Add(t.Context(), append(rows[:gone-1:gone-1], rows[gone:]...)); err != nil {
				t.Fatal(err)
			}
			if err := re.Apply(t.Context(), Campaign{ID: "c"}); err != nil {
				t.Fatal(err)
			}
			send(map[int64]State{again: Refused})
			must(l.Cancel(t.Context(), "c"))
			if err := k.Close(); err != nil {
				t.Fatal(err)
			}
			n, byHand, err := l.Retry(t.Context(), "c", tt.f)
			if err != nil || n != tt.n || byHand != tt.byHand {
				t.Errorf("%d pending again, %d left out, %v; want %d and %d", n, byHand, err, tt.n, tt.byHand)
			}
			identity(t, l, "c")
		})
	}
}
