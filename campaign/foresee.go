package campaign

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mailshot/campaign/caps"
	"mailshot/campaign/ledger"
	"mailshot/campaign/pacing"
	"mailshot/sender/courtesy"
	"mailshot/sender/limits"
)

// waiting is what is left to send, by lane: of the lanes of a run, those that obey the same caps and the same hours are one.
type waiting map[string]*limits.Lane

// add counts a delivery.
func (w waiting) add(c *Campaign, rec ledger.Record) {
	name := c.capped(rec.Lane)
	if _, zone, ok := strings.Cut(rec.Lane, " "); ok && c.def.Schedule.ZoneColumn.Given() {
		name += " " + zone
	}
	lane := w[name]
	if lane == nil {
		lane = &limits.Lane{Name: name}
		w[name] = lane
	}
	if rec.State == ledger.Deferred {
		lane.Later = append(lane.Later, rec.Due)
		return
	}
	lane.Messages++
}

// foresee says when what is waiting can go, by the caps and what has been used of them, and by the rules that a run keeps.
func (c *Campaign) foresee(ctx context.Context, l *ledger.Ledger, now time.Time, w waiting) (limits.Forecast, []caps.Use, error) {
	accounts, used, err := c.terms().Meters(ctx, c.accounts, now)
	if err != nil {
		return limits.Forecast{}, nil, err
	}
	own := c.terms().Domains()
	var lanes []limits.Lane
	meters := map[string]*limits.Account{}
	for _, name := range slices.Sorted(maps.Keys(w)) {
		lane := *w[name]
		if domain := pacing.GroupOf(name); domain != "" {
			if meters[domain] == nil {
				a, uses, err := caps.Used(ctx, c.accounts, now, domain, own[domain])
				if err != nil {
					return limits.Forecast{}, nil, err
				}
				meters[domain], used = &a, append(used, uses...)
			}
			lane.Account = meters[domain]
		}
		lanes = append(lanes, lane)
	}
	rules, err := c.foresight(ctx, l, now, w)
	if err != nil {
		return limits.Forecast{}, nil, err
	}
	return limits.Foresee(now, accounts, lanes, rules), used, nil
}

// foresight lets a forecast ask the same pacer that a run asks, and be told of the same. It keeps a new sender's days by itself.
type foresight struct {
	pacer  *pacing.Pacer
	lanes  []string
	groups []string

	answered limits.Leave // the last answer, which holds within
	minute   int64        // this one, if it is
	steady   bool

	steps courtesy.Warmup // none: the sender is warm
	days  []courtesy.Day
	date  string // of what follows
	most  int64
	step  int
	bound bool
	sent  int64
}

func (c *Campaign) foresight(ctx context.Context, l *ledger.Ledger, now time.Time, w waiting) (*foresight, error) {
	p, err := c.pacer(ctx, l)
	if err != nil {
		return nil, err
	}
	f := &foresight{pacer: p, lanes: slices.Sorted(maps.Keys(w)), groups: p.Groups()}
	servers := c.servers()
	if len(servers) != 1 {
		return f, nil // each of several has warming days of its own, and what one may not take goes by another
	}
	warm := c.warmup(servers[0])
	if warm == nil {
		return f, nil
	}
	f.steps = warm.Steps()
	if f.days, err = warm.Days(ctx); err != nil {
		return nil, err
	}
	limit, _, err := warm.Limit(ctx, now)
	if err != nil {
		return nil, err
	}
	f.roll(now)
	_, uses, err := caps.Used(ctx, c.accounts, now, "", limit)
	for _, u := range uses {
		f.sent += u.Used
	}
	return f, err
}

// roll makes the date that of now.
func (f *foresight) roll(now time.Time) {
	now = now.In(f.pacer.Zone())
	if date := now.Format(time.DateOnly); date != f.date {
		f.date, f.sent = date, 0
		f.most, f.step, f.bound = f.steps.Today(f.days, now)
	}
}

// Leave is [limits.Rules]'s.
func (f *foresight) Leave(now time.Time) limits.Leave {
	if b := f.pacer.Breach(f.groups...); b != nil {
		return limits.Leave{Shut: limits.Hold{Rule: "stop-loss"}}
	}
	// Hours open and close, and days begin, on the minute.
	minute := now.Unix() / 60
	if f.steady && f.minute == minute && (f.pacer.NotAfter().IsZero() || now.Before(f.pacer.NotAfter())) {
		return f.answered
	}
	f.minute, f.steady = minute, false
	open := f.pacer.Openings(now, f.lanes)
	if a := open.Campaign; !a.May {
		return limits.Leave{Shut: limits.Hold{Rule: a.Rule}, Until: a.NotBefore}
	}
	leave := limits.Leave{MostFresh: open.Fresh}
	for lane, a := range open.Closed {
		if leave.Closed == nil {
			leave.Closed = map[string]limits.Closed{}
		}
		leave.Closed[lane] = limits.Closed{Until: a.NotBefore, Why: limits.Hold{Rule: a.Rule}}
	}
	if len(f.steps) > 0 {
		f.roll(now)
	}
	if f.bound {
		if leave.Most = f.most - f.sent; leave.Most <= 0 {
			return limits.Leave{Shut: limits.Hold{Rule: fmt.Sprintf("warm-up, step %d of %d", f.step, len(f.steps))},
				Until: courtesy.Midnight(now.In(f.pacer.Zone()))}
		}
	}
	f.answered, f.steady = leave, leave.Most == 0 && leave.MostFresh == 0
	return leave
}

// Gone is [limits.Rules]'s.
func (f *foresight) Gone(now time.Time, lane string, n int64, fresh bool) {
	f.pacer.Went(lane, n, fresh, now)
	if len(f.steps) == 0 {
		return
	}
	f.roll(now)
	f.sent += n
	today := now.In(f.pacer.Zone())
	if last := len(f.days) - 1; last >= 0 && f.days[last].Date.Format(time.DateOnly) == f.date {
		f.days[last].Tried += n
		return
	}
	f.days = append(f.days, courtesy.Day{Date: today, Tried: n})
}
