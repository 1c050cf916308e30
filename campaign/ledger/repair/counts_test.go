package repair_test

import (
	"strings"
	"testing"

	"mailshot/campaign/ledger/repair"
)

// The counts of states that are kept are held against the deliveries, and a repair counts anew. Broken on purpose: with
// wrong counts not looked for, there was no fault; with the counts salvaged as they were, the repair contradicted
// itself.
func TestCountsAreChecked(t *testing.T) {
	t.Parallel()
	path, truth := lived(t)
	meddle(t, path, "UPDATE counts SET n = n + 1 WHERE state = 1")
	faults, err := repair.Examine(t.Context(), path)
	if err != nil || len(faults) != 1 || !strings.Contains(faults[0].Text, "are counted as pending") {
		t.Fatal(faults, err)
	}
	if _, err := repair.File(t.Context(), path, false); err != nil {
		t.Fatal(err)
	}
	if faults, err := repair.Examine(t.Context(), path); err != nil || len(faults) > 0 {
		t.Error(faults, err)
	}
	neverTwice(t, truth, statesAt(t, path))
}
