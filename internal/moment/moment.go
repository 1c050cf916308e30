// Package moment has one function: [Later] is the later of two times, where a zero time does not count.
package moment

import "time"

// Later is the later of two times, a where they are the same moment. A zero time says nothing: the other one is later.
func Later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
