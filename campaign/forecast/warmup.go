package forecast

import (
	"context"
	"fmt"
	"time"

	"mailshot/campaign/caps"
	"mailshot/sender/courtesy"
)

// warmup keeps the days of a new sender as the clock of a forecast goes on. [caps.Warmup] does the same for a run, and
// writes the days down.
type warmup struct {
	of    *caps.Warmup // says when a day begins
	steps courtesy.Warmup
	days  []courtesy.Day // on which something was sent, or would have been

	date  string // the day for which the following hold
	most  int64
	step  int
	bound bool
	sent  int64
}

// newWarmup goes on from what the accounts know at c.Now.
func newWarmup(ctx context.Context, c Config) (*warmup, error) {
	w := &warmup{of: c.Warmup, steps: c.Warmup.Steps()}
	var err error
	if w.days, err = c.Warmup.Days(ctx); err != nil {
		return nil, err
	}
	limit, _, err := c.Warmup.Limit(ctx, c.Now)
	if err != nil {
		return nil, err
	}
	w.roll(c.Now)
	_, uses, err := caps.Used(ctx, c.Accounts, c.Now, "", limit)
	for _, u := range uses {
		w.sent += u.Used
	}
	return w, err
}

// roll makes the date that of now.
func (w *warmup) roll(now time.Time) {
	now = w.of.Today(now)
	if date := now.Format(time.DateOnly); date != w.date {
		w.date, w.sent = date, 0
		w.most, w.step, w.bound = w.steps.Today(w.days, now)
	}
}

// left is how many messages may still go on the day of now; bound is false if the sender is warm by then.
func (w *warmup) left(now time.Time) (n int64, bound bool) {
	w.roll(now)
	return w.most - w.sent, w.bound
}

// rule names the step of the day.
func (w *warmup) rule() string { return fmt.Sprintf("warm-up, step %d of %d", w.step, len(w.steps)) }

// went notes that n messages went at now.
func (w *warmup) went(now time.Time, n int64) {
	w.roll(now)
	w.sent += n
	if last := len(w.days) - 1; last >= 0 && w.days[last].Date.Format(time.DateOnly) == w.date {
		w.days[last].Tried += n
		return
	}
	w.days = append(w.days, courtesy.Day{Date: w.of.Today(now), Tried: n})
}
