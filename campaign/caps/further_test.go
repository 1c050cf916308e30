package caps

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/sender"
	"mailshot/sender/limits"
)

// All uses of a message are reserved, or none: what was reserved before a refusal is given back.
// Proven without held.Release: the next message had no room.
func TestFurther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := sender.NewMemoryBudget()
		account := []sender.Limit{{Key: "a", Caps: []limits.Cap{{N: 5, Window: time.Hour}}}}
		f := NewFurther(Further{Budget: b, Account: account, Now: time.Now,
			Group:  func(domain string) string { return domain },
			Groups: map[string]sender.Limit{"x.example": {Key: "x", Caps: []limits.Cap{{N: 1, Window: time.Hour}}}}})
		first := func() sender.Reservation {
			r, refused, err := b.Reserve(t.Context(), time.Now(), account)
			if r == nil {
				t.Fatal(refused, err)
			}
			return r
		}
		if r, refused, err := f.Reserve(t.Context(), first(), []string{"to@z.example", "a@y.example", "a@x.example",
			"b@X.example"}); r != nil || refused.Key != "x" || err != nil {
			t.Fatal(r, refused, err)
		}
		all, refused, err := f.Reserve(t.Context(), first(), []string{"to@z.example", "a@y.example", "a@x.example",
			"b@y.example", "c@y.example"})
		if all == nil {
			t.Fatal(refused, err)
		}
		if r, refused, _ := b.Reserve(t.Context(), time.Now(), account); r != nil || refused.Key != "a" {
			t.Error("a sixth use")
		}
		all.Release()
		if all, refused, err = f.Reserve(t.Context(), first(), []string{"to@z.example", "a@x.example"}); all == nil {
			t.Fatal(refused, err)
		}
		all.Stamp(time.Now())
	})
}

// Where a cap spaces its uses, a message waits for each next one. Messages do not wait for what the others hold, also
// where each of them has taken the use of its recipient. Proven with has.Release behind the turn: nobody got on.
func TestFurtherPaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := sender.NewMemoryBudget()
		account := []sender.Limit{{Key: "a", Caps: []limits.Cap{{N: 4, Window: time.Second}}}}
		f := NewFurther(Further{Budget: b, Account: account, Now: time.Now, Group: func(string) string { return "" }})
		use := func() sender.Reservation {
			for {
				if r, _, err := b.Reserve(t.Context(), time.Now(), account); r != nil || err != nil {
					return r
				}
				time.Sleep(10 * time.Millisecond)
			}
		}
		start := time.Now()
		var sending sync.WaitGroup
		for _, has := range []sender.Reservation{use(), use(), use(), use()} {
			sending.Go(func() {
				for ; ; has = use() {
					all, _, err := f.Reserve(t.Context(), has, []string{"to@x.example", "a@x.example", "b@x.example"})
					if err != nil {
						t.Error(err)
						return
					}
					if all != nil {
						all.Stamp(time.Now())
						return
					}
				}
			})
		}
		sending.Wait()
		if took := time.Since(start); took > 10*time.Second { // 12 uses at 4/s
			t.Errorf("it took %v", took)
		}
	})
}
