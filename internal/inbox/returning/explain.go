package returning

import (
	"context"

	"mailshot/campaign/returns"
	"mailshot/internal/inbox"
)

// Match is whose message came back, in JSON.
type Match struct {
	By       string `json:"by"` // "return path", "envelope id", "unsubscribe token", "provider", "message id"; "" = nobody's
	Campaign string `json:"campaign,omitempty"`
	Key      string `json:"key,omitempty"`
	Verified bool   `json:"verified"` // nobody but the sender can have named it so
}

// Returned is what came back, for one recipient, in JSON.
type Returned struct {
	File       string  `json:"file,omitempty"` // or what names the message in its box
	Source     string  `json:"source,omitempty"`
	Kind       string  `json:"kind"`
	Reason     string  `json:"reason,omitempty"`
	Recipient  string  `json:"recipient"`
	Original   string  `json:"original,omitempty"`
	Code       int     `json:"code,omitempty"`
	Enhanced   string  `json:"enhanced,omitempty"`
	Detail     string  `json:"detail,omitempty"`
	Until      string  `json:"until,omitempty"` // 2026-12-07
	Successor  string  `json:"successor,omitempty"`
	Confidence float64 `json:"confidence"`
	Line       string  `json:"line"`
	Match      Match   `json:"match"`
	State      string  `json:"state,omitempty"` // that it leads the delivery to
	Action     string  `json:"action"`
	Why        string  `json:"why"`
}

// Explained is a message in JSON: what it says about its first recipient, and about the others.
type Explained struct {
	Returned
	Others []Returned `json:"others,omitempty"`
	Error  string     `json:"error,omitempty"` // why it could not be read
}

// returned is a decision as it is shown.
func returned(file, source string, d returns.Decision) Returned {
	return Returned{File: file, Source: source, Kind: d.Kind, Reason: d.Reason, Recipient: d.Recipient,
		Original: d.Original, Code: d.Code, Enhanced: d.Enhanced, Detail: d.Detail, Until: d.Until,
		Successor: d.Successor, Confidence: d.Confidence, Line: d.Line,
		Match: Match{By: string(d.By), Campaign: d.Campaign, Key: d.Key, Verified: d.Verified},
		State: string(d.State), Action: string(d.Action), Why: d.Why}
}

// Explain calls show for each message of a box with what would follow of it, and touches nothing. piped says that the
// box is what standard input gave.
func Explain(ctx context.Context, desk *returns.Desk, box inbox.Box, piped bool, show func(Explained) error) error {
	return box.Each(ctx, func(string) bool { return false }, func(m inbox.Message) error {
		file := m.Place
		switch {
		case piped:
			file = "-"
		case file == "":
			file = m.ID
		}
		said, err := read(ctx, box.Name(), m)
		if err == nil {
			var all []returns.Decision
			if all, err = desk.Decide(ctx, said); err == nil {
				var e Explained
				for i, d := range all {
					if r := returned(file, "", d); i == 0 {
						e.Returned = r
					} else {
						e.Others = append(e.Others, r)
					}
				}
				return show(e)
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return show(Explained{Returned: Returned{File: file, Action: string(returns.Nothing)}, Error: err.Error()})
	})
}
