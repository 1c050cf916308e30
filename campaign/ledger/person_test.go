package ledger

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

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
		if s.Campaign.ID != campaign || s.Number != number || s.AddressKey != "person3@lane0.example" || s.State != Pending {
			t.Fatalf("row %d is %s %d %s %s", i, s.Campaign.ID, s.Number, s.AddressKey, s.State)
		}
	}
	if none, err := l.Person(t.Context(), "nobody@example.com"); err != nil || len(none) > 0 {
		t.Errorf("nobody has %d rows, %v", len(none), err)
	}
}

func TestEntries(t *testing.T) {
	t.Parallel()
	a, err := OpenAccounts(filepath.Join(t.TempDir(), "mailshot", "accounts.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	ctx := t.Context()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for i, e := range []Entry{
		{Key: "ann@sub.example.com", Domain: "example.org", Reason: "asked"}, {Key: "@sub.example.com"}, {Key: "@*.example.com"},
		{Key: "@example.com"}, {Key: "bob@sub.example.com"},
	} {
		e.Time = at.Add(-time.Duration(i) * time.Hour)
		if err := a.Suppress(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	got := func() (s string) {
		list, err := a.Entries(ctx, "ann@sub.example.com")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if e.Key[:1] == Hidden {
				e.Key = "hidden"
			}
			s += fmt.Sprintf("%s %s %s; ", e.Key, e.Domain, e.Reason)
		}
		return s
	}
	if s, want := got(), "@*.example.com  ; @sub.example.com  ; ann@sub.example.com example.org asked; "; s != want {
		t.Errorf("got %q, want %q", s, want)
	}
	if err := a.Forget(ctx, "ann@sub.example.com"); err != nil {
		t.Fatal(err)
	}
	if s, want := got(), "@*.example.com  ; @sub.example.com  ; hidden  forgotten on request; "; s != want {
		t.Errorf("after it was forgotten: %q, want %q", s, want)
	}
}
