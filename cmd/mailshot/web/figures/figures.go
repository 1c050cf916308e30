// Package figures reads what is known of a campaign as a whole: its attempts by the minute, its lanes, and what servers
// said. They are read from end to end of the ledger, so [Known] keeps them until the states have other counts.
package figures

import (
	"context"
	"fmt"
	"sync"
	"time"

	"mailshot/campaign/history"
	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/web/chart"
)

// Figures are what the ledger is asked about a campaign as a whole. They are not changed once they are made.
type Figures struct {
	Minutes []chart.Column
	Lanes   map[string]map[ledger.State]int64
	Replies []ledger.Answer // of what was not taken, the commonest first

	of   string // the identity that they are of
	at   time.Time
	live bool // a run went on: it tries again also what stays in its state
}

const (
	mostReplies = 12
	// A campaign that is being sent has other figures each moment. They are read so often at most.
	fresh = 10 * time.Second
	// mostKnown is of how many campaigns figures are kept.
	mostKnown = 32
)

// Known keeps figures. The zero Known is empty; it is safe for concurrent use.
type Known struct {
	mu    sync.Mutex
	known map[string]*Figures // by ledger and campaign
}

// Of are those of a campaign; sum is its summary.
func (s *Known) Of(ctx context.Context, h *history.Campaign, sum report.Summary) (*Figures, error) {
	key, of := h.Kept.Run+" "+h.ID, fmt.Sprint(sum.Identity(), len(sum.Hands), " ", h.Kept.Runs)
	live := h.Ledger.Holder(h.ID) != 0
	s.mu.Lock()
	f := s.known[key]
	s.mu.Unlock()
	if f != nil && (!live && !f.live && f.of == of || live && time.Since(f.at) < fresh) {
		return f, nil
	}
	f, err := Read(ctx, h)
	if err != nil {
		return nil, err
	}
	f.of, f.at, f.live = of, time.Now(), live
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= mostKnown {
		clear(s.known)
	}
	if s.known == nil {
		s.known = map[string]*Figures{}
	}
	s.known[key] = f
	return f, nil
}

// Read reads the figures of a campaign.
func Read(ctx context.Context, h *history.Campaign) (*Figures, error) {
	f := &Figures{}
	minutes, err := h.Ledger.Minutes(ctx, h.ID)
	if err != nil {
		return nil, err
	}
	for _, m := range minutes {
		c := chart.Column{Start: m.Start, N: map[string]int64{}}
		for state, n := range m.States {
			c.N[string(state)] = n
		}
		f.Minutes = append(f.Minutes, c)
	}
	progress, err := h.Ledger.Progress(ctx, h.ID)
	if err != nil {
		return nil, err
	}
	f.Lanes = progress.Lanes
	f.Replies, err = h.Ledger.Answers(ctx, h.ID, nil, refusals(), mostReplies)
	return f, err
}

// States are those of a chart of attempts, in the order in which they lie upon each other.
func States() []string {
	return []string{"sent", "deferred", "refused", "gave_up", "unknown", "held", "suppressed"}
}

// refusals are the states whose servers' words a person wants to see.
func refusals() []ledger.State {
	return []ledger.State{ledger.Refused, ledger.GaveUp, ledger.Unknown, ledger.Deferred}
}

// Chart is the chart of the attempts; nil where there were none.
func (f *Figures) Chart() *chart.Chart { return chart.Stack(f.Minutes, States()) }

// Groups are the outcomes by provider.
func (f *Figures) Groups() []chart.Group { return chart.Groups(f.Lanes) }
