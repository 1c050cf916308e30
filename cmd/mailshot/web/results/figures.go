package results

import (
	"context"
	"fmt"
	"time"

	"mailshot/campaign/history"
	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/web/chart"
)

// figures are what the ledger is asked about a campaign as a whole. They are not changed once they are made.
type figures struct {
	minutes []chart.Column
	lanes   map[string]map[ledger.State]int64
	Replies []ledger.Answer // of what was not taken, the commonest first

	of string // the identity that they are of
	at time.Time
}

const (
	mostReplies = 12
	// A campaign that is being sent has other figures each moment. They are read so often at most.
	fresh = 10 * time.Second
	// mostKnown is of how many campaigns figures are kept.
	mostKnown = 32
)

// figures are those of a campaign. They are read from end to end of the ledger, so they are kept until the states have
// other counts.
func (s *results) figures(ctx context.Context, h *history.Campaign, sum report.Summary) (*figures, error) {
	key, of := h.Kept.Run+" "+h.ID, fmt.Sprint(sum.Identity(), len(sum.Hands))
	s.mu.Lock()
	f := s.known[key]
	s.mu.Unlock()
	if f != nil && (f.of == of || time.Since(f.at) < fresh) {
		return f, nil
	}
	f, err := read(ctx, h)
	if err != nil {
		return nil, err
	}
	f.of, f.at = of, time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= mostKnown {
		clear(s.known)
	}
	s.known[key] = f
	return f, nil
}

// read reads the figures of a campaign.
func read(ctx context.Context, h *history.Campaign) (*figures, error) {
	f := &figures{}
	minutes, err := h.Ledger.Minutes(ctx, h.ID)
	if err != nil {
		return nil, err
	}
	for _, m := range minutes {
		c := chart.Column{Start: m.Start, N: map[string]int64{}}
		for state, n := range m.States {
			c.N[string(state)] = n
		}
		f.minutes = append(f.minutes, c)
	}
	progress, err := h.Ledger.Progress(ctx, h.ID)
	if err != nil {
		return nil, err
	}
	f.lanes = progress.Lanes
	f.Replies, err = h.Ledger.Answers(ctx, h.ID, nil, attention(), mostReplies)
	return f, err
}
