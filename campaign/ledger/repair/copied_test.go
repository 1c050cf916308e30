package repair_test

import (
	"errors"
	"testing"

	"mailshot/campaign/ledger"
	"mailshot/campaign/ledger/repair"
)

// A repair keeps what was said about copies. What belongs to an attempt that is lost is a fault that Examine finds, and
// a repair removes it: the next attempt may have that attempt's number. Proven with copied left out of the salvaged
// tables (0 copies after the repair), and with doubts.copies that removes nothing ("the repaired records still
// contradict each other").
func TestCopiedIsKept(t *testing.T) {
	t.Parallel()
	path, truth := lived(t)
	meddle(t, path, `INSERT INTO copied(attempt, delivery, address, address_key, blind, accepted, stage, code, enhanced, text)
		SELECT no, delivery, 'a@copies.example', 'a@copies.example', 0, 1, 'rcpt', 250, '', 'ok' FROM attempts`)
	had := copiedAt(t, path, "a@copies.example")
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
	if got := copiedAt(t, path, "a@copies.example"); got != had {
		t.Errorf("%d copies, want %d", got, had)
	}
	neverTwice(t, truth, statesAt(t, path))
}

// What was said about copies in an attempt that is lost is not said of the attempt that a repair records in its place.
// Proven with the first call of doubts.copies left out: the attempt of the repair had the copy of the lost one.
func TestCopiedOfALostAttempt(t *testing.T) {
	t.Parallel()
	path, truth := lived(t)
	const last = "(SELECT max(no) FROM attempts)"
	meddle(t, path, `INSERT INTO copied(attempt, delivery, address, address_key, blind, accepted, stage, code, enhanced,
			text) SELECT no, delivery, 'b@copies.example', 'b@copies.example', 0, 1, 'rcpt', 250, '', 'ok'
		FROM attempts WHERE no = `+last)
	if got := copiedAt(t, path, "b@copies.example"); got != 1 {
		t.Fatalf("%d copies", got)
	}
	meddle(t, path, "DELETE FROM deliveries WHERE id = (SELECT delivery FROM attempts WHERE no = "+last+")")
	meddle(t, path, "DELETE FROM attempts WHERE no = "+last)
	if _, err := repair.File(t.Context(), path, false); err != nil {
		t.Fatal(err)
	}
	if got := copiedAt(t, path, "b@copies.example"); got != 0 {
		t.Errorf("%d copies of an attempt that is lost", got)
	}
	neverTwice(t, truth, statesAt(t, path))
}

// copiedAt is how many deliveries of the file have copies of an address.
func copiedAt(t *testing.T, path, address string) int {
	t.Helper()
	l, err := ledger.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := l.Copied(t.Context(), address)
	if err := errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
	return len(rows)
}
