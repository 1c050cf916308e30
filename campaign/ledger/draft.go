package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"mailshot/campaign/ledger/internal/claims"
	"mailshot/campaign/ledger/internal/members"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/campaign/statefile"
	"mailshot/internal/sqlite"
)

// Row is one row of the list as it is planned.
type Row struct {
	Number     int64  // 1-based data row of the list
	Place      string // people.csv:17
	Key        string // its identity, or that of its group; empty only where State is invalid or filtered
	Address    string // envelope address
	AddressKey string // the address's identity, for suppression
	Lane       string // the deliveries of a lane share caps
	Fields     []byte // what the message is made from, in the caller's encoding
	Digest     []byte // of the message
	State      State  // pending, invalid, suppressed, filtered or grouped
	Reason     string // why it is not pending
}

// Conflict is a row whose key an earlier row has, with another message. The row has not been stored.
type Conflict struct {
	Row     Row
	First   string // the place of the earlier row
	Address string // the earlier row's
	Digest  []byte // of the earlier row's message
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
	erased map[schema.KeyHash]bool // of a Replan: the hashes of people who were forgotten
	claims claims.Set
	gather int   // how many claims gather before they go into the table
	tabled bool  // some claims are in the table
	broken error // the first error of the disk
}

// Draft begins the plan of a new campaign, and removes what an interrupted draft with the same id left behind. Nothing
// of a draft can be seen before Freeze. Of c only ID and DuplicatesFirst are read. The error is ErrFrozen if the
// campaign is frozen already. The caller holds the campaign's lock.
func (l *Ledger) Draft(ctx context.Context, c Campaign) (*Draft, error) {
	switch _, _, err := l.find(ctx, c.ID); {
	case err == nil:
		return nil, fmt.Errorf("%q: %w", c.ID, ErrFrozen)
	case !errors.Is(err, ErrNotFound):
		return nil, err
	}
	if err := schema.CampaignsSound(ctx, l.db.Reading); err != nil { // it may be there, and not be found
		if !sqlite.Damaged(err) && sqlite.Code(err) != 0 || ctx.Err() != nil {
			return nil, l.db.Explain(err)
		}
		return nil, &statefile.Error{Path: l.db.Path, Text: "the campaigns' own records are damaged", Err: err,
			Hint: sqlite.DamageHint}
	}
	return l.draft(ctx, c, 0)
}

// draft begins a draft whose sequence starts after seq.
func (l *Ledger) draft(ctx context.Context, c Campaign, seq int64) (*Draft, error) {
	var old int64
	err := l.db.Reading.QueryRowContext(ctx, "SELECT no FROM campaigns WHERE id = ? AND frozen = 0", c.ID).Scan(&old)
	if err == nil {
		err = l.remove(ctx, old)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, l.db.Explain(err)
	}
	d := &Draft{l: l, id: c.ID, first: c.DuplicatesFirst, lanes: map[string]int64{}, counts: map[State]int64{},
		gather: claims.Most}
	err = l.db.Write(func(t *sqlite.Tx) error {
		if _, err := t.Exec(`INSERT INTO campaigns(
				id, frozen, created, definition, templates, list, header, sender, first, run, turn, rows)
			VALUES (?, 0, ?, '', '', '', NULL, '', ?, ?, 0, 0)`,
			c.ID, time.Now().UnixNano(), c.DuplicatesFirst, newRun()); err != nil {
			return err
		}
		if err := t.Row("SELECT last_insert_rowid()").Scan(&d.no); err != nil {
			return err
		}
		// There are none, unless an older mailshot removed a campaign of this number.
		_, err := t.Exec("DELETE FROM claims WHERE campaign = ?", d.no)
		return err
	})
	if err != nil {
		return nil, err
	}
	first, _ := schema.Span(d.no)
	d.seq = first + seq
	return d, nil
}

// remove deletes an unfinished draft in pieces, so that a large one does not fill the log. The campaign's own record
// goes last, so that the next draft finishes an interrupted removal.
func (l *Ledger) remove(ctx context.Context, no int64) error {
	if err := l.unclaim(ctx, no); err != nil {
		return err
	}
	const piece = 20_000
	first, end := schema.Span(no)
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := l.db.Write(func(t *sqlite.Tx) error {
			var last int64
			if err := t.Row(`SELECT coalesce(max(id), 0) FROM (SELECT id FROM rows
				WHERE id >= ? AND id < ? ORDER BY id LIMIT ?)`, first, end, piece).Scan(&last); err != nil {
				return err
			}
			more = last != 0
			for _, table := range []string{"deliveries", "rows"} {
				if _, err := t.Exec("DELETE FROM "+table+" WHERE id >= ? AND id <= ?", first, last); err != nil {
					return err
				}
			}
			if more {
				return members.Remove(t, first, last)
			}
			if _, err := t.Exec("DELETE FROM lanes WHERE campaign = ?", no); err != nil {
				return err
			}
			_, err := t.Exec("DELETE FROM campaigns WHERE no = ? AND frozen = 0", no)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// insert inserts n records with Bulk, and is an error unless all went in.
func insert(t *sqlite.Tx, insert, values string, n int, args []any) error {
	done, err := t.Bulk(insert, values, n, args)
	if err != nil {
		return err
	}
	return schema.Changed(done, int64(n), nil)
}

// Add stores rows in one transaction: a few hundred to a few thousand at a time are quick.
//
// Rows that are pending or suppressed claim their key. Grouped rows come after the row that has claimed theirs. A
// later row with the same key is stored as a duplicate if its digest is the same too, or if the campaign has
// DuplicatesFirst. Otherwise it comes back as a Conflict and is not stored: the caller discards the draft, or adds
// the row again as invalid.
//
// After an error none of the rows is stored. Unless the error is about one of the rows, the draft can only be
// discarded.
func (d *Draft) Add(ctx context.Context, rows []Row) ([]Conflict, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := d.usable(); err != nil {
		return nil, err
	}
	for i := range rows {
		if err := d.sound(&rows[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", rows[i].Place, err)
		}
	}
	if last := d.seq + int64(len(rows)); d.claims.Full(d.gather, last) {
		if err := d.claim(); err != nil {
			return nil, err
		}
	}
	b := batch{first: d.seq + 1, rows: make([]planned, 0, len(rows))}
	var conflicts []Conflict
	err := d.l.db.Write(func(t *sqlite.Tx) error {
		for i := range rows {
			p := planned{Row: &rows[i]}
			conflict, err := d.identify(t, &p, &b)
			if err != nil {
				return fmt.Errorf("%s: %w", p.Place, err)
			}
			if conflict != nil {
				conflicts = append(conflicts, *conflict)
				continue
			}
			if p.lane, err = d.lane(t, p.Lane); err != nil {
				return err
			}
			b.rows = append(b.rows, p)
		}
		return d.store(t, &b)
	})
	if err != nil {
		return nil, d.fail(err)
	}
	d.seq += int64(len(b.rows))
	for i := range b.rows {
		d.counts[b.rows[i].state()]++
		d.rows++
	}
	return conflicts, nil
}

// planned is a row as it is stored.
type planned struct {
	*Row
	hash    schema.KeyHash
	claims  bool   // it is the row that has its key
	another string // it is a duplicate: the place of the row that has its key
	carrier int64  // it is grouped: the row that has its key
	lane    int64
}

func (p *planned) state() State {
	if p.another != "" {
		return Duplicate
	}
	return p.State
}

func (p *planned) reason() string {
	if p.another != "" {
		return "same key as " + p.another
	}
	return p.Reason
}

// batch is the rows of one Add that are to be stored. Their ids follow each other.
type batch struct {
	first int64
	rows  []planned
}

// sound is an error unless the row can be planned.
func (d *Draft) sound(row *Row) error {
	if !legal(byPlan, "", row.State) {
		return fmt.Errorf("%w: a row cannot be planned as %q", ErrState, row.State)
	}
	if row.Key == "" && (row.State == Pending || row.State == Suppressed || row.State == Grouped) {
		return errors.New("row has no key")
	}
	return nil
}

// identify claims the key of a row that is pending or suppressed. If another row has claimed the key, it makes the row
// a duplicate, or returns the conflict. It finds the row whose message a grouped row is in.
func (d *Draft) identify(t *sqlite.Tx, p *planned, b *batch) (*Conflict, error) {
	if p.State != Pending && p.State != Suppressed && p.State != Grouped {
		return nil, nil
	}
	p.hash = d.hash(p.Key)
	id, err := d.claimant(t, p.hash)
	if err != nil {
		return nil, err
	}
	if p.State == Grouped {
		if p.carrier = id; id == 0 {
			err = errors.New("no row carries the message of its group")
		}
		return nil, err
	}
	if id == 0 {
		p.claims = true
		d.claims.Add(p.hash, b.first+int64(len(b.rows)))
		return nil, nil
	}
	c := &Conflict{Row: *p.Row}
	var key string
	if id >= b.first {
		other := &b.rows[id-b.first]
		c.First, key, c.Address, c.Digest = other.Place, other.Key, other.Address, other.Digest
	} else if r, err := t.Known(`SELECT r.place, r.key, r.address, d.digest
		FROM rows r JOIN deliveries d USING (id) WHERE r.id = ?`, id); err != nil {
		return nil, err
	} else if err := r.Scan(&c.First, &key, &c.Address, &c.Digest); err != nil {
		return nil, err
	}
	if key != p.Key {
		return nil, fmt.Errorf("keys %q and %q have the same hash", key, p.Key)
	}
	if string(c.Digest) != string(p.Digest) && !d.first {
		return c, nil
	}
	p.another = c.First
	return nil, nil
}

// hash is what stands for a key that a row claims: of somebody who was forgotten, what Ledger.KeyHash gives.
func (d *Draft) hash(key string) schema.KeyHash {
	if len(d.erased) > 0 && d.l.KeyHash != nil {
		if h := schema.KeyHash(d.l.KeyHash(d.id, key)); d.erased[h] {
			return h
		}
	}
	return schema.HashKey(key)
}

// store writes the rows and their deliveries.
func (d *Draft) store(t *sqlite.Tx, b *batch) error {
	args, more := make([]any, 0, sqlite.Several*9), make([]any, 0, sqlite.Several*5)
	var grouped []members.Member
	id := b.first
	for part := range slices.Chunk(b.rows, sqlite.Several) {
		args, more = args[:0], more[:0]
		for i := range part {
			p := &part[i]
			var hash []byte
			if p.claims {
				hash = p.hash[:]
			}
			// What is the same is made an argument once: each takes memory.
			var row, address any = id, p.Address
			addressKey, key := same(p.AddressKey, p.Address, address), same(p.Key, p.Address, address)
			args = append(args, row, d.no, hash, p.Number, p.Place, key, address, addressKey, p.Fields)
			more = append(more, row, p.state().code(), p.lane, p.Digest, p.reason())
			if p.carrier != 0 {
				grouped = append(grouped, members.Member{Row: id, Carrier: p.carrier})
			}
			id++
		}
		err := insert(t,
			"INSERT INTO rows(id, campaign, hash, number, place, key, address, address_key, fields) VALUES ",
			"(?, ?, ?, ?, ?, ?, ?, ?, ?)", len(part), args)
		if err != nil {
			return err
		}
		err = insert(t, "INSERT INTO deliveries(id, state, lane, due, attempts, first, turn, digest, reason) VALUES ",
			"(?, ?, ?, 0, 0, 0, 0, ?, ?)", len(part), more)
		if err != nil {
			return err
		}
	}
	return members.Add(t, grouped)
}

// same is text as an argument: arg, where text is the one that arg is of.
func same(text, of string, arg any) any {
	if text == of {
		return arg
	}
	return text
}

// usable returns why the draft takes nothing more, or nil.
func (d *Draft) usable() error {
	if d.closed {
		return errors.New("draft is closed")
	}
	return d.broken
}

// fail keeps the first error after which the draft's claims may differ from what was stored.
func (d *Draft) fail(err error) error {
	if d.broken == nil {
		d.broken = err
	}
	return err
}

// lane is the number of the campaign's lane with this name.
func (d *Draft) lane(t *sqlite.Tx, name string) (int64, error) {
	if no, ok := d.lanes[name]; ok {
		return no, nil
	}
	if len(d.lanes) >= 4096 { // a list may have as many lanes as rows
		clear(d.lanes)
	}
	if _, err := t.Exec("INSERT OR IGNORE INTO lanes(campaign, name) VALUES (?, ?)", d.no, name); err != nil {
		return 0, err
	}
	r, err := t.Known("SELECT no FROM lanes WHERE campaign = ? AND name = ?", d.no, name)
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

// Freeze makes the draft the campaign's list in one durable step, and stores what c says about it. After an error it is
// still a draft.
func (d *Draft) Freeze(ctx context.Context, c Campaign) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.usable(); err != nil {
		return err
	}
	if err := d.claim(); err != nil {
		return err
	}
	err := d.l.db.Write(func(t *sqlite.Tx) error {
		n, err := t.Exec(`UPDATE campaigns SET frozen = 1, created = ?, definition = ?, templates = ?, list = ?,
				header = ?, sender = ?, rows = ?, host = ?, host_name = ?, template = ?
			WHERE no = ? AND frozen = 0`, created(c), c.Definition, c.Templates, c.List,
			c.Header, c.From, d.rows, c.Host.ID, c.Host.Name, c.Template, d.no)
		if err := schema.Changed(n, 1, err); err != nil {
			return err
		}
		return schema.Recount(t, d.no)
	})
	if err == nil {
		d.closed = true
	}
	return err
}

// created is the time that c says, or now.
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

// Withdraw turns a frozen plan back into a draft, which the next Draft of the same id removes. If there was a run or a
// manual change of the campaign, it reports false and changes nothing. The caller holds the campaign's lock.
func (l *Ledger) Withdraw(ctx context.Context, id string) (bool, error) {
	no, c, err := l.find(ctx, id)
	if err != nil || c.Runs > 0 {
		return false, err
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	first, end := schema.Span(no)
	withdrawn := false
	err = l.db.Write(func(t *sqlite.Tx) error {
		n, err := t.Exec(`UPDATE campaigns SET frozen = 0 WHERE no = ? AND turn = 0
			AND NOT EXISTS (SELECT 1 FROM campaigns d WHERE d.id = campaigns.id AND d.frozen = 0)
			AND NOT EXISTS (SELECT 1 FROM audit WHERE delivery >= ? AND delivery < ?)
			AND NOT EXISTS (SELECT 1 FROM attempts WHERE delivery >= ? AND delivery < ?)`, no, first, end, first, end)
		if withdrawn = n == 1; withdrawn && err == nil {
			_, err = t.Exec("DELETE FROM counts WHERE campaign = ?", no)
		}
		return err
	})
	return withdrawn, err
}
