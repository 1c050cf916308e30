package sender_test

import (
	"testing"

	"mailshot/sender"
	"mailshot/sender/budgettest"
)

// With Window.Free counting only stamps and not open uses, "open counts as now",
// "concurrent" and "random" failed.
func TestMemoryBudget(t *testing.T) {
	t.Parallel()
	budgettest.Run(t, func(*testing.T) sender.Budget { return sender.NewMemoryBudget() })
}
