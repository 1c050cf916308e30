// Package identity says which campaign a campaign file means. Most files name one. A file whose id has a date in it
// (news-{{date}}) names one for each day, and the day changes by itself: a campaign that is not finished at midnight
// would be another one, and its people would be mailed again. So [Find] looks for the campaigns that were begun for the
// file on other days, and the [Family] that it returns says which of them is meant: [Family.Next] by a send, and
// [Family.Last] by a command that looks at what was sent. All commands ask here, and each asks once.
//
// A campaign has begun when somebody has said yes to its plan, so that there was a run of it. A plan that nobody said
// yes to holds nothing up. A campaign is finished when none of its messages is pending, deferred, begun or unknown.
// What is held, refused or given up does not count as left: no send takes it again by itself.
package identity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/campaign/lineage"
)

// Config says where to look.
type Config struct {
	Definition *definition.Definition
	State      string             // path of state.db; nothing was begun with it if there is no such file
	Accounts   *accounts.Accounts // who know what was sent with a ledger that is gone; nil = they are not asked
	Now        time.Time          // the moment of the command
	New        bool               // a person wants today's campaign, whatever is left of others
}

// Family are the campaigns of one campaign file.
type Family struct {
	Template string   // of their ids, as news-{{date}}; "" = the id has no date, and there is one campaign
	Today    string   // the id for the day of the command
	Begun    []Member // the latest day first; none without a template

	def     *definition.Definition
	today   string   // the day of the command
	planned bool     // the ledger has a plan of today's
	strange []string // ids in the ledger that another template made
	new     bool
}

// Member is a campaign of a family that has begun.
type Member struct {
	ID, Day string
	Left    int64 // messages that are pending, deferred or begun
	Unknown int64
	Gone    bool // it was sent with a ledger that is not here any more: nobody knows what is left
}

// Unfinished reports whether something of the campaign is left to be sent, or to be decided.
func (m Member) Unfinished() bool { return m.Left > 0 || m.Unknown > 0 || m.Gone }

// Words say what is left of the campaign.
func (m Member) Words() string {
	var words []string
	if m.Gone {
		words = append(words, "its ledger is gone")
	}
	if m.Left > 0 {
		words = append(words, fmt.Sprintf("%d left", m.Left))
	}
	if m.Unknown > 0 {
		words = append(words, fmt.Sprintf("%d unknown", m.Unknown))
	}
	return m.ID + " (" + cmp.Or(strings.Join(words, ", "), "finished") + ")"
}

// Find finds the campaigns of a campaign file. It changes nothing.
func Find(ctx context.Context, c Config) (_ *Family, err error) {
	f := &Family{Template: c.Definition.IDTemplate(), Today: c.Definition.ExpandID(c.Now), def: c.Definition, new: c.New}
	if f.Template == "" {
		return f, nil
	}
	f.today, _ = c.Definition.DayOf(f.Today)
	if _, err := os.Stat(c.State); err == nil {
		if err := f.inLedger(ctx, c); err != nil {
			return nil, err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if c.Accounts != nil {
		if err := f.gone(ctx, c); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(f.Begun, func(a, b Member) int { return strings.Compare(b.Day, a.Day) })
	return f, nil
}

// inLedger adds the campaigns that the ledger knows.
func (f *Family) inLedger(ctx context.Context, c Config) (err error) {
	l, err := ledger.Open(c.State)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	all, err := l.Campaigns(ctx)
	if err != nil {
		return err
	}
	for _, one := range all {
		day, ok := f.day(one)
		if !ok {
			f.strange = append(f.strange, one.ID)
			continue
		}
		f.planned = f.planned || one.ID == f.Today
		n, _, err := l.Counts(ctx, one.ID)
		if err != nil {
			return err
		}
		m := Member{ID: one.ID, Day: day, Left: n[ledger.Pending] + n[ledger.Deferred] + n[ledger.Begun],
			Unknown: n[ledger.Unknown]}
		if one.Runs > 0 || m.Unknown > 0 {
			f.Begun = append(f.Begun, m)
		}
	}
	return nil
}

// day is the day of a campaign of this family. An older mailshot kept no templates.
func (f *Family) day(c *ledger.Campaign) (day string, ok bool) {
	day, ok = f.def.DayOf(c.ID)
	return day, ok && (c.Template == "" || c.Template == f.Template)
}

// Alone refuses, with a *MeanwhileError, to begin the campaign with this id if another one of the family has begun
// since Find: by a process to which midnight came earlier, or while a person was asked. It is called before the
// campaign's run begins and once more when it has begun, so that of two that begin at once one at least finds the
// other.
func (f *Family) Alone(ctx context.Context, l *ledger.Ledger, id string) error {
	if f.Template == "" {
		return nil
	}
	all, err := l.Campaigns(ctx)
	if err != nil {
		return err
	}
	for _, one := range all {
		known := slices.ContainsFunc(f.Begun, func(m Member) bool { return m.ID == one.ID })
		if _, ok := f.day(one); ok && one.Runs > 0 && one.ID != id && !known {
			return &MeanwhileError{ID: id, Other: one.ID}
		}
	}
	return nil
}

// MeanwhileError says that another campaign of the family has begun.
type MeanwhileError struct{ ID, Other string }

func (e *MeanwhileError) Error() string {
	return fmt.Sprintf("campaign %s was begun meanwhile, whose people may be the same; nothing of %s was sent", e.Other, e.ID)
}

// gone adds the latest campaign that was sent from here with another ledger, if none in the ledger is later: what was
// begun since was begun by somebody who knew.
func (f *Family) gone(ctx context.Context, c Config) error {
	of := lineage.Ledger{Accounts: c.Accounts, Folder: c.Definition.Dir}
	sent, err := of.Others(ctx, func(id string) bool {
		_, ok := c.Definition.DayOf(id)
		return ok && !slices.Contains(f.strange, id)
	})
	if err != nil {
		return err
	}
	last := Member{Gone: true}
	for _, m := range f.Begun {
		last.Day = max(last.Day, m.Day)
	}
	for _, s := range sent {
		if day, _ := c.Definition.DayOf(s.ID); day > last.Day {
			last.ID, last.Day = s.ID, day
		}
	}
	if last.ID != "" {
		f.Begun = append(f.Begun, last)
	}
	return nil
}

// Next is the campaign that a send is about: the latest one, unless that is finished and a new day has come. If others
// are not finished, Refused says that a send has to be refused. A preview, a check and an estimate go by the id alone.
func (f *Family) Next() string {
	if len(f.Begun) > 0 && !f.new && (f.Begun[0].Unfinished() || f.Begun[0].Day >= f.today) {
		return f.Begun[0].ID
	}
	return f.Today
}

// Earlier reports whether the campaign with this id is not the one that the day of the command would give.
func (f *Family) Earlier(id string) bool { return f.Template != "" && id != f.Today }

// Refused says why no send may go on by itself; nil if one may. The outcomes of some messages are unknown and nothing
// else is left, or campaigns are not finished and a later one was begun since, whose people may be the same.
func (f *Family) Refused() *UnfinishedError {
	open := f.Unfinished("")
	if f.new || len(open) == 0 || f.Begun[0].Day >= f.today || f.Begun[0].Left > 0 || f.Begun[0].Gone {
		return nil
	}
	return &UnfinishedError{Today: f.Today, Open: open}
}

// Last is the campaign that a command is about which looks at what was sent or changes it: the one that Next resumes,
// else today's if it was planned, else the latest.
func (f *Family) Last() string {
	begun := slices.DeleteFunc(slices.Clone(f.Begun), func(m Member) bool { return m.Gone })
	if len(begun) == 0 || f.planned && !begun[0].Unfinished() && begun[0].Day < f.today {
		return f.Today
	}
	return begun[0].ID
}

// Unfinished are the campaigns that are not finished, but for the one with this id; the latest day first.
func (f *Family) Unfinished(but string) []Member {
	var open []Member
	for _, m := range f.Begun {
		if m.Unfinished() && m.ID != but {
			open = append(open, m)
		}
	}
	return open
}

// Notes say in words which campaign was taken, and which others are not finished.
func (f *Family) Notes(id string) []string {
	var notes []string
	taken := slices.IndexFunc(f.Begun, func(m Member) bool { return m.ID == id && id != f.Today && !m.Gone })
	switch {
	case taken < 0:
	case f.Begun[taken].Unfinished():
		notes = append(notes, fmt.Sprintf("the id is %s, and this campaign of an earlier day is not finished; --new begins "+
			"%s instead", f.Template, f.Today))
	default:
		notes = append(notes, fmt.Sprintf("the id is %s, and this is the latest campaign, of a later day than %s",
			f.Template, f.today))
	}
	if others := f.Unfinished(id); len(others) > 0 {
		notes = append(notes, "not finished either, and left as it is (--id): "+list(others))
	}
	return notes
}

// list names campaigns and what is left of them.
func list(of []Member) string {
	words := make([]string, len(of))
	for i, m := range of {
		words[i] = m.Words()
	}
	return strings.Join(words, ", ")
}

// UnfinishedError says that campaigns are not finished, and that a person has to decide about them before a send begins
// another one.
type UnfinishedError struct {
	Today string   // the id of the campaign that is not begun
	Open  []Member // the latest day first; at least one
}

func (e *UnfinishedError) Error() string {
	return fmt.Sprintf("%s is not begun, for an earlier campaign is not finished: %s", e.Today, list(e.Open))
}

// Unknown reports whether only outcomes are unknown: nothing is left to be sent.
func (e *UnfinishedError) Unknown() bool {
	return !slices.ContainsFunc(e.Open, func(m Member) bool { return m.Left > 0 || m.Gone })
}

// Planned is what the ledger in a file keeps about the campaign with this id; nil if there is none, and where the
// ledger cannot be read, which is for whoever sends with it to say. A preview asks in what form the plan's messages
// are.
func Planned(ctx context.Context, file, id string) *ledger.Campaign {
	if _, err := os.Stat(file); err != nil {
		return nil
	}
	l, err := ledger.Open(file)
	if err != nil {
		return nil
	}
	defer l.Close()
	if c, err := l.Campaign(ctx, id); err == nil {
		return c
	}
	return nil
}
