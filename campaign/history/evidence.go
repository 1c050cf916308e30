package history

import (
	"context"
	"io"
	"strings"

	"mailshot/campaign/ledger"
	"mailshot/internal/trail"
	"mailshot/render"
)

// Unknown is a search for what became of messages whose outcome is not known. Call Read for each file that may tell,
// or ReadMessage for what is not in a file, then Settle. It is not for concurrent use.
type Unknown struct {
	campaign *Campaign
	rows     map[string]int64 // deliveries by the left side of the Message-ID; From decides the right side
	wanted   int64            // of deliveries
	finder   *trail.Finder
}

// Unknown begins a search for the unknown rows among those that f chooses; f.States does not matter. What a killed run
// left begun is recovered first, unless a process holds the campaign. secret is that of the accounts. A row of a person
// who was forgotten has no key, so the search leaves it out.
func (c *Campaign) Unknown(ctx context.Context, secret []byte, f ledger.Filter) (*Unknown, error) {
	u := &Unknown{campaign: c, rows: map[string]int64{}}
	f.States = []ledger.State{ledger.Unknown}
	if err := c.Ledger.Recover(ctx, c.ID); err != nil {
		return nil, err
	}
	for r, err := range c.Rows(ctx, f) {
		if err != nil {
			return nil, err
		}
		if r.Key != "" {
			// A ledger that was lost may have had the same campaign from a plan of another version, so both forms count.
			for _, form := range []render.IDForm{render.ShortID, render.LongID} {
				u.rows[render.MessageID(form, secret, c.ID, r.Key)] = r.ID
			}
			u.wanted++
		}
	}
	u.finder = &trail.Finder{Wanted: func(id string) bool { _, ok := u.row(id); return ok }}
	return u, nil
}

// row is the delivery whose message has this Message-ID.
func (u *Unknown) row(id string) (int64, bool) {
	left, _, _ := strings.Cut(id, "@")
	n, ok := u.rows[left]
	return n, ok
}

// Read looks for the messages in a file or folder: copies of messages (mbox, Maildir, .eml), a list of Message-IDs, or
// the log of Postfix or Exim, also compressed by gzip. A file that is none of these is an error.
func (u *Unknown) Read(path string) error { return u.finder.Read(path) }

// ReadMessage looks for the messages in a copy of one. place says where the copy is, for people.
func (u *Unknown) ReadMessage(r io.Reader, place string) error { return u.finder.Message(r, place) }

// Settled is the result of a search: rows that are sent or refused now, and rows that are left unknown.
type Settled struct {
	Sent, Refused, Left int64
}

// Settle records what was found, in one transaction. What a server took is sent, what bounced is refused, and the rest
// stays unknown. It needs the campaign's lock: during a send the error is the ledger's *LockedError.
func (u *Unknown) Settle(ctx context.Context) (Settled, error) {
	var list []ledger.Evidence
	var s Settled
	for id, fate := range u.finder.Found {
		e := ledger.Evidence{State: ledger.Sent, Words: fate.Words}
		if fate.Refused {
			e.State = ledger.Refused
			s.Refused++
		}
		e.ID, _ = u.row(id)
		list = append(list, e)
	}
	n, err := u.campaign.Ledger.Found(ctx, u.campaign.ID, list)
	if err != nil {
		return Settled{}, err
	}
	s.Sent, s.Left = n-s.Refused, u.wanted-n
	return s, nil
}
