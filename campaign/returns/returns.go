// Package returns decides what a message that came back changes. [Open] opens the memory of a user's campaigns,
// [Desk.Decide] says whose message it was and what follows, and [Desk.Apply] makes that durable.
//
// Nothing is guessed. A message that came back names the one it is about in three ways, and they are asked in this
// order:
//
//   - the return path: the address that it came to has a token (mailshot/render/token). The token has a MAC, so nobody
//     but the sender can make one, and it names one row of one campaign.
//   - the envelope id of a report (RFC 3461 section 4.4), which is a token too.
//   - the Message-ID, which everybody can read who has the message or an answer to it.
//
// To, Subject and the text are never asked. By a token a match is verified, by a Message-ID it is not: that marks what
// became of the delivery, and takes nobody off a list. A provider's own event, read from the sender's account there, is
// verified if it names the message and the person.
//
// An address goes on the suppression list if the match is verified, and the report's final or original recipient is the
// person of the row, and the mailbox is gone; or if it is the person's complaint. So the bounce of an address to which
// somebody forwards their mail, or that got a copy, suppresses nobody.
package returns

import (
	"time"

	"mailshot/campaign/ledger"
)

// Message is a message that came back, as it was understood.
type Message struct {
	ID         string    // of its content: the same wherever the message is read
	Source     string    // the mailbox or file that it was read from
	Time       time.Time // when it came: by the mailbox, else by its Date; zero if neither says
	From       string    // the address of its From
	To         []string  // the addresses that it came to
	Subject    string    // looked into for the token of who leaves by mail, and for nothing else
	EnvelopeID string
	Senders    []string // the envelope senders of the message that it is about
	MessageIDs []string // of the message that it is about, without angle brackets
	Trusted    bool     // an event from the sender's own account at a provider
	Reports    []Report
}

// Report is what a message that came back says about one recipient. Kind and Reason are those of the parser.
type Report struct {
	Kind, Reason        string
	Recipient, Original string
	Code                int
	Enhanced, Detail    string
	Until, Successor    string
	Confidence          float64
	Line                string // the line that decided
}

// Way is how a message was matched with a delivery.
type Way string

// The ways, the surest first.
const (
	ByReturnPath  Way = "return path"
	ByEnvelopeID  Way = "envelope id"
	ByUnsubscribe Way = "unsubscribe token" // somebody leaves by mail: it names a person and a campaign
	ByProvider    Way = "provider"
	ByMessageID   Way = "message id"
	ByNothing     Way = ""
)

// Action is what follows of a report.
type Action string

// The actions.
const (
	Suppress Action = "suppress" // the person goes on the suppression list, and the delivery is marked
	Mark     Action = "mark"     // the delivery's state says what came back
	Record   Action = "record"   // it is kept with the delivery, whose state stays
	List     Action = "list"     // a person is to decide
	Nothing  Action = "none"     // it is not about a message of a known campaign, or says nothing
)

// Decision is what a report is about, and what follows.
type Decision struct {
	Report
	By             Way
	Verified       bool
	Campaign       string // its id; "" if not known
	Key            string // of the row
	Address        string // of the row's person
	AddressKey     string
	State          ledger.State // that it leads the delivery to; "" = it stays
	Action         Action
	Why            string // in words, for people
	Topic, Domain  string // of an entry for one topic, or one sender's domain; "" = for everything
	Later          bool   // it is about a campaign whose ledger is not here: it is to be read again
	entryKey       string // of the suppression list
	id, mark       string // of the message and the recipient; of the delivery and the kind
	source         string
	at             time.Time
	campaign       *campaign
	delivery       int64
	soft, succeeds bool // counts as a soft bounce; shows that the mailbox works
	sent           time.Time
}
