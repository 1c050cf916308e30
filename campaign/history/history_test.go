package history

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
)

func TestOpenNotSent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	planned(t, dir, "news", "")
	file := filepath.Join(dir, ".mailshot", "state.db")
	for _, tt := range []struct {
		name, file string
		want       NotSentError
		text       string
	}{
		{"no ledger", filepath.Join(dir, "none.db"), NotSentError{NoLedger: true},
			"campaign other has not been sent yet: there is no ledger "},
		{"another campaign", file, NotSentError{Others: []string{"news"}},
			"campaign other has not been sent yet; the ledger has news"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(t.Context(), tt.file, "other")
			var e *NotSentError
			if !errors.As(err, &e) {
				t.Fatalf("%v is not a *NotSentError", err)
			}
			if e.ID != "other" || e.Ledger != tt.file || e.NoLedger != tt.want.NoLedger ||
				!slices.Equal(e.Others, tt.want.Others) {
				t.Errorf("%+v", e)
			}
			if !strings.HasPrefix(err.Error(), tt.text) {
				t.Errorf("%q, want %q", err, tt.text)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(dir, "none.db")); err == nil {
		t.Error("Open made a ledger")
	}
	damaged := write(t, t.TempDir(), "state.db", strings.Repeat("dear diary ", 200))
	var e *NotSentError
	if _, err := Open(t.Context(), damaged, "news"); err == nil || errors.As(err, &e) {
		t.Errorf("a damaged ledger: %v", err)
	}
}

// An empty ledger has no other campaign to name.
func TestNotSentWithoutOthers(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), ".mailshot", "state.db")
	l, err := ledger.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), file, "news"); err == nil || err.Error() != "campaign news has not been sent yet" {
		t.Errorf("%v", err)
	}
}

func TestTally(t *testing.T) {
	t.Parallel()
	c := planned(t, t.TempDir(), "news", "",
		row(2, "ann", "ann@example.com", ledger.Pending), row(3, "bob", "bob@example.com", ledger.Pending),
		row(4, "cat", "cat@example.com", ledger.Pending), row(5, "", "", ledger.Invalid))
	sent(t, c, map[string]ledger.State{"bob": ledger.Refused, "cat": ledger.Unknown})
	for _, tt := range []struct {
		f    ledger.Filter
		want map[ledger.State]int64
	}{
		{ledger.Filter{}, map[ledger.State]int64{ledger.Sent: 1, ledger.Refused: 1, ledger.Unknown: 1,
			ledger.Invalid: 1}},
		{ledger.Filter{Keys: []string{"ann", "cat"}}, map[ledger.State]int64{ledger.Sent: 1, ledger.Unknown: 1}},
		{ledger.Filter{Addresses: []string{"nobody@example.com"}}, map[ledger.State]int64{}},
	} {
		got, err := c.Tally(t.Context(), tt.f)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%+v: %v, %v; want %v", tt.f, got, err, tt.want)
		}
	}
}

// Suppressed counts pending rows alone, and never shows the hash of a person who was forgotten in place of the address.
func TestSuppressed(t *testing.T) {
	t.Parallel()
	c := planned(t, t.TempDir(), "news", "",
		row(2, "ann", "ann@example.com", ledger.Pending), row(3, "bob", "bob@example.net", ledger.Pending),
		row(4, "cat", "cat@example.net", ledger.Pending), row(5, "dan", "dan@example.com", ledger.Suppressed))
	a := openAccounts(t)
	if err := a.Forget(t.Context(), "ann@example.com"); err != nil {
		t.Fatal(err)
	}
	for _, e := range []accounts.Entry{{Domain: "example.org", Key: "@example.net"},
		{Domain: "example.edu", Key: "cat@example.net"}, {Key: "dan@example.com"}} {
		if err := a.Suppress(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name, domain string
		f            ledger.Filter
		n            int64
		key, from    string
	}{
		{"all", "example.org", ledger.Filter{}, 3, "ann@example.com", ""},
		{"of a domain", "example.org", ledger.Filter{Domains: []string{"example.net"}}, 2, "@example.net",
			"example.org"},
		{"another sender", "example.edu", ledger.Filter{Domains: []string{"example.net"}}, 1, "cat@example.net",
			"example.edu"},
		{"whatever its states", "example.org",
			ledger.Filter{States: []ledger.State{ledger.Suppressed}, Keys: []string{"dan"}}, 0, "", ""},
	} {
		n, first, err := c.Suppressed(t.Context(), a, accounts.Mail{Domain: tt.domain}, tt.f)
		if err != nil || n != tt.n || first.Key != tt.key || first.Domain != tt.from {
			t.Errorf("%s: %d, %q from %q, %v; want %d, %q from %q", tt.name, n, first.Key, first.Domain, err, tt.n,
				tt.key, tt.from)
		}
	}
}

func TestLedgers(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a[b]c") // no pattern
	for _, name := range []string{".", "two", "one", "none", "deep/er"} {
		folder := filepath.Join(dir, name, ".mailshot")
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if name != "none" {
			write(t, folder, "state.db", "")
		}
	}
	var want []string
	for _, name := range []string{".", "one", "two"} {
		want = append(want, filepath.Join(dir, name, ".mailshot", "state.db"))
	}
	if got := Ledgers(dir); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := Ledgers(filepath.Join(dir, "nowhere")); len(got) > 0 {
		t.Errorf("of a folder that is not there: %q", got)
	}
}
