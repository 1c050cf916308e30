package campaign

import (
	"math/rand/v2"
	"time"

	"mailshot/internal/moment"
	"mailshot/sender"
	"mailshot/sender/courtesy"
	"mailshot/sender/reply"
)

const (
	// handover is for how long a server may have nothing to give, for a pause or for its caps, before its lanes go to another.
	handover = time.Minute
	// serverTries is how often in a row a server may fail before it is away; the waits between double.
	serverTries = 8
	// firstServerHold is the wait after the first connections that broke.
	firstServerHold = 5 * time.Second
	// longServerHold is the longest of those that double.
	longServerHold = time.Hour
)

// standing is how one server does in a run. It is the one place that says when a server may be given something: what it
// answered, that it did not answer, and that its caps are used up all come here. It is a state machine without clock and
// lock: a run asks it under a lock of its own.
//
// How long a wait is comes from one source each: for a server that cannot be reached from the transport, which would not try
// before; for a reply that asks for less from the pace, which lets it grow; for connections that break from the number of
// holds in a row; for the caps from the gate.
type standing struct {
	inHand int // deliveries that are under way to it
	pace   courtesy.Adaptive

	hold, full pause
	doubt      bool  // it could not be reached: it is asked before it is given anything
	asking     bool  // somebody asks it
	failures   int   // in a row
	holds      int   // in a row
	disliked   int64 // messages in a row that it refused whoever they were for
	why        string
	stopped    bool // until its configuration changes
}

// pause is a time in which nothing goes. One that is long enough sends the lanes to another server.
type pause struct {
	until time.Time
	long  bool
}

func pauseFrom(now, until time.Time) pause { return pause{until, until.Sub(now) > handover} }

func (p pause) lends(now time.Time) bool { return p.long && now.Before(p.until) }

// newStanding is that of a server of which nothing is known yet. It is begun with one delivery under way, up to full; 0: with
// any number.
func newStanding(full int) standing {
	s := standing{doubt: true}
	if full > 0 {
		s.pace.Start(full)
	}
	return s
}

// in reports whether lanes may have their home with the server.
func (s *standing) in(now time.Time) bool {
	return !s.stopped && !s.doubt && !s.hold.lends(now) && !s.full.lends(now)
}

// out reports whether the server is of no use any more to a run that has no other.
func (s *standing) out() bool { return s.stopped || s.holds > serverTries }

// free says whether one more delivery may go at now, and if not, when; the zero time: with an outcome. The caps are not
// asked here, only what they said last.
func (s *standing) free(now time.Time) (ok bool, until time.Time) {
	switch {
	case s.stopped:
		return false, time.Time{}
	case s.asking:
		return false, time.Time{}
	case s.doubt || now.Before(s.hold.until):
		return false, moment.Later(s.hold.until, now)
	case s.full.lends(now):
		return false, s.full.until
	}
	return s.pace.Free(now, s.inHand)
}

// answered forgets failures: there was a whole reply about a recipient.
func (s *standing) answered() { s.failures, s.holds = 0, 0 }

// failed notes that the server failed a delivery. It returns until when nothing goes to it; zero: nothing changes. A
// connection that broke is no reason to wait until each has, twice. Failures that arrive while a hold lasts have its cause.
func (s *standing) failed(now time.Time, out sender.Outcome, connections int) (until time.Time) {
	if s.stopped || s.doubt || now.Before(s.hold.until) {
		return time.Time{}
	}
	s.failures++
	if out.HoldOff == 0 && s.failures <= 2*connections {
		return time.Time{}
	}
	s.holds++
	s.why = words(out)
	switch {
	case out.HoldOff > 0 && !out.Begun && !spoken(reply.Stage(out.Stage)):
		s.doubt = true
		until = now.Add(out.HoldOff)
	case out.Class == reply.Hold && out.Code != 0:
		until = s.pace.Slower(now, s.inHand, out.HoldOff, rand.Float64())
	default:
		// Bounded: a server that was away for a day has more holds behind it than a wait may double.
		longer := max(out.HoldOff, firstServerHold) << min(s.holds-1, 20)
		until = now.Add(max(out.HoldOff, min(longer, longServerHold)))
	}
	s.hold = pauseFrom(now, until)
	return until
}

// reached notes that the server could be reached.
func (s *standing) reached() { s.doubt, s.asking, s.hold = false, false, pause{} }

// unreached notes that it could not, by the answer of its transport.
func (s *standing) unreached(now time.Time, out sender.Outcome) (until time.Time) {
	s.doubt, s.asking = true, false
	s.holds++
	s.why = words(out)
	s.hold = pauseFrom(now, now.Add(max(out.HoldOff, time.Second)))
	return s.hold.until
}

// stop notes what only its configuration mends, and reports whether that is news.
func (s *standing) stop(why string) bool {
	if s.stopped {
		return false
	}
	s.stopped, s.asking, s.why = true, false, why
	return true
}

// filled notes that its caps have nothing left until then.
func (s *standing) filled(now, until time.Time) { s.full = pauseFrom(now, until) }

// emptied notes that a use of its caps may have been given back.
func (s *standing) emptied() { s.full = pause{} }
