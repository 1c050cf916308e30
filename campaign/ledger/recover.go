package ledger

import (
	"context"
	"errors"
	"slices"
	"time"

	"mailshot/campaign/ledger/internal/byhand"
	"mailshot/campaign/ledger/internal/durable"
	"mailshot/campaign/ledger/internal/recovery"
	"mailshot/internal/sqlite"
)

// marksPath is where the marks of the campaign's last run are.
func (l *Ledger) marksPath(id string) string { return l.beside(id, ".marks") }

// journalPath is where the campaign's last run had its journal, if it had one.
func (l *Ledger) journalPath(id string) string { return l.beside(id, ".journal") }

// takeOver brings into the file what runs that died have in their journals, so that all who read see it. A campaign
// that is in use is left alone, and not waited for: its run does so by itself.
func (l *Ledger) takeOver() error {
	ids, err := durable.Left(l.db.Reading)
	for _, id := range ids {
		// What cannot be brought in now is said to whoever takes the lock.
		if k, err := l.lock(id, 0); err == nil {
			_ = k.Close()
		}
	}
	return err
}

// Recover ends what a run that died left begun, as the next run would. So a list of what is unknown has all of it.
// Recover does nothing while another Ledger holds the campaign's lock, or a Run of this one is open: what is begun may
// end well.
func (l *Ledger) Recover(ctx context.Context, id string) error {
	no, _, err := l.find(ctx, id)
	if err != nil {
		return err
	}
	begun, err := byhand.Begun(ctx, l.db.Reading, no)
	left, err2 := durable.Left(l.db.Reading)
	if err = errors.Join(err, err2); err != nil || len(begun) == 0 && !slices.Contains(left, id) {
		return l.db.Explain(err) // nothing to write, so that a list can also be read where nothing can be written
	}
	release, err := l.holding(id)
	if held := (*LockedError)(nil); errors.As(err, &held) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = l.recovered(ctx, id, no)
	return errors.Join(err, release())
}

// recovered ends what the campaign's last run left begun, if anything is and this Ledger has no Run open, and returns
// what that was. The caller holds the campaign's lock. Whatever looks for the deliveries that may still go comes after
// this: one that is put back must not escape it.
func (l *Ledger) recovered(ctx context.Context, id string, no int64) ([]int64, error) {
	l.mu.Lock()
	running := len(l.running[no]) > 0
	l.mu.Unlock()
	if running {
		return nil, nil
	}
	begun, err := byhand.Begun(ctx, l.db.Reading, no)
	if err != nil || len(begun) == 0 {
		return nil, l.db.Explain(err)
	}
	return begun, l.db.Write(func(t *sqlite.Tx) error {
		return recovery.Run(t, no, l.marksPath(id), time.Now())
	})
}
