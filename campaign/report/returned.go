package report

import (
	"strings"
	"time"
)

// Returned is something that came back about a row's message: a bounce, a complaint, a reply.
type Returned struct {
	Time     time.Time `json:"time,omitzero"`      // when it came back
	Noted    time.Time `json:"noted,omitzero"`     // when mailshot recorded it
	Kind     string    `json:"kind"`               // bounce, complaint, out of office…
	Reason   string    `json:"reason,omitempty"`   // of a bounce: hard, soft, mailbox full, policy, content, unknown
	Enhanced string    `json:"enhanced,omitempty"` // its enhanced status code (RFC 3463)
	Detail   string    `json:"detail,omitempty"`   // the feedback type of a complaint, the action of a report
	Line     string    `json:"line,omitempty"`     // the line of it that decided
	Until    string    `json:"until,omitempty"`    // the day on which the person is back, as 2026-12-07
	Source   string    `json:"source,omitempty"`   // the mailbox or file that it came from
	Matched  string    `json:"matched,omitempty"`  // by what it was found to be about the message
	Verified bool      `json:"verified"`           // that is proven: nobody else could have made it
	To       string    `json:"to,omitempty"`       // the state that it leads to
	Effect   string    `json:"effect"`             // led: there; none; waits: the outcome is not known yet; undone
}

// led reports whether b led the row to this state.
func (b *Returned) led(state string) bool { return b != nil && b.Effect == "led" && b.To == state }

// Words say what came back, and when, in words that are safe to print.
func (b *Returned) Words() string {
	words := b.Kind
	for _, s := range []string{b.Reason, b.Enhanced, b.Detail} {
		if s != "" {
			words += " " + s
		}
	}
	if b.Until != "" {
		words += ", until " + b.Until
	}
	if !b.Time.IsZero() {
		words += ", " + b.Time.Local().Format("2006-01-02 15:04")
	}
	if b.Line != "" {
		words += ": " + b.Line
	}
	return Clean(words)
}

// How says by what it was found to be about the message, where it came from and what it did, in words that are safe to
// print.
func (b *Returned) How() string {
	words := []string{"found by the " + b.Matched + " in " + b.Source}
	if b.Matched == "" {
		words[0] = "from " + b.Source
	}
	if !b.Verified {
		words = append(words, "not verified")
	}
	switch b.Effect {
	case "led":
		words = append(words, "the row became "+b.To)
	case "undone":
		words = append(words, "the row became "+b.To+", which a person took back")
	case "waits":
		words = append(words, "the row becomes "+b.To+" when its outcome is known")
	}
	return Clean(strings.Join(words, "; "))
}

// returnedColumns are the columns of a spreadsheet that say what came back.
func returnedColumns() []string {
	return []string{"returned", "return_kind", "return_reason", "return_enhanced", "return_line"}
}

// cells returns the values of returnedColumns.
func (b *Returned) cells() []any {
	if b == nil {
		return []any{nil, "", "", "", ""}
	}
	var at any
	if !b.Time.IsZero() {
		at = b.Time
	}
	return []any{at, Defuse(b.Kind), Defuse(b.Reason), Defuse(b.Enhanced), Defuse(b.Line)}
}
