package ledger

import (
	"context"
	"errors"
	"time"

	"mailshot/campaign/ledger/internal/marks"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/machine"
	"mailshot/internal/sqlite"
)

// AcceptCopy makes this file the one to go on with: an older copy of another file, or one that was planned anew because
// the other is lost. mark is how far the other file has come.
//
// Deliveries that are pending or deferred become unknown, because a run that this file lacks may have sent them;
// AcceptCopy returns how many. Afterwards the campaign's own mark is at least mark, so that the next run is ahead
// of every other copy. New rows are not planned any more, as after a repair that lost some: the newer file may have
// planned and mailed them.
//
// The caller holds the campaign's lock.
func (l *Ledger) AcceptCopy(ctx context.Context, id string, mark int64) (n int64, err error) {
	if !l.locked(id) {
		return 0, errors.Join(ErrNotLocked, errors.New(id))
	}
	no, _, err := l.find(ctx, id)
	if err != nil {
		return 0, err
	}
	if err := marks.Remove(l.marksPath(id)); err != nil { // whose they are is not sure any more
		return 0, l.db.Explain(err)
	}
	first, end := schema.Span(no)
	now := time.Now().UnixNano()
	const chosen = " FROM deliveries WHERE id >= ? AND id < ? AND state IN " + schema.Open
	err = l.db.Write(func(t *sqlite.Tx) error {
		if _, err := t.Once(schema.InsertAudit+"SELECT id, ?, ?, ?, 'accept copy', state, ?"+chosen+" ORDER BY id",
			now, machine.User(), machine.Name(), Unknown.code(), first, end); err != nil {
			return err
		}
		if _, err := t.Once(schema.InsertAttempt+`SELECT id, ?, ?, 'recovery', 0, '',
			'a run that this ledger does not know of may have sent this', ''`+chosen+" ORDER BY id",
			now, Unknown.code(), first, end); err != nil {
			return err
		}
		n, err = t.Once(`UPDATE deliveries SET state = ?, due = 0, attempts = attempts + 1, reason = ''
			WHERE id IN (SELECT id`+chosen+")", Unknown.code(), first, end)
		if err != nil {
			return err
		}
		_, err = t.Once("UPDATE campaigns SET turn = max(turn, ?), lost = max(lost, 1) WHERE no = ?", mark, no)
		if err != nil {
			return err
		}
		return schema.Recount(t, no)
	})
	return n, err
}
