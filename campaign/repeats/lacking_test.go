package repeats

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"mailshot/campaign/ledger/repair"
)

// died is a run with a journal that began so many and died. It returns their contents.
func died(t *testing.T, n int) (*recording, []uint64) {
	t.Helper()
	r := record(t, true)
	var contents []uint64
	for range n {
		d, content := r.make(t)
		if err := r.Begin(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		contents = append(contents, content)
	}
	return r, contents
}

// known fails unless another campaign is told of the content, or that not all is known.
func (r *recording) known(t *testing.T, content uint64) {
	t.Helper()
	h, err := Load(t.Context(), r.reads, Campaign{ID: "other"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if !h.Lost() && !remembered(t, r.reads)[content] {
		t.Errorf("%d may be with its recipient; it is not remembered, and nobody says that something is not known", content)
	}
}

// A repair of a ledger whose journal is gone cannot bring back who got which message: whoever asks afterwards must be
// told so, as before the repair. It is not right that the first who asks has the accounts believe that they have all.
func TestRepairWithoutTheJournal(t *testing.T) {
	t.Parallel()
	r, contents := died(t, 4)
	r.kill(t)
	state := filepath.Join(r.dir, "campaign", "state.db")
	journals, err := filepath.Glob(filepath.Join(state+".locks", "*.journal"))
	if err != nil || len(journals) != 1 {
		t.Fatal(journals, err)
	}
	if err := os.Remove(journals[0]); err != nil {
		t.Fatal(err)
	}
	r.known(t, contents[3])
	if _, err := repair.File(t.Context(), state, false); err != nil {
		t.Fatal(err)
	}
	r.known(t, contents[3])
}
