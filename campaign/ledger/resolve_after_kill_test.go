package ledger

import "testing"

// Nobody can have meant a row that was not unknown when they decided about all that are. After a kill what had started
// is still begun, and the list of the unknown does not have it. Broken on purpose: a Resolve that makes it unknown and
// decides about it at once. Then the message goes twice, and nobody was asked about it by name.
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

// A list of what is unknown has what a killed run left, and a decision about all holds for what was listed. While
// somebody holds the campaign, what is begun is theirs. Broken on purpose: a Recover that does not look at the lock,
// one that does nothing, and a Resolve of a domain, or as sent, that decides about what was begun before it.
func TestRecoverForAList(t *testing.T) {
	t.Parallel()
	needMarks(t)
	f := leftBegun(t)
	k, err := f.l.Lock("c")
	if err != nil {
		t.Fatal(err)
	}
	other := openAt(t, f.path)
	if err := other.Recover(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	f.states(t, Begun, Begun, Begun, Begun, Pending, Pending)
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	if err := other.Recover(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	f.states(t, Unknown, Pending, Deferred, Deferred, Pending, Pending)
	if n, err := f.l.Resolve(t.Context(), "c", Filter{States: []State{Unknown}}, Pending); n != 1 || err != nil {
		t.Error(n, err)
	}
	for _, unseen := range []Filter{{}, {Domains: []string{"lane1.example"}}} {
		f := leftBegun(t)
		if n, err := f.l.Resolve(t.Context(), "c", unseen, Sent); n != 0 || err != nil {
			t.Error(n, err)
		}
		f.states(t, Unknown, Pending, Deferred, Deferred, Pending, Pending)
		if n, err := f.l.Resolve(t.Context(), "c", unseen, Sent); n != 1 || err != nil {
			t.Errorf("decided about again: %d, %v", n, err)
		}
	}
}
