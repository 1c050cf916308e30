package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"mailshot/campaign/ledger/internal/durable"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// Lock is the right to run and change one campaign. The system frees it when the process dies.
type Lock struct {
	l    *Ledger
	id   string
	file io.Closer
}

// beside is the name of a file of the campaign.
func (l *Ledger) beside(id, ending string) string { return schema.Beside(l.db.Path, id, ending) }

// Beside is the path of a campaign's own file beside the ledger at path. The ending says what it is, as ".traffic".
func Beside(path, id, ending string) string { return schema.Beside(path, id, ending) }

// A glance is how long Lock waits for somebody who only looks, so many times.
const (
	glance  = 20 * time.Millisecond
	glances = 50
)

// Lock takes the lock of a campaign, which need not be planned yet. If the lock is held it returns a *LockedError,
// after a second: somebody who only looks may have it for a moment, to bring in what a run that died has left, or to
// take what it kept, or to ask whether the lock is held. By what is on the disk that cannot be told from a run: it
// may be brought in already when its lock is still held. Lock brings in what is left, too.
func (l *Ledger) Lock(id string) (*Lock, error) { return l.lock(id, glances) }

// lock is Lock, with so many glances of patience.
func (l *Ledger) lock(id string, patience int) (*Lock, error) {
	name := l.beside(id, ".lock")
	file, err := sqlite.Lock(name)
	for ; patience > 0 && errors.Is(err, sqlite.ErrLocked); patience-- {
		time.Sleep(glance)
		file, err = sqlite.Lock(name)
	}
	if errors.Is(err, sqlite.ErrLocked) {
		return nil, &LockedError{ID: id, PID: sqlite.Holder(name)}
	}
	if err != nil {
		return nil, fmt.Errorf("lock campaign %q: %w", id, sqlite.Explain(name, err))
	}
	if err := durable.TakeOver(l.db, id, l.journalPath(id)); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held[id] = true
	return &Lock{l: l, id: id, file: file}, nil
}

// Close gives the lock back. A second Close does nothing.
func (k *Lock) Close() error {
	k.l.mu.Lock()
	defer k.l.mu.Unlock()
	if k.file == nil {
		return nil
	}
	delete(k.l.held, k.id)
	err := k.file.Close()
	k.file = nil
	return err
}

// locked reports whether the campaign's lock is held through l.
func (l *Ledger) locked(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held[id]
}

// holding makes sure that the campaign is locked: by the caller already, or by holding until release is called.
func (l *Ledger) holding(id string) (release func() error, err error) {
	if l.locked(id) {
		return func() error { return nil }, l.plainly(id)
	}
	k, err := l.Lock(id)
	if err != nil {
		return nil, err
	}
	return k.Close, nil
}

// plainly has the runs of the campaign that are open in l write what they do at once into the file, which the caller
// changes too.
func (l *Ledger) plainly(id string) error {
	no, _, err := l.find(context.Background(), id)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	l.mu.Lock()
	running := slices.Clone(l.running[no])
	l.mu.Unlock()
	if len(running) == 0 { // one that could not be closed may have left a journal
		return errors.Join(err, durable.TakeOver(l.db, id, l.journalPath(id)))
	}
	for _, r := range running {
		err = errors.Join(err, r.Flush(context.Background()), r.disk.Plainly())
	}
	return err
}
