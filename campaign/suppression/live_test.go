package suppression_test

import (
	"os"
	"path/filepath"
	"testing"

	"mailshot/campaign/accounts"
	"mailshot/campaign/suppression"
)

// A run's view of the lists learns at its next News who was put on a file or on the user's list, also by another
// process. While a list cannot be read, nobody may be mailed.
//
// Broken on purpose: with the error of News not kept, somebody could be mailed while the file was away.
func TestLive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	file := filepath.Join(dir, "stop.csv")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("email\nann@example.com\n")
	open := func() *accounts.Accounts {
		t.Helper()
		a, err := accounts.Open(filepath.Join(dir, "user", "accounts.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { a.Close() })
		return a
	}
	a, other := open(), open()
	s, err := suppression.Open(suppression.Config{Root: root, Files: []string{"stop.csv"},
		Mail:     accounts.Mail{Domain: "shop.example"},
		Accounts: a})
	if err != nil {
		t.Fatal(err)
	}
	live, err := s.Live(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	check := func(address string, want bool) {
		t.Helper()
		if err := live.News(t.Context()); err != nil {
			t.Fatal(err)
		}
		why, err := live.Check(t.Context(), address)
		if err != nil || (why != "") != want {
			t.Errorf("%s: %q %v", address, why, err)
		}
	}
	check("ann@example.com", true)
	check("bob@example.com", false)
	write("email\nann@example.com\nbob@example.com\n")
	check("bob@example.com", true)
	check("eve@example.com", false)
	if err := other.Suppress(t.Context(), accounts.Entry{Key: "eve@example.com"}); err != nil {
		t.Fatal(err)
	}
	check("eve@example.com", true)
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	if err := live.News(t.Context()); err == nil {
		t.Error("the file is away, and that is no error")
	}
	if why, err := live.Check(t.Context(), "zoe@example.com"); err == nil {
		t.Errorf("the file is away, and zoe may be mailed (%q)", why)
	}
	if err := os.Rename(file+".away", file); err != nil {
		t.Fatal(err)
	}
	check("zoe@example.com", false)
}
