package ledger

import (
	"context"
	"errors"

	"mailshot/internal/sqlite"
)

// Redefine records another digest of the definition for a frozen campaign whose rows and messages it describes as well as the one
// before. The caller holds the campaign's lock.
func (l *Ledger) Redefine(ctx context.Context, id, definition string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.db.Write(func(t *sqlite.Tx) error {
		n, err := t.Exec("UPDATE campaigns SET definition = ? WHERE id = ? AND frozen = 1", definition, id)
		return errors.Join(err, errRows(n, 1))
	})
}
