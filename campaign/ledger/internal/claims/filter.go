package claims

import (
	"encoding/binary"

	"mailshot/campaign/ledger/internal/schema"
)

// filter says of a key whether it may be among many: for a key that is not, it errs once in some ten million. It keeps
// 44 bits of each hash, in five to seven bytes. The zero value has none.
type filter struct {
	buckets [][]uint32 // by the first bits of a hash: the next ones, with open addressing; 0 is free
	counts  []uint32   // how many are in a bucket
}

const bucketBits = 12

// place is where the hash belongs: the bucket, and what stands for it there. It takes other bits than Set.slot.
func place(h schema.KeyHash) (bucket, mark uint32) {
	bits := binary.BigEndian.Uint64(h[8:])
	return uint32(bits >> (64 - bucketBits)), max(uint32(bits>>(32-bucketBits)), 1)
}

// at is where the mark is in a bucket, or where it would go; there is room. A larger bucket has its marks in the same
// order, so that a bucket may have any size.
func at(bucket []uint32, mark uint32) int {
	i := int(uint64(mark) * uint64(len(bucket)) >> 32)
	for bucket[i] != 0 && bucket[i] != mark {
		if i++; i == len(bucket) {
			i = 0
		}
	}
	return i
}

// has reports whether the key with this hash may be among them.
func (f *filter) has(h schema.KeyHash) bool {
	if f.buckets == nil {
		return false
	}
	b, mark := place(h)
	bucket := f.buckets[b]
	return len(bucket) > 0 && bucket[at(bucket, mark)] == mark
}

func (f *filter) add(h schema.KeyHash) {
	if f.buckets == nil {
		f.buckets, f.counts = make([][]uint32, 1<<bucketBits), make([]uint32, 1<<bucketBits)
	}
	b, mark := place(h)
	bucket := f.buckets[b]
	if n := int(f.counts[b]); (n+1)*8 > len(bucket)*7 {
		bucket = make([]uint32, n+n/3+8)
		for _, m := range f.buckets[b] {
			if m != 0 {
				bucket[at(bucket, m)] = m
			}
		}
		f.buckets[b] = bucket
	}
	if i := at(bucket, mark); bucket[i] == 0 {
		bucket[i] = mark
		f.counts[b]++
	}
}
