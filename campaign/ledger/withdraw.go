package ledger

import (
	"context"

	"mailshot/internal/sqlite"
)

// Withdraw turns a frozen plan that nothing has happened to yet (no run, no change by hand) back into a draft, which the next Draft
// of the same id removes. It reports false, and changes nothing, where anything has happened. The caller holds the campaign's lock.
func (l *Ledger) Withdraw(ctx context.Context, id string) (bool, error) {
	no, c, err := l.find(ctx, id)
	if err != nil || c.Runs > 0 {
		return false, err
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	first, end := span(no)
	withdrawn := false
	err = l.db.Write(func(t *sqlite.Tx) error {
		n, err := t.Exec(`UPDATE campaigns SET frozen = 0 WHERE no = ? AND turn = 0
			AND NOT EXISTS (SELECT 1 FROM campaigns d WHERE d.id = campaigns.id AND d.frozen = 0)
			AND NOT EXISTS (SELECT 1 FROM audit WHERE delivery >= ? AND delivery < ?)
			AND NOT EXISTS (SELECT 1 FROM attempts WHERE delivery >= ? AND delivery < ?)`, no, first, end, first, end)
		withdrawn = n == 1
		return err
	})
	return withdrawn, err
}
