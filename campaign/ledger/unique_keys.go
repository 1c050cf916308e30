package ledger

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// claims are the keys that a draft's rows have claimed and that are not in the table of claims yet. Hashes come in no
// order, and a B-tree that is filled in no order is written all over again for every thousand of them. So they gather
// here, and go into the table in the table's order. The table refuses a second claim to a key whatever happens here.
// The zero value is empty.
type claims struct {
	base   int64 // the first claim's row
	blocks [][]claim
	n      int      // how many there are
	slots  []uint32 // by hash, open addressing: 1 + the claim's number; 0 is free
}

type claim struct {
	hash schema.KeyHash
	row  uint32 // its id, less the base
}

const (
	claimBlock = 1 << 14 // claims that are allocated together, so that none is copied when there are more
	// mostClaims is how many gather before they go into the table: some 30 MB. From then on every key is looked up
	// there too.
	mostClaims = 1 << 20
)

func (c *claims) at(i uint32) *claim { return &c.blocks[i/claimBlock][i%claimBlock] }

// slot is where the hash is, or where it would go.
func (c *claims) slot(h schema.KeyHash) int {
	mask := len(c.slots) - 1
	i := int(binary.LittleEndian.Uint64(h[:])) & mask
	for c.slots[i] != 0 && c.at(c.slots[i]-1).hash != h {
		i = (i + 1) & mask
	}
	return i
}

// find returns the row that has claimed the key, or 0.
func (c *claims) find(h schema.KeyHash) int64 {
	if c.n == 0 {
		return 0
	}
	if i := c.slots[c.slot(h)]; i != 0 {
		return c.base + int64(c.at(i-1).row)
	}
	return 0
}

// add notes a claim to a key that no row has claimed.
func (c *claims) add(h schema.KeyHash, row int64) {
	if c.n*4 >= len(c.slots)*3 {
		c.slots = make([]uint32, max(1024, 2*len(c.slots)))
		for i := range uint32(c.n) {
			c.slots[c.slot(c.at(i).hash)] = i + 1
		}
	}
	if c.n == len(c.blocks)*claimBlock {
		c.blocks = append(c.blocks, make([]claim, claimBlock))
	}
	if c.n == 0 {
		c.base = row
	}
	slot := c.slot(h)
	*c.at(uint32(c.n)) = claim{h, uint32(row - c.base)}
	c.n++
	c.slots[slot] = uint32(c.n)
}

// full reports whether the claims must go into the table before rows up to the id last are added.
func (c *claims) full(most int, last int64) bool {
	return c.n >= most || c.n > 0 && last-c.base > math.MaxUint32
}

// sorted returns the claims' numbers in the order of their hashes. It uses up the slots: nothing can be found
// afterwards.
func (c *claims) sorted() []uint32 {
	order := c.slots[:0]
	for i := range uint32(c.n) {
		order = append(order, i)
	}
	slices.SortFunc(order, func(a, b uint32) int {
		x, y := &c.at(a).hash, &c.at(b).hash
		// The first half nearly always decides, and is compared in one step.
		half := cmp.Compare(binary.BigEndian.Uint64(x[:]), binary.BigEndian.Uint64(y[:]))
		return cmp.Or(half, bytes.Compare(x[:], y[:]))
	})
	return order
}

// claim puts the claims that have gathered into the table.
func (d *Draft) claim() error {
	if d.claims.n == 0 {
		return nil
	}
	gathered := d.claims
	d.claims = claims{}
	err := d.l.db.Write(func(t *sqlite.Tx) error {
		args := make([]any, 0, 3*sqlite.Several)
		for part := range slices.Chunk(gathered.sorted(), sqlite.Several) {
			args = args[:0]
			for _, i := range part {
				c := gathered.at(i)
				args = append(args, d.no, c.hash[:], gathered.base+int64(c.row))
			}
			err := insert(t, "INSERT INTO claims(campaign, hash, row) VALUES ", "(?, ?, ?)", len(part), args)
			if err != nil {
				return err
			}
		}
		return nil
	})
	d.tabled = true
	return d.fail(err)
}

// claimant is the id of the row that has claimed a key, or 0.
func (d *Draft) claimant(t *sqlite.Tx, h schema.KeyHash) (int64, error) {
	row := d.claims.find(h)
	if row != 0 || !d.tabled {
		return row, nil
	}
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
