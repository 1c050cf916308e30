package ledger

import (
	"context"
	"errors"

	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// claim puts the claims that have gathered into the table.
func (d *Draft) claim() error {
	if d.claims.Len() == 0 {
		return nil
	}
	err := d.l.db.Write(func(t *sqlite.Tx) error {
		args := make([]any, 0, 3*sqlite.Several)
		flush := func() error {
			err := insert(t, "INSERT INTO claims(campaign, hash, row) VALUES ", "(?, ?, ?)", len(args)/3, args)
			args = args[:0]
			return err
		}
		for hash, row := range d.claims.Sorted() {
			if args = append(args, d.no, hash[:], row); len(args) == cap(args) {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		if len(args) > 0 {
			return flush()
		}
		return nil
	})
	d.claims.Empty()
	d.tabled = true
	return d.fail(err)
}

// claimant is the id of the row that has claimed a key, or 0.
func (d *Draft) claimant(t *sqlite.Tx, h schema.KeyHash) (int64, error) {
	row := d.claims.Find(h)
	if row != 0 || !d.tabled || !d.claims.Tabled(h) {
		return row, nil
	}
	return d.tableClaimant(t, h)
}

// tableClaimant is the id of the row that has claimed a key in the table, or 0.
func (d *Draft) tableClaimant(t *sqlite.Tx, h schema.KeyHash) (row int64, err error) {
	r, err := t.Query("SELECT row FROM claims WHERE campaign = ? AND hash = ?", d.no, h[:])
	if err != nil {
		return 0, err
	}
	defer r.Close()
	if r.Next() {
		err = r.Scan(&row)
	}
	return row, errors.Join(err, r.Err())
}

// unclaim removes all claims of a campaign, in pieces, so that a large one does not fill the log.
func (l *Ledger) unclaim(ctx context.Context, no int64) error {
	const piece = 20_000
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		var n int64
		err := l.db.Write(func(t *sqlite.Tx) (err error) {
			n, err = t.Exec(`DELETE FROM claims WHERE campaign = ?1 AND hash <= (SELECT max(hash) FROM
				(SELECT hash FROM claims WHERE campaign = ?1 ORDER BY hash LIMIT ?2))`, no, piece)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}
