package dispatch

import (
	"time"

	"mailshot/campaign/ledger"
)

// Kind is what an event is about: the state that a delivery has just reached, or one of the kinds below.
type Kind string

const (
	Started  Kind = "started"  // the run begins to send
	Hold     Kind = "hold"     // nothing goes before Until; Text says why
	Out      Kind = "out"      // one of several servers gets nothing more until its configuration changes; Text says why
	Draining Kind = "draining" // the run stops; the replies of Begun deliveries are awaited
)

// Event tells an observer of a run what has just happened. Events come one at a time.
type Event struct {
	Kind     Kind
	Server   string // which of several servers a Hold or Out is about, "" = the run; of an outcome the server's host:port
	Lane     string // of an outcome's delivery; of a Hold the group that it is about, "" = all
	Place    string // the row's place; "" when the event is not about one row
	Key      string
	Address  string
	Code     int    // of the server's reply; 0 = none
	Enhanced string // of the server's reply, as 5.1.1; "" = none
	Text     string // the server's words, or why
	// Took is how long the server had the message of an outcome before it replied; 0 = no byte of it had left.
	Took time.Duration
	// Counts says how many of the campaign's deliveries are in each state when it is called; the map is the caller's.
	// An observer of many events calls it now and then, also after Observe has returned.
	Counts   func() map[string]int64
	Planned  int64 // deliveries this run set out to send
	Done     int64 // of those, how many have an outcome; what is deferred has none yet
	InFlight int   // deliveries that workers have
	Begun    int   // of those, how many a server may be taking: a second interrupt leaves them unknown
	Until    time.Time
	Again    bool // of a Hold: the same was told before, until an earlier moment
	Time     time.Time
}

// Reached is the kind of the event that a delivery has reached a state.
func Reached(s ledger.State) Kind { return Kind(s) }

// Result is what a run came to. What became of the deliveries is in the ledger.
type Result struct {
	Sent        int64     // by this run
	Interrupted int       // how often the run was told to stop: 0, 1 or 2
	Stopped     string    // why the run ended early, in words; "" = it did not
	Failed      bool      // Stopped is a fault that somebody must mend (credentials, certificate, ledger), not a wait
	OpensAt     time.Time // when what the run left may go; zero = that is not known, or at once
	Out         []string  // of several servers, those that were out of reach or out for good at the end, and why
	Next        string    // the command that mends what stopped the run; "" = none is known
}
