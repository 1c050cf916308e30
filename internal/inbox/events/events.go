// Package events reads what mail providers say of messages that went through them: Amazon SES, SendGrid, Postmark,
// Mailgun and Brevo, as their webhooks bring it and as a person exports it. Call [Open] for a file, a folder of files
// or standard input; [Read] reads one stream. Both give an [inbox.Message] for each event about a recipient.
//
// A file is JSON (one event, an array, one a line, or one after the other without anything between), a page of a
// provider's API, or CSV; packed with gzip or zip or not; with or without a byte order mark. Which provider wrote it is
// told, or seen by its fields. A stream is read piece by piece: no more than one event is in memory, and an event has
// at most 4 MiB. What cannot be read is a [Mistake] with its place, and what comes after it is read.
//
// An event has what its provider says of a delivery in the words of [bounce.Report]. The provider's own category and
// the answer of the recipient's server must agree before the reason is [bounce.Hard]: providers call hard what a server
// refused for the sender's sake. Openings and clicks are left out, and counted.
package events

import (
	"fmt"
	"strings"
	"time"

	"mailshot/internal/bounce"
	"mailshot/internal/ellipsis"
)

// Provider is whose events they are. The zero value is for events of any of them, known by their fields.
type Provider string

// The providers.
const (
	SES      Provider = "ses"
	SendGrid Provider = "sendgrid"
	Postmark Provider = "postmark"
	Mailgun  Provider = "mailgun"
	Brevo    Provider = "brevo"
)

// Providers are all of them, sorted.
func Providers() []Provider { return []Provider{Brevo, Mailgun, Postmark, SendGrid, SES} }

// readers has a reader for each provider. It gives the events in one object, which has at most one event for each
// recipient that it names.
func (p Provider) read(o object) ([]event, error) {
	switch p {
	case SES:
		return ses(o, 0)
	case SendGrid:
		return sendGrid(o)
	case Postmark:
		return postmark(o)
	case Mailgun:
		return mailgun(o)
	case Brevo:
		return brevo(o)
	}
	return nil, &unread{"nobody knows whose event this is", "events of SES, SendGrid, Postmark, Mailgun and Brevo are " +
		"known by their fields, as their documentation names them"}
}

// recognise says whose event an object is, by the fields that only that provider has; "" if nobody's.
func recognise(o object) Provider {
	switch {
	case o.has("notificationtype", "mail"), o.has("eventtype", "mail"), o.has("topicarn", "message"),
		o.has("detailtype", "detail"), o.has("sns"), o.has("emailaddress", "lastupdatetime"), o.has("body", "receipthandle"):
		return SES
	case o.has("recordtype"), o.has("bouncedat"), o.has("suppressionreason"), o.has("bouncetype", "emailaddress"):
		return Postmark
	case o.has("eventdata"), o.has("event", "loglevel"), o.has("event", "deliverystatus"),
		o.has("event", "recipientdomain"), o.has("event", "recipient", "timestamp"), o.has("address", "createdat"):
		return Mailgun
	case o.has("sgeventid"), o.has("sgmessageid"), o.has("recvmessageid"), o.has("event", "smtpid"):
		return SendGrid
	case o.has("sttext", "email"), o.has("event", "email", "messageid"), o.has("event", "email", "tsepoch"),
		o.has("event", "email", "tsevent"), o.has("event", "email", "campid"):
		return Brevo
	case o.has("event", "email", "timestamp"), o.has("email", "created"), o.has("email", "createdat", "groupid"):
		return SendGrid
	}
	return ""
}

// event is what a reader found about one recipient.
type event struct {
	left string // the name of a kind that is left out: nothing else is set then
	id   string // the provider's own name of it; "" if it gives none
	date time.Time
	about
	report bounce.Report
	// hearsay says that the provider only hands on whom somebody else has named. Whoever got a message can send SES a
	// report that names anybody.
	hearsay bool
}

// about is how a provider names the message.
type about struct {
	messageIDs []string
	senders    []string
	tokens     []string // of ours, among what the provider hands back: arguments, metadata, tags
}

// left is an event of a kind that says nothing about a delivery.
func left(kind string) []event { return []event{{left: ellipsis.Cut(kind, 40)}} }

// unread is why an object is no event, without its place.
type unread struct{ text, hint string }

func (u *unread) Error() string { return u.text }

// Mistake is something in a file of events that cannot be read.
type Mistake struct {
	Place   string // export.jsonl:17
	Text    string // what is wrong
	Excerpt string // the beginning of the line
	Hint    string // what to do, or ""
}

// Error returns the place, the text and the hint.
func (m *Mistake) Error() string {
	s := m.Place + ": " + m.Text
	if m.Excerpt != "" {
		s += ": " + ellipsis.Quote(m.Excerpt, 80)
	}
	if m.Hint != "" {
		s += " (" + m.Hint + ")"
	}
	return s
}

// Diagnostic returns the parts of the mistake.
func (m *Mistake) Diagnostic() (code, place, text, excerpt string, column int, hint string) {
	return "bad-event", m.Place, m.Text, m.Excerpt, 0, m.Hint
}

// place names a line of a file.
func place(name string, line int64) string { return fmt.Sprintf("%s:%d", name, line) }

// excerpt is the beginning of a line, for a person.
func excerpt(raw []byte) string {
	s, _, _ := strings.Cut(string(raw[:min(len(raw), 1000)]), "\n")
	return ellipsis.Cut(strings.ToValidUTF8(strings.TrimRight(s, "\r"), "\uFFFD"), 200)
}
