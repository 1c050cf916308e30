package accounts

import (
	"fmt"
	"path/filepath"
	"testing"
)

// TestScreen: a screen says of everybody what the list itself says.
//
// It guards that nobody who asked not to be mailed is planned as pending. Proven by breaking: with hidden left out, the
// forgotten person was not on the list; with the address's own key alone looked for, nobody at example.net was.
func TestScreen(t *testing.T) {
	t.Parallel()
	a, err := Open(filepath.Join(t.TempDir(), "a", "accounts.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	compare := func(want int) {
		t.Helper()
		on := 0
		for _, sender := range []string{"shop.example", "Shop.example", "other.example"} {
			s, err := a.Screen(t.Context(), sender)
			if err != nil {
				t.Fatal(err)
			}
			for _, domain := range []string{"example.com", "example.net", "mail.example.net", "a.b.example.org",
				"example.org"} {
				for i := range 20 {
					key := fmt.Sprintf("p%d@%s", i, domain)
					e, ok, err := s.Suppressed(t.Context(), key)
					f, is, err2 := a.Suppressed(t.Context(), sender, key)
					if e != f || ok != is || err != nil || err2 != nil {
						t.Errorf("%s from %s: %+v %v %v, want %+v %v %v", key, sender, e, ok, err, f, is, err2)
					}
					if ok {
						on++
					}
				}
			}
		}
		if on != want {
			t.Errorf("%d are on the list, want %d", on, want)
		}
	}
	compare(0)
	if err := a.SuppressAll(t.Context(), []Entry{
		{Key: "p1@example.com", Reason: "asked"}, {Domain: "shop.example", Key: "p2@example.com"},
		{Domain: "shop.example", Key: "@example.net"}, {Key: "@*.example.org"},
	}); err != nil {
		t.Fatal(err)
	}
	const listed = 3*1 + 2*1 + 2*20 + 3*20
	compare(listed)
	if err := a.Forget(t.Context(), "p3@example.com"); err != nil {
		t.Fatal(err)
	}
	compare(listed + 3)
}
