package repair_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/campaign/ledger/repair"
)

// returned is a campaign of five of whom the first bounced, the second complained, and an answer came about the third.
func returned(t *testing.T) (path string, ids []int64) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s", "state.db")
	l, err := ledger.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	plan(t, l, "c", rowsOf(5))
	k, err := l.Lock("c")
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, l, "c", ledger.RunOptions{})
	for range 5 {
		d := next(t, r, t0)
		begin(t, r, d)
		settle(t, r, d, ledger.Sent)
	}
	if err := errors.Join(r.Close(), k.Close()); err != nil {
		t.Fatal(err)
	}
	for r, err := range l.Deliveries(t.Context(), "c", ledger.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, r.ID)
	}
	var list []ledger.Return
	for i, to := range []ledger.State{ledger.Bounced, ledger.Complained, ""} {
		list = append(list, ledger.Return{Delivery: ids[i], ID: "m", Time: time.Now(), Kind: "bounce", Line: "550 no", To: to})
	}
	_, err = l.Return(t.Context(), "c", list)
	if err = errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
	return path, ids
}

// after changes the file, looks what Examine finds, and repairs it.
func after(t *testing.T, path, change, fault string) (*repair.Report, map[int64]ledger.Record) {
	t.Helper()
	meddle(t, path, change)
	faults, err := repair.Examine(t.Context(), path)
	said := ""
	for _, f := range faults {
		said += f.String() + "\n"
	}
	if err != nil || (fault == "") != (said == "") || !strings.Contains(said, fault) {
		t.Errorf("%s: %q, want %q, %v", change, said, fault, err)
	}
	r, err := repair.File(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	if faults, err := repair.Examine(t.Context(), path); err != nil || len(faults) > 0 {
		t.Errorf("%s, repaired: %v %v", change, faults, err)
	}
	l, err := ledger.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	all := map[int64]ledger.Record{}
	for rec, err := range l.Deliveries(t.Context(), "c", ledger.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		all[rec.ID] = rec
	}
	return r, all
}

// State check finds what contradicts what came back. A repair keeps what came back and the states that it led to; where
// a state has nothing that led to it, or nobody can have sent the message, it becomes unknown. Broken on purpose: returns
// left out of what is salvaged, and the rules without Doubt.
func TestReturnsAreRepaired(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change, fault string
		want          [3]ledger.State
	}{
		"nothing is wrong": {"SELECT 1", "", [3]ledger.State{ledger.Bounced, ledger.Complained, ledger.Sent}},
		"nothing led there": {"DELETE FROM returns WHERE leads = 15", "nothing that came back says so",
			[3]ledger.State{ledger.Unknown, ledger.Complained, ledger.Sent}},
		"it was undone": {"UPDATE returns SET applied = 3 WHERE leads = 16", "nothing that came back says so",
			[3]ledger.State{ledger.Bounced, ledger.Unknown, ledger.Sent}},
		"it was never sent": {"UPDATE attempts SET state = 5 WHERE delivery = (SELECT delivery FROM returns WHERE leads = 15)",
			"no attempt or change by hand says that it was sent", [3]ledger.State{ledger.Unknown, ledger.Complained, ledger.Sent}},
		"it waits for what is known": {"UPDATE returns SET leads = 15, applied = 0 WHERE leads = 0",
			"waits for the outcome, which is known", [3]ledger.State{ledger.Bounced, ledger.Complained, ledger.Bounced}},
		"of nobody": {"UPDATE returns SET delivery = 7 WHERE leads = 0", "it is about no delivery",
			[3]ledger.State{ledger.Bounced, ledger.Complained, ledger.Sent}},
		"not a number": {"UPDATE returns SET time = 'soon' WHERE leads = 0", "one of its numbers is not a number",
			[3]ledger.State{ledger.Bounced, ledger.Complained, ledger.Sent}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, ids := returned(t)
			r, all := after(t, path, tt.change, tt.fault)
			for i, want := range tt.want {
				if got := all[ids[i]]; got.State != want {
					t.Errorf("row %d is %s, want %s: %v", i+1, got.State, want, r.Lines)
				}
			}
			if b := all[ids[1]].Returned; b == nil || b.Line != "550 no" || b.Kind != "bounce" {
				t.Errorf("%+v", b)
			}
		})
	}
}
