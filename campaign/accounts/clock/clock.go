// Package clock is the time of an accounts file: the time in which uses of caps are recorded, and their windows
// counted. [State.At] says what it is now, from what it was and what a machine's clocks say. The rest of the package
// reads clocks: [System] the machine's, [Or] and [Given] made-up ones. [Note] says in words that a wall clock is not
// believed.
//
// # Why a time of its own
//
// A wall clock is set: by a person, by the network, by a battery that is empty. If windows were counted by it, a
// clock that jumps would free a cap. The time T of a file answers one question only: has so much time really passed
// since then? Of two errors one is harmless. If T passes more slowly than the true time, a send waits longer than it
// had to. If T passes faster, a cap is exceeded. So T never passes faster than it is known to:
//
//   - While a machine is not started anew, T passes by its count of the time since it was started, sleep included. What
//     the wall clock says meanwhile does not matter. So two processes whose wall clocks differ have one T. The count has
//     the errors of a quartz, as every clock has that is not set.
//   - Nobody can say how long a machine was off, or what another machine did. There the wall clock is all that there is,
//     and the shorter of two times is believed: from the latest wall time that was ever seen here, and from T itself. A
//     clock that was behind and is right again is ahead of T by more than what has passed; one that said 2099 for an hour
//     has made the latest wall time worthless, but not T. Where either says that no time has passed, none has.
//   - What is recorded is never rewritten. A use that lies in the future of T counts as now.
//
// So T may differ from the wall clock, by any amount and for long, and no count is wrong by that: windows are
// differences of T. Nothing is gained by pulling T towards the wall clock, and every pull forward would free uses too
// early, however small it is: so there is none. Only when nothing is recorded that still counts under any cap, T
// becomes the wall time again ([State.Anew]), for then the step frees nothing. By that a file recovers from a clock
// that said 2099.
//
// What remains: a clock that was behind when a use was recorded, and that is set right while the machine is off or
// before it is next looked at and started anew, is a time that passed, as far as anybody can tell.
package clock

import (
	"fmt"
	"sync"
	"time"

	"mailshot/internal/machine"
)

// Reading is what a machine's clocks say at one moment.
type Reading struct {
	Wall  time.Time
	Boot  string        // names the start of the machine that Since is counted from; another start has another name
	Since time.Duration // what has passed since the machine was started, its sleep included
}

// Clock reads a machine's clocks. now is what the caller's wall clock says; zero = the caller has not looked. It is
// safe for concurrent use.
type Clock func(now time.Time) Reading

// System reads the clocks of this machine.
func System(now time.Time) Reading {
	if now.IsZero() {
		now = time.Now()
	}
	boot, since := machine.Boot()
	return Reading{now, boot, since}
}

// Or is c, or else System for a caller that has no wall clock of its own, or else a clock by the caller's: time
// passes as that one says, and none where it is set back.
func Or(c Clock, wall func() time.Time) Clock {
	switch {
	case c != nil:
		return c
	case wall == nil:
		return System
	}
	given := Given()
	return func(time.Time) Reading { return given(wall()) }
}

// late is how far a time may lie behind the latest one before it means that the clock was set back.
const late = time.Minute

// Given is a clock for tests and simulations: time passes as the times say that it is given. A time a little before the
// latest one is that of a late caller. One long before says that the wall clock was set back, and no time has passed.
func Given() Clock {
	var mu sync.Mutex
	var latest time.Time
	var since time.Duration
	return func(now time.Time) Reading {
		mu.Lock()
		defer mu.Unlock()
		if now.IsZero() {
			now = latest
		}
		if latest.IsZero() {
			// Two clocks of one test agree, as those of two processes do.
			since, latest = now.Sub(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)), now
		}
		if passed := now.Sub(latest); passed > 0 || -passed > late {
			since, latest = since+max(passed, 0), now
		}
		return Reading{now, "given", since}
	}
}

// State is the time of a file as of its last transaction. The zero State is none: [Begin] makes one.
type State struct {
	Reading // of that transaction; Wall is the latest wall time that was ever seen

	Time time.Time // T at that transaction
	Set  time.Time // when T was last the wall time, in T
}

// Begin is the time of a file that has none yet. latest is that of the latest use that was recorded by a wall clock;
// zero = there is none. The wall clock may have been set back since.
func Begin(r Reading, latest time.Time) State {
	t := bare(r.Wall)
	if latest.After(t) && latest.Before(end) {
		t = bare(latest)
	}
	r.Wall = t
	return State{Reading: r, Time: t, Set: t}
}

// end is a time that no clock has shown. A use that is later is a damaged record.
var end = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

// bare is t as it is stored, which ends somewhat later.
func bare(t time.Time) time.Time {
	if t.After(end) {
		t = end
	}
	return time.Unix(0, t.UnixNano())
}

// At is the state at a reading that is not before s.
func (s State) At(r Reading) State {
	wall := bare(r.Wall)
	if r.Boot == s.Boot && r.Since >= s.Since {
		s.Time = s.Time.Add(r.Since - s.Since)
	} else if off := min(wall.Sub(s.Wall), wall.Sub(s.Time)); off > 0 {
		if s.Time = s.Time.Add(off); s.Time.Equal(wall) {
			s.Set = wall
		}
	}
	s.Boot, s.Since = r.Boot, r.Since
	if wall.After(s.Wall) {
		s.Wall = wall
	}
	return s
}

// Moment is T at a reading of the same machine that is near s, before it or after.
func (s State) Moment(r Reading) time.Time {
	if r.Boot == s.Boot {
		return s.Time.Add(r.Since - s.Since)
	}
	return s.Time
}

// What a wall clock may differ from T by before it is not believed: some, and what the drift of a quartz makes of the
// time since they were the same, which is nine seconds a day.
const (
	tolerance = time.Minute
	drift     = 10_000 // one in so many
)

// Off is how far wall is ahead of T, and less than 0 where it is behind; 0 where they are the same but for what two
// good clocks may differ by.
func (s State) Off(wall time.Time) time.Duration {
	off := bare(wall).Sub(s.Time)
	if off.Abs() <= tolerance+s.Time.Sub(s.Set)/drift {
		return 0
	}
	return off
}

// Doubtful reports whether [State.Anew] has something to do at r.
func (s State) Doubtful(r Reading) bool { return s.Off(r.Wall) != 0 || s.Wall.Sub(r.Wall) > tolerance }

// Anew is the state from which T is the wall time again. The caller knows that nothing is recorded that counts;
// longest is the longest window of any cap. The latest wall time that was seen is forgotten only when T and the wall
// clock have been the same for a whole such window: a clock that was set back for a while must not look like a
// machine that was off.
func (s State) Anew(r Reading, longest time.Duration) State {
	wall := bare(r.Wall)
	if s.Off(wall) == 0 {
		if s.Time.Sub(s.Set) > max(longest, 24*time.Hour) {
			s.Wall = wall
		}
		return s
	}
	s.Time, s.Set = wall, wall
	return s
}

// Note says for a person that a wall clock is not believed, and what follows from it; "" where it is. off is what
// [State.Off] says of it, and t is T.
func Note(t, wall time.Time, off time.Duration) string {
	if off == 0 {
		return ""
	}
	const day = "Mon 2 January 2006, 15:04 MST"
	return fmt.Sprintf("%s: it says %s, where %s is expected. %s", Brief(off), wall.Format(day), t.In(wall.Location()).Format(day),
		"Hours, dates and tries that were put off go by it all the same: look whether it is right")
}

// Brief is [Note] without moments and advice, so that it stays the same while time passes.
func Brief(off time.Duration) string {
	const text = "this machine's clock is %s %s what was recorded, and is not believed: caps count by the time that has really passed"
	switch {
	case off > 0:
		return fmt.Sprintf(text, about(off), "ahead of")
	case off < 0:
		return fmt.Sprintf(text, about(-off), "behind")
	}
	return ""
}

// about writes a duration in its largest unit.
func about(d time.Duration) string {
	for _, u := range []struct {
		one  time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		switch n := d.Round(u.one) / u.one; {
		case n == 1:
			return "1 " + u.name
		case n > 1:
			return fmt.Sprintf("%d %ss", n, u.name)
		}
	}
	return "a minute"
}
