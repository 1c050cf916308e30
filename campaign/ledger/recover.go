package ledger

import (
	"context"
	"time"

	"mailshot/campaign/ledger/internal/recovery"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// marksPath is where the marks of the campaign's last run are.
func (l *Ledger) marksPath(id string) string { return l.beside(id, ".marks") }

// recovered ends what the campaign's last run left begun, if anything is and this Ledger has no Run open. The caller
// holds the campaign's lock. Whatever looks for the deliveries that may still go comes after this: one that is put back
// must not escape it.
func (l *Ledger) recovered(ctx context.Context, id string, no int64) error {
	l.mu.Lock()
	running := l.running[no] > 0
	l.mu.Unlock()
	if running {
		return nil
	}
	begun := false
	err := l.db.Reading.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM counts WHERE campaign = ? AND n <> 0 AND state = "+
		schema.SQLBegun+")", no).Scan(&begun)
	if err != nil || !begun {
		return l.db.Explain(err)
	}
	return l.db.Write(func(t *sqlite.Tx) error {
		return recovery.Run(t, no, l.marksPath(id), time.Now())
	})
}
