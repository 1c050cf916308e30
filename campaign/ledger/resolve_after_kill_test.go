package ledger

import "testing"

// Nobody can have meant a row that was not unknown when they decided about all that are. After a kill what had started is
// still begun, and the list of the unknown does not have it. Resolve makes it unknown and decides about it at once: here
// the message goes twice, and nobody was asked about it by name.
func TestResolveUnseen(t *testing.T) {
	t.Parallel()
	needMarks(t)
	f := leftBegun(t)
	lock(t, f.l, "c")
	unknown := Filter{States: []State{Unknown}}
	for rec, err := range f.l.Deliveries(t.Context(), "c", unknown) { // as mailshot resolve lists them
		t.Fatalf("%s is listed: %v", rec.Place, err)
	}
	n, err := f.l.Resolve(t.Context(), "c", unknown, Pending)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.records(t)[1].State; n != 0 || got == Pending {
		t.Errorf("%d resolved; delivery 1, whose body had begun to leave, is %s", n, got)
	}
}
