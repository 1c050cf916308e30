package entries

import (
	"fmt"

	"mailshot/campaign/leaving"
	"mailshot/campaign/report"
)

// Token is what a token says, in JSON.
type Token struct {
	Campaign  string `json:"campaign,omitempty"`
	From      string `json:"from,omitempty"`
	Topic     string `json:"topic,omitempty"`
	Rehearsal bool   `json:"rehearsal,omitempty"`
	Leaves    bool   `json:"unsubscribes"`
}

// TokenOf is what a token says; nil of none.
func TokenOf(token *leaving.Token) *Token {
	if token == nil {
		return nil
	}
	e, err := token.Entry()
	return &Token{token.Campaign, token.Domain, e.Topic, token.Rehearsal, err == nil}
}

// String is a line for people; "" for nil.
func (s *Token) String() string {
	switch {
	case s == nil:
		return ""
	case s.Rehearsal:
		return "token of a rehearsal: it acts on nobody\n"
	case !s.Leaves:
		return fmt.Sprintf("token of a message of campaign %s, in a report: it unsubscribes nobody\n", report.Clean(s.Campaign))
	}
	what := Suppressed{Topic: s.Topic}.What()
	if s.From != "" {
		what += " from " + s.From
	}
	return fmt.Sprintf("token of campaign %s: it unsubscribes from %s\n", report.Clean(s.Campaign), report.Clean(what))
}
