package courtesy

import "time"

// Waves lets a campaign out bit by bit: so many messages, a hold in which the
// answers can be looked at, the next so many. Counted are people, not tries: a
// second try of one belongs to the wave that it was first tried in.
type Waves struct {
	Sizes []int64       // of the waves in order; what is left after them goes in a last one
	Hold  time.Duration // after each but the last; 30 min if zero
}

const waveHold = 30 * time.Minute

// Wave says which wave a campaign is in, from 1, when tried people have been
// tried or are being tried: room is how many more it takes. In the last one room
// is not bounded, and last is true. Without sizes all is one last wave.
func (w Waves) Wave(tried int64) (number int, room int64, last bool) {
	end := int64(0)
	for i, size := range w.Sizes {
		if end += size; tried < end {
			return i + 1, end - tried, false
		}
	}
	return len(w.Sizes) + 1, 0, true
}

// Held says until when the wave after tried people is held back: latest is when
// the last of them was first tried. It is the zero time unless tried people are
// exactly the waves so far.
func (w Waves) Held(tried int64, latest time.Time) (until time.Time) {
	end := int64(0)
	for _, size := range w.Sizes {
		if end += size; tried == end && tried > 0 {
			if w.Hold > 0 {
				return latest.Add(w.Hold)
			}
			return latest.Add(waveHold)
		}
	}
	return time.Time{}
}
