// Package invitation makes calendars with one event, which mail programs show as an invitation: an [Event] is filled in
// for each row (iCalendar, RFC 5545; iMIP, RFC 6047).
//
// The event's UID follows from the event's name and the recipient's key. So a later campaign with the same name and a
// higher Sequence changes the event in the recipient's calendar, or takes it away with Cancel. Times are written in
// UTC, which needs no time zone's rules in the calendar; an event of whole days has dates. DTSTAMP follows from
// Sequence, and not from the clock: a message that is made again is the same message.
package invitation

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"mailshot/render"
	"mailshot/render/address"
	"mailshot/render/filled"
	"mailshot/templates"
)

// Event is a [render.Maker]. It is safe for concurrent use.
type Event struct {
	Start         *templates.Text // a moment, or a day
	End, Duration *templates.Text // one of them; of whole days, End is the last one
	Zone          *time.Location  // of moments without an offset; nil = they need one
	Summary       *templates.Text
	Location      *templates.Text // nil = none, as of the next two
	Description   *templates.Text
	URL           *templates.Text
	Organizer     *templates.Text // a mailbox

	Name     string // stays the same over the campaigns that change the event
	Domain   string // of the UID; default: the organizer's
	Sequence int    // grows with each change
	Cancel   bool   // the event does not take place
}

// Make implements [render.Maker].
func (e *Event) Make(to render.Recipient) ([]byte, error) {
	w := writer{to: to}
	organizer, err := address.ParseMailbox(w.text("organizer", e.Organizer))
	if err != nil && w.err == nil {
		w.err = fault("bad-address", "organizer: "+err.Error(), "")
	}
	start, end := e.times(&w)
	method, status := "REQUEST", "CONFIRMED"
	if e.Cancel {
		method, status = "CANCEL", "CANCELLED"
	}
	domain := e.Domain
	if domain == "" {
		domain = organizer.Address.Domain()
	}
	w.line("BEGIN:VCALENDAR")
	w.line("PRODID:-//mailshot//invitation//EN")
	w.line("VERSION:2.0")
	w.line("CALSCALE:GREGORIAN")
	w.line("METHOD:" + method)
	w.line("BEGIN:VEVENT")
	w.line("UID:" + e.uid(to.Key) + "@" + domain)
	w.line(fmt.Sprintf("SEQUENCE:%d", e.Sequence))
	w.line("DTSTAMP:" + utc(time.Date(2000, 1, 1, 0, 0, e.Sequence, 0, time.UTC)))
	w.line("DTSTART" + start)
	w.line("DTEND" + end)
	w.property("SUMMARY", e.Summary)
	w.property("LOCATION", e.Location)
	w.property("DESCRIPTION", e.Description)
	w.address("URL", e.URL)
	w.line("ORGANIZER" + person(organizer))
	w.line("ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE" +
		person(address.Mailbox{Name: to.Name, Address: to.Address}))
	w.line("STATUS:" + status)
	w.line("TRANSP:OPAQUE")
	w.line("END:VEVENT")
	w.line("END:VCALENDAR")
	return w.b, w.err
}

// uid is the left side of the event's UID.
func (e *Event) uid(key string) string {
	sum := sha256.Sum256([]byte("event\x00" + e.Name + "\x00" + key))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:20]))
}

// writer gathers the lines of a calendar, and the first error.
type writer struct {
	to  render.Recipient
	b   []byte
	err error
}

func (w *writer) line(text string) { w.b = filled.Fold(w.b, []byte(text)) }

// text is what a template makes for the row, without the blanks around it; "" if there is none.
func (w *writer) text(what string, t *templates.Text) string {
	if t == nil || w.err != nil {
		return ""
	}
	var o templates.Output
	if w.err = t.Append(&o, w.to.Data); w.err != nil {
		return ""
	}
	text := strings.TrimSpace(string(o.Text))
	if err := filled.Plain(text); err != nil {
		w.err = err
	}
	if text == "" && (what == "start" || what == "summary" || what == "organizer") {
		w.err = fault("empty-value", "ics: "+what+" is empty", "is a column empty?")
	}
	return text
}

// property writes a property, unless it is empty.
func (w *writer) property(name string, t *templates.Text) {
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(w.text(strings.ToLower(name), t))
	if text != "" {
		w.line(name + ":" + filled.Escape(text))
	}
}

// address writes a property that is an address of the web, unless it is empty.
func (w *writer) address(name string, t *templates.Text) {
	text := w.text(strings.ToLower(name), t)
	switch lower := strings.ToLower(text); {
	case text == "":
	case !strings.HasPrefix(lower, "https://") && !strings.HasPrefix(lower, "http://") || strings.ContainsAny(text, " \"<>\\^`{|}\t\r\n"):
		w.err = fault("bad-address", fmt.Sprintf("ics: %q is not an address of the web", text), "it begins with https:")
	default:
		w.line(name + ":" + text)
	}
}

// person is the rest of a property that is a person.
func person(m address.Mailbox) string {
	name := ""
	if m.Name != "" {
		name = `;CN="` + strings.Map(func(r rune) rune {
			switch {
			case r == '"': // a parameter cannot have it (RFC 5545 section 3.1)
				return '\''
			case r < ' ' || r == 0x7f:
				return ' '
			}
			return r
		}, m.Name) + `"`
	}
	var b strings.Builder
	for _, c := range []byte(m.Address.String()) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`%"<>?&#/\^{|}[]`+"`", c) >= 0 { // RFC 6068 section 2
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return name + ":mailto:" + b.String()
}

func fault(code, text, hint string) error { return &render.Fault{Code: code, Text: text, Hint: hint} }
