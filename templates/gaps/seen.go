package gaps

import "math/bits"

// Seen gathers what was printed at the places of one message's templates. Places are numbered from 0. The zero value is
// ready. It is not safe for concurrent use.
type Seen struct{ full, empty []uint64 }

// Note notes that a place printed something, or nothing.
func (s *Seen) Note(place int, something bool) {
	set := &s.empty
	if something {
		set = &s.full
	}
	for len(*set) <= place/64 {
		*set = append(*set, 0)
	}
	(*set)[place/64] |= 1 << (place % 64)
}

// Each calls do for each place that was printed, in order. A place that printed nothing at least once is empty.
func (s *Seen) Each(do func(place int, empty bool)) {
	if s == nil {
		return
	}
	for i := range max(len(s.full), len(s.empty)) {
		var full, empty uint64
		if i < len(s.full) {
			full = s.full[i]
		}
		if i < len(s.empty) {
			empty = s.empty[i]
		}
		for left := full | empty; left != 0; left &= left - 1 {
			n := bits.TrailingZeros64(left)
			do(i*64+n, empty>>n&1 == 1)
		}
	}
}

// Add notes all that another one has noted.
func (s *Seen) Add(other *Seen) {
	or := func(a *[]uint64, b []uint64) {
		for i, bits := range b {
			if i == len(*a) {
				*a = append(*a, b[i:]...)
				return
			}
			(*a)[i] |= bits
		}
	}
	or(&s.full, other.full)
	or(&s.empty, other.empty)
}

// Filled says whether every place that was printed printed something.
func (s *Seen) Filled() bool {
	for _, bits := range s.empty {
		if bits != 0 {
			return false
		}
	}
	return true
}
