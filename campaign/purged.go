package campaign

import (
	"fmt"
	"time"

	"mailshot/campaign/check"
	"mailshot/campaign/recipients"
)

// PurgedError says that a campaign's people were erased from the ledger, so that nobody can say any more who was mailed.
type PurgedError struct {
	ID string
	At time.Time
}

func (e *PurgedError) Error() string {
	return fmt.Sprintf("campaign %s ended, and its people were erased on %s: who was mailed is not known any more", e.ID, e.At.Local().Format(time.DateOnly))
}

// purged goes on with a campaign whose rows were erased: it is finished, so it sends nothing, whatever the inputs are now. New rows
// cannot be taken, for they cannot be told from those that were mailed.
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
