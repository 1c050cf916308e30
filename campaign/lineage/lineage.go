// Package lineage says whether a ledger is the one that its campaign was sent with. [Ledger.Unique] refuses a ledger
// that is a copy, or that stands in place of another one. [Ledger.Missing] refuses to plan a campaign that was sent
// with a ledger which is not here any more. [Ledger.Claim] and [Ledger.Ended] remember in the user's accounts what is
// sent, with which ledger, and from where.
//
// People who were mailed with the other ledger would be mailed again.
package lineage

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
	"mailshot/internal/disk"
)

// Ledger is a campaign's ledger, and whom to ask about it.
type Ledger struct {
	*ledger.Ledger
	Accounts  *accounts.Accounts
	ID        string           // the campaign's
	Folder    string           // of the campaign file
	State     string           // path of state.db
	Host      ledger.Host      // the machine that the program runs on
	Rehearsal bool             // nobody of the list is mailed: it is not remembered, and nothing that is remembered counts
	Now       func() time.Time // the clock
}

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

// copied looks for signs that the ledger is a copy; nil if there are none. It returns the accounts' mark, too. Three
// things show that a ledger is a copy, or was restored from a backup:
//
//   - The accounts' high-water mark of the campaign's runs is above the ledger's own.
//   - The mark is the same, and the run of another copy has set it.
//   - The last run was on another machine, whose accounts cannot be asked.
func (l Ledger) copied(ctx context.Context, frozen *ledger.Campaign) (*CopiedError, int64, error) {
	mark, token, err := l.Accounts.HighWater(ctx, frozen.Run)
	if err != nil {
		return nil, 0, err
	}
	e := &CopiedError{ID: l.ID, State: l.State}
	switch {
	case mark > frozen.Runs:
		e.Missing = mark - frozen.Runs
	case mark > 0 && mark == frozen.Runs && token != frozen.Token:
	case frozen.Host.ID != "" && frozen.Host.ID != l.Host.ID:
		e.Host = frozen.Host
	default:
		return nil, mark, nil
	}
	return e, mark, nil
}

// GoneError says that the campaign was sent from its folder with another ledger. Nobody can say here who was mailed.
type GoneError struct {
	State   string           // the ledger that does not know of it
	Sending accounts.Sending // what was sent with the other ledger
	Other   string           // the path of the other ledger, if it is still there, else ""
}

func (e *GoneError) Error() string {
	return fmt.Sprintf("campaign %s was sent from here before: %s; %s does not know to whom, "+
		"and everybody would be mailed again", e.Sending.ID, words(e.Sending), e.State)
}

// words say how many messages were sent, when, and with which ledger.
func words(s accounts.Sending) string {
	n := fmt.Sprintf("%d messages", s.Sent)
	if s.Sent == 1 {
		n = "1 message"
	}
	if s.Open {
		n += " and perhaps more"
	}
	return fmt.Sprintf("%s, last on %s, with the ledger %s", n, s.Last.Local().Format("2 January 2006, 15:04"), s.Ledger)
}

// gone looks for what was sent of the campaign from this folder with another ledger; nil if that is nothing. run is the
// campaign's name in this ledger (ledger.Campaign.Run), "" if this ledger does not know the campaign. elsewhere is what
// campaigns with this id have sent from other folders. Those may be other campaigns.
func (l Ledger) gone(ctx context.Context, run string) (gone *GoneError, elsewhere []accounts.Sending, err error) {
	all, err := l.Accounts.Sendings(ctx, l.ID)
	if err != nil {
		return nil, nil, err
	}
	here := l.here(all)
	for _, s := range all {
		switch {
		case s.Run == run || s.Sent == 0 && !s.Open: // nobody was mailed
		case s.Folder == here:
			gone = &GoneError{State: l.State, Sending: s, Other: l.other(ctx, s)}
		default:
			elsewhere = append(elsewhere, s)
		}
	}
	return gone, elsewhere, nil
}

// Others returns what was sent from this folder under ids for which is holds, by the accounts: whichever ledger it was
// sent with. What mailed nobody is left out.
func (l Ledger) Others(ctx context.Context, is func(id string) bool) ([]accounts.Sending, error) {
	all, err := l.Accounts.AllSendings(ctx)
	if err != nil {
		return nil, err
	}
	here := l.here(all)
	return slices.DeleteFunc(all, func(s accounts.Sending) bool {
		return s.Folder != here || !is(s.ID) || s.Sent == 0 && !s.Open
	}), nil
}

// other is the path of the ledger that s was sent with, "" if the ledger is not there any more.
func (l Ledger) other(ctx context.Context, s accounts.Sending) string {
	if _, err := os.Stat(s.Ledger); err != nil {
		return ""
	}
	there, err := ledger.Open(s.Ledger)
	if err != nil {
		return ""
	}
	defer there.Close()
	if c, err := there.Campaign(ctx, s.ID); err != nil || c.Run != s.Run {
		return ""
	}
	return s.Ledger
}

// here is the folder as the accounts name it: as they named it before, if that is the same folder under another name.
func (l Ledger) here(all []accounts.Sending) string {
	folder := disk.Real(l.Folder)
	for _, s := range all {
		if s.Folder == folder {
			return folder
		}
	}
	for _, s := range all {
		if disk.SameFile(folder, s.Folder) {
			return s.Folder
		}
	}
	return folder
}

// Unique refuses a ledger that is not the one that the campaign was sent with, unless accept says that a person knows
// of it. The error is a *CopiedError or a *GoneError. If another one was certainly sent from, what was not sent
// becomes unknown, for the other may have sent it; Unique returns how many those are. If the ledger comes from
// another machine, the person has said that nothing was sent from there since, and the campaign goes on as it is.
//
// The caller holds the campaign's lock, also for Doubt.
func (l Ledger) Unique(ctx context.Context, frozen *ledger.Campaign, accept bool) (doubtful int64, err error) {
	var gone *GoneError
	if !l.Rehearsal {
		if gone, _, err = l.gone(ctx, frozen.Run); err != nil {
			return 0, err
		}
	}
	copied, mark, err := l.copied(ctx, frozen)
	switch {
	case err != nil:
		return 0, err
	case gone != nil && !accept:
		return 0, gone
	case copied != nil && !accept:
		return 0, copied
	case gone != nil:
		return l.Doubt(ctx, frozen, mark)
	case copied != nil && copied.Certain():
		return l.AcceptCopy(ctx, l.ID, mark)
	}
	return 0, nil
}

// Missing looks, before a campaign is planned that the ledger does not know, for what was sent of it with another
// one. It is refused with a *GoneError, unless accept says that a person knows of it: then gone is true, and the
// caller calls Doubt when the list is frozen. A campaign of the same id that was sent from another folder is a note.
func (l Ledger) Missing(ctx context.Context, accept bool) (gone bool, notes []string, err error) {
	if l.Rehearsal {
		return false, nil, nil
	}
	e, elsewhere, err := l.gone(ctx, "")
	switch {
	case err != nil:
		return false, nil, err
	case e != nil && !accept:
		return false, nil, e
	}
	for _, s := range elsewhere {
		notes = append(notes, fmt.Sprintf("a campaign with this id was sent from %s: %s; "+
			"if it is this one, bring that ledger here first", s.Folder, words(s)))
	}
	return e != nil, notes, nil
}

// Doubt puts the ledger in place of the one that the campaign was sent with: what is to be sent becomes unknown. mark
// is how far the other has come.
func (l Ledger) Doubt(ctx context.Context, frozen *ledger.Campaign, mark int64) (doubtful int64, err error) {
	if doubtful, err = l.AcceptCopy(ctx, l.ID, mark); err == nil {
		_, err = l.note(ctx, accounts.Sending{Run: frozen.Run}, true)
	}
	return doubtful, err
}

// Claim makes the run that has just begun the newest of the campaign, before it sends anything. The error is a
// *CopiedError or a *GoneError if another ledger has begun a run at the same time. left is how many messages the run
// may send.
func (l Ledger) Claim(ctx context.Context, left int64) error {
	c, err := l.Campaign(ctx, l.ID)
	if err != nil {
		return err
	}
	if left > 0 && !l.Rehearsal {
		if ok, err := l.mailed(ctx, c, true); err != nil || !ok {
			return cmp.Or(err, l.raced(ctx, c.Run))
		}
	}
	ok, err := l.Accounts.Claim(ctx, c.Run, c.Runs, c.Token)
	if err == nil && !ok {
		err = &CopiedError{ID: l.ID, State: l.State}
	}
	return err
}

// raced says that another ledger has begun to send the campaign since this one was asked about.
func (l Ledger) raced(ctx context.Context, run string) error {
	gone, _, err := l.gone(ctx, run)
	if gone != nil {
		return gone
	}
	return cmp.Or[error](err, &CopiedError{ID: l.ID, State: l.State})
}

// Ended remembers, at the end of a run, how many people the campaign may have mailed.
func (l Ledger) Ended(ctx context.Context) error {
	c, err := l.Campaign(ctx, l.ID)
	if err != nil || l.Rehearsal {
		return err
	}
	_, err = l.mailed(ctx, c, false)
	return err
}

// mailed notes how many people the campaign may have mailed; open says that a run begins, which may mail more. It
// reports false if another ledger has the campaign.
func (l Ledger) mailed(ctx context.Context, c *ledger.Campaign, open bool) (bool, error) {
	counts, _, err := l.Counts(ctx, l.ID)
	if err != nil {
		return false, err
	}
	n := counts[ledger.Sent] + counts[ledger.Bounced] + counts[ledger.Complained] + counts[ledger.Unknown] + counts[ledger.Begun]
	return l.note(ctx, accounts.Sending{Run: c.Run, Sent: n, Open: open}, false)
}

// note completes s and has the accounts remember it. take says that it takes the place of another ledger's.
func (l Ledger) note(ctx context.Context, s accounts.Sending, take bool) (bool, error) {
	all, err := l.Accounts.Sendings(ctx, l.ID)
	if err != nil {
		return false, err
	}
	if s.Ledger, err = filepath.Abs(l.State); err != nil {
		s.Ledger = l.State
	}
	s.ID, s.Folder, s.Last = l.ID, l.here(all), l.Now()
	return l.Accounts.NoteSending(ctx, s, take)
}
