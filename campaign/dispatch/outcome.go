package dispatch

import (
	"errors"

	"mailshot/campaign/ledger"
	"mailshot/sender"
	"mailshot/sender/reply"
	"mailshot/sender/smtp"
)

// mostStumbles is how often in a row a connection may end at one recipient before that recipient is deferred.
const mostStumbles = 2

// ending is how the attempt at a delivery ended: all that decides what is done next.
type ending struct {
	out         sender.Outcome
	begin       error // of the memory's Begin or Start
	interrupted bool  // the run takes nothing new any more
	group       bool  // the delivery's group is one provider or domain
	direct      bool  // the server stands for the recipients' own servers
	stumbles    int   // how often in a row a connection ended at this recipient before
}

// verdict is what an ending asks for.
type verdict struct {
	use      use
	before   view // of the server, told before the delivery is let go
	delivery disposal
	after    view // of the server, told when the delivery has been let go
}

// use is what becomes of the delivery's use of the caps.
type use string

const (
	counts   use = "counts"   // from now on
	released use = "released" // it is given back
)

// disposal is what becomes of the delivery.
type disposal string

const (
	toPending    disposal = "put back"        // as it was
	toStumbled   disposal = "stumbled"        // put back, and the stumble is counted
	toSent       disposal = "sent"            // settled
	toRefused    disposal = "refused"         // settled
	toUnknown    disposal = "unknown"         // settled
	toSuppressed disposal = "suppressed"      // Begin or Start has settled it
	toHalted     disposal = "halted"          // put back, and the run ends: the memory failed
	toDeferred   disposal = "deferred"        // tried again by the schedule of retries, or given up
	toGroup      disposal = "group deferred"  // deferred, and its group is left alone for a while
	toServer     disposal = "server deferred" // deferred until the server may be asked again
)

// view is what the ending says about the server.
type view string

const (
	nothing  view = ""
	liked    view = "liked"    // it took the message
	answered view = "answered" // it gave a whole reply about the recipient
	disliked view = "disliked" // it refused, perhaps the message or the sender and not the recipient
	doubted  view = "doubted"  // nobody knows whether it took the message
	blamed   view = "blamed"   // it failed, and not the recipient
)

// decide is the table of a run: how an attempt ended → what is done with the use of the caps, with the delivery, and
// with the server. The first case that holds decides. Only what is put back or deferred ever goes to another server:
// what was begun belongs to this one until there is an outcome, and without a complete reply it is unknown.
func decide(e ending) verdict {
	out := e.out
	v := verdict{use: released}
	if out.Begun || spoken(out.Stage) && !errors.Is(out.Err, smtp.ErrUnfit) {
		v.use = counts
	}
	switch {
	case suppressed(e.begin) != nil:
		v.delivery = toSuppressed
	case e.begin != nil && !e.interrupted:
		v.delivery = toHalted // the intent could not be made durable: nothing more may leave
	case out.Class == reply.OK:
		v.before, v.delivery = liked, toSent
	case out.Class == reply.Refuse || out.Class == reply.Message:
		v.before, v.delivery = disliked, toRefused // told first: nobody begins another one on that news
	case out.Class == reply.Unknown:
		v.delivery = toUnknown
		if !e.interrupted {
			// Told first: one after the other, they would leave a person with the whole list to resolve.
			v.before, v.after = doubted, blamed
		}
	case !out.Begun && e.interrupted:
		v.delivery = toPending
	case out.Class == reply.Stop:
		v.before = blamed // told first: what is put back is for other servers
		v.delivery, _ = e.back()
	case out.Class == reply.Hold && out.About == reply.AboutGroup && e.group:
		v.before, v.delivery = answered, toGroup
	case out.Class == reply.Hold && out.About == reply.AboutGroup && e.direct:
		v.delivery = toDeferred // one domain's own servers
	case out.About == reply.AboutServer || out.Class == reply.Hold:
		v.delivery, v.after = e.back()
	default:
		v.delivery = toDeferred
		switch {
		case out.Code != 0:
			v.after = answered
		case out.About != reply.AboutGroup:
			v.after = blamed
		}
	}
	return v
}

// suppressed is the error that says that a recipient is suppressed; nil if err is another one.
func suppressed(err error) (s *ledger.SuppressedError) {
	if err == nil || !errors.As(err, &s) {
		return nil
	}
	return s
}

// back is the disposal of a delivery that failed for no fault of its own, and the view of the server. One that was not
// begun is as it was. One that was begun and has a complete temporary reply is deferred, for the memory has seen it
// begin. What is put back is the next to go: where the conversation ends at one recipient again and again, that
// recipient would keep the others from going. It is deferred then, and the server is not to blame.
func (e ending) back() (disposal, view) {
	at := e.out.Stage
	switch {
	case e.out.Begun:
		return toServer, blamed
	case at != reply.Rcpt && at != reply.Data:
		return toPending, blamed
	case e.stumbles+1 < mostStumbles:
		return toStumbled, blamed
	}
	return toDeferred, nothing
}

// spoken reports whether the server has heard of the message at a stage: it counts the attempt, refused and
// interrupted ones too.
func spoken(at reply.Stage) bool { return at == reply.Mail || at == reply.Rcpt || at == reply.Data }

// words are the server's, else what went wrong on this side.
func words(out sender.Outcome) string {
	if out.Text == "" && out.Err != nil {
		return out.Err.Error()
	}
	return out.Text
}
