package accounts

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

func TestEntries(t *testing.T) {
	t.Parallel()
	a, err := Open(filepath.Join(t.TempDir(), "mailshot", "accounts.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	ctx := t.Context()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for i, e := range []Entry{
		{Key: "ann@sub.example.com", Domain: "example.org", Reason: "asked"}, {Key: "@sub.example.com"},
		{Key: "@*.example.com"},
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
