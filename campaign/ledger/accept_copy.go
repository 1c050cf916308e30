package ledger

import (
	"context"
	"errors"

	"mailshot/campaign/ledger/internal/byhand"
	"mailshot/campaign/ledger/internal/marks"
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
	err = l.db.Write(func(t *sqlite.Tx) error {
		n, err = byhand.AcceptCopy(t, no, mark)
		return err
	})
	return n, err
}
