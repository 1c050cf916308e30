package forecast

import (
	"time"

	"mailshot/campaign/pacing"
	"mailshot/sender/limits"
)

// rules ask the pacer that a run asks, and tell it of what goes. They are a [limits.Rules].
type rules struct {
	pacer  *pacing.Pacer
	lanes  []string
	groups []string
	warmup *warmup // nil: the sender is warm

	answered limits.Leave // the last answer; if steady, it holds within minute
	minute   int64
	steady   bool
}

func newRules(p *pacing.Pacer, lanes []string) *rules {
	return &rules{pacer: p, lanes: lanes, groups: p.Groups()}
}

// Leave is [limits.Rules]'s.
func (r *rules) Leave(now time.Time) limits.Leave {
	if r.pacer.Breach(r.groups...) != nil {
		return limits.Leave{Shut: limits.Hold{Rule: "stop-loss"}}
	}
	// Hours open and close, and days begin, on the minute.
	minute, end := now.Unix()/60, r.pacer.NotAfter()
	if r.steady && r.minute == minute && (end.IsZero() || now.Before(end)) {
		return r.answered
	}
	r.minute, r.steady = minute, false
	open := r.pacer.Openings(now, r.lanes)
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
	if r.warmup != nil {
		if left, bound := r.warmup.left(now); bound {
			if left <= 0 {
				return limits.Leave{
					Shut:  limits.Hold{Rule: r.warmup.rule()},
					Until: r.warmup.of.Tomorrow(now),
				}
			}
			leave.Most = left
		}
	}
	r.answered, r.steady = leave, leave.Most == 0 && leave.MostFresh == 0
	return leave
}

// Gone is [limits.Rules]'s.
func (r *rules) Gone(now time.Time, lane string, n int64, fresh bool) {
	r.pacer.Went(lane, n, fresh, now)
	if r.warmup != nil {
		r.warmup.went(now, n)
	}
}
