package courtesy

import "time"

// Reluctance says how to try a domain or a provider that only puts mail off (greylisting, a quota,
// trouble of its own). After a few tries in a row that were put off it is reluctant: one message is
// under way at a time, and the gap between two of them grows with each few that are put off. One
// that is answered for good, yes or no, ends that. The zero Reluctance is not reluctant. Not for
// concurrent use.
type Reluctance struct {
	After int           // tries in a row that are put off before it is reluctant; 3 if zero
	Wait  time.Duration // the first wait of a message that was put off, which gaps follow; 5 min if zero

	row  int
	next time.Time
}

const (
	reluctantAfter = 3
	reluctantWait  = 5 * time.Minute
	gapSteps       = 4    // tries put off with the same gap; then it doubles
	firstGap       = 3000 // the first gap is the wait by this: 100 ms of 5 min
	longGap        = 10   // the longest gap is the wait by this: 30 s of 5 min
)

// PutOff notes that a try was put off at now.
func (r *Reluctance) PutOff(now time.Time) {
	r.row++
	over := r.row - r.after()
	if over < 0 {
		return
	}
	wait := r.Wait
	if wait <= 0 {
		wait = reluctantWait
	}
	r.next = now.Add(min(wait/firstGap<<min(over/gapSteps, 20), wait/longGap))
}

// Answered notes that a try was answered for good.
func (r *Reluctance) Answered() { r.row, r.next = 0, time.Time{} }

// Reluctant reports whether it only puts mail off.
func (r *Reluctance) Reluctant() bool { return r.row >= r.after() }

// Free says whether one more message may begin at now with underWay others under way. If not, until
// is when it may; a zero until means that one of the others has to end first.
func (r *Reluctance) Free(now time.Time, underWay int) (ok bool, until time.Time) {
	switch {
	case !r.Reluctant():
		return true, time.Time{}
	case underWay > 0:
		return false, time.Time{}
	case now.Before(r.next) && r.next.Sub(now) <= r.Wait+reluctantWait: // further away means that the clock was set back
		return false, r.next
	}
	return true, time.Time{}
}

func (r *Reluctance) after() int {
	if r.After > 0 {
		return r.After
	}
	return reluctantAfter
}
