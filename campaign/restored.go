package campaign

import (
	"context"
	"fmt"
	"time"

	"mailshot/campaign/check"
	"mailshot/campaign/ledger"
	"mailshot/campaign/ledger/host"
	"mailshot/campaign/lineage"
	"mailshot/campaign/recipients"
)

// CopiedError and GoneError say that the ledger here is not the one that the campaign was sent with.
type (
	CopiedError = lineage.CopiedError
	GoneError   = lineage.GoneError
)

// lineage is the campaign's ledger with those who know of others. A sink and a rehearsal mail nobody of the list.
func (c *Campaign) lineage() lineage.Ledger {
	return lineage.Ledger{
		Ledger: c.ledger, Accounts: c.accounts, ID: c.id, Folder: c.def.Dir, State: c.statePath(), Host: c.host(),
		Rehearsal: c.rehearsal(), Now: c.now,
	}
}

// unique refuses a ledger that is not the one that the campaign was sent with, unless accept says that a person knows
// of it.
func (c *Campaign) unique(ctx context.Context, accept bool) (doubtful int64, err error) {
	if c.opts.Sink != nil {
		return 0, nil
	}
	if doubtful, err = c.lineage().Unique(ctx, c.frozen, accept); err == nil {
		c.frozen, err = c.ledger.Campaign(ctx, c.id)
	}
	return doubtful, err
}

// host is the machine that this program runs on.
func (c *Campaign) host() ledger.Host {
	if c.opts.Host.ID != "" {
		return c.opts.Host
	}
	return host.This()
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
