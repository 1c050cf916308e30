package history

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"mailshot/campaign/accounts"
)

// left are the people who left by a token of the campaign, and since when, by the hash of the address.
type left struct {
	hash  func(addressKey string) [16]byte
	since map[[16]byte]time.Time
}

// Left looks into the accounts for who has left by a token of this campaign's messages. Summary and Reported tell it
// from then on. The accounts' file need not exist.
func (c *Campaign) Left(ctx context.Context, file string) (err error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	a, err := accounts.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return c.LeftIn(ctx, a)
}

// LeftIn is Left with accounts that are open.
func (c *Campaign) LeftIn(ctx context.Context, a *accounts.Accounts) (err error) {
	l := left{since: map[[16]byte]time.Time{}}
	if l.hash, err = a.AddressHash(ctx); err != nil {
		return err
	}
	all, err := a.LeftBy(ctx, c.ID)
	for _, e := range all {
		who, hidden := accounts.HashOf(e.Key)
		if !hidden {
			who = l.hash(e.Key)
		}
		if was, known := l.since[who]; !known || e.Time.Before(was) {
			l.since[who] = e.Time
		}
	}
	c.left = l
	return err
}

// of is since when a person has left; zero if they have not.
func (l left) of(addressKey string) time.Time {
	if len(l.since) == 0 || addressKey == "" {
		return time.Time{}
	}
	return l.since[l.hash(addressKey)]
}
