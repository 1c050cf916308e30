package repeats

// table finds the group of a content. It is open, with linear probing, and has 2^n slots, n at least 16. A slot has
// the content's upper 48 bits; the lower ones say where to look. Its last 16 bits are the number of the group and
// one, and a bit that says that the content was noted. A free slot is 0.
type table struct {
	slots []uint64
	used  int
}

// mostGroups is the largest number of a group.
const mostGroups = 1<<15 - 2

const (
	notedBit = 1 << 15
	tagBits  = ^uint64(0xffff)
)

// newTable makes room for n contents, and for some more that come meanwhile.
func newTable(n int) table {
	size := 1 << 16
	for size*2 < n*3 {
		size *= 2
	}
	return table{slots: make([]uint64, size)}
}

// find is the slot of a content, or the free one for it. There is always a free one.
func (t *table) find(content uint64) *uint64 {
	mask := uint64(len(t.slots) - 1)
	for i := content & mask; ; i = (i + 1) & mask {
		if s := &t.slots[i]; *s == 0 || (*s^content)&tagBits == 0 {
			return s
		}
	}
}

// set makes a content one of the group.
func (t *table) set(content uint64, group int) {
	s := t.find(content)
	if *s == 0 {
		if t.used == len(t.slots)-1 {
			return // more came while the table was filled than there is room for
		}
		t.used++
	}
	*s = content&tagBits | uint64(group+1)
}

// note notes a content, and returns its group, -1 if it has none. fresh means that it was not noted before.
func (t *table) note(content uint64) (group int, fresh bool) {
	if t.used == 0 {
		return -1, false
	}
	s := t.find(content)
	if *s == 0 {
		return -1, false
	}
	fresh = *s&notedBit == 0
	*s |= notedBit
	return int(*s&(notedBit-1)) - 1, fresh
}
