// Package bounce says what a message means that came back after a campaign: a bounce (RFC 3464), a complaint (RFC
// 5965), a disposition (RFC 8098), an automatic reply (RFC 3834), or what a person wrote. Nothing here uses a network, a
// clock or a file, and nothing here knows campaigns: who is taken off a list is decided by others, who prove whose
// message it was.
package bounce

import "time"

// Kind is what a message that came back is.
type Kind string

// The kinds.
const (
	Bounce      Kind = "bounce"               // the message was not delivered, and will not be
	Delayed     Kind = "delayed"              // it was not delivered yet
	Delivered   Kind = "delivered"            // it was delivered, relayed or expanded
	Complaint   Kind = "complaint"            // the person called it spam
	Disposition Kind = "disposition"          // it was displayed, deleted, …
	OutOfOffice Kind = "out of office"        // the person is away, perhaps until a day that is named
	Left        Kind = "left the company"     // the person is there no more, says the mailbox
	AutoReply   Kind = "auto-reply"           // any other automatic reply
	Unsubscribe Kind = "unsubscribe in words" // the person asks to be taken off
	Reply       Kind = "human reply"          // the person wrote something else
	Other       Kind = "other"                // nothing of these
)

// Reason is why a message was not delivered.
type Reason string

// The reasons of a bounce.
const (
	Hard    Reason = "hard"         // the mailbox or its domain is not there, or not any more
	Soft    Reason = "soft"         // it may be there another time: the server, the network, too many messages
	Full    Reason = "mailbox full" // it has no room
	Policy  Reason = "policy"       // the sender, its server or its domain was not wanted, or may not write there
	Content Reason = "content"      // the message was not wanted: spam, a virus, its size or form
	Unknown Reason = "unknown"      // nobody said
)

// Mail is what a message that came back says. It has nothing of its text but Report.Line.
type Mail struct {
	Date    time.Time // its own; zero if it has none that can be read
	From    string    // the address of its From; "" if it has none
	To      []string  // the addresses that it came to, by all of its header fields that say so: one may have a token
	About   Original
	Reports []Report // one for each recipient that it is about, and at least one
}

// Original is how a message that came back names the message that it is about.
type Original struct {
	EnvelopeID string   // Original-Envelope-Id (RFC 3464 section 2.2.1), decoded from xtext; "" if it has none
	Senders    []string // its envelope senders, as Return-Path or Original-Mail-From have it
	MessageIDs []string // without angle brackets, the likeliest first: of the returned header; else of In-Reply-To, References
}

// Report is what a message that came back says about one recipient.
type Report struct {
	Kind       Kind
	Reason     Reason  // of a bounce or a delay; "" for other kinds
	Recipient  string  // whom it is about: the final recipient, or who answers; "" if nobody is named
	Original   string  // the address that it was sent to, where that is named beside Recipient; ""
	Code       int     // the basic code of a reply (RFC 5321), 0 if there is none
	Enhanced   string  // the enhanced code (RFC 3463), "" if there is none
	Detail     string  // the feedback type of a complaint, the disposition, the action of a report: in lower case
	Until      string  // 2026-12-07: the day on which the person is back; "" if not known
	Successor  string  // the address that is to be used in place of it; ""
	Confidence float64 // from 0 to 1: 1 where a field of a standard says so, less where words were read
	Line       string  // the line of the message that decided, at most 300 bytes of it, in one line and without controls
}
