package repeats

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
)

// TakeOver brings into the accounts what is only in ledgers yet: the last messages of runs that died. It calls more for
// what it cannot bring: that of a run which is under way, or whose ledger cannot be written. It returns the mailings of
// which the last messages are not known, because their ledger is gone or cannot be read, unless all of their messages
// were remembered for long enough. more may be nil.
func TakeOver(ctx context.Context, a *accounts.Accounts, now time.Time,
	more func(*accounts.Mailing, []accounts.Copy)) (unknown []*accounts.Mailing, err error) {
	list, err := a.Lacking(ctx, now)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	owner, err := ownerOf(ctx, a)
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		if err := takeOver(ctx, a, m, owner, more); err != nil && !m.Expired() {
			unknown = append(unknown, m)
		}
	}
	if len(unknown) == 0 {
		return nil, nil
	}
	// A run may have ended meanwhile.
	if list, err = a.Lacking(ctx, now); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(unknown, func(m *accounts.Mailing) bool {
		return !slices.ContainsFunc(list, func(still *accounts.Mailing) bool { return still.Run == m.Run })
	}), nil
}

var (
	errOther = errors.New("another ledger, or another copy of it")
	errLeft  = errors.New("it stays in the ledger")
)

// takeOver is TakeOver for one mailing.
func takeOver(ctx context.Context, a *accounts.Accounts, m *accounts.Mailing, owner string,
	more func(*accounts.Mailing, []accounts.Copy)) error {
	if _, err := os.Stat(m.Ledger); err != nil { // else it would be made
		return err
	}
	l, err := ledger.Open(m.Ledger)
	if err != nil {
		return err
	}
	defer l.Close()
	// Before the campaign's record, which has a new run first.
	mark, token, err := a.HighWater(ctx, m.Run)
	if err != nil {
		return err
	}
	c, err := l.Campaign(ctx, m.ID)
	if err != nil {
		return err
	}
	if c.Run != m.Run || mark > c.Runs || mark > 0 && mark == c.Runs && token != c.Token {
		return errOther
	}
	err = l.Take(ctx, m.ID, owner, func(list []ledger.Fingerprint, last bool) error {
		if last && a.TakeOver(m, copies(list)) == nil {
			return nil
		}
		if more != nil {
			more(m, copies(list))
		}
		return errLeft
	})
	if errors.Is(err, errLeft) && !errors.Is(err, ledger.ErrTakeLost) {
		return nil
	}
	return err
}
