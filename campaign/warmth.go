package campaign

import (
	"context"
	"fmt"
	"sync"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
	"mailshot/sender"
	"mailshot/sender/courtesy"
	"mailshot/sender/limits"
)

// warmth keeps a new sender to what it may send on a day. The day's number is a cap like the others, under a key that has
// the date, so that it holds across campaigns, processes and restarts; what the days before came to is in the accounts.
type warmth struct {
	steps    courtesy.Warmup
	place    *time.Location // whose days
	accounts *accounts.Accounts
	key      string

	mu             sync.Mutex
	date           string // of what follows
	most           int64
	step           int
	bound          bool
	used           bool // up, when a use was last asked for
	noted          bool // the date is among the sending days
	tried, refused int64
	day            time.Time // of those two, which are not in the accounts yet
}

// noteEvery is how many outcomes a crash may take from a day's record; the day itself is recorded with its first.
const noteEvery = 50

// limit is the cap of the day of now; ok is false for a sender that is warm.
func (w *warmth) limit(ctx context.Context, now time.Time) (_ sender.Limit, ok bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now = now.In(w.place)
	if date := now.Format(time.DateOnly); date != w.date {
		if err := w.note(ctx); err != nil {
			return sender.Limit{}, false, err
		}
		days, err := w.days(ctx)
		if err != nil {
			return sender.Limit{}, false, err
		}
		w.most, w.step, w.bound = w.steps.Today(days, now)
		w.date, w.noted = date, false
	}
	// Two days hold all of a date, however its clocks were changed.
	return sender.Limit{Key: "warm-up " + w.key + " " + w.date, Caps: []limits.Cap{{N: w.most, Window: 48 * time.Hour}}}, w.bound, nil
}

// days are those on which there was sending.
func (w *warmth) days(ctx context.Context) ([]courtesy.Day, error) {
	sent, err := w.accounts.Days(ctx, w.key)
	days := make([]courtesy.Day, len(sent))
	for i, d := range sent {
		days[i] = courtesy.Day(d)
	}
	return days, err
}

// filled notes whether the day's number was found to be used up, and returns it.
func (w *warmth) filled(full bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.used = full
	return full
}

// full says in words that the day's number is used up, "" if it was not when last asked for.
func (w *warmth) full() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.used {
		return ""
	}
	return fmt.Sprintf("warm-up, step %d of %d: today's %d messages are sent", w.step, len(w.steps), w.most)
}

// settled counts an outcome of the day of now.
func (w *warmth) settled(ctx context.Context, s ledger.State, now time.Time) error {
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
	w.day = now.In(w.place)
	if w.noted && w.tried < noteEvery {
		return nil
	}
	w.noted = true
	return w.note(ctx)
}

// close records what is not recorded yet.
func (w *warmth) close(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.note(ctx)
}

func (w *warmth) note(ctx context.Context) error {
	if w.tried == 0 {
		return nil
	}
	err := w.accounts.AddDay(ctx, w.key, w.day, w.tried, w.refused)
	if err == nil {
		w.tried, w.refused = 0, 0
	}
	return err
}
