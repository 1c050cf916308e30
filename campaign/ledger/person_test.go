package ledger

import "testing"

// A person is found in all campaigns, by the address and not by the key, and nobody else with them.
func TestPerson(t *testing.T) {
	t.Parallel()
	l := open1(t)
	plan(t, l, "first", rowsOf(5))
	many := rowsOf(1500)
	for i := range many {
		if i%2 == 0 {
			many[i].AddressKey = "person3@lane0.example"
		}
	}
	plan(t, l, "second", many)
	all, err := l.Person(t.Context(), "person3@lane0.example")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 751 {
		t.Fatalf("%d rows, want one of the first campaign and every other of the second", len(all))
	}
	for i, s := range all {
		campaign, number := "second", int64(2*i-1)
		if i == 0 {
			campaign, number = "first", 3
		}
		if s.Campaign.ID != campaign || s.Number != number || s.AddressKey != "person3@lane0.example" ||
			s.State != Pending {
			t.Fatalf("row %d is %s %d %s %s", i, s.Campaign.ID, s.Number, s.AddressKey, s.State)
		}
	}
	if none, err := l.Person(t.Context(), "nobody@example.com"); err != nil || len(none) > 0 {
		t.Errorf("nobody has %d rows, %v", len(none), err)
	}
}
