// Package history answers questions about campaigns that have been sent. Call Open for one campaign: Rows, Tally and
// Suppressed read its records, Match finds the rows of a list again, and Unknown searches for messages whose outcome is
// unknown. Call Find for one person over many campaigns.
//
// The answers are values and not words, so that a terminal and a window can show the same ones in their own way. Only
// Unknown.Settle changes what a ledger says. The other functions read, also while a send of the campaign runs.
package history

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
)

// Campaign is a campaign that has been sent before, in an open ledger. It is as safe for concurrent use as its Ledger.
type Campaign struct {
	Ledger *ledger.Ledger
	ID     string
	Kept   *ledger.Campaign // what the ledger keeps about it
	left   left             // see Left
}

// Open opens the ledger in file and finds the campaign with this id in it. If either does not exist, the error is a
// *NotSentError, and no file is made; other errors are the ledger's. The caller closes the Campaign.
func Open(ctx context.Context, file, id string) (_ *Campaign, err error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil, &NotSentError{ID: id, Ledger: file, NoLedger: true}
	}
	l, err := ledger.Open(file)
	if err != nil {
		return nil, err
	}
	kept, err := l.Campaign(ctx, id)
	if err == nil {
		return &Campaign{Ledger: l, ID: id, Kept: kept}, nil
	}
	if errors.Is(err, ledger.ErrNotFound) {
		err = notSent(ctx, l, file, id)
	}
	return nil, errors.Join(err, l.Close())
}

// notSent is the error about a campaign that the ledger does not know.
func notSent(ctx context.Context, l *ledger.Ledger, file, id string) error {
	all, err := l.Campaigns(ctx)
	if err != nil {
		return err
	}
	e := &NotSentError{ID: id, Ledger: file}
	for _, c := range all {
		e.Others = append(e.Others, c.ID)
	}
	return e
}

// Close closes the ledger.
func (c *Campaign) Close() error { return c.Ledger.Close() }

// NotSentError says that the ledger does not know the campaign: it has not been sent with this ledger.
type NotSentError struct {
	ID       string
	Ledger   string   // the file
	NoLedger bool     // there is no such file
	Others   []string // the ids of the campaigns that the ledger has, the oldest first
}

func (e *NotSentError) Error() string {
	s := "campaign " + e.ID + " has not been sent yet"
	switch {
	case e.NoLedger:
		s += ": there is no ledger " + e.Ledger
	case len(e.Others) > 0:
		s += "; the ledger has " + strings.Join(e.Others, ", ")
	}
	return s
}

// Rows returns the campaign's rows that f chooses, in the order of the list. It reads them in pieces, in memory that
// does not grow. An error is the last element.
func (c *Campaign) Rows(ctx context.Context, f ledger.Filter) iter.Seq2[ledger.Record, error] {
	return c.Ledger.Deliveries(ctx, c.ID, f)
}

// Tally counts the rows that f chooses by state.
func (c *Campaign) Tally(ctx context.Context, f ledger.Filter) (map[ledger.State]int64, error) {
	n := map[ledger.State]int64{}
	for r, err := range c.Rows(ctx, f) {
		if err != nil {
			return nil, err
		}
		n[r.State]++
	}
	return n, nil
}

// Suppressed counts the rows that are pending but on the user's suppression list, among those that f chooses; f.States
// does not matter. The next send leaves them out. m is the campaign's mail, and first is the entry for the first such
// row.
func (c *Campaign) Suppressed(ctx context.Context, a *accounts.Accounts, m accounts.Mail,
	f ledger.Filter) (n int64, first accounts.Entry, err error) {
	f.States = []ledger.State{ledger.Pending}
	for r, err := range c.Rows(ctx, f) {
		if err != nil {
			return n, first, err
		}
		entry, ok, err := a.Suppressed(ctx, m, r.AddressKey)
		if err != nil {
			return n, first, err
		}
		if !ok {
			continue
		}
		if n++; n == 1 {
			first = named(entry, r.AddressKey)
		}
	}
	return n, first, nil
}

// named is an entry that holds for the address with this key. The entry of a person who was forgotten has a hash in
// place of the address; the key of the address replaces the hash.
func named(e accounts.Entry, addressKey string) accounts.Entry {
	if strings.HasPrefix(e.Key, accounts.Hidden) {
		e.Key = addressKey
	}
	return e
}

// Ledgers returns the ledgers of the campaigns in a folder and in the folders in it, sorted.
func Ledgers(dir string) []string {
	files := []string{filepath.Join(dir, ".mailshot", "state.db")}
	below, _ := fs.Glob(os.DirFS(dir), "*/.mailshot/state.db") // the pattern is right
	for _, name := range below {
		files = append(files, filepath.Join(dir, filepath.FromSlash(name)))
	}
	slices.Sort(files)
	return slices.DeleteFunc(files, func(file string) bool {
		_, err := os.Stat(file)
		return errors.Is(err, fs.ErrNotExist)
	})
}
