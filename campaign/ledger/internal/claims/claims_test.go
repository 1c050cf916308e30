package claims

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"mailshot/campaign/ledger/internal/schema"
)

// hashes are n different ones, whose last half is cut by mask.
func hashes(chance *rand.Rand, n int, mask uint64) []schema.KeyHash {
	all := make([]schema.KeyHash, n)
	for i := range all {
		binary.BigEndian.PutUint64(all[i][:], chance.Uint64())
		binary.BigEndian.PutUint64(all[i][8:], chance.Uint64()&mask)
	}
	return all
}

// A key that is in the table may be there, whatever its hash is: spread over all buckets, in one bucket, and with marks
// at the end of a bucket or none. Of keys that are not there hardly any may be. It guards "never twice": a key that is
// taken for a new one fails the plan. (Breakages: a bucket that grew kept its marks at their old places; the search did
// not go on at the bucket's beginning.)
func TestTabled(t *testing.T) {
	t.Parallel()
	for name, mask := range map[string]uint64{
		"spread":           ^uint64(0),
		"one bucket":       1<<52 - 1,
		"marks of 0 and 1": 1<<63 | 1<<20,
		"the last marks":   1<<20 - 1,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chance := rand.New(rand.NewPCG(3, 4))
			const n = 60_000
			all := hashes(chance, n, mask)
			if name == "the last marks" {
				for i := range all { // 1023 and 1024 of them in a row up to the last one
					binary.BigEndian.PutUint64(all[i][8:], uint64(1<<32-1-i%1024)<<20)
				}
			}
			var c Set
			if c.Tabled(all[0]) {
				t.Fatal("a key is in an empty table")
			}
			for i, h := range all {
				if c.Find(h) != 0 {
					t.Fatal("a key was found before it was added")
				}
				c.Add(h, int64(i+1))
				if i%7000 == 6999 || i == n-1 {
					rows := 0
					for range c.Sorted() {
						rows++
					}
					if rows != c.Len() {
						t.Fatalf("%d of %d are sorted", rows, c.Len())
					}
					c.Empty()
				}
			}
			if c.Len() != 0 {
				t.Error("some are left")
			}
			for i, h := range all {
				if !c.Tabled(h) || c.Find(h) != 0 {
					t.Fatalf("key %d is not known to be in the table", i)
				}
			}
			if name != "spread" {
				return
			}
			wrong := 0
			for _, h := range hashes(chance, 1_000_000, mask) {
				if c.Tabled(h) {
					wrong++
				}
			}
			if wrong > 2 {
				t.Errorf("%d of a million keys were taken for one of %d", wrong, n)
			}
			size := 0
			for _, b := range c.tabled.buckets {
				size += 4 * len(b)
			}
			if size > 10*n {
				t.Errorf("%d bytes for %d keys", size, n)
			}
		})
	}
}

// BenchmarkTabled asks for keys that are not in a table of a million.
func BenchmarkTabled(b *testing.B) {
	chance := rand.New(rand.NewPCG(5, 6))
	var f filter
	for _, h := range hashes(chance, 1_000_000, ^uint64(0)) {
		f.add(h)
	}
	others := hashes(chance, 1<<16, ^uint64(0))
	for i := 0; b.Loop(); i++ {
		f.has(others[i%len(others)])
	}
}
