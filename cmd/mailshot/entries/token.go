package entries

import (
	"fmt"

	"mailshot/campaign/leaving"
	"mailshot/campaign/report"
	"mailshot/render/token"
)

// Token is what a token says, in JSON.
type Token struct {
	Use       string `json:"use"` // unsubscribe, return path or envelope id
	Campaign  string `json:"campaign,omitempty"`
	From      string `json:"from,omitempty"`
	Topic     string `json:"topic,omitempty"`
	Rehearsal bool   `json:"rehearsal,omitempty"`
	Leaves    bool   `json:"unsubscribes"`
}

// TokenOf is what a token says; nil of none.
func TokenOf(t *leaving.Token) *Token {
	if t == nil {
		return nil
	}
	e, err := t.Entry()
	return &Token{t.Use.String(), t.Campaign, t.Domain, e.Topic, t.Rehearsal, err == nil}
}

// String is a line for people; "" for nil.
func (s *Token) String() string {
	switch {
	case s == nil:
		return ""
	case s.Rehearsal:
		return fmt.Sprintf("token of a rehearsal (%s): it acts on nobody\n", s.Use)
	case !s.Leaves && s.Use == token.ReturnPath.String():
		return fmt.Sprintf("return path of campaign %s: it says whose message came back, and unsubscribes nobody\n", report.Clean(s.Campaign))
	case !s.Leaves:
		return fmt.Sprintf("envelope id of campaign %s: it names a message in a report, and unsubscribes nobody\n", report.Clean(s.Campaign))
	}
	what := Suppressed{Topic: s.Topic}.What()
	if s.From != "" {
		what += " from " + s.From
	}
	return fmt.Sprintf("token of campaign %s: it unsubscribes from %s\n", report.Clean(s.Campaign), report.Clean(what))
}
