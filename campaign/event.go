package campaign

import (
	"time"

	"mailshot/campaign/ledger"
)

// Event tells an observer of a run what has just happened. Events come one at a time; Counts is the observer's own copy.
type Event struct {
	// Kind is "started", a state a delivery has just reached ("sent", "refused", "deferred", "gave_up", "unknown",
	// "held", "suppressed"), "hold" (nothing goes before Until, Text says why), "out" (nothing more goes to one of several
	// servers until its configuration changes, Text says why) or "draining" (stopping; Begun replies
	// are awaited).
	Kind     string
	Server   string // of several, whom a hold or out is about; "" = the run
	Place    string // the row's place; "" when the event is not about one row
	Key      string
	Address  string
	Text     string // the server's words, or why
	Counts   map[string]int64
	Planned  int64 // deliveries this run set out to send
	Done     int64 // of those, how many have an outcome
	InFlight int   // deliveries in the hands of workers
	Begun    int   // of those, how many a server may be taking: a second interrupt leaves them unknown
	Until    time.Time
	Time     time.Time
}

// Summary is what a run came to.
type Summary struct {
	ID          string
	Counts      map[string]int64
	Rows        int64
	Sent        int64     // by this run
	Left        int64     // pending, deferred within --limit and --only
	NextDue     time.Time // when the first of those may go; zero = at once
	Interrupted int       // how often the run was told to stop: 0, 1 or 2
	Stopped     string    // why the run ended early, in words; "" = it did not
	Out         []string  // of several servers, those that were out of reach or out for good at the end, and why
	Next        string    // the command that mends what stopped it; "" = none is known
	Failed      bool      // Stopped is a fault to be mended (credentials, certificate, ledger), not a wait
	Duration    time.Duration
}

// Exit codes of a run, as the README lists them.
const (
	exitOK          = 0
	exitFailed      = 1
	exitFinal       = 4
	exitUnknown     = 5
	exitWorkLeft    = 75
	exitInterrupted = 130
)

// ExitCode is the first that holds: 130 interrupted twice, 1 failed, 75 work is left, 5 unknown outcomes need a
// decision, 4 ended with refused, gave_up or held, 0 all sent.
func (s *Summary) ExitCode() int {
	n := func(st ledger.State) int64 { return s.Counts[string(st)] }
	switch {
	case s.Interrupted > 1:
		return exitInterrupted
	case s.Failed:
		return exitFailed
	case s.Left > 0:
		return exitWorkLeft
	case n(ledger.Unknown) > 0:
		return exitUnknown
	case n(ledger.Refused)+n(ledger.GaveUp)+n(ledger.Held) > 0:
		return exitFinal
	}
	return exitOK
}
