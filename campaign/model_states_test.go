package campaign

import "mailshot/campaign/ledger"

// act says who may have moved deliveries, for what is allowed depends on it.
type act string

const (
	byRun    act = "run"
	byStart  act = "start"
	byPerson act = "person"
	byReturn act = "return"
)

// may says which states may follow a state, by who acts, from one look at the disk to the next.
var may = map[act]map[ledger.State][]ledger.State{
	byRun: {
		ledger.Pending:  {ledger.Begun, ledger.Refused, ledger.Deferred, ledger.GaveUp, ledger.Suppressed, ledger.Held},
		ledger.Deferred: {ledger.Begun, ledger.Refused, ledger.Deferred, ledger.GaveUp, ledger.Suppressed, ledger.Held},
		ledger.Begun: {ledger.Sent, ledger.Refused, ledger.Deferred, ledger.GaveUp, ledger.Unknown,
			ledger.Bounced, ledger.Complained}, // what had come back waited for the reply
	},
	byStart: {
		ledger.Begun:    {ledger.Unknown, ledger.Sent, ledger.Bounced, ledger.Complained},
		ledger.Pending:  {ledger.Cancelled, ledger.Suppressed},
		ledger.Deferred: {ledger.Cancelled, ledger.Suppressed},
	},
	byPerson: {
		ledger.Refused:   {ledger.Pending},
		ledger.GaveUp:    {ledger.Pending},
		ledger.Held:      {ledger.Pending},
		ledger.Cancelled: {ledger.Pending},
		ledger.Unknown:   {ledger.Sent, ledger.Refused, ledger.Pending},
		ledger.Begun: {ledger.Unknown, ledger.Sent, ledger.Refused, ledger.Bounced, ledger.Complained,
			ledger.Pending}, // first it is what a start makes of it
		ledger.Pending:    {ledger.Cancelled, ledger.Suppressed},
		ledger.Deferred:   {ledger.Cancelled, ledger.Suppressed},
		ledger.Bounced:    {ledger.Sent},
		ledger.Complained: {ledger.Sent},
	},
	byReturn: {
		ledger.Sent:    {ledger.Bounced, ledger.Complained},
		ledger.Bounced: {ledger.Complained},
		ledger.Unknown: {ledger.Sent, ledger.Bounced, ledger.Complained},
	},
}
