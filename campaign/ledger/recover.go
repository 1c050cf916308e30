package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"mailshot/campaign/ledger/internal/byhand"
	"mailshot/campaign/ledger/internal/durable"
	"mailshot/campaign/ledger/internal/journal"
	"mailshot/campaign/ledger/internal/recovery"
	"mailshot/campaign/statefile"
	"mailshot/internal/sqlite"
)

// marksPath is where the marks of the campaign's last run are.
func (l *Ledger) marksPath(id string) string { return l.beside(id, ".marks") }

// journalPath is where the campaign's last run had its journal, if it had one.
func (l *Ledger) journalPath(id string) string { return l.beside(id, ".journal") }

// replay takes over what the campaign's last run, which died, has in its journal. The caller holds the campaign's lock,
// and nothing of the campaign is read or changed before this.
func (l *Ledger) replay(id string) error {
	var no int64
	err := l.db.Reading.QueryRow("SELECT no FROM campaigns WHERE id = ? AND frozen = 1 AND journal <> ''", id).Scan(&no)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	path := l.journalPath(id)
	if err == nil {
		err = l.db.Write(func(t *sqlite.Tx) error { return durable.Replay(t, no, path) })
	}
	if errors.Is(err, journal.ErrLost) {
		err = &statefile.Error{Path: path, Text: "the journal of the last run is missing or damaged, so nobody knows what " +
			"that run sent last", Err: err, Hint: "bring the file back; or mailshot state repair makes all that was to be sent " +
			"unknown, and mailshot resolve decides about it"}
	}
	if err != nil {
		return l.db.Explain(err)
	}
	return journal.Remove(path)
}

// replayAll takes over what runs that died have in their journals, so that all who read see it. A campaign that is in
// use is left alone: its run does so by itself.
func (l *Ledger) replayAll() error {
	rows, err := l.db.Reading.Query("SELECT id FROM campaigns WHERE frozen = 1 AND journal <> ''")
	var ids []string
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		ids = append(ids, "")
		return rows.Scan(&ids[len(ids)-1])
	})
	for _, id := range ids {
		// What cannot be taken over now is said to whoever takes the lock.
		if k, err := l.Lock(id); err == nil {
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
	if begun, err := byhand.Begun(ctx, l.db.Reading, no); err != nil || len(begun) == 0 {
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
