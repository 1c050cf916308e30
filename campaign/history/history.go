// Package history answers what people ask of campaigns that have been sent. Call Open for one campaign: Rows, Tally and
// Suppressed read its records, Match finds the rows of a list again, and Unknown looks for messages of which nobody
// knows whether they arrived. Call Find for one person over many campaigns.
//
// The answers are values and not words, so that a terminal and a window can show the same ones in their own way. Only
// Unknown.Settle changes anything; the rest reads. A campaign may be read while a send of it runs.
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

// Campaign is a campaign that has been sent before, in an open ledger. It is as safe for concurrent use
// as its Ledger.
type Campaign struct {
	Ledger *ledger.Ledger
	ID     string
	Kept   *ledger.Campaign // what the ledger keeps about it
}

// Open opens the ledger in file and finds the campaign with this id in it. Where either is not there the error is a
// *NotSentError; other errors are the ledger's. The caller closes the Campaign.
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

// notSent makes the error about a campaign that the ledger does not know.
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

// NotSentError says that no ledger knows the campaign, so it has not been sent from here.
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
// does not grow; an error ends them.
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

// Suppressed counts the pending rows among those that f chooses, whatever its states, that the user's suppression list
// keeps from mail of the sender's domain; the next send leaves them out. first is the entry that keeps the first of
// them.
func (c *Campaign) Suppressed(ctx context.Context, a *accounts.Accounts, domain string,
	f ledger.Filter) (n int64, first accounts.Entry, err error) {
	f.States = []ledger.State{ledger.Pending}
	for r, err := range c.Rows(ctx, f) {
		if err != nil {
			return n, first, err
		}
		entry, ok, err := a.Suppressed(ctx, domain, r.AddressKey)
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

// named is an entry of the suppression list that holds for the address with this key; where the entry has only a hash
// of the address, because the person was forgotten, the key takes its place.
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
