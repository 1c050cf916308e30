package ledger

import (
	"slices"

	"mailshot/campaign/ledger/internal/schema"
)

// State is where a delivery stands. Its text is the word used in reports and on the command line.
type State string

// The states of a delivery.
const (
	Pending    State = "pending"    // to be sent
	Begun      State = "begun"      // its body may be on the wire at this moment
	Deferred   State = "deferred"   // temporarily refused; to be tried again when due
	Sent       State = "sent"       // the server took it
	Bounced    State = "bounced"    // the server took it, and then it came back
	Complained State = "complained" // the person called it spam
	Refused    State = "refused"    // the server refused it for good
	GaveUp     State = "gave_up"    // temporarily refused for too long
	Unknown    State = "unknown"    // the server may or may not have taken it; a person decides
	Held       State = "held"       // not what was planned any more
	Cancelled  State = "cancelled"  // by a person, or gone from the list
	Suppressed State = "suppressed" // not mailed: on the suppression list, or forgotten
	Invalid    State = "invalid"    // the row cannot be mailed
	Duplicate  State = "duplicate"  // an earlier row with the same key makes the same message
	Filtered   State = "filtered"   // the where filter said no
	Grouped    State = "grouped"    // in the message of another row of its group
)

// States lists every state in the order of the identity: rows = the sum over all of them.
func States() []State {
	return []State{
		Invalid, Duplicate, Suppressed, Filtered, Grouped, Held, Cancelled,
		Sent, Bounced, Complained, Refused, GaveUp, Unknown, Deferred, Pending, Begun,
	}
}

// code is the number of s in the database, 0 for no state.
func (s State) code() int64 { return int64(slices.Index(schema.States[:], string(s))) + 1 }

// stateOf is the state with the number n, which comes from a database that this program wrote.
func stateOf(n int64) State {
	if n < 1 || n > int64(len(schema.States)) {
		return ""
	}
	return State(schema.States[n-1])
}

// act says who moves a delivery.
type act uint8

const (
	byPlan       act = iota // the plan makes the row's first state
	byBegin                 // Run.Begin
	bySettle                // Run.Settle, and Begin for one found suppressed
	byStart                 // Run.Start finds it suppressed
	byPutBack               // Run.PutBack, or a new run finds it begun and not started
	byRecover               // a new run finds it begun
	byReplan                // Replan.Apply
	byRetry                 // a person: Retry
	byResolve               // a person: Resolve
	byCancel                // a person: Cancel
	byAcceptCopy            // a person accepts an older copy of the file: AcceptCopy
	byForget                // a person: Forget
	byReturn                // what came back: Return, and ApplyReturns
)

// transitions is the one place that says which state may follow which, and by what act. The empty state is that of a
// row that is not planned yet.
var transitions = map[act]map[State][]State{
	byPlan:  {"": {Pending, Invalid, Duplicate, Suppressed, Filtered, Grouped}},
	byBegin: {Pending: {Begun}, Deferred: {Begun}},
	bySettle: {
		Pending:  {Refused, Deferred, GaveUp, Suppressed, Held, Cancelled},
		Deferred: {Refused, Deferred, GaveUp, Suppressed, Held, Cancelled},
		Begun:    {Sent, Refused, Deferred, GaveUp, Unknown},
	},
	byStart:      {Begun: {Suppressed}},
	byPutBack:    {Begun: {Pending, Deferred}},
	byRecover:    {Begun: {Unknown}},
	byReplan:     {Pending: {Cancelled, Suppressed}, Deferred: {Cancelled, Suppressed}},
	byRetry:      {Refused: {Pending}, GaveUp: {Pending}, Held: {Pending}, Cancelled: {Pending}, Suppressed: {Pending}},
	byResolve:    {Unknown: {Sent, Refused, Pending}, Bounced: {Sent}, Complained: {Sent}},
	byCancel:     {Pending: {Cancelled}, Deferred: {Cancelled}},
	byAcceptCopy: {Pending: {Unknown}, Deferred: {Unknown}},
	byForget:     {Pending: {Suppressed}, Deferred: {Suppressed}},
	byReturn: {
		Sent:    {Bounced, Complained},
		Bounced: {Complained},
		Unknown: {Sent, Bounced, Complained},
	},
}

// legal reports whether a may move a delivery from one state to another.
func legal(a act, from, to State) bool { return slices.Contains(transitions[a][from], to) }

// sources lists the states from which a may lead to the state to, in a fixed order.
func sources(a act, to State) []State {
	var from []State
	for _, word := range schema.States {
		if s := State(word); legal(a, s, to) {
			from = append(from, s)
		}
	}
	return from
}
