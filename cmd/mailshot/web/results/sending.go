package results

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"mailshot/campaign/history"
	"mailshot/campaign/ledger"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/internal/shell"
)

// sending is one of what was sent by a campaign file: the campaign, or a rehearsal.
type sending struct {
	Of   string // "" = the campaign; "sink/3" = a rehearsal to the built-in server; "to/2" = a rehearsal to one address
	N    int    // of a rehearsal
	Kind string // campaign, sink, to
	dir  string // of a rehearsal to the built-in server, below the window's folder
	file string // its ledger, as the system names it
	id   string // of the campaign, where it is not the file's
}

// flags are those that name it at a terminal.
func (s sending) flags() []string {
	switch s.Kind {
	case "sink":
		return []string{"--state", shell.Quote(s.file)}
	case "to":
		return []string{"--id", shell.Quote(s.id)}
	}
	return nil
}

// sendings are those of a campaign file, the campaign itself first and then the latest rehearsals.
func (s *results) sendings(r *http.Request, c *shelf.Campaign) []sending {
	all := []sending{{Kind: "campaign"}}
	for _, one := range s.Rehearsals(r.Context(), c) {
		all = append(all, sending{Of: "sink/" + strconv.Itoa(one.N), N: one.N, Kind: "sink", dir: one.Dir, file: one.State})
	}
	if h, err := s.Shelf.History(r.Context(), c); err == nil && h != nil {
		all = append(all, toOne(r.Context(), h, c.ID)...)
		_ = h.Close() // it was only read
	}
	slices.SortStableFunc(all[1:], func(a, b sending) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(b.N, a.N))
	})
	return all
}

// toOne are the rehearsals to one address.
func toOne(ctx context.Context, h *history.Campaign, id string) (all []sending) {
	campaigns, err := h.Ledger.Campaigns(ctx)
	if err != nil {
		return nil // the page of the campaign says so
	}
	for _, other := range campaigns {
		rest, ok := strings.CutPrefix(other.ID, id+"/rehearsal/")
		if n, err := strconv.Atoi(rest); ok && err == nil {
			all = append(all, sending{Of: "to/" + rest, N: n, Kind: "to", id: other.ID})
		}
	}
	return all
}

// open opens the sending that is asked for, and the latest rehearsal where nothing is asked for and the campaign has
// not been planned. It is nil if there is nothing to show. The caller closes it.
func (s *results) open(r *http.Request, c *shelf.Campaign, d *shown) (*history.Campaign, error) {
	d.Sendings = s.sendings(r, c)
	i := slices.IndexFunc(d.Sendings, func(x sending) bool { return x.Of == d.Of })
	if i < 0 {
		d.Of, i = "", 0
	}
	d.Sending = d.Sendings[i]
	h, err := s.history(r.Context(), c, d.Sending)
	if h != nil || err != nil || d.Of != "" || len(d.Sendings) == 1 {
		return h, err
	}
	d.Sending = d.Sendings[1]
	d.Of = d.Sending.Of
	return s.history(r.Context(), c, d.Sending)
}

// exactly opens the sending that is asked for, and no other in its place. It is nil if there is none. The caller closes
// it.
func (s *results) exactly(r *http.Request, c *shelf.Campaign, d *shown) (*history.Campaign, error) {
	asked := d.Of
	h, err := s.open(r, c, d)
	if h != nil && asked != "" && d.Of != asked {
		return nil, h.Close()
	}
	return h, err
}

// history opens a sending; nil if it has not been planned. The caller closes it.
func (s *results) history(ctx context.Context, c *shelf.Campaign, of sending) (*history.Campaign, error) {
	switch of.Kind {
	case "campaign":
		return s.Shelf.History(ctx, c)
	case "to":
		return planned(history.Open(ctx, s.Shelf.Ledger(c), of.id))
	}
	l, err := ledger.Open(of.file)
	if err != nil {
		return nil, err
	}
	all, err := l.Campaigns(ctx)
	if err = errors.Join(err, l.Close()); err != nil || len(all) == 0 {
		return nil, err
	}
	return planned(history.Open(ctx, of.file, all[len(all)-1].ID))
}

// planned is a campaign that was planned, else nil.
func planned(h *history.Campaign, err error) (*history.Campaign, error) {
	if unsent := (*history.NotSentError)(nil); errors.As(err, &unsent) {
		return nil, nil
	}
	return h, err
}
