// Package ledgertest makes ledgers as tests need them: [Plan] freezes a campaign of made-up people, [Send] takes all of
// it through a run without a server, and [With] works on the file between.
package ledgertest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"mailshot/campaign/ledger"
)

// Key is the key of the row with the number i, counted from 0.
func Key(i int) string { return fmt.Sprintf("k%d", i) }

// Person is the address of that row, which is its address key, too.
func Person(i int) string { return fmt.Sprintf("p%d@example.com", i) }

// With opens the ledger in file, calls work, and closes the ledger. An error ends the test.
func With(t testing.TB, file string, work func(*ledger.Ledger) error) {
	t.Helper()
	l, err := ledger.Open(file)
	if err == nil {
		err = errors.Join(work(l), l.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Plan freezes a campaign of n people in file, which is made where there is none. All of them are pending, in the lane
// "relay".
func Plan(t testing.TB, file string, c ledger.Campaign, n int) {
	t.Helper()
	With(t, file, func(l *ledger.Ledger) error {
		draft, err := l.Draft(t.Context(), ledger.Campaign{ID: c.ID})
		if err != nil {
			return err
		}
		for at := 0; at < n; at += 1000 {
			var rows []ledger.Row
			for i := at; i < min(at+1000, n); i++ {
				rows = append(rows, ledger.Row{Number: int64(i + 1), Place: fmt.Sprintf("people.csv:%d", i+2), Key: Key(i),
					Address: Person(i), AddressKey: Person(i), Lane: "relay", Fields: []byte(Person(i)),
					State: ledger.Pending, Digest: []byte(strings.Repeat("d", 32))})
			}
			if same, err := draft.Add(t.Context(), rows); err != nil || len(same) > 0 {
				return fmt.Errorf("%v, %w", same, err)
			}
		}
		return draft.Freeze(t.Context(), c)
	})
}

// Sent is the outcome of a message that a server took at a time.
func Sent(at time.Time) ledger.Result {
	return ledger.Result{State: ledger.Sent, Stage: "dot", Code: 250, Time: at}
}

// Send tries all that is to go of a campaign, once each, as if it were the time at. outcome says what becomes of a row,
// and may be called by several goroutines; nil has all of them sent at that time.
func Send(t testing.TB, file, id string, at time.Time, outcome func(key string) ledger.Result) {
	t.Helper()
	if outcome == nil {
		outcome = func(string) ledger.Result { return Sent(at) }
	}
	With(t, file, func(l *ledger.Ledger) error {
		lock, err := l.Lock(id)
		if err != nil {
			return err
		}
		defer lock.Close()
		run, err := l.Run(t.Context(), id, ledger.RunOptions{})
		if err != nil {
			return err
		}
		errs := make([]error, 16)
		var callers sync.WaitGroup
		for i := range errs {
			callers.Go(func() {
				for errs[i] == nil {
					one, err := run.Next(t.Context(), nil, at)
					if errs[i] = err; err != nil || one == nil {
						return
					}
					errs[i] = errors.Join(run.Begin(t.Context(), one), run.Start(t.Context(), one),
						run.Settle(t.Context(), one, outcome(one.Key)))
				}
			})
		}
		callers.Wait()
		return errors.Join(append(errs, run.Close())...)
	})
}
