package ledger

import (
	"context"
	"errors"
	"time"

	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/machine"
	"mailshot/internal/sqlite"
)

// AcceptCopy makes unknown what is pending or deferred in an older copy of the file, whose newer one has come as far as mark: each of
// them may have been sent by a run that is missing here. It returns how many. The campaign's own mark is mark afterwards, at least, so
// that the next run is ahead of every other copy. New rows are not planned any more, as after a repair that lost some: the newer file may
// have taken and mailed them. The caller holds the campaign's lock.
func (l *Ledger) AcceptCopy(ctx context.Context, id string, mark int64) (n int64, err error) {
	if !l.locked(id) {
		return 0, errors.Join(ErrNotLocked, errors.New(id))
	}
	no, _, err := l.find(ctx, id)
	if err != nil {
		return 0, err
	}
	first, end := schema.Span(no)
	now := time.Now().UnixNano()
	const chosen = " FROM deliveries WHERE id >= ? AND id < ? AND state IN " + schema.Open
	err = l.db.Write(func(t *sqlite.Tx) error {
		if _, err := t.Once("INSERT INTO audit(delivery, time, who, host, act, before, after) SELECT id, ?, ?, ?, 'accept copy', state, ?"+chosen+" ORDER BY id",
			now, machine.User(), machine.Name(), Unknown.code(), first, end); err != nil {
			return err
		}
		if _, err := t.Once(`INSERT INTO attempts(delivery, time, state, stage, code, enhanced, text, server)
			SELECT id, ?, ?, 'recovery', 0, '', 'the ledger is an older copy: a run that is missing in it may have sent this', ''`+chosen+" ORDER BY id",
			now, Unknown.code(), first, end); err != nil {
			return err
		}
		if n, err = t.Once("UPDATE deliveries SET state = ?, due = 0, attempts = attempts + 1, reason = '' WHERE id IN (SELECT id"+chosen+")", Unknown.code(), first, end); err != nil {
			return err
		}
		_, err = t.Once("UPDATE campaigns SET turn = max(turn, ?), lost = max(lost, 1) WHERE no = ?", mark, no)
		return err
	})
	return n, err
}
