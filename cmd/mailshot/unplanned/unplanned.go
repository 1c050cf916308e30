// Package unplanned says why a campaign has no plan, and what a person may do about it. Call [Of] with the error of
// [campaign.Open] or [campaign.Campaign.Plan]. The terminal and the window say the same, each in its own way: the
// terminal with the command to type next, the window with the choice that answers it.
package unplanned

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/digest"
	"mailshot/campaign/identity"
	"mailshot/campaign/ledger"
	"mailshot/campaign/statefile"
)

// Kind is what keeps a plan from being made.
type Kind string

// The kinds, in the order in which Of looks for them.
const (
	Gone        Kind = "gone"        // the campaign was sent with another ledger
	Copied      Kind = "copied"      // the ledger is a copy, or may be one
	Unfinished  Kind = "unfinished"  // campaigns of earlier days are not finished
	Changed     Kind = "changed"     // the inputs are not those that were planned
	Purged      Kind = "purged"      // the people were erased, and nobody can say who was mailed
	Lost        Kind = "lost"        // rows were lost from the ledger, so that it takes no new ones
	Erased      Kind = "erased"      // people were erased with another accounts.db
	Locked      Kind = "locked"      // another process works on the campaign
	Unusable    Kind = "unusable"    // a ledger or another database cannot be used
	Found       Kind = "found"       // the check found errors
	Interrupted Kind = "interrupted" // a person stopped it
	Declined    Kind = "declined"    // a person said no to changes
	Misplaced   Kind = "misplaced"   // mistakes of files, each with its place
	Other       Kind = "other"
)

// Choice is what a person may say to go on all the same.
type Choice string

// The choices. Each is an option of campaign.PlanOptions, and New one of campaign.Options.
const (
	None          Choice = ""
	AcceptChanges Choice = "accept-changes"
	AcceptCopy    Choice = "accept-copy"
	Repeat        Choice = "repeat"
	SkipErrors    Choice = "skip-errors"
	New           Choice = "new"
)

// Why is why there is no plan. Nothing was sent.
type Why struct {
	Kind    Kind
	Err     error
	Ways    string        // what a person may do, a line for each way, in the words of the command line; "" = Err says it
	Choice  Choice        // what answers it; None = nothing does, or it is not for a click
	Missing []string      // of Changed: the values that --set gave before and does not now, as "month="
	Ledger  string        // of Gone: the path of the ledger that knows, if it is still there
	Report  *check.Report // of Found and Misplaced
	Process int           // of Locked: who has the campaign; 0 = that cannot be told
	Open    *identity.UnfinishedError
}

// acceptGone says what --accept-copy does where the ledger is gone.
const acceptGone = "without it nobody can say who was mailed\n" +
	"--accept-copy takes this ledger instead and mails nobody: everybody on the list becomes unknown, for you to " +
	"resolve, and the list takes no new rows\n" +
	"--id NEW-ID sends to everybody on the list as another campaign"

// Of says why there is no plan. Err is err; it is not nil.
func Of(err error) Why {
	w := Why{Kind: Other, Err: err}
	if w.ledger() || w.inputs() {
		return w
	}
	var found *campaign.CheckError
	var bad *statefile.Error
	switch {
	case errors.As(err, &bad) && bad.Option != "":
		w.Kind = Unusable
	case errors.As(err, &found):
		w.Kind, w.Report = Found, found.Report
	case errors.Is(err, context.Canceled):
		w.Kind = Interrupted
	case errors.Is(err, campaign.ErrDeclined):
		w.Kind = Declined
	default:
		if fs := check.From(err); len(fs) > 0 && fs[0].Place != "" {
			w.Kind, w.Report = Misplaced, &check.Report{Findings: fs}
		}
	}
	return w
}

// ledger looks for a ledger that is not the one that the campaign was sent with.
func (w *Why) ledger() bool {
	var copied *campaign.CopiedError
	var gone *campaign.GoneError
	switch {
	case errors.As(w.Err, &gone) && gone.Other != "":
		w.Kind, w.Ledger, w.Ways = Gone, gone.Other, "continue with that ledger; "+acceptGone
	case errors.As(w.Err, &gone):
		w.Kind, w.Choice, w.Ways = Gone, AcceptCopy, "bring that ledger back, from a backup of its folder; "+acceptGone
	case !errors.As(w.Err, &copied):
		return false
	case copied.Certain():
		w.Kind, w.Choice, w.Ways = Copied, AcceptCopy, "bring the newer .mailshot folder here if there is one; "+
			"--accept-copy marks as unknown what the other copy may have sent, for you to resolve"
	default:
		w.Kind, w.Choice, w.Ways = Copied, AcceptCopy, "if the campaign was sent from there since, bring that .mailshot "+
			"folder here; --accept-copy says that it was not, and continues here"
	}
	return true
}

// inputs looks for inputs that are not those that were planned, and for a campaign that cannot be planned now.
func (w *Why) inputs() bool {
	var (
		changed *campaign.ChangedError
		purged  *campaign.PurgedError
		erased  *ledger.ErasedError
		locked  *ledger.LockedError
	)
	switch {
	case errors.As(w.Err, &w.Open):
		w.Kind, w.Choice = Unfinished, New
	case errors.As(w.Err, &changed):
		w.Kind = Changed
		if w.Missing = digest.Missing(changed.What); w.Missing == nil {
			w.Choice = AcceptChanges
		}
	case errors.As(w.Err, &purged):
		w.Kind, w.Ways = Purged, "send to new people as another campaign"
	case errors.As(w.Err, &erased) && erased.Keys == 0:
		w.Kind, w.Ways = Lost, "put the campaign file, its templates and the list back "+
			"as they were to go on, or send to new people alone as another campaign, from a list of their own"
	case errors.As(w.Err, &erased):
		w.Kind, w.Ways = Erased, "--accounts names the accounts.db with which they were erased; "+
			"without it take off the list whoever is new to the campaign"
	case errors.As(w.Err, &locked):
		w.Kind, w.Process = Locked, locked.PID
	default:
		return false
	}
	return true
}

// Answer is what a person may say to go on with what a finding is about. lists are the files of the list, as findings
// name them.
func Answer(f check.Finding, lists []string) Choice {
	switch {
	case f.Severity != check.Error:
		return None
	case f.Code == "mailed-before" || f.Code == "sent-before":
		return Repeat
	case slices.ContainsFunc(lists, func(list string) bool { return strings.HasPrefix(f.Place, list+":") }):
		return SkipErrors
	}
	return None
}

// Refusal is Err with what has not happened, and the ways.
func (w Why) Refusal() error {
	if w.Ways == "" {
		return fmt.Errorf("%w; nothing was sent", w.Err)
	}
	return fmt.Errorf("%w; nothing was sent\n%s", w.Err, w.Ways)
}
