package desk

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/cmd/mailshot/web/shelf"
)

// Rehearsal is a rehearsal to the built-in server.
type Rehearsal struct {
	N     int
	Dir   string // below the window's folder, with slashes
	State string // its ledger, as the system names it
	Begun time.Time
}

// whose says which campaign a rehearsal was of.
type whose struct{ id, template string }

// Rehearsals are those of a campaign to the built-in server, the newest first. Campaign files of one folder have their
// rehearsals in one place, so each one's ledger is asked whose it is.
func (d *Desk) Rehearsals(ctx context.Context, c *shelf.Campaign) (all []Rehearsal) {
	if c.Def == nil {
		return nil
	}
	home := path.Join(path.Dir(c.File), ".mailshot", "sink")
	entries, _ := fs.ReadDir(d.Shelf.Root.FS(), home) // there was none yet
	for _, e := range entries {
		n, err := strconv.Atoi(e.Name())
		dir := path.Join(home, e.Name())
		info, serr := d.Shelf.Root.Stat(path.Join(dir, "state.db"))
		if err != nil || serr != nil {
			continue
		}
		r := Rehearsal{N: n, Dir: dir, State: filepath.Join(d.Shelf.Dir, filepath.FromSlash(dir), "state.db"), Begun: info.ModTime()}
		if in, err := e.Info(); err == nil {
			r.Begun = in.ModTime()
		}
		of := d.whose(ctx, r.State, info)
		if of.id == c.ID || of.template != "" && of.template == c.Def.IDTemplate() {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b Rehearsal) int { return cmp.Compare(b.N, a.N) })
	return all
}

// whose says which campaign a rehearsal's ledger has; nobody's if there is none in it yet, or it cannot be read. What
// it says once stays.
func (d *Desk) whose(ctx context.Context, file string, info fs.FileInfo) (of whose) {
	key := file + " " + info.ModTime().String()
	d.mu.Lock()
	of, ok := d.known[key]
	d.mu.Unlock()
	if ok {
		return of
	}
	l, err := ledger.Open(file)
	if err != nil {
		return of
	}
	campaigns, err := l.Campaigns(ctx)
	if err = errors.Join(err, l.Close()); err != nil || len(campaigns) == 0 {
		return of
	}
	last := campaigns[len(campaigns)-1]
	of = whose{last.ID, last.Template}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known == nil {
		d.known = map[string]whose{}
	}
	d.known[key] = of
	return of
}
