package caps

import (
	"path/filepath"
	"testing"

	"mailshot/campaign/accounts"
	"mailshot/campaign/accounts/clock"
	"mailshot/sender"
	"mailshot/sender/budgettest"
)

// The ledger's budget keeps the contract that the pool's own does.
func TestLedgerIsABudget(t *testing.T) {
	t.Parallel()
	budgettest.Run(t, func(t *testing.T) sender.Budget {
		accounts, err := accounts.OpenBy(filepath.Join(t.TempDir(), "user", "accounts.db"), clock.Given())
		if err != nil {
			t.Fatal(err)
		}
		b, err := accounts.Budget(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := b.Close(); err != nil {
				t.Error(err)
			}
			if err := accounts.Close(); err != nil {
				t.Error(err)
			}
		})
		return Budget{Accounts: b}
	})
}
