package repair_test

import (
	"path/filepath"
	"testing"

	"mailshot/campaign/ledger"
	"mailshot/campaign/ledger/repair"
)

// A folder may have any name. Broken on purpose: with a pattern made of the state file's path, where [b] is the letter
// b, the repair found neither the locks nor the marks beside the file. So it repaired the ledger of a run that was
// under way, and what was begun was not unknown after it.
func TestRepairInBrackets(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a[b]", "state.db")
	l, k := begunAhead(t, path)
	if _, err := repair.File(t.Context(), path, true); err == nil {
		t.Error("a ledger in use would be repaired")
	}
	for _, err := range []error{k.Close(), l.Close()} { // as a kill ends the run
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := repair.File(t.Context(), path, false); err != nil {
		t.Fatal(err)
	}
	l = openAt(t, path)
	lock(t, l, "c")
	run(t, l, "c", ledger.RunOptions{})
	if got := identity(t, l, "c"); got[ledger.Unknown] != 2 {
		t.Errorf("after the repair %v", got)
	}
}
