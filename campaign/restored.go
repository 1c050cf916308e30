package campaign

import (
	"context"
	"fmt"
	"time"

	"mailshot/campaign/check"
	"mailshot/campaign/ledger"
	"mailshot/campaign/recipients"
)

// A ledger that was copied, or restored from a backup, does not know who was mailed since. Three things show that a
// ledger is a copy:
//
//   - The accounts' high-water mark of the campaign's runs is above the ledger's own.
//   - The mark is the same, and the run of another copy has set it.
//   - The last run was on another machine, whose accounts cannot be asked.

// CopiedError says that the campaign's ledger is a copy, or may be one. The people who were mailed from the other one
// since would be mailed again.
type CopiedError struct {
	ID, State string
	Missing   int64       // runs that this copy does not know; 0 if their number is not known
	Host      ledger.Host // the machine of the last run, if that was another one
}

func (e *CopiedError) Error() string {
	switch {
	case e.Missing > 0:
		return fmt.Sprintf("%s is an older copy: it lacks %d runs of campaign %s, "+
			"and the people mailed in those runs would be mailed again", e.State, e.Missing, e.ID)
	case e.Host.ID != "":
		return fmt.Sprintf("%s comes from another machine (%s): people mailed from there since would be mailed again",
			e.State, e.Host.Name)
	}
	return fmt.Sprintf("%s is a copy: campaign %s was sent from another copy as well, "+
		"and the people mailed from that copy would be mailed again", e.State, e.ID)
}

// Certain reports whether it is certain that another copy was sent from.
func (e *CopiedError) Certain() bool { return e.Host.ID == "" }

// copied looks for signs that the ledger is a copy; nil if there are none. It returns the accounts' mark, too.
func (c *Campaign) copied(ctx context.Context) (*CopiedError, int64, error) {
	mark, token, err := c.accounts.HighWater(ctx, c.frozen.Run)
	if err != nil || c.opts.Sink != nil {
		return nil, 0, err
	}
	e := &CopiedError{ID: c.id, State: c.statePath()}
	switch {
	case mark > c.frozen.Runs:
		e.Missing = mark - c.frozen.Runs
	case mark > 0 && mark == c.frozen.Runs && token != c.frozen.Token:
	case c.frozen.Host.ID != "" && c.frozen.Host.ID != c.host().ID:
		e.Host = c.frozen.Host
	default:
		return nil, mark, nil
	}
	return e, mark, nil
}

// unique refuses a copy of the ledger, unless accept says that a person knows of it. If the copy is certainly behind,
// what was not sent becomes unknown, for another copy may have sent it. If the ledger comes from another machine, the
// person has said that nothing was sent from there since, and the campaign goes on as it is.
func (c *Campaign) unique(ctx context.Context, accept bool) (doubtful int64, err error) {
	e, mark, err := c.copied(ctx)
	if e == nil || err != nil {
		return 0, err
	}
	if !accept {
		return 0, e
	}
	if e.Certain() {
		if doubtful, err = c.ledger.AcceptCopy(ctx, c.id, mark); err != nil {
			return 0, err
		}
		c.frozen, err = c.ledger.Campaign(ctx, c.id)
	}
	return doubtful, err
}

// claim makes the run that has just begun the newest of the campaign, before it sends anything. It fails if another
// copy of the ledger has begun a run at the same time.
func (c *Campaign) claim(ctx context.Context) error {
	if c.opts.Sink != nil {
		return nil
	}
	now, err := c.ledger.Campaign(ctx, c.id)
	if err != nil {
		return err
	}
	ok, err := c.accounts.Claim(ctx, now.Run, now.Runs, now.Token)
	if err == nil && !ok {
		err = &CopiedError{ID: c.id, State: c.statePath()}
	}
	return err
}

// host is the machine that this program runs on.
func (c *Campaign) host() ledger.Host {
	if c.opts.Host.ID != "" {
		return c.opts.Host
	}
	return ledger.ThisHost()
}

// PurgedError says that a campaign's people were erased from the ledger. So nobody can say any more who was mailed.
type PurgedError struct {
	ID string
	At time.Time
}

func (e *PurgedError) Error() string {
	return fmt.Sprintf("campaign %s ended, and its people were erased on %s: nobody can say any more who was mailed",
		e.ID, e.At.Local().Format(time.DateOnly))
}

// purged goes on with a campaign whose rows were erased. It is finished, so it sends nothing, whatever its inputs are
// now. It takes no new rows, for they cannot be told from those that were mailed.
func (c *Campaign) purged(o PlanOptions, plan *Plan, header *recipients.Header) error {
	e := &PurgedError{c.id, c.frozen.Purged}
	if o.AcceptChanges {
		return e
	}
	c.header = header
	plan.Report = &check.Report{Campaign: c.id}
	plan.Notes = append(plan.Notes, e.Error())
	return nil
}
