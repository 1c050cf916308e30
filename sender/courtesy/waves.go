package courtesy

import "time"

// Waves lets a campaign out bit by bit: some messages, a hold in which the answers can be looked
// at, then the next messages. People are counted, not tries: a second try of a person belongs to
// the wave of the first try.
type Waves struct {
	Sizes []int64       // of the waves in order; what is left after them goes in a last wave
	Hold  time.Duration // after each wave but the last; 30 min if zero
}

const waveHold = 30 * time.Minute

// Wave says which wave a campaign is in, from 1, when tried people have been tried or are being
// tried. room is how many more the wave takes. In the last wave room is not bounded, and last is
// true. Without sizes everything is one last wave.
func (w Waves) Wave(tried int64) (number int, room int64, last bool) {
	end := int64(0)
	for i, size := range w.Sizes {
		if end += size; tried < end {
			return i + 1, end - tried, false
		}
	}
	return len(w.Sizes) + 1, 0, true
}

// Held says until when the wave after tried people is held back. latest is when the last of them
// was first tried. Held returns the zero time unless tried people are exactly the waves so far.
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
