package repeats

import (
	"math/rand/v2"
	"testing"
)

// The table finds what a map finds, until it is full, and notes each content once. Contents whose lower bits are
// alike are told apart.
func TestTable(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	draw := rand.New(rand.NewPCG(seed, 0))
	for _, n := range []int{0, 1, 1000, 1<<16 - 1} {
		tab, want := newTable(n/3), map[uint64]int{}
		for range n {
			content := draw.Uint64()
			if draw.IntN(64) == 0 {
				content &^= 0xffff
			}
			group := draw.IntN(mostGroups + 1)
			if tab.used < len(tab.slots)-1 || want[content] > 0 {
				want[content] = group + 1
			}
			tab.set(content, group)
		}
		for content, group := range want {
			if got, fresh := tab.note(content); got != group-1 || !fresh {
				t.Fatalf("of %d: %x is in %d (%v), want %d", n, content, got, fresh, group-1)
			}
			if got, fresh := tab.note(content); got != group-1 || fresh {
				t.Fatalf("of %d: %x again is in %d (%v)", n, content, got, fresh)
			}
		}
		for range 1000 {
			content := draw.Uint64()
			if _, is := want[content]; is {
				continue
			}
			if got, _ := tab.note(content); got >= 0 {
				t.Fatalf("of %d: %x is in %d", n, content, got)
			}
		}
	}
}
