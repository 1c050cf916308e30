package dispatch

import (
	"math/rand/v2"
	"time"

	"mailshot/internal/moment"
	"mailshot/sender"
	"mailshot/sender/courtesy"
	"mailshot/sender/reply"
)

const (
	// handover is for how long a server may have nothing to give, for a pause or for its caps, before its lanes go to
	// another.
	handover = time.Minute
	// serverTries is how often in a row a server may fail before it is away; the waits between double.
	serverTries = 8
	// firstServerHold is the wait after the first connections that broke.
	firstServerHold = 5 * time.Second
	// longServerHold is the longest of those that double.
	longServerHold = time.Hour
)

// health is how one server does in a run. It is the one place that says when a server may be given something: what the
// server answered, that it did not answer, and that its caps are used up all come here. It is a state machine without a
// clock and without a lock: a run asks it under a lock of its own.
//
// The length of a wait comes from one source each. For a server that cannot be reached it is the transport, which would
// not try before. For a reply that asks for less it is the pace, which lets the wait grow. For connections that break
// it is the number of holds in a row. For the caps it is the gate.
type health struct {
	inHand int // deliveries that are under way to the server
	pace   courtesy.Adaptive

	hold, full pause
	doubt      bool  // the server could not be reached: it is asked before it is given anything
	asking     bool  // a worker asks it
	failures   int   // in a row
	holds      int   // in a row
	disliked   int64 // messages in a row that it refused whoever they were for
	doubts     int64 // messages in a row that it gave no whole reply to
	why        string
	stopped    bool // until its configuration changes
}

// pause is a time in which nothing goes. A long one sends the lanes to another server.
type pause struct {
	until time.Time
	long  bool
}

func pauseFrom(now, until time.Time) pause { return pause{until, until.Sub(now) > handover} }

func (p pause) lends(now time.Time) bool { return p.long && now.Before(p.until) }

// newHealth is that of a server of which nothing is known yet. The server is begun with one delivery under way, up to
// full; 0 = with any number.
func newHealth(full int) health {
	h := health{doubt: true}
	if full > 0 {
		h.pace.Start(full)
	}
	return h
}

// in reports whether lanes may have their home with the server.
func (h *health) in(now time.Time) bool {
	return !h.stopped && !h.doubt && !h.hold.lends(now) && !h.full.lends(now)
}

// out reports whether the server is of no use any more to a run that has no other.
func (h *health) out() bool { return h.stopped || h.holds > serverTries }

// free says whether one more delivery may go at now, and if not, from when; the zero time means with an outcome. It
// goes by what the caps said last, and does not ask them.
func (h *health) free(now time.Time) (ok bool, until time.Time) {
	switch {
	case h.stopped, h.asking:
		return false, time.Time{}
	case h.doubt || now.Before(h.hold.until):
		return false, moment.Later(h.hold.until, now)
	case h.full.lends(now):
		return false, h.full.until
	}
	return h.pace.Free(now, h.inHand)
}

// answered forgets failures: there was a whole reply about a recipient.
func (h *health) answered() { h.failures, h.holds = 0, 0 }

// failed notes that the server failed a delivery. It returns until when nothing goes to it; zero = nothing changes. One
// broken connection is not a reason to wait: each connection may break twice. A failure that arrives while a hold lasts
// has the hold's cause.
func (h *health) failed(now time.Time, out sender.Outcome, connections int) (until time.Time) {
	if h.stopped || h.doubt || now.Before(h.hold.until) {
		return time.Time{}
	}
	h.failures++
	if out.HoldOff == 0 && h.failures <= 2*connections {
		return time.Time{}
	}
	h.holds++
	h.why = words(out)
	switch {
	case out.HoldOff > 0 && !out.Begun && !spoken(out.Stage):
		h.doubt = true
		until = now.Add(out.HoldOff)
	case out.Class == reply.Hold && out.Code != 0:
		until = h.pace.Slower(now, h.inHand, out.HoldOff, rand.Float64())
	default:
		// Bounded: a server that was away for a day has more holds behind it than a wait may double.
		longer := max(out.HoldOff, firstServerHold) << min(h.holds-1, 20)
		until = now.Add(max(out.HoldOff, min(longer, longServerHold)))
	}
	h.hold = pauseFrom(now, until)
	return until
}

// reached notes that the server could be reached.
func (h *health) reached() { h.doubt, h.asking, h.hold = false, false, pause{} }

// unreached notes that the server could not be reached, by the answer of its transport.
func (h *health) unreached(now time.Time, out sender.Outcome) (until time.Time) {
	h.doubt, h.asking = true, false
	h.holds++
	h.why = words(out)
	h.hold = pauseFrom(now, now.Add(max(out.HoldOff, time.Second)))
	return h.hold.until
}

// stop notes a fault that only the server's configuration mends, and reports whether that is news.
func (h *health) stop(why string) bool {
	if h.stopped {
		return false
	}
	h.stopped, h.asking, h.why = true, false, why
	return true
}

// filled notes that the server's caps have nothing left until then.
func (h *health) filled(now, until time.Time) { h.full = pauseFrom(now, until) }

// emptied notes that a use of the server's caps may have been given back.
func (h *health) emptied() { h.full = pause{} }
