package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Row is one row of the list as it is planned.
type Row struct {
	Number     int64  // 1-based data row of the list
	Place      string // people.csv:17
	Key        string // its identity; may be empty only where State is not pending
	Address    string // envelope address
	AddressKey string // the address's identity, for suppression
	Lane       string // whom it shares caps with
	Fields     []byte // what the message is made from, in the caller's encoding
	Digest     []byte // of the message
	State      State  // pending, invalid, suppressed or filtered
	Reason     string // why, where it is not pending
}

// Conflict is a row whose key an earlier row has, with another message. It has not been stored.
type Conflict struct {
	Row   Row
	First string // the place of the row that has the key
}

// Draft is a plan in the making. It is not for concurrent use.
type Draft struct {
	l      *Ledger
	no     int64
	id     string
	first  bool
	seq    int64 // the last id given
	lanes  map[string]int64
	counts map[State]int64
	rows   int64
	closed bool
	erased map[string]bool // of a Replan: the hashes of people who were forgotten
}

// Draft begins the plan of a new campaign, and removes what an interrupted draft with the same id left behind. Nothing of a draft
// can be seen before Freeze. The caller holds the campaign's lock. Of c only ID and DuplicatesFirst count now. A campaign that
// is frozen already gives ErrFrozen.
func (l *Ledger) Draft(ctx context.Context, c Campaign) (*Draft, error) {
	switch _, _, err := l.find(ctx, c.ID); {
	case err == nil:
		return nil, fmt.Errorf("%q: %w", c.ID, ErrFrozen)
	case !errors.Is(err, ErrNotFound):
		return nil, err
	}
	if err := campaignsSound(ctx, l.db.reading); err != nil { // it may be there, and not be found
		if !damaged(err) && primary(err) != 0 || ctx.Err() != nil {
			return nil, explain(l.db.path, err)
		}
		return nil, &FileError{Path: l.db.path, Text: "the campaigns' own records are damaged", Err: err, Hint: damageHint}
	}
	return l.draft(ctx, c, 0)
}

// draft begins a draft whose sequence starts after seq.
func (l *Ledger) draft(ctx context.Context, c Campaign, seq int64) (*Draft, error) {
	var old int64
	err := l.db.reading.QueryRowContext(ctx, "SELECT no FROM campaigns WHERE id = ? AND frozen = 0", c.ID).Scan(&old)
	if err == nil {
		err = l.remove(ctx, old)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, explain(l.db.path, err)
	}
	d := &Draft{l: l, id: c.ID, first: c.DuplicatesFirst, lanes: map[string]int64{}, counts: map[State]int64{}}
	err = l.db.write(func(t *tx) error {
		if _, err := t.exec(`INSERT INTO campaigns(id, frozen, created, definition, templates, list, header, sender, first, run, turn, rows)
			VALUES (?, 0, ?, '', '', '', NULL, '', ?, ?, 0, 0)`, c.ID, time.Now().UnixNano(), c.DuplicatesFirst, newRun()); err != nil {
			return err
		}
		return t.row("SELECT last_insert_rowid()").Scan(&d.no)
	})
	if err != nil {
		return nil, err
	}
	first, _ := span(d.no)
	d.seq = first + seq
	return d, nil
}

// remove deletes an unfinished draft, in pieces, so that a large one does not fill the log. The campaign's own record goes last, so
// that an interrupted removal is taken up again.
func (l *Ledger) remove(ctx context.Context, no int64) error {
	const piece = 20_000
	first, end := span(no)
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := l.db.write(func(t *tx) error {
			var last int64
			if err := t.row("SELECT coalesce(max(id), 0) FROM (SELECT id FROM rows WHERE id >= ? AND id < ? ORDER BY id LIMIT ?)", first, end, piece).Scan(&last); err != nil {
				return err
			}
			more = last != 0
			for _, table := range []string{"deliveries", "rows"} {
				if _, err := t.exec("DELETE FROM "+table+" WHERE id >= ? AND id <= ?", first, last); err != nil {
					return err
				}
			}
			if more {
				return nil
			}
			if _, err := t.exec("DELETE FROM lanes WHERE campaign = ?", no); err != nil {
				return err
			}
			_, err := t.exec("DELETE FROM campaigns WHERE no = ? AND frozen = 0", no)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// bulk is how many rows go into one statement, which is twice as fast as one by one.
const bulk = 50

const (
	rowValues      = "(?, ?, ?, ?, ?, ?, ?, ?, ?)"
	deliveryValues = "(?, ?, ?, 0, 0, 0, 0, ?, ?)"
	insertRow      = "INSERT INTO rows(id, campaign, hash, number, place, key, address, address_key, fields) VALUES " + rowValues
	insertDelivery = "INSERT INTO deliveries(id, state, lane, due, attempts, first, turn, digest, reason) VALUES " + deliveryValues
	unlessClaimed  = " ON CONFLICT (campaign, hash) WHERE hash IS NOT NULL DO NOTHING"
	selectClaim    = "SELECT r.place, r.key, d.digest FROM rows r JOIN deliveries d USING (id) WHERE r.campaign = ? AND r.hash = ?"
)

var (
	insertRows       = insertRow + strings.Repeat(", "+rowValues, bulk-1) + unlessClaimed
	insertDeliveries = insertDelivery + strings.Repeat(", "+deliveryValues, bulk-1)
)

// Add stores rows in one transaction: a few hundred to a few thousand at a time are quick. Rows that are pending or suppressed
// claim their key. A later one with the same key is stored as a duplicate when its digest is the same too (or with
// DuplicatesFirst); else it comes back as a Conflict and is not stored: the caller discards the draft, or adds the row again as
// invalid. After an error none of the rows is stored.
func (d *Draft) Add(ctx context.Context, rows []Row) ([]Conflict, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if d.closed {
		return nil, errors.New("draft is closed")
	}
	var conflicts []Conflict
	seq, counts := d.seq, map[State]int64{}
	err := d.l.db.write(func(t *tx) error {
		for part := range slices.Chunk(rows, bulk) {
			if len(part) == bulk {
				ok, err := d.addAll(t, seq+1, part)
				if err != nil {
					return err
				}
				if ok {
					seq += bulk
					for _, row := range part {
						counts[row.State]++
					}
					continue
				}
			}
			for _, row := range part {
				stored := row
				first, err := d.add(t, seq+1, &stored)
				if err != nil {
					return fmt.Errorf("%s: %w", row.Place, err)
				}
				if first != "" {
					conflicts = append(conflicts, Conflict{row, first})
					continue
				}
				seq++
				counts[stored.State]++
			}
		}
		return nil
	})
	if err != nil {
		clear(d.lanes) // some may have been made in the transaction that is gone
		return nil, err
	}
	d.seq = seq
	for s, n := range counts {
		d.counts[s] += n
		d.rows += n
	}
	return conflicts, nil
}

// addAll stores bulk rows from id on, if none of their keys is claimed yet. Else, or if one of them is not right, it stores nothing
// and returns false: then they are to be added one by one.
func (d *Draft) addAll(t *tx, id int64, rows []Row) (bool, error) {
	args := make([]any, 0, bulk*9)
	more := make([]any, 0, bulk*5)
	for i := range rows {
		row := &rows[i]
		hash, lane, err := d.ready(t, row)
		if err != nil {
			return false, nil
		}
		args = append(args, id+int64(i), d.no, hash, row.Number, row.Place, row.Key, row.Address, row.AddressKey, row.Fields)
		more = append(more, id+int64(i), row.State.code(), lane, row.Digest, row.Reason)
	}
	if _, err := t.exec("SAVEPOINT bulk"); err != nil {
		return false, err
	}
	n, err := t.exec(insertRows, args...)
	if err != nil {
		return false, err
	}
	if n < bulk {
		_, err := t.exec("ROLLBACK TO bulk")
		return false, err
	}
	if _, err := t.exec("RELEASE bulk"); err != nil {
		return false, err
	}
	n, err = t.exec(insertDeliveries, more...)
	return true, errors.Join(err, errRows(n, bulk))
}

// ready checks a row, and finds the hash of its key if it claims that, and its lane.
func (d *Draft) ready(t *tx, row *Row) (hash []byte, lane int64, err error) {
	if !legal(byPlan, "", row.State) {
		return nil, 0, fmt.Errorf("%w: a row cannot be planned as %q", ErrState, row.State)
	}
	if row.State == Pending || row.State == Suppressed {
		if row.Key == "" {
			return nil, 0, errors.New("row has no key")
		}
		sum := sha256.Sum256([]byte(row.Key))
		hash = sum[:16]
		if len(d.erased) > 0 && d.l.KeyHash != nil {
			if h := d.l.KeyHash(d.id, row.Key); d.erased[string(h)] {
				hash = h
			}
		}
	}
	lane, err = d.lane(t, row.Lane)
	return hash, lane, err
}

// add stores one row under id. When it is in conflict it stores nothing and returns the place of the row that has the key.
func (d *Draft) add(t *tx, id int64, row *Row) (first string, err error) {
	hash, lane, err := d.ready(t, row)
	if err != nil {
		return "", err
	}
	n, err := t.exec(insertRow+unlessClaimed, id, d.no, hash, row.Number, row.Place, row.Key, row.Address, row.AddressKey, row.Fields)
	if err != nil {
		return "", err
	}
	if n == 0 {
		place, same, err := d.claimed(t, hash, row)
		if err != nil {
			return "", err
		}
		if !same && !d.first {
			return place, nil
		}
		row.State, row.Reason = Duplicate, "same key as "+place
		if n, err = t.exec(insertRow, id, d.no, nil, row.Number, row.Place, row.Key, row.Address, row.AddressKey, row.Fields); err != nil || n != 1 {
			return "", errors.Join(err, errRows(n, 1))
		}
	}
	_, err = t.exec(insertDelivery, id, row.State.code(), lane, row.Digest, row.Reason)
	return "", err
}

// claimed looks at the row that has row's key: where it is, and whether its message is the same.
func (d *Draft) claimed(t *tx, hash []byte, row *Row) (place string, same bool, err error) {
	r, err := t.known(selectClaim, d.no, hash)
	if err != nil {
		return "", false, err
	}
	var key string
	var digest []byte
	if err := r.Scan(&place, &key, &digest); err != nil {
		return "", false, err
	}
	if key != row.Key {
		return "", false, fmt.Errorf("keys %q and %q have the same hash", key, row.Key)
	}
	return place, string(digest) == string(row.Digest), nil
}

// lane is the number of the campaign's lane with this name.
func (d *Draft) lane(t *tx, name string) (int64, error) {
	if no, ok := d.lanes[name]; ok {
		return no, nil
	}
	if len(d.lanes) >= 4096 { // a list may have as many lanes as rows
		clear(d.lanes)
	}
	if _, err := t.exec("INSERT OR IGNORE INTO lanes(campaign, name) VALUES (?, ?)", d.no, name); err != nil {
		return 0, err
	}
	r, err := t.known("SELECT no FROM lanes WHERE campaign = ? AND name = ?", d.no, name)
	if err != nil {
		return 0, err
	}
	var no int64
	if err := r.Scan(&no); err != nil {
		return 0, err
	}
	d.lanes[name] = no
	return no, nil
}

// Counts returns how many rows were added, by state.
func (d *Draft) Counts() map[State]int64 { return maps.Clone(d.counts) }

// Freeze makes the draft the campaign's list, with what c says about it, in one durable step. After an error it is still a draft.
func (d *Draft) Freeze(ctx context.Context, c Campaign) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.closed {
		return errors.New("draft is closed")
	}
	err := d.l.db.write(func(t *tx) error {
		n, err := t.exec(`UPDATE campaigns SET frozen = 1, created = ?, definition = ?, templates = ?, list = ?, header = ?, sender = ?, rows = ?, host = ?, host_name = ?
			WHERE no = ? AND frozen = 0`, created(c), c.Definition, c.Templates, c.List, c.Header, c.From, d.rows, c.Host.ID, c.Host.Name, d.no)
		return errors.Join(err, errRows(n, 1))
	})
	if err == nil {
		d.closed = true
	}
	return err
}

// created is when c says it was made, else now.
func created(c Campaign) int64 {
	if c.Created.IsZero() {
		return time.Now().UnixNano()
	}
	return c.Created.UnixNano()
}

// Discard removes the draft. After Freeze it does nothing.
func (d *Draft) Discard(ctx context.Context) error {
	if d.closed {
		return nil
	}
	d.closed = true
	return d.l.remove(ctx, d.no)
}

// errRows is an error unless n is what it must be: someone else changed the ledger.
func errRows(n, want int64) error {
	if n == want {
		return nil
	}
	return fmt.Errorf("the ledger was changed by another process: %d records changed instead of %d", n, want)
}
