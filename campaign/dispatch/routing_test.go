package dispatch

import (
	"fmt"
	"testing"
)

// Weights are kept over many domains: the homes of 10,000 groups with weights 3, 2 and 1 are within four standard
// deviations (of a binomial: 208 at most) of their parts; taking one server away moves no group but its own.
func TestRank(t *testing.T) {
	t.Parallel()
	const n = 10_000
	servers := []Server{{Name: "a", Weight: 3}, {Name: "b", Weight: 2}, {Name: "c", Weight: 1}}
	got := map[string]int{}
	for i := range n {
		group := fmt.Sprintf("group %d", i)
		home := servers[rank(servers, group)[0]].Name
		got[home]++
		if fewer := servers[rank(servers[:2], group)[0]].Name; home != "c" && fewer != home {
			t.Fatalf("%s went from %s to %s when c was taken away", group, home, fewer)
		}
	}
	for name, part := range map[string]int{"a": n / 2, "b": n / 3, "c": n / 6} {
		if d := got[name] - part; d < -208 || d > 208 {
			t.Errorf("%s is home to %d groups, want about %d", name, got[name], part)
		}
	}
}
