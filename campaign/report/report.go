// Package report writes down what became of a campaign's rows. Summary.WriteText is for people, WriteCSV and WriteXLSX
// are for spreadsheets, and WriteJSON is for programs. WriteCopyCSV and WriteCopyXLSX write a list with what became of
// each row.
//
// Names, keys, addresses and servers' words come from strangers, and a report is opened by the person who trusts it
// most. So text passes through Clean: no control character or text direction override reaches a terminal or a cell. For
// spreadsheets it also passes through Defuse: no cell is a formula. JSON has the text as it was, because programs do
// not evaluate it.
//
// The package knows nothing of how results are stored. Rows come in as a sequence, in any number, and are streamed.
package report

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Row is one row of the list and what became of it.
type Row struct {
	Number   int64     `json:"number"`             // 1-based row of the list
	Place    string    `json:"place"`              // file and line, as "people.csv:17"
	Key      string    `json:"key"`                // identity within the campaign
	Address  string    `json:"address"`            // as in the envelope; the cell's text if that is not an address
	State    string    `json:"state"`              // one of the states of the state table
	Reason   string    `json:"reason,omitempty"`   // why a row is not to be sent: invalid, suppressed, filtered, held…
	Attempts int       `json:"attempts"`           // how often it was handed to a server
	Time     time.Time `json:"time,omitzero"`      // of the last attempt
	Due      time.Time `json:"due,omitzero"`       // of the next attempt, for deferred rows
	Server   string    `json:"server,omitempty"`   // host and port of the last attempt
	Stage    string    `json:"stage,omitempty"`    // the command that was answered
	Code     int       `json:"code,omitempty"`     // its SMTP reply code, 0 without a reply
	Enhanced string    `json:"enhanced,omitempty"` // its enhanced status code (RFC 3463)
	Text     string    `json:"text,omitempty"`     // the server's words, or what went wrong
	Hand     *Hand     `json:"by_hand,omitempty"`  // the last change by a person
	Copies   []Copy    `json:"copies,omitempty"`   // who else was to get the message in the last attempt
	Left     time.Time `json:"left,omitzero"`      // when the person left by a token of the campaign; zero: not, or not asked
	Returned *Returned `json:"returned,omitempty"` // what came back and led to the state, else what came back last
}

// Why explains the row's state in words that are safe to print: the plan's reason, or the server's reply, or what came
// back, and who changed it by hand.
func (r Row) Why() string {
	var parts []string
	if r.Returned.led(r.State) { // the server's words were that it takes the message
		parts = append(parts, r.Returned.Words())
		r.Code, r.Enhanced, r.Text = 0, "", ""
	}
	if r.Code != 0 {
		parts = append(parts, fmt.Sprint(r.Code))
	}
	// Servers repeat the enhanced code in their text.
	if r.Enhanced != "" && !strings.HasPrefix(r.Text, r.Enhanced) {
		parts = append(parts, r.Enhanced)
	}
	for _, s := range []string{r.Text, r.Reason} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if r.Hand != nil {
		parts = append(parts, "("+r.Hand.String()+")")
	}
	if r.Returned != nil && !r.Returned.led(r.State) {
		parts = append(parts, "(came back: "+r.Returned.Words()+")")
	}
	if len(r.Copies) > 0 {
		parts = append(parts, "("+CopyWords(r.Copies)+")")
	}
	return Clean(strings.Join(parts, " "))
}

// Hand is a change of state by a person.
type Hand struct {
	Time  time.Time `json:"time"`
	Who   string    `json:"who"`             // of the system's users
	Host  string    `json:"host,omitempty"`  // the machine
	Act   string    `json:"act"`             // retry, resolve, found, cancel…
	State string    `json:"state,omitempty"` // since then
	Rows  int64     `json:"rows,omitempty"`  // how many, where several are told of at once
}

// String returns it in words: "resolve by ann on desk, 2026-11-22 10:00".
func (h Hand) String() string {
	s := h.Act + " by " + h.Who
	if h.Host != "" {
		s += " on " + h.Host
	}
	return s + ", " + h.Time.Local().Format("2006-01-02 15:04")
}

// Count is how many rows are in one state.
type Count struct {
	State string
	N     int64
}

// Summary is where a campaign stands.
type Summary struct {
	Campaign string    // its id
	Created  time.Time // when its list was frozen
	Rows     int64     // rows read from the list
	Counts   []Count   // every state, in the order of the identity; N may be 0
	NextDue  time.Time // when the next deferred row may be tried; zero: none waits
	Hands    []Hand    // what people changed, the oldest first
	Copies   Copies
	Left     int64 // people who left by a token of the campaign
	Returned int64 // rows about which something came back
	Filed    SentCopies
}

// Sum returns the sum of the counts.
func (s Summary) Sum() int64 {
	var n int64
	for _, c := range s.Counts {
		n += c.N
	}
	return n
}

// Exact reports whether the states add up to the rows read. They always do; if not, the ledger is damaged.
func (s Summary) Exact() bool { return s.Sum() == s.Rows }

// Identity returns the line that shows that no row is lost: the rows read, and every state with its count.
func (s Summary) Identity() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d rows", s.Rows)
	sep := " = "
	if !s.Exact() {
		sep = " != "
	}
	for _, c := range s.Counts {
		fmt.Fprintf(&b, "%s%d %s", sep, c.N, c.State)
		sep = " + "
	}
	return b.String()
}

// meaning says in a few words what a state is.
func meaning(state string) string {
	switch state {
	case "invalid":
		return "no usable address or key"
	case "duplicate":
		return "the same message for a key that was there before"
	case "suppressed":
		return "on the suppression list"
	case "filtered":
		return "left out by where"
	case "grouped":
		return "in the message of another row of its group"
	case "held":
		return "no longer what was planned; retry takes them up again"
	case "cancelled":
		return "taken out by a person, or gone from the list"
	case "sent":
		return "accepted by the server"
	case "bounced":
		return "accepted by the server, and came back"
	case "complained":
		return "accepted, and the person called it spam"
	case "refused":
		return "refused for good by the server"
	case "gave_up":
		return "deferred by the server until the retries ended"
	case "unknown":
		return "nobody knows whether the server took it; resolve decides"
	case "deferred":
		return "deferred by the server; will be tried again"
	case "pending":
		return "not tried yet"
	case "begun":
		return "on the wire now"
	}
	return ""
}

// WriteText writes the summary for people: each state that is not empty, with its meaning, then the identity.
func (s Summary) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "campaign %s", Clean(s.Campaign))
	if !s.Created.IsZero() {
		fmt.Fprintf(&b, ", planned %s", s.Created.Local().Format("2006-01-02 15:04"))
	}
	b.WriteString("\n\n")
	width := len(fmt.Sprint(s.Rows))
	for _, c := range s.Counts {
		if c.N > 0 {
			fmt.Fprintf(&b, "  %*d  %-10s  %s\n", width, c.N, c.State, meaning(c.State))
		}
	}
	if s.Rows > 0 {
		b.WriteString("\n")
	}
	if !s.NextDue.IsZero() {
		fmt.Fprintf(&b, "next attempt %s\n", s.NextDue.Local().Format("2006-01-02 15:04:05"))
	}
	if s.Copies.Any() {
		fmt.Fprintf(&b, "%s\n", s.Copies.line())
	}
	if s.Returned > 0 {
		fmt.Fprintf(&b, "something came back about %d of the rows; report --csv FILE says what\n", s.Returned)
	}
	if s.Left > 0 {
		fmt.Fprintf(&b, "unsubscribed by a token of this campaign: %d\n", s.Left)
	}
	b.WriteString(s.Identity())
	b.WriteString("\n")
	for i, h := range s.Hands {
		if i == 0 {
			b.WriteString("\nby hand:\n")
		}
		fmt.Fprintf(&b, "  %s", Clean(h.String()))
		if h.State != "" {
			fmt.Fprintf(&b, ": %d now %s", h.Rows, h.State)
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
