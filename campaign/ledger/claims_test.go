package ledger

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestClaims draws lists with few keys and holds what a draft makes of them against a map, whether the claims gather or go into the table
// all the time.
//
// It guards "never twice". Proven by breaking: with the table not asked, "UNIQUE constraint failed: claims.campaign, claims.hash";
// with slot stopping at the first one in use, "keys "key-464" and "key-947" have the same hash".
func TestClaims(t *testing.T) {
	t.Parallel()
	for _, gather := range []int{1, 40, mostClaims} {
		for _, first := range []bool{false, true} {
			t.Run(fmt.Sprint(gather, first), func(t *testing.T) {
				t.Parallel()
				seed := rand.Uint64()
				t.Log("seed", seed)
				lot := rand.New(rand.NewPCG(seed, 0))
				l := open1(t)
				d, err := l.Draft(t.Context(), Campaign{ID: "c", DuplicatesFirst: first})
				if err != nil {
					t.Fatal(err)
				}
				d.gather = gather
				owner := map[string]Row{}
				want := map[string]State{} // by place
				conflicts := map[string]string{}
				for n := 0; n < 3000; {
					rows := make([]Row, lot.IntN(120))
					for i := range rows {
						n++
						r := row(lot.IntN(1000))
						r.Number, r.Place, r.Digest = int64(n), fmt.Sprint("row ", n), []byte{"ab"[lot.IntN(2)]}
						switch lot.IntN(10) {
						case 0:
							r.State, r.Reason = Invalid, "bad"
						case 1:
							r.State, r.Reason = Suppressed, "asked"
						}
						rows[i] = r
						o, taken := owner[r.Key]
						want[r.Place] = r.State
						switch {
						case r.State == Invalid:
						case !taken:
							owner[r.Key] = r
						case first || string(o.Digest) == string(r.Digest):
							want[r.Place] = Duplicate
						default:
							conflicts[r.Place] = o.Place
							delete(want, r.Place)
						}
					}
					got, err := d.Add(t.Context(), rows)
					if err != nil {
						t.Fatal(err)
					}
					for _, c := range got {
						if conflicts[c.Row.Place] != c.First {
							t.Fatalf("%s is in conflict with %q, want %q", c.Row.Place, c.First, conflicts[c.Row.Place])
						}
						delete(conflicts, c.Row.Place)
					}
					if len(conflicts) > 0 {
						t.Fatalf("no conflict: %v", conflicts)
					}
				}
				if err := d.Freeze(t.Context(), Campaign{ID: "c"}); err != nil {
					t.Fatal(err)
				}
				for r, err := range l.Deliveries(t.Context(), "c", Filter{}) {
					if err != nil {
						t.Fatal(err)
					}
					if want[r.Place] != r.State {
						t.Fatalf("%s (%s as %s) is %s, want %s", r.Place, r.Key, r.Digest, r.State, want[r.Place])
					}
					if r.State == Duplicate && r.Reason != "same key as "+owner[r.Key].Place {
						t.Fatalf("%s: %q, want %s", r.Place, r.Reason, owner[r.Key].Place)
					}
					delete(want, r.Place)
				}
				if len(want) > 0 {
					t.Fatalf("%d rows are lost", len(want))
				}
			})
		}
	}
}

// TestClaimedTwice: were a draft to forget that a key is claimed, the file would refuse the second claim, and nothing would be frozen.
func TestClaimedTwice(t *testing.T) {
	t.Parallel()
	l := open1(t)
	d, err := l.Draft(t.Context(), Campaign{ID: "c"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := d.Add(t.Context(), rowsOf(3)); err != nil {
			t.Fatal(err)
		}
		if err := d.claim(); err != nil {
			if !strings.Contains(err.Error(), "UNIQUE constraint failed: claims") {
				t.Fatal(err)
			}
			break
		}
		d.tabled = false // forgotten
	}
	if err := d.Freeze(t.Context(), Campaign{ID: "c"}); err == nil || !strings.Contains(err.Error(), "UNIQUE constraint failed: claims") {
		t.Fatal(err)
	}
	if _, err := d.Add(t.Context(), []Row{row(7)}); err == nil {
		t.Error("a draft that does not know its claims takes a row")
	}
	if err := d.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	plan(t, l, "c", rowsOf(3))
}
