package repeats

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/maphash"
	"os"
	"slices"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/check"
	"mailshot/campaign/ledger"
	"mailshot/internal/disk"
	"mailshot/internal/ellipsis"
)

// Campaign is the campaign that is looked at. What it sent itself is not a repeat.
type Campaign struct {
	Run        string // its random name in its ledger; "" if it has none yet
	ID, Folder string // its id, and the folder of its file, by [Folder]
}

// RunOf is the random name that a campaign has in the ledger at a path; "" if it has none there, or the ledger cannot
// be read.
func RunOf(ctx context.Context, path, id string) string {
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	l, err := ledger.Open(path)
	if err != nil {
		return ""
	}
	defer l.Close()
	frozen, err := l.Campaign(ctx, id)
	if err != nil {
		return ""
	}
	return frozen.Run
}

// Folder is a folder as it is remembered: the same by all of its names.
func Folder(dir string) string { return disk.Real(dir) }

// is reports whether a mailing is the campaign itself.
func (c Campaign) is(m *accounts.Mailing) bool {
	return c.Run != "" && m.Run == c.Run || m.ID == c.ID && (m.Folder == c.Folder || disk.SameFile(m.Folder, c.Folder))
}

// mostPlaces is how many rows a finding names.
const mostPlaces = 5

// History is who got which message from the user's other campaigns, as it is remembered. It takes 12 to 24 bytes for
// each message. It is for one goroutine.
type History struct {
	own    Campaign
	now    time.Time
	key    []byte
	slots  table
	lost   []*accounts.Mailing // whose last messages are not known
	groups []group             // the first one is the campaign itself
	by     map[groupKey]int
	runs   map[string]*accounts.Mailing

	seed maphash.Seed
	done map[uint64]struct{} // see Done
}

// group is what one mailing sent on one day.
type group struct {
	groupKey
	noted  int64
	places []string
}

type groupKey struct {
	mailing *accounts.Mailing
	day     time.Time
}

// Load reads what is remembered at now.
func Load(ctx context.Context, a *accounts.Accounts, own Campaign, now time.Time) (*History, error) {
	h := &History{own: own, now: now, groups: make([]group, 1), by: map[groupKey]int{},
		runs: map[string]*accounts.Mailing{}, seed: maphash.MakeSeed(), done: map[uint64]struct{}{}}
	// It comes first: what a run gives to the accounts meanwhile is found there.
	type left struct {
		*accounts.Mailing
		copies []accounts.Copy
	}
	var more []left
	lost, err := TakeOver(ctx, a, now, func(m *accounts.Mailing, list []accounts.Copy) { more = append(more, left{m, list}) })
	if err != nil {
		return nil, err
	}
	h.lost = slices.DeleteFunc(lost, own.is)
	mailings, err := a.Mailings(ctx)
	if err != nil {
		return nil, err
	}
	others := slices.ContainsFunc(mailings, func(m *accounts.Mailing) bool { return !own.is(m) })
	if !others {
		return h, nil
	}
	if h.key, err = a.ContentKey(ctx); err != nil {
		return nil, err
	}
	n := 0
	for _, m := range more {
		n += len(m.copies)
	}
	if err := a.Copies(ctx, now, func(c *accounts.Copies) { n += c.Len() }); err != nil || n == 0 {
		h.key = nil
		return h, err
	}
	h.slots = newTable(n)
	// The campaign's own come last, and take the others' places.
	for _, m := range more {
		if !own.is(m.Mailing) {
			no := h.groupOf(m.Mailing, m.Begun)
			for _, c := range m.copies {
				h.slots.set(c.Content, no)
			}
		}
	}
	for _, mine := range []bool{false, true} {
		err := a.Copies(ctx, now, func(c *accounts.Copies) {
			if own.is(c.Mailing) == mine {
				h.add(c, mine)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return h, nil
}

// add puts copies into the table.
func (h *History) add(c *accounts.Copies, mine bool) {
	no := 0
	if !mine {
		no = h.groupOf(c.Mailing, c.Day)
	}
	c.Each(func(content uint64) { h.slots.set(content, no) })
}

// groupOf is the number of the group of what a mailing sent on a day.
func (h *History) groupOf(m *accounts.Mailing, day time.Time) int {
	if known := h.runs[m.Run]; known != nil {
		m = known
	} else {
		h.runs[m.Run] = m
	}
	k := groupKey{m, day}
	no, known := h.by[k]
	if !known {
		if len(h.groups) <= mostGroups { // those beyond it count to the last
			h.groups = append(h.groups, group{groupKey: k})
		}
		no = len(h.groups) - 1
		h.by[k] = no
	}
	return no
}

// Lost reports whether the last messages of a run that did not end are not known.
func (h *History) Lost() bool { return len(h.lost) > 0 }

// Key is the key for render.Message.Content; nil if nothing is remembered of other campaigns, and no content is asked
// for.
func (h *History) Key() []byte { return h.key }

// Since reports whether other campaigns have sent since a moment: on its day, or later.
func (h *History) Since(t time.Time) bool {
	y, m, d := t.In(h.now.Location()).Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	return slices.ContainsFunc(h.groups[1:], func(g group) bool { return !g.day.Before(day) })
}

// Done says that the row with this key gets nothing any more, so that it is not noted. It takes some 20 bytes.
func (h *History) Done(key string) { h.done[maphash.String(h.seed, key)] = struct{}{} }

// Note notes that the campaign is to send a message of this content, for the row with that key and place. The rows come
// in the order of the list. What is noted twice counts once.
func (h *History) Note(content uint64, key, place string) {
	if len(h.done) > 0 {
		if _, done := h.done[maphash.String(h.seed, key)]; done {
			return
		}
	}
	no, fresh := h.slots.note(content)
	if no <= 0 || !fresh {
		return
	}
	g := &h.groups[no]
	if g.noted++; len(g.places) < mostPlaces {
		g.places = append(g.places, place)
	}
}

// Subject is a digest of a subject's template.
func Subject(template string) string {
	sum := sha256.Sum256([]byte(template))
	return hex.EncodeToString(sum[:8])
}

// Asked is what [History.Findings] says something about.
type Asked struct {
	All           int64  // how many messages the campaign is to send
	Accepted      bool   // a person wants them sent again
	File          string // the campaign's
	List, Subject string // digests of its list and of its subject's template
}

// Findings says how many of the messages that were noted were sent before, for each campaign that sent them: an
// error, or a note if that is accepted. Where none was, a note says which campaign sent to the same list with the
// same subject.
func (h *History) Findings(q Asked) []check.Finding {
	var found []sent
	at := map[*accounts.Mailing]int{}
	for _, g := range h.groups[1:] {
		if g.noted == 0 {
			continue
		}
		i, known := at[g.mailing]
		if !known {
			i = len(found)
			at[g.mailing] = i
			found = append(found, sent{groupKey: g.groupKey, last: g.day})
		}
		found[i].and(g)
	}
	fs := make([]check.Finding, len(found), len(found)+len(h.lost)+1)
	for i, s := range found {
		f := check.Finding{Code: "sent-before", Severity: check.Error, Place: s.places[0], Places: s.places}
		f.Text = fmt.Sprintf("%d of %d got this very message %s as %s: %s", s.n, q.All, h.when(s.day, s.last),
			h.name(s.mailing), ellipsis.List(s.places, s.n))
		f.Hint = fmt.Sprintf("to send it to new people only, add them to the list of %s, and send that with "+
			"--accept-changes; send --repeat sends it to these people again", s.mailing.ID)
		if q.Accepted {
			f.Severity, f.Hint = check.Note, ""
		}
		fs[i] = f
	}
	if g := h.listed(q); g != nil && len(fs) == 0 {
		fs = append(fs, check.Finding{Code: "list-sent-before", Severity: check.Note, Place: q.File,
			Text: fmt.Sprintf("this list got messages with the same subject %s as %s, and other ones than these",
				h.when(g.day, g.day), h.name(g.mailing))})
	}
	for _, m := range h.lost {
		fs = append(fs, check.Finding{Code: "sent-before-lost", Severity: check.Note, Place: q.File,
			Text: fmt.Sprintf("the run of %s that began %s did not end, and its last messages are not known: there is no %s "+
				"that can be read; whether they were the same as these is not known", h.name(m), h.when(m.Begun, m.Begun), m.Ledger),
			Hint: "bring that file back, with the folders and files beside it, if there is one"})
	}
	return fs
}

// sent is what one mailing sent before, from the day of its group to the last one.
type sent struct {
	groupKey
	last   time.Time
	n      int64
	places []string
}

// and adds what the mailing sent on a day.
func (s *sent) and(g group) {
	s.n += g.noted
	s.places = append(s.places, g.places[:min(len(g.places), mostPlaces-len(s.places))]...)
	if g.day.Before(s.day) {
		s.day = g.day
	}
	if g.day.After(s.last) {
		s.last = g.day
	}
}

// listed is the newest group of a mailing to the same list, with the same subject; nil if there is none.
func (h *History) listed(q Asked) *group {
	var newest *group
	for i := range h.groups[1:] {
		g := &h.groups[i+1]
		if q.List != "" && g.mailing.List == q.List && g.mailing.Subject == q.Subject &&
			(newest == nil || !g.day.Before(newest.day)) {
			newest = g
		}
	}
	return newest
}

// name is a mailing's id, with its folder if the id is also that of the campaign.
func (h *History) name(m *accounts.Mailing) string {
	if m.ID == h.own.ID {
		return m.ID + " in " + m.Folder
	}
	return m.ID
}

// when says the days from first to last in words, with the year if it is not the present one.
func (h *History) when(first, last time.Time) string {
	day := func(t time.Time) string {
		if t.Year() == h.now.Year() {
			return t.Format("2 January")
		}
		return t.Format("2 January 2006")
	}
	if first.Equal(last) {
		return "on " + day(first)
	}
	return "from " + day(first) + " to " + day(last)
}
