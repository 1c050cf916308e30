package ledger

import (
	"context"
	"math"
	"slices"
	"time"

	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// Deliveries are read in blocks: the pending ones by id, the deferred ones by due time. All readings only go forward,
// by a cursor. So a delivery that Only refused is not read again, nor is one that was handed out and is still
// unchanged on the disk.
//
// The pending ones are read for all lanes at once, in the order of the list, which is that of the file. Where a lane
// has none in what was read, as in a list that is sorted by domain, a block is read for that lane alone. The deferred
// ones are read for each lane. Memory is one block for each lane, small where there are many lanes, and what was read
// for all.

const (
	never       = int64(math.MaxInt64)
	unknownDue  = int64(-1)
	blockTotal  = 1024 // deliveries in the blocks of all lanes together, about
	blockOfLane = 256
	sweepBlock  = 256  // pending deliveries of all lanes that are read at once
	sweepSpan   = 4096 // ids that are looked at for them
	mostWaiting = 2048 // pending deliveries in memory, from which on no more are read for all lanes
)

// lane is one lane's part of a run.
type lane struct {
	no     int64
	name   string
	listed bool // in Run.lanes

	fresh  []*Delivery
	cursor int64 // id of the last pending one read for this lane
	last   int64 // id of its last pending one

	late    []*Delivery // deferred, and due when they were read
	lateDue int64       // cursor: due and id of the last deferred one read
	lateID  int64
	nextDue int64 // due of the next deferred one on the disk, never, or unknownDue
	limited bool  // late, cursor and nextDue are only about deliveries that this run tried before
	turn    bool  // the next one is taken from the deferred

	// at is where the lane is in the order of the run, and step is how far each of its deliveries takes it: see
	// Run.choose.
	at, step float64
	looked   int64 // the pick that found nothing in it
}

// dry reports whether there are no more pending ones of ln on the disk.
func (r *Run) dry(ln *lane) bool { return max(ln.cursor, r.swept) >= ln.last }

// empty reports whether nothing is left of ln, now or later.
func (r *Run) empty(ln *lane) bool {
	return r.dry(ln) && len(ln.fresh) == 0 && len(ln.late) == 0 && ln.nextDue == never
}

// restart begins the reading of deferred deliveries again.
func (ln *lane) restart(limited bool) {
	ln.late, ln.lateDue, ln.lateID, ln.nextDue, ln.limited = nil, 0, 0, unknownDue, limited
}

// putBack makes d the next of its kind.
func (ln *lane) putBack(d *Delivery) {
	if d.State == Pending {
		ln.fresh = slices.Insert(ln.fresh, 0, d)
	} else {
		ln.late = slices.Insert(ln.late, 0, d)
	}
	ln.at -= ln.step
}

// deferred notes that one of the lane's deliveries was committed as deferred until due.
func (ln *lane) deferred(due int64) {
	if ln.nextDue != unknownDue {
		ln.nextDue = min(ln.nextDue, due)
	}
	if due <= ln.lateDue { // the clock went back
		ln.lateDue, ln.lateID = due-1, never
	}
	ln.at -= ln.step // the next try is not another delivery
}

// openLanes lists the campaign's lanes. In the order of the run each lane has as many places as deliveries, evenly
// spread.
func (r *Run) openLanes() error {
	r.byNo, r.swept = map[int64]*lane{}, r.end
	const fresh = ` FROM deliveries INDEXED BY deliveries_fresh WHERE lane = l.no AND state = ` + schema.SQLPending
	err := r.l.db.Read(`SELECT l.no, l.name, coalesce(f.n, 0) + coalesce(s.n, 0),
			coalesce((SELECT min(id)`+fresh+`), 0), coalesce((SELECT max(id)`+fresh+`), 0)
		FROM lanes l
		LEFT JOIN (SELECT lane, count(*) AS n FROM deliveries INDEXED BY deliveries_fresh
			WHERE state = `+schema.SQLPending+` GROUP BY lane) f ON f.lane = l.no
		LEFT JOIN (SELECT lane, count(*) AS n FROM deliveries INDEXED BY deliveries_late
			WHERE state = `+schema.SQLDeferred+` GROUP BY lane) s ON s.lane = l.no
		WHERE l.campaign = ? ORDER BY l.no`, []any{r.no}, func(row *sqlite.Row) error {
		ln := &lane{no: row.Int(), name: row.Text(), nextDue: unknownDue}
		n, least := row.Int(), row.Int()
		ln.last = row.Int()
		ln.cursor = least - 1
		ln.step = 1 / float64(max(n, 1))
		ln.at = ln.step / 2
		if n > 0 {
			r.names = append(r.names, ln.name)
			r.enlist(ln)
		}
		if least > 0 {
			r.byNo[ln.no] = ln
			r.swept = min(r.swept, least-1)
		}
		return nil
	})
	return err
}

// Lanes are the names of the lanes in which the campaign had something left when the run began, whatever Only says.
func (r *Run) Lanes() []string { return slices.Clone(r.names) }

// enlist makes sure that Next looks at ln.
func (r *Run) enlist(ln *lane) {
	if !ln.listed {
		ln.listed = true
		r.lanes = append(r.lanes, ln)
	}
}

// retire makes sure that Next does not look at the lane with the index i, which is empty.
func (r *Run) retire(i int) {
	delete(r.byNo, r.lanes[i].no)
	r.lanes[i].listed = false
	last := len(r.lanes) - 1
	r.lanes[i] = r.lanes[last]
	r.lanes[last] = nil
	r.lanes = r.lanes[:last]
}

// block is how many deliveries one reading of a lane takes.
func (r *Run) block() int { return min(max(blockTotal/len(r.lanes), 1), blockOfLane) }

// take removes from ln the next delivery that may go, and returns it; nil if there is none now.
func (r *Run) take(ctx context.Context, ln *lane, now time.Time) (*Delivery, error) {
	limited := r.limited()
	if !limited {
		if err := r.readFresh(ctx, ln); err != nil {
			return nil, err
		}
	}
	if err := r.readLate(ctx, ln, now.UnixNano(), limited); err != nil {
		return nil, err
	}
	fresh, late := !limited && len(ln.fresh) > 0, len(ln.late) > 0
	var d *Delivery
	switch {
	case late && (ln.turn || !fresh):
		d, ln.late = ln.late[0], ln.late[1:]
		ln.turn = false
	case fresh:
		d, ln.fresh = ln.fresh[0], ln.fresh[1:]
		ln.turn = true
		r.waiting--
	}
	return d, nil
}

// deliveryColumns are what [delivery] reads. A text that is the same as the one before it is only named.
const deliveryColumns = `d.id, d.state, d.attempts, d.first, d.turn, d.due, d.digest, r.number, r.place, r.fields,
	r.address, iif(r.address_key = r.address, 1, r.address_key), iif(r.key = r.address_key, 1, r.key)`

// delivery reads deliveryColumns.
func delivery(row *sqlite.Row) (*Delivery, error) {
	d := &Delivery{ID: row.Int(), State: stateOf(row.Int()), Attempts: int(row.Int()), First: sqlite.Moment(row.Int())}
	d.turn, d.due = row.Int(), row.Int()
	d.Digest, d.Number, d.Place, d.Fields = row.Bytes(), row.Int(), row.Text(), row.Bytes()
	d.Address = row.Text()
	d.AddressKey = row.Or(d.Address)
	d.Key = row.Or(d.AddressKey)
	return d, row.Err()
}

// add makes d, which is pending, the last of its lane, if the run is about it.
func (r *Run) add(ln *lane, d *Delivery) error {
	d.Lane, d.inLane = ln.name, ln
	wanted, err := r.wanted(d)
	if wanted && err == nil {
		ln.fresh = append(ln.fresh, d)
		r.waiting++
	}
	return err
}

// readFresh makes sure that ln has a pending delivery in memory, unless there is none any more.
func (r *Run) readFresh(ctx context.Context, ln *lane) error {
	for len(ln.fresh) == 0 && !r.dry(ln) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if r.waiting < mostWaiting {
			if err := r.sweep(); err != nil || len(ln.fresh) > 0 || r.dry(ln) {
				return err
			}
		}
		n, read := r.block(), 0
		err := r.l.db.Read(`SELECT `+deliveryColumns+`
			FROM deliveries d INDEXED BY deliveries_fresh JOIN rows r ON r.id = d.id
			WHERE d.lane = ? AND d.state = `+schema.SQLPending+` AND d.id > ? AND d.id < ?
			ORDER BY d.id LIMIT ?`, []any{ln.no, max(ln.cursor, r.swept), r.end, n}, func(row *sqlite.Row) error {
			d, err := delivery(row)
			if err == nil {
				err = r.add(ln, d)
			}
			if err == nil {
				ln.cursor = d.ID
				read++
			}
			return err
		})
		if err != nil {
			return err
		}
		if read < n {
			ln.cursor = ln.last
		}
	}
	return nil
}

// sweep reads the next pending deliveries of all lanes.
func (r *Run) sweep() error {
	read, end := 0, min(r.swept+sweepSpan, r.end-1)
	err := r.l.db.Read(`SELECT d.lane, `+deliveryColumns+`
		FROM deliveries d NOT INDEXED CROSS JOIN rows r ON r.id = d.id
		WHERE d.id > ? AND d.id <= ? AND d.state = `+schema.SQLPending+`
		ORDER BY d.id LIMIT ?`, []any{r.swept, end, sweepBlock}, func(row *sqlite.Row) error {
		ln := r.byNo[row.Int()]
		d, err := delivery(row)
		if err == nil && ln != nil && d.ID > ln.cursor { // else it was read for its lane alone
			err = r.add(ln, d)
		}
		if err == nil {
			r.swept = d.ID
			read++
		}
		return err
	})
	if err == nil && read < sweepBlock {
		r.swept = end
	}
	return err
}

// readLate makes sure that ln has a deferred delivery in memory that is due at now. If there is none, ln.nextDue says
// when there will be one. With limited set it is only about deliveries that this run tried before. When limited
// changes, what was read is dropped and read again, because it is still on the disk.
func (r *Run) readLate(ctx context.Context, ln *lane, now int64, limited bool) error {
	if ln.limited != limited {
		ln.restart(limited)
	}
	least := int64(0)
	if limited {
		least = r.turn
	}
	for len(ln.late) == 0 && ln.nextDue <= now {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, read, next := r.block()+len(r.out), 0, never
		err := r.l.db.Read(`SELECT `+deliveryColumns+`
			FROM deliveries d INDEXED BY deliveries_late JOIN rows r ON r.id = d.id
			WHERE d.lane = ? AND d.state = `+schema.SQLDeferred+` AND (d.due, d.id) > (?, ?) AND d.turn >= ?
			ORDER BY d.due, d.id LIMIT ?`,
			[]any{ln.no, ln.lateDue, ln.lateID, least, n}, func(row *sqlite.Row) error {
				d, err := delivery(row)
				if read++; err != nil || next != never || r.out[d.ID] != nil {
					return err
				}
				d.Lane, d.inLane = ln.name, ln
				wanted, err := r.wanted(d)
				switch {
				case err != nil:
					return err
				case wanted && d.due > now:
					next = d.due
					return nil
				case wanted:
					ln.late = append(ln.late, d)
				}
				ln.lateDue, ln.lateID = d.due, d.ID
				return nil
			})
		if err != nil {
			ln.restart(limited) // a part of the block may have been read
			return err
		}
		if next == never && read == n {
			next = unknownDue // there may be more
		}
		ln.nextDue = next
	}
	return nil
}

// earliest returns when the next delivery of ln is due: 0 for a pending one, never if nothing is left.
func (r *Run) earliest(ctx context.Context, ln *lane) (int64, error) {
	limited := r.limited()
	if !limited {
		if err := r.readFresh(ctx, ln); err != nil {
			return 0, err
		}
		if len(ln.fresh) > 0 {
			return 0, nil
		}
	}
	if err := r.readLate(ctx, ln, 0, limited); err != nil {
		return 0, err
	}
	if len(ln.late) > 0 {
		return ln.late[0].due, nil
	}
	return ln.nextDue, nil
}

// wanted reports whether the run is about d.
func (r *Run) wanted(d *Delivery) (bool, error) {
	if r.o.Only == nil {
		return true, nil
	}
	return r.o.Only(*d)
}

// countOnly counts the deliveries that may still go and that Only says yes to.
func (r *Run) countOnly(ctx context.Context) (int64, error) {
	const piece = 500
	wanted, cursor := int64(0), r.first-1
	for read := piece; read == piece; {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		read = 0
		err := r.l.db.Read(`SELECT l.name, `+deliveryColumns+`
			FROM deliveries d JOIN rows r ON r.id = d.id JOIN lanes l ON l.no = d.lane
			WHERE d.id > ? AND d.id < ? AND d.state IN `+schema.Open+` ORDER BY d.id LIMIT ?`,
			[]any{cursor, r.end, piece}, func(row *sqlite.Row) error {
				lane := row.Text()
				d, err := delivery(row)
				if err != nil {
					return err
				}
				read++
				cursor, d.Lane = d.ID, lane
				yes, err := r.wanted(d)
				if yes {
					wanted++
				}
				return err
			})
		if err != nil {
			return 0, r.l.db.Explain(err)
		}
	}
	return wanted, nil
}
