package repair_test

import (
	"errors"
	"testing"

	"mailshot/campaign/ledger"
	"mailshot/campaign/ledger/repair"
)

// A repair keeps what was said about copies. What belongs to an attempt that is lost is a fault that Examine finds, and
// a repair removes it: the next attempt may have that attempt's number. Proven with copied left out of the salvaged
// tables (0 copies after the repair), and without doubts.copies ("the repaired records still contradict each other").
func TestCopiedIsKept(t *testing.T) {
	t.Parallel()
	path, truth := lived(t)
	meddle(t, path, `INSERT INTO copied(attempt, delivery, address, address_key, blind, accepted, stage, code, enhanced, text)
		SELECT no, delivery, 'a@copies.example', 'a@copies.example', 0, 1, 'rcpt', 250, '', 'ok' FROM attempts`)
	had := copiedAt(t, path)
	if had == 0 {
		t.Fatal("no copies")
	}
	meddle(t, path, `INSERT INTO copied(attempt, delivery, address, address_key, blind, accepted, stage, code, enhanced, text)
		SELECT max(no) + 1, delivery, 'b@copies.example', 'b@copies.example', 0, 1, 'rcpt', 250, '', 'ok' FROM attempts`)
	if faults, err := repair.Examine(t.Context(), path); err != nil || len(faults) != 1 {
		t.Fatal(faults, err)
	}
	if _, err := repair.File(t.Context(), path, false); err != nil {
		t.Fatal(err)
	}
	if faults, err := repair.Examine(t.Context(), path); err != nil || len(faults) > 0 {
		t.Error(faults, err)
	}
	if got := copiedAt(t, path); got != had {
		t.Errorf("%d copies, want %d", got, had)
	}
	neverTwice(t, truth, statesAt(t, path))
}

// copiedAt is how many deliveries of the file have copies of a@copies.example.
func copiedAt(t *testing.T, path string) int {
	t.Helper()
	l, err := ledger.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := l.Copied(t.Context(), "a@copies.example")
	if err := errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
	return len(rows)
}
