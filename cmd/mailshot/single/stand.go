package single

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/definition"
	"mailshot/campaign/history"
	"mailshot/campaign/ledger"
)

// Stand is what became of a message.
type Stand struct {
	Campaign string // the id of the last campaign that it was sent as; "" = it was never planned
	Tries    int    // how many campaigns it was sent as
	State    ledger.State
	Words    string // the server's, or why it is in its state
	Code     int    // of the server's reply; 0 = none
	At       time.Time
	Due      time.Time // when it is tried again, if it was put off
}

// AgainError says that a message was sent to this person before, or may have been.
type AgainError struct {
	To string
	Stand
}

func (e *AgainError) Error() string {
	when := ""
	if !e.At.IsZero() {
		when = " on " + e.At.Local().Format("2006-01-02 at 15:04")
	}
	if e.State == ledger.Unknown {
		return fmt.Sprintf("this very message may have been sent to %s%s: its outcome is unknown", e.To, when)
	}
	return fmt.Sprintf("this very message was sent to %s%s", e.To, when)
}

// State is the path of the message's ledger.
func (k *Kept) State() string { return filepath.Join(k.Def.Home(), "state.db") }

// as is the id of the n-th campaign that the message is sent as, from 1.
func (k *Kept) as(n int) string {
	if n == 1 {
		return k.ID
	}
	return fmt.Sprintf("%s-%d", k.ID, n)
}

// Stand says what became of the message.
func (k *Kept) Stand(ctx context.Context) (Stand, error) {
	var last Stand
	for n := 1; ; n++ {
		s, err := k.stand(ctx, n)
		if unsent := (*history.NotSentError)(nil); errors.As(err, &unsent) {
			return last, nil
		}
		if err != nil {
			return last, err
		}
		last = s
	}
}

func (k *Kept) stand(ctx context.Context, n int) (s Stand, err error) {
	h, err := history.Open(ctx, k.State(), k.as(n))
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	s = Stand{Campaign: k.as(n), Tries: n}
	for r, err := range h.Rows(ctx, ledger.Filter{}) {
		if err != nil {
			return s, err
		}
		s.State, s.Words, s.Due = r.State, r.Reason, r.Due
		if r.Last != nil {
			s.Code, s.At = r.Last.Code, r.Last.Time
			if s.Words == "" {
				s.Words = r.Last.Text
			}
		}
		if b := r.Returned; b != nil && b.Effect == ledger.EffectLed && b.To == r.State {
			returned := history.Returned(*b)
			s.Words, s.Code = returned.Words(), 0
		}
	}
	return s, nil
}

// Next is the id of the campaign that the message is to be sent as now. What is left of the last one goes on; what was
// refused is tried anew. A message that was sent, or may have been, is an [*AgainError] unless repeat says that it is
// to be sent once more.
func (k *Kept) Next(ctx context.Context, repeat bool) (string, error) {
	s, err := k.Stand(ctx)
	switch {
	case err != nil:
		return "", err
	case s.Campaign == "":
		return k.as(1), nil
	case slices.Contains([]ledger.State{ledger.Pending, ledger.Begun, ledger.Deferred}, s.State):
		return s.Campaign, nil
	case !repeat && slices.Contains([]ledger.State{ledger.Sent, ledger.Bounced, ledger.Complained, ledger.Unknown}, s.State):
		return "", &AgainError{k.Message.To, s}
	}
	return k.as(s.Tries + 1), nil
}

// Options open the message's campaign with that id. accounts is as in campaign.Options.
func (k *Kept) Options(id, accounts string) campaign.Options {
	return campaign.Options{Definition: k.Def, ID: id, State: k.State(), Accounts: accounts, Stdin: strings.NewReader("")}
}

// Latest are the messages that were kept for a campaign's servers, the newest first, at most n. What cannot be read is
// left out.
func Latest(through *definition.Definition, n int) []*Kept {
	entries, _ := os.ReadDir(Home(through)) // none were kept yet
	type dated struct {
		id string
		at time.Time
	}
	var all []dated
	for _, e := range entries {
		if info, err := os.Stat(filepath.Join(Home(through), e.Name(), "message.json")); err == nil {
			all = append(all, dated{e.Name(), info.ModTime()})
		}
	}
	slices.SortStableFunc(all, func(a, b dated) int { return b.at.Compare(a.at) })
	var kept []*Kept
	for _, d := range all {
		if len(kept) == n {
			break
		}
		if k, err := Open(through, d.id); err == nil {
			kept = append(kept, k)
		}
	}
	return kept
}
