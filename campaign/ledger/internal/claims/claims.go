// Package claims gathers the keys that the rows of a draft claim: [Set].
package claims

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"iter"
	"math"
	"slices"

	"mailshot/campaign/ledger/internal/schema"
)

// Set is the keys that a draft's rows have claimed and that are not in the table of claims yet. Hashes come in no
// order, and a B-tree that is filled in no order is written all over again for every thousand of them. So they gather
// here, and go into the table in the table's order. Of those that are in the table it keeps some six bytes each, which
// say that a key is not among them. The table refuses a second claim to a key whatever happens here. The zero value is
// empty.
type Set struct {
	tabled filter // those in the table

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
	// Most is how many gather before they go into the table: some 4 MB.
	Most = 1 << 17
)

func (c *Set) at(i uint32) *claim { return &c.blocks[i/claimBlock][i%claimBlock] }

// slot is where the hash is, or where it would go.
func (c *Set) slot(h schema.KeyHash) int {
	mask := len(c.slots) - 1
	i := int(binary.LittleEndian.Uint64(h[:])) & mask
	for c.slots[i] != 0 && c.at(c.slots[i]-1).hash != h {
		i = (i + 1) & mask
	}
	return i
}

// Find returns the row that has claimed the key, or 0.
func (c *Set) Find(h schema.KeyHash) int64 {
	if c.n == 0 {
		return 0
	}
	if i := c.slots[c.slot(h)]; i != 0 {
		return c.base + int64(c.at(i-1).row)
	}
	return 0
}

// Tabled reports whether the key may be in the table.
func (c *Set) Tabled(h schema.KeyHash) bool { return c.tabled.has(h) }

// Add notes a claim to a key that no row has claimed.
func (c *Set) Add(h schema.KeyHash, row int64) {
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

// Full reports whether the claims must go into the table before rows up to the id last are added.
func (c *Set) Full(most int, last int64) bool {
	return c.n >= most || c.n > 0 && last-c.base > math.MaxUint32
}

// Len is how many there are.
func (c *Set) Len() int { return c.n }

// Empty takes all claims for tabled, and goes on with none.
func (c *Set) Empty() {
	for i := range uint32(c.n) {
		c.tabled.add(c.at(i).hash)
	}
	c.n = 0
	clear(c.slots)
}

// Sorted yields the claims in the order of their hashes, each with its row. It uses up what finds them: until Empty,
// nothing can be found.
func (c *Set) Sorted() iter.Seq2[*schema.KeyHash, int64] {
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
	return func(yield func(*schema.KeyHash, int64) bool) {
		for _, i := range order {
			if at := c.at(i); !yield(&at.hash, c.base+int64(at.row)) {
				return
			}
		}
	}
}
