package dispatch

import (
	"errors"
	"io"
	"testing"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/sender"
	"mailshot/sender/reply"
	"mailshot/sender/smtp"
)

// Every row of the table of a run: how an attempt ended, and what is done with the use of the caps, the delivery and
// the server.
//
// Broken on purpose it named the row: with a lost reply put back, "half a reply after the dot"; with a message that was
// begun put back after a 4xx, "a 4xx about the server after the dot"; with the use of the caps given back, "taken".
func TestDecide(t *testing.T) {
	t.Parallel()
	out := func(c reply.Class, about reply.About, at reply.Stage, code int) sender.Outcome {
		return sender.Outcome{Class: c, About: about, Stage: at, Code: code}
	}
	begun := func(o sender.Outcome) sender.Outcome {
		o.Begun = true
		return o
	}
	unfit := out(reply.Message, reply.AboutMessage, reply.Data, 0)
	unfit.Err = smtp.ErrUnfit
	lost := out(reply.Retry, reply.AboutServer, reply.Mail, 0)
	lost.Err = io.EOF
	for _, c := range []struct {
		name string
		e    ending
		want verdict
	}{
		{"suppressed in begin", ending{begin: &ledger.SuppressedError{Reason: "asked"}},
			verdict{released, nothing, toSuppressed, nothing}},
		{"suppressed in begin, as the run ends", ending{begin: &ledger.SuppressedError{}, interrupted: true},
			verdict{released, nothing, toSuppressed, nothing}},
		{"the memory fails", ending{begin: errors.New("disk full"), out: out("", "", reply.Data, 0)},
			verdict{counts, nothing, toHalted, nothing}},
		{"interrupted in begin", ending{begin: errors.New("cancelled"), interrupted: true},
			verdict{released, nothing, toPending, nothing}},
		{"taken", ending{out: begun(out(reply.OK, "", reply.Data, 250))}, verdict{counts, liked, toSent, nothing}},
		{"taken as the run ends", ending{out: begun(out(reply.OK, "", reply.Data, 250)), interrupted: true},
			verdict{counts, liked, toSent, nothing}},
		{"no such mailbox", ending{out: out(reply.Refuse, reply.AboutRecipient, reply.Rcpt, 550)},
			verdict{counts, disliked, toRefused, nothing}},
		{"refused for what is in it", ending{out: begun(out(reply.Message, reply.AboutMessage, reply.Data, 554))},
			verdict{counts, disliked, toRefused, nothing}},
		{"does not fit what the server offers", ending{out: unfit}, verdict{released, disliked, toRefused, nothing}},
		{"half a reply after the dot", ending{out: begun(out(reply.Unknown, reply.AboutServer, reply.Data, 0))},
			verdict{counts, doubted, toUnknown, blamed}},
		{"no reply as the run is torn down", ending{out: begun(out(reply.Unknown, "", reply.Data, 0)), interrupted: true},
			verdict{counts, nothing, toUnknown, nothing}},
		{"not begun as the run ends", ending{out: lost, interrupted: true}, verdict{counts, nothing, toPending, nothing}},
		{"wrong password", ending{out: out(reply.Stop, reply.AboutSender, reply.Auth, 535)},
			verdict{released, blamed, toPending, nothing}},
		{"sender refused", ending{out: out(reply.Stop, reply.AboutSender, reply.Mail, 553)},
			verdict{counts, blamed, toPending, nothing}},
		{"a stop after the dot", ending{out: begun(out(reply.Stop, reply.AboutSender, reply.Data, 421))},
			verdict{counts, blamed, toServer, nothing}},
		{"a provider wants it slower", ending{out: out(reply.Hold, reply.AboutGroup, reply.Rcpt, 421), group: true},
			verdict{counts, answered, toGroup, nothing}},
		{"a domain's own server wants it slower",
			ending{out: out(reply.Hold, reply.AboutGroup, reply.Rcpt, 421), direct: true},
			verdict{counts, nothing, toDeferred, nothing}},
		{"a hold about a part of the rest", ending{out: out(reply.Hold, reply.AboutGroup, reply.Mail, 421)},
			verdict{counts, nothing, toPending, blamed}},
		{"the server's limit", ending{out: out(reply.Hold, reply.AboutServer, reply.Mail, 451)},
			verdict{counts, nothing, toPending, blamed}},
		{"a 4xx about the server after the dot", ending{out: begun(out(reply.Hold, reply.AboutServer, reply.Data, 451))},
			verdict{counts, nothing, toServer, blamed}},
		{"no connection", ending{out: out(reply.Retry, reply.AboutServer, reply.Connect, 0)},
			verdict{released, nothing, toPending, blamed}},
		{"the connection is lost at MAIL", ending{out: lost}, verdict{counts, nothing, toPending, blamed}},
		{"the connection ends at a recipient", ending{out: out(reply.Retry, reply.AboutServer, reply.Rcpt, 0)},
			verdict{counts, nothing, toStumbled, blamed}},
		{"the connection ends there again", ending{out: out(reply.Retry, reply.AboutServer, reply.Rcpt, 0), stumbles: 1},
			verdict{counts, nothing, toDeferred, nothing}},
		{"greylisted", ending{out: out(reply.Retry, reply.AboutRecipient, reply.Rcpt, 450)},
			verdict{counts, nothing, toDeferred, answered}},
		{"a 4xx about the message", ending{out: begun(out(reply.Retry, reply.AboutMessage, reply.Data, 452))},
			verdict{counts, nothing, toDeferred, answered}},
		{"one domain's servers are away", ending{out: out(reply.Retry, reply.AboutGroup, reply.Connect, 0), direct: true},
			verdict{released, nothing, toDeferred, nothing}},
		{"no words about a recipient", ending{out: out(reply.Retry, reply.AboutRecipient, reply.Data, 0)},
			verdict{counts, nothing, toDeferred, blamed}},
	} {
		if got := decide(c.e); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// What may be with a server is never put back, whatever the ending says: all combinations of what decides.
func TestDecideNeverPutsBackWhatIsBegun(t *testing.T) {
	t.Parallel()
	classes := []reply.Class{"", reply.OK, reply.Retry, reply.Refuse, reply.Message, reply.Stop, reply.Hold, reply.Unknown}
	abouts := []reply.About{"", reply.AboutRecipient, reply.AboutMessage, reply.AboutServer, reply.AboutGroup,
		reply.AboutSender}
	stages := []reply.Stage{"", reply.Connect, reply.Auth, reply.Mail, reply.Rcpt, reply.Data}
	n := 0
	for _, class := range classes {
		for _, about := range abouts {
			for _, stage := range stages {
				for bits := range 64 {
					on := func(i int) bool { return bits>>i&1 == 1 }
					e := ending{interrupted: on(1), group: on(2), direct: on(3), out: sender.Outcome{
						Class: class, About: about, Stage: stage, Begun: on(0),
						HoldOff: map[bool]time.Duration{true: time.Minute}[on(4)]}}
					if on(5) {
						e.stumbles = mostStumbles
					}
					v := decide(e)
					back := v.delivery == toPending || v.delivery == toStumbled
					if e.out.Begun && (back || v.use != counts) || v.delivery == "" {
						t.Errorf("%+v: %+v", e, v)
					}
					n++
				}
			}
		}
	}
	if n != 8*6*6*64 {
		t.Error(n)
	}
}
