package caps

import (
	"context"
	"fmt"
	"sync"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/sender"
	"mailshot/sender/courtesy"
	"mailshot/sender/limits"
)

// Warmup keeps a new sender to what it may send on a day. The number for the day is a cap like the others. Its key has
// the date, so that it holds across campaigns, processes and restarts. The outcomes of earlier days are in the
// accounts. A Warmup is made by [NewWarmup], is safe for concurrent use, and must be closed.
type Warmup struct {
	steps    courtesy.Warmup
	place    *time.Location // its calendar says when a day begins
	accounts *accounts.Accounts
	key      string

	mu             sync.Mutex
	ahead          time.Duration // of the wall clock: the days are those of the time in which caps count
	date           string        // the day for which most, step, bound and noted hold
	most           int64
	step           int
	bound          bool
	used           bool      // the number for the day was used up when a use was last asked for
	noted          bool      // the date is among the sending days
	tried, refused int64     // outcomes that are not in the accounts yet
	day            time.Time // of those outcomes
}

// NewWarmup returns the warm-up of a server, nil if the campaign file gives the server none. Days are those of place.
func NewWarmup(s *definition.Server, place *time.Location, accounts *accounts.Accounts) *Warmup {
	if len(s.Limits.Courtesy.Warmup) == 0 {
		return nil
	}
	return &Warmup{steps: s.Limits.Courtesy.Warmup, place: place, accounts: accounts, key: countedFor(s)}
}

// noteEvery is how many outcomes may be missing from a day's record after a crash. The first outcome of a day is
// recorded at once, and the day with it.
const noteEvery = 50

// Steps are the steps of the warm-up.
func (w *Warmup) Steps() courtesy.Warmup { return w.steps }

// Limit is the cap for the day of now; ok is false if the sender is warm by then.
func (w *Warmup) Limit(ctx context.Context, now time.Time) (_ sender.Limit, ok bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t, off, err := w.accounts.Time(ctx, now)
	if err != nil {
		return sender.Limit{}, false, err
	}
	if w.ahead = 0; off != 0 { // a clock that is set back or forward does not make a day
		w.ahead = t.Sub(now)
	}
	now = w.today(now)
	if date := now.Format(time.DateOnly); date != w.date {
		if err := w.note(ctx); err != nil {
			return sender.Limit{}, false, err
		}
		days, err := w.Days(ctx)
		if err != nil {
			return sender.Limit{}, false, err
		}
		w.most, w.step, w.bound = w.steps.Today(days, now)
		w.date, w.noted = date, false
	}
	// A window of 48 hours holds all of a date, even one whose clocks were changed.
	caps := []limits.Cap{{N: w.most, Window: 48 * time.Hour}}
	return sender.Limit{Key: "warm-up " + w.key + " " + w.date, Caps: caps}, w.bound, nil
}

// Today is the moment by whose date and hour the days are counted where the wall clock says now: the same, unless the
// wall clock was not believed when [Warmup.Limit] was last asked.
func (w *Warmup) Today(now time.Time) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.today(now)
}

func (w *Warmup) today(now time.Time) time.Time { return now.Add(w.ahead).In(w.place) }

// Tomorrow is what the wall clock says when the day after that of now begins.
func (w *Warmup) Tomorrow(now time.Time) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return courtesy.Midnight(w.today(now)).Add(-w.ahead)
}

// Days are the days on which something was sent, oldest first.
func (w *Warmup) Days(ctx context.Context) ([]courtesy.Day, error) {
	sent, err := w.accounts.Days(ctx, w.key)
	days := make([]courtesy.Day, len(sent))
	for i, d := range sent {
		days[i] = courtesy.Day(d)
	}
	return days, err
}

// filled notes whether the number for the day was found used up, and returns the same.
func (w *Warmup) filled(full bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.used = full
	return full
}

// Day is the date whose number the use that was last reserved is of.
func (w *Warmup) Day() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.date
}

// Current reports whether now is on a day, which [Warmup.Day] returned.
func (w *Warmup) Current(day string, now time.Time) bool {
	return w.Today(now).Format(time.DateOnly) == day
}

// Full says in words that the number for the day is used up; "" if it was not when a use was last asked for.
func (w *Warmup) Full() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.used {
		return ""
	}
	return fmt.Sprintf("warm-up, step %d of %d: today's %d messages are sent", w.step, len(w.steps), w.most)
}

// Settled counts a delivery that came to state s on the day of now.
func (w *Warmup) Settled(ctx context.Context, s ledger.State, now time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch s {
	case ledger.Refused, ledger.GaveUp:
		w.refused++
	case ledger.Sent, ledger.Unknown:
	default:
		return nil
	}
	w.tried++
	w.day = w.today(now)
	if w.noted && w.tried < noteEvery {
		return nil
	}
	w.noted = true
	return w.note(ctx)
}

// Close records the outcomes that are not recorded yet.
func (w *Warmup) Close(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.note(ctx)
}

func (w *Warmup) note(ctx context.Context) error {
	if w.tried == 0 {
		return nil
	}
	err := w.accounts.AddDay(ctx, w.key, w.day, w.tried, w.refused)
	if err == nil {
		w.tried, w.refused = 0, 0
	}
	return err
}
