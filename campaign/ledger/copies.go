package ledger

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"

	"mailshot/campaign/ledger/internal/durable"
	"mailshot/campaign/ledger/internal/journal"
	"mailshot/campaign/ledger/internal/steps"
	"mailshot/internal/sqlite"
)

// Fingerprint is who gets which message, in hashes that mean something to a [Keeper]. The zero value is none.
type Fingerprint struct{ Person, Content uint64 }

// of appends the fingerprint of a delivery's message to a list, if there is one.
func (f Fingerprint) of(d *Delivery, list []steps.Copy) []steps.Copy {
	if f == (Fingerprint{}) {
		return list
	}
	return append(list, steps.Copy{Delivery: d.ID, Person: f.Person, Content: f.Content})
}

// Keeper keeps, outside of the ledger, who gets which message. What a run that died had in its journal and had not
// given to its keeper is kept in the ledger, for [Ledger.Take].
type Keeper struct {
	Owner string // tells what it is to keep from what is others'

	// Keep keeps gets, durably, and forgets lets, which were kept before and came to nothing. It is called by one
	// goroutine at a time, and must not use the ledger.
	Keep func(gets, lets []Fingerprint) error
}

// Keep has a keeper keep the Fingerprint of each delivery that begins: before its first byte may leave it is with the
// keeper, or durably in the ledger's journal, and no later than the outcome in the file. What the server has not got
// is forgotten again. If the keeper fails, nothing more is begun. It is called before the first delivery is handed
// out.
func (r *Run) Keep(k Keeper) {
	r.owner = k.Owner
	r.disk.Keep = func(gets, lets []steps.Copy) error { return k.Keep(copies(gets), copies(lets)) }
}

func copies(list []steps.Copy) []Fingerprint {
	all := make([]Fingerprint, len(list))
	for i, c := range list {
		all[i] = Fingerprint{c.Person, c.Content}
	}
	return all
}

// Take gives what the ledger keeps of a campaign's runs for an owner to take, which keeps it durably: then the ledger
// forgets it. Where another process has the campaign, or nothing can be written, last is false, and the ledger goes
// on keeping it: then the list has what was begun before Take, and is not with its keeper yet. After an error of
// take, which Take returns, it goes on keeping it, too. If some of it was lost, last is false as well, and Take
// returns ErrTakeLost: that stays so, but the ledger forgets what take was given without an error.
func (l *Ledger) Take(ctx context.Context, id, owner string, take func(list []Fingerprint, last bool) error) error {
	no, _, err := l.find(ctx, id)
	if err != nil {
		return err
	}
	last := l.locked(id)
	if !last {
		if k, err := l.lock(id, 0); err == nil {
			defer k.Close()
			last = true
		}
	}
	// What is folded goes from the journal into the file, so the journal comes first.
	var list []steps.Copy
	if !last {
		list, err = l.unfolded(no, id, owner)
	}
	if err == nil {
		var more []steps.Copy
		more, err = steps.Kept(l.db.Reading, no, owner)
		list = append(list, more...)
	}
	var gone bool
	if err == nil {
		gone, err = steps.Lost(l.db.Reading, no)
	}
	if err != nil {
		return l.db.Explain(err)
	}
	err = take(copies(list), last && !gone)
	if err != nil && gone {
		return errors.Join(err, ErrTakeLost)
	}
	if err == nil && last && len(list) > 0 {
		err = l.db.Write(func(t *sqlite.Tx) error { return steps.Taken(t, no, owner) })
	}
	if err == nil && gone {
		err = ErrTakeLost
	}
	return err
}

// unfolded is what a run that is under way, or died, has in its journal for an owner.
func (l *Ledger) unfolded(no int64, id, owner string) ([]steps.Copy, error) {
	for was := int64(-1); ; {
		var name string
		var folded int64
		err := l.db.Reading.QueryRow("SELECT journal, folded FROM campaigns WHERE no = ?", no).Scan(&name, &folded)
		if errors.Is(err, sql.ErrNoRows) || err == nil && (name == "" || folded < 0) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		g, err := durable.Lacking(l.journalPath(id), name, folded)
		if err == nil {
			if g.Owner != owner {
				return nil, nil
			}
			return g.Gets, nil
		}
		// A run that is under way writes over what it has folded meanwhile.
		if folded == was || !errors.Is(err, journal.ErrLost) && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		was = folded
	}
}
