package ledger

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign/ledger/internal/schema"
)

// design is the table of states as the design document has it: from, to, and the acts that do it.
const design = `
(row) | pending · invalid · duplicate · suppressed · filtered · grouped | plan
pending, deferred | begun | begin
pending, deferred | refused · deferred · gave_up | settle
pending, deferred | suppressed · held · cancelled | settle
pending, deferred | suppressed · cancelled | replan
pending, deferred | cancelled | cancel
begun | sent · refused · deferred · gave_up | settle
begun | unknown | settle
begun | unknown | recover
begun | suppressed | start
begun | pending · deferred | put back
refused, gave_up, held, cancelled, suppressed | pending | retry
unknown | sent · refused · pending | resolve
bounced, complained | sent | resolve
sent | bounced · complained | return
bounced | complained | return
unknown | sent · bounced · complained | return
pending, deferred | unknown | accept copy
pending, deferred | suppressed | forget
`

var actNames = map[string]act{"plan": byPlan, "begin": byBegin, "settle": bySettle, "recover": byRecover,
	"start": byStart, "put back": byPutBack, "replan": byReplan, "retry": byRetry,
	"resolve": byResolve, "cancel": byCancel, "accept copy": byAcceptCopy, "forget": byForget, "return": byReturn}

// The table in the code is that of the design, no more and no less. Breakage that shows it: letting retry take unknown
// gave "retry: unknown → pending is not in the design".
func TestTransitionsAreTheDesigns(t *testing.T) {
	want := map[string]bool{}
	for line := range strings.SplitSeq(strings.TrimSpace(design), "\n") {
		col := strings.Split(line, " | ")
		for from := range strings.SplitSeq(col[0], ", ") {
			if from == "(row)" {
				from = ""
			}
			for to := range strings.SplitSeq(col[1], " · ") {
				want[fmt.Sprint(col[2], ": ", from, " → ", to)] = true
			}
		}
	}
	for name, a := range actNames {
		for _, from := range append([]State{""}, states()...) {
			for _, to := range states() {
				tr := fmt.Sprint(name, ": ", from, " → ", to)
				if legal(a, from, to) && !want[tr] {
					t.Errorf("%s is not in the design", tr)
				}
				if !legal(a, from, to) && want[tr] {
					t.Errorf("%s is missing in the code", tr)
				}
			}
		}
	}
	if len(transitions) != len(actNames) {
		t.Error("an act has no name in this test")
	}
}

// states are all of them in the order of their numbers.
func states() (all []State) {
	for _, word := range schema.States {
		all = append(all, State(word))
	}
	return all
}

// The identity names every state once, and the numbers in queries are those of the states.
func TestStates(t *testing.T) {
	a, b := States(), states()
	if a, b := slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)); !slices.Equal(a, b) {
		t.Errorf("identity %v, states %v", a, b)
	}
	for s, n := range map[State]string{Pending: schema.SQLPending, Begun: schema.SQLBegun,
		Deferred: schema.SQLDeferred, Sent: schema.SQLSent, Unknown: schema.SQLUnknown, Grouped: schema.SQLGrouped} {
		if fmt.Sprint(s.code()) != n {
			t.Errorf("%s is %d, queries say %s", s, s.code(), n)
		}
	}
	for s, n := range map[State]int64{Pending: schema.Pending, Begun: schema.Begun, Deferred: schema.Deferred,
		Sent: schema.Sent, Refused: schema.Refused,
		GaveUp: schema.GaveUp, Unknown: schema.Unknown, Held: schema.Held, Cancelled: schema.Cancelled,
		Suppressed: schema.Suppressed,
		Invalid:    schema.Invalid, Duplicate: schema.Duplicate, Filtered: schema.Filtered, Grouped: schema.Grouped,
		Bounced: schema.Bounced, Complained: schema.Complained} {
		if s.code() != n {
			t.Errorf("%s is %d, the schema says %d", s, s.code(), n)
		}
	}
	for _, s := range states() {
		if stateOf(s.code()) != s {
			t.Errorf("%s comes back as %s", s, stateOf(s.code()))
		}
	}
	if stateOf(0) != "" || stateOf(99) != "" || State("x").code() != 0 {
		t.Error("no state has a number")
	}
}
