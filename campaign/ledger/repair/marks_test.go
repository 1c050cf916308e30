package repair_test

import (
	"path/filepath"
	"testing"

	"mailshot/campaign/ledger"
	"mailshot/campaign/ledger/repair"
)

// A record that a repair brings back may be an older one than the marks of what had started are about. So after a
// repair all that was begun is unknown, also what a run without a repair would have found not started.
//
// Broken on purpose: with the marks left where they are, 2 was pending.
func TestRepairForgetsMarks(t *testing.T) {
	t.Parallel()
	for _, repaired := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "s", "state.db")
		l, k := begunAhead(t, path)
		for _, err := range []error{k.Close(), l.Close()} { // as a kill ends the run
			if err != nil {
				t.Fatal(err)
			}
		}
		if repaired {
			if _, err := repair.File(t.Context(), path, false); err != nil {
				t.Fatal(err)
			}
		}
		l = openAt(t, path)
		if got := identity(t, l, "c"); got[ledger.Begun] != 2 || got[ledger.Pending] != 4 {
			t.Error(got)
		}
		lock(t, l, "c")
		run(t, l, "c", ledger.RunOptions{})
		unknown := identity(t, l, "c")[ledger.Unknown]
		if repaired && unknown != 2 || !repaired && unknown > 2 {
			t.Errorf("repaired %t: %d are unknown", repaired, unknown)
		}
	}
}
