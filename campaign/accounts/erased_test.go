package accounts

import (
	"path/filepath"
	"testing"
	"time"
)

// Who was forgotten stays so until the entry that keeps them from all mail is taken off. To take off an entry for one
// sender, or one that there is not, changes nothing: what a ledger has of them yet must not come back.
func TestUnsuppressElsewhereKeepsWhoIsErased(t *testing.T) {
	t.Parallel()
	a, err := Open(filepath.Join(t.TempDir(), "mailshot", "accounts.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	const ann = "ann@example.com"
	now := time.Now()
	m := Mailing{Run: "r", ID: "c", Ledger: "/elsewhere/state.db"}
	if _, err := a.Remember(t.Context(), m, 10, now); err != nil {
		t.Fatal(err)
	}
	if err := a.Forget(t.Context(), ann); err != nil {
		t.Fatal(err)
	}
	if ok, err := a.Unsuppress(t.Context(), "sender.example", "", ann); ok || err != nil {
		t.Fatal(ok, err)
	}
	if _, on, err := a.Suppressed(t.Context(), Mail{Domain: "sender.example"}, ann); !on || err != nil {
		t.Fatal("ann may be mailed again", err)
	}
	person, err := a.Person(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.TakeOver(&m, []Copy{{Person: person(ann), Content: 1}}); err != nil {
		t.Fatal(err)
	}
	if got := remembered(t, a, now); len(got) > 0 {
		t.Errorf("what ann got is remembered again: %v", got)
	}
}
