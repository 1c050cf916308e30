package limits

import (
	"sort"
	"time"

	"mailshot/internal/moment"
)

// Usage is what is known of the uses under one key (an account, a recipient domain): when they were
// made, and how many have begun and not ended. It does not know the caps, so that two campaigns
// with different caps can share it.
//
// Open begins a use. Exactly one of Stamp (it happened, and counts from the time given) and Release
// (it did not) ends it. An open use counts as happening now. The zero Usage is empty and ready. Not
// for concurrent use.
type Usage struct {
	window Window
	pace   Pace
}

// Free returns the zero time if one more use may be opened at now under every one of the caps, else
// the earliest time at which that can be. The time is a promise about the uses as they stand: a
// Release can make it earlier.
func (u *Usage) Free(now time.Time, caps []Cap) time.Time {
	var until time.Time
	for _, c := range caps { // first, because asking about the shortest would forget what the others need
		u.window.keep = max(u.window.keep, c.Window)
	}
	for _, c := range caps {
		until = moment.Later(until, u.window.Free(now, c))
		if c.Paced() {
			until = moment.Later(until, u.pace.Free(now, c))
		}
	}
	return until
}

// Open begins a use at now. The caller has asked Free before.
func (u *Usage) Open(now time.Time) {
	u.window.Open()
	u.pace.Use(now)
}

// Stamp ends an open use as one that happened at now.
func (u *Usage) Stamp(now time.Time) { u.window.Stamp(now) }

// Release ends an open use, begun at opened, as one that never happened.
func (u *Usage) Release(opened time.Time) {
	u.window.Release()
	u.pace.Undo(opened)
}

// late is how far a time may lie behind the latest one seen before it means that the clock was set
// back, where no monotonic clock can tell.
const late = time.Minute

// clock tells late callers from a clock that was set back. Callers read the clock before they get
// their turn. To believe a caller that is a second late would make every use look a second older
// than it is.
type clock struct{ latest time.Time }

// at returns the time to count with: now, or for a late caller the latest time seen.
func (c *clock) at(now time.Time) time.Time {
	behind := c.latest.Sub(now) // by the monotonic clock if both have its reading
	if behind > 0 && (behind <= late || monotonic(now) && monotonic(c.latest)) {
		return c.latest
	}
	c.latest = now
	return now
}

// monotonic reports whether t has a monotonic clock reading, which Round strips.
func monotonic(t time.Time) bool { return t != t.Round(0) }

// Window counts uses in rolling windows. For a cap of N in W, at any time t the uses stamped in
// (t-W, t] and the open ones are at most N together, if the caller opens only what Free allows. A
// time before the latest one given is that of a late caller, and counts as the latest. When the
// clock was set back (the monotonic reading tells, or else more than a minute), stamps of the
// future count as made now: they neither let more through nor block for longer than W.
//
// A Window holds eight bytes for each use in the longest window that it was asked about, and
// forgets older uses. The zero Window is empty. Not for concurrent use.
type Window struct {
	clock  clock
	stamps []int64 // Unix nanoseconds, in order, from head on
	head   int
	open   int64
	keep   time.Duration // longest window asked about
}

// Free returns the zero time if cap allows one more use at now, else the time at which the use in
// the way leaves the window. When only open uses are in the way, that is a whole window from now,
// because they may yet be stamped.
func (w *Window) Free(now time.Time, c Cap) time.Time { return w.free(now, c, 1) }

// free is Free for n uses at once, which cap allows where it has no other.
func (w *Window) free(now time.Time, c Cap, n int64) time.Time {
	now, used, free := w.look(now, c)
	if free >= n {
		return time.Time{}
	}
	// There are -free uses too many, and n more have to leave to make room for the next.
	leaving := n - 1 - free
	if leaving >= int64(len(used)) {
		return now.Add(c.Window)
	}
	return time.Unix(0, used[leaving]).Add(c.Window)
}

// Room is how many more uses cap allows at now. It is negative after uses under a higher cap.
func (w *Window) Room(now time.Time, c Cap) int64 {
	_, _, free := w.look(now, c)
	return free
}

// look returns the time to count with, the stamps in cap's window, and how many more uses it holds.
func (w *Window) look(now time.Time, c Cap) (_ time.Time, used []int64, free int64) {
	w.keep = max(w.keep, c.Window)
	now = w.settle(now)
	used = w.stamps[w.head:]
	oldest := now.Add(-c.Window).UnixNano()
	used = used[sort.Search(len(used), func(i int) bool { return used[i] > oldest }):]
	return now, used, c.N - w.open - int64(len(used))
}

// Open begins a use.
func (w *Window) Open() { w.open++ }

// Stamp ends an open use, which counts from now.
func (w *Window) Stamp(now time.Time) {
	w.open--
	w.stamp(now, 1)
}

// stamp counts n uses from now.
func (w *Window) stamp(now time.Time, n int64) {
	at := w.settle(now).UnixNano()
	for range n {
		w.stamps = append(w.stamps, at)
	}
}

// Release ends an open use, which does not count.
func (w *Window) Release() { w.open-- }

// settle pulls stamps of the future back to now, and drops those that no window asked about can
// hold any more. It returns the time to count with.
func (w *Window) settle(now time.Time) time.Time {
	now = w.clock.at(now)
	n := now.UnixNano()
	for i := len(w.stamps) - 1; i >= w.head && w.stamps[i] > n; i-- {
		w.stamps[i] = n
	}
	if w.keep == 0 {
		return now
	}
	oldest := now.Add(-w.keep).UnixNano()
	for w.head < len(w.stamps) && w.stamps[w.head] <= oldest {
		w.head++
	}
	// Move down only when half is free. Each stamp is then moved once at most on average.
	if w.head > len(w.stamps)/2 {
		w.stamps = append(w.stamps[:0], w.stamps[w.head:]...)
		w.head = 0
	}
	return now
}

// Pace spaces uses evenly: the generic cell rate algorithm with a burst of one. Under a cap of N in
// W two uses are at least [Cap.Interval] apart, so that any window of W holds at most N. The zero
// Pace has seen no use. Not for concurrent use.
type Pace struct {
	clock        clock
	last, before time.Time
}

// Free returns the zero time if a use may start at now, else when it may.
func (p *Pace) Free(now time.Time, c Cap) time.Time {
	if now = p.clock.at(now); p.last.After(now) {
		p.last = now // the clock was set back: a use in the future counts as now
	}
	if p.last.IsZero() {
		return time.Time{}
	}
	if next := p.last.Add(c.Interval()); next.After(now) {
		return next
	}
	return time.Time{}
}

// Use records a use that starts at now. A pace counts starts and not ends, because a server minds
// how fast messages come.
func (p *Pace) Use(now time.Time) {
	p.before, p.last = p.last, p.clock.at(now)
}

// Undo takes back the use that started at start, if it was the latest. An older one no longer holds
// anything up.
func (p *Pace) Undo(start time.Time) {
	if p.last.Equal(start) {
		p.last = p.before
	}
}
