package campaign

import (
	"context"
	"time"

	"mailshot/campaign/caps"
	"mailshot/campaign/forecast"
	"mailshot/campaign/ledger"
	"mailshot/campaign/pacing"
	"mailshot/sender/limits"
)

// waiting is what is left to send, for a forecast.
type waiting forecast.Waiting

// add counts a delivery in the lane of all those that obey the same caps and the same hours.
func (w waiting) add(c *Campaign, rec ledger.Record) {
	forecast.Waiting(w).Add(c.waitsIn(rec.Lane), rec)
}

// waitsIn is the lane of all those that obey the same caps and the same hours as a lane.
func (c *Campaign) waitsIn(lane string) string {
	zone := ""
	if c.def.Schedule.ZoneColumn.Given() {
		zone = pacing.ZoneOf(lane)
	}
	return pacing.Lane(c.capped(lane), zone)
}

// foresee says when what is waiting can go, and how much of each cap has been used.
func (c *Campaign) foresee(
	ctx context.Context, l *ledger.Ledger, now time.Time, w waiting, copies int64,
) (limits.Forecast, []caps.Use, error) {
	p, err := c.pacer(ctx, l)
	if err != nil {
		return limits.Forecast{}, nil, err
	}
	cfg := forecast.Config{
		Now: now, Waiting: forecast.Waiting(w), Terms: c.terms(), Accounts: c.accounts, Pacer: p,
		Copies: copies,
	}
	// Each of several servers has a warm-up of its own, and what one server may not take goes by another.
	if servers := c.servers(); len(servers) == 1 {
		cfg.Warmup = c.warmup(servers[0])
	}
	return forecast.Of(ctx, cfg)
}
