package returns

import (
	"fmt"
	"strings"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
	"mailshot/internal/bounce"
)

// Within these times after a message was tried, what comes back about it can take its person off the list. Servers give
// up after some days (RFC 5321 section 4.5.4.1), and people complain later. Whatever comes after them may have been
// kept and sent again by somebody.
const (
	bounceWithin    = 30 * 24 * time.Hour
	complaintWithin = 120 * 24 * time.Hour
	// early is how much the clocks of two computers may differ.
	early = 48 * time.Hour
)

// facts are what is known of a report when it is decided.
type facts struct {
	kind     bounce.Kind
	reason   bounce.Reason
	by       Way
	verified bool
	row      bool         // the match leads to a row
	state    ledger.State // of the row's delivery
	person   bool         // the report's final or original recipient is the row's person
	named    bool         // the report names a recipient
	late     time.Duration
	acted    bool // it, or one of its kind about this delivery, has put the person on the suppression list
	act      bool // a person's words act
	provider bool // the person said so at the provider
}

// verdict is what follows of facts.
type verdict struct {
	action         Action
	state          ledger.State
	why            string
	soft, succeeds bool
	leaves         bool // the entry is for the campaign's topic only
}

// tried are the states in which a message may have come back.
func tried(s ledger.State) bool {
	switch s {
	case ledger.Sent, ledger.Unknown, ledger.Begun, ledger.Bounced, ledger.Complained:
		return true
	}
	return false
}

// decide is the one place that says what follows of a report. It is pure.
func decide(f facts) verdict {
	switch {
	case f.by == ByUnsubscribe:
		if !f.verified {
			return verdict{action: Nothing, why: "it unsubscribes nobody"}
		}
		if f.acted {
			return verdict{action: Record, why: "such a message has acted before"}
		}
		return verdict{action: Suppress, leaves: true, why: "the person unsubscribed by mail"}
	case !f.row && !(f.verified && f.person):
		return verdict{action: Nothing, why: "it names no message of a campaign that is known here"}
	case f.row && !tried(f.state):
		return verdict{action: Record, why: "the message was not sent, it is " + string(f.state)}
	}
	switch f.kind {
	case bounce.Complaint:
		return f.complaint()
	case bounce.Bounce:
		return f.bounce()
	case bounce.Unsubscribe:
		return f.words()
	case bounce.Delayed:
		return verdict{action: Record, why: "the server still tries"}
	case bounce.Delivered, bounce.Disposition:
		v := verdict{action: Record, succeeds: f.person || !f.named, why: "it arrived"}
		return f.arrived(v)
	case bounce.OutOfOffice, bounce.AutoReply, bounce.Reply:
		return f.arrived(verdict{action: Record, succeeds: f.person, why: "it was answered"})
	case bounce.Left:
		return f.arrived(verdict{action: List, why: "the mailbox says that the person is there no more"})
	}
	return verdict{action: Record, why: "nothing that changes anything"}
}

// arrived is a verdict about a message that the server must have had.
func (f facts) arrived(v verdict) verdict {
	if f.state == ledger.Unknown {
		v.action, v.state = Mark, ledger.Sent
		v.why += ", so the server took it"
	}
	return v
}

// bounce decides about a message that was not delivered.
func (f facts) bounce() verdict {
	if f.named && !f.person {
		return f.arrived(verdict{action: Record,
			why: "it is about another address: of a copy, or to which the person's mail is forwarded"})
	}
	v := verdict{action: Mark, state: ledger.Bounced}
	switch {
	case !f.verified:
		v.why = "matched by the Message-ID, which others know: it suppresses nobody"
	case !f.named:
		v.why = "it names no recipient, so it suppresses nobody"
	case f.late < -early:
		v.why = "it says that it came before the message was sent, so it suppresses nobody"
	case f.late > bounceWithin:
		v.why = fmt.Sprintf("it came %d days after the message, so it suppresses nobody", int(f.late.Hours()/24))
	case f.acted:
		v.why = "such a report about this message has acted before"
	case f.reason == bounce.Hard:
		v.action, v.why = Suppress, "the mailbox is gone"
	case f.reason == bounce.Soft || f.reason == bounce.Full:
		v.soft, v.why = true, "the mailbox may be there another time"
	case f.reason == bounce.Policy:
		v.why = "the sender was not wanted, which says nothing about the mailbox"
	case f.reason == bounce.Content:
		v.why = "the message was not wanted, which says nothing about the mailbox"
	default:
		v.why = "it does not say why"
	}
	return v
}

// complaint decides about a message that was called spam.
func (f facts) complaint() verdict {
	if f.named && !f.person {
		return f.arrived(verdict{action: Record, why: "it is another person's complaint"})
	}
	v := verdict{action: Mark, state: ledger.Complained}
	switch {
	case !f.verified:
		v.why = "matched by the Message-ID, which others know: it suppresses nobody"
	case f.late < -early:
		v.why = "it says that it came before the message was sent, so it suppresses nobody"
	case f.late > complaintWithin:
		v.why = fmt.Sprintf("it came %d days after the message, so it suppresses nobody", int(f.late.Hours()/24))
	case f.acted:
		v.why = "a complaint about this message has acted before"
	default:
		v.action, v.why = Suppress, "the person called the message spam"
	}
	return v
}

// words decides about a person who asks to be taken off.
func (f facts) words() verdict {
	v := verdict{action: List, succeeds: f.person, why: "the person asks to be taken off: decide, and mailshot suppress add"}
	switch {
	case !f.person:
		v.why = "somebody asks to be taken off who is not the row's person: decide"
	case f.acted:
		v.why = "the person asks to be taken off, as in a message that has acted before: decide"
	case f.provider && f.verified:
		v.action, v.leaves, v.why = Suppress, true, "the person unsubscribed at the provider"
	case f.act:
		v.action, v.leaves, v.why = Suppress, true, "the person asks to be taken off, and returns.words says act"
	}
	return f.arrived(v)
}

// entry is what the suppression list gets by a decision.
func (d *Decision) entry() accounts.Entry {
	reason := "complained"
	switch {
	case d.Topic != "":
		reason = "unsubscribed"
	case d.Kind == string(bounce.Bounce):
		reason = "bounced: " + strings.TrimSpace(d.Enhanced+" "+d.Reason)
	}
	return accounts.Entry{Domain: d.Domain, Topic: d.Topic, Key: d.entryKey, Reason: reason,
		Source: accounts.SourceOf(d.Campaign), Time: d.at}
}
