// Package durable makes the groups of a run's steps durable: [Writer.Write] returns when a group is on the disk, and
// [Writer.Settle] when all of them are in the database.
//
// A run that has little to do writes each group in a transaction of its own. Where one group follows another, that is
// too dear: a transaction changes a dozen pages for a few deliveries. So groups go into a journal then, and a goroutine
// folds many of them at once into the database. What the database shows is behind by a moment, never longer than
// [lag] unless the disk is slow, and a program that dies leaves the rest in the journal. [Replay] takes that over before
// anybody else may touch the campaign.
//
// The database says that there is a journal before the first group is in it. So a journal that is missing afterwards is
// noticed, and nobody takes what it held for not done.
package durable

import (
	"errors"
	"sync"
	"time"

	"mailshot/campaign/ledger/internal/journal"
	"mailshot/campaign/ledger/internal/steps"
	"mailshot/internal/sqlite"
)

const (
	// lag is how long a group may be in the journal before it is folded. A group that comes so soon after the one before
	// it follows it at once.
	lag = 50 * time.Millisecond

	// soon is how many groups follow one another before there is a journal.
	soon = 16

	// many is for how many deliveries there are steps when they are folded without waiting.
	many = 256

	// patience is how often a fold waits as long as a transaction waits for another process.
	patience = 3
)

// Writer writes the groups of one run, whose process holds the campaign's lock. One goroutine at a time may call Write;
// the other methods may be called at any time.
type Writer struct {
	DB    *sqlite.Store
	Steps steps.Writer // of the run
	Path  string       // the journal's
	Run   string       // the run's name, which no other run has
	Eager bool         // there is a journal after the first group, and no clock has anything folded

	mu      sync.Mutex
	file    *journal.File // nil: there is none
	plainly bool          // there must not be one
	last    time.Time     // when the last group was written without one
	quick   int           // how many followed one another without one
	buf     []byte
	net     steps.Net     // what is in the journal and not in the database
	after   []func()      // what follows when it is
	folded  int64         // the last group that is in the database
	folding chan struct{} // closed when the fold that is under way ends; nil if none is
	timer   *time.Timer   // starts a fold; nil if none is due
	err     error         // of a fold: nothing can be written any more
}

// Write makes a group durable. It calls after when the group is in the database, from any goroutine, before or after
// Write returns. A SQLITE_BUSY means that nothing was written. After any other error nobody knows whether the group is
// on the disk.
func (w *Writer) Write(g *steps.Group, after func()) error {
	w.mu.Lock()
	done, err := w.log(g, after)
	w.mu.Unlock()
	if err != nil || done {
		return err
	}
	if err := w.Settle(); err != nil {
		return err
	}
	return w.write(g, after)
}

// log writes a group into the journal, if there is one and it has room for it. w.mu is held, but while it waits.
func (w *Writer) log(g *steps.Group, after func()) (done bool, err error) {
	if w.err != nil || w.file == nil || w.plainly {
		return false, w.err
	}
	w.buf = g.Append(w.buf[:0])
	_, err = w.file.Write(w.buf)
	if errors.Is(err, journal.ErrFull) && len(w.buf) < journal.HalfSize/2 {
		if err = w.settle(); err == nil { // the other half is free then, and is written
			_, err = w.file.Write(w.buf)
		}
	}
	if errors.Is(err, journal.ErrFull) {
		return false, nil // it is too large for any journal
	}
	if err == nil {
		err = w.net.Add(g)
	}
	if err != nil {
		w.err = err
		return false, err
	}
	w.after = append(w.after, after)
	w.ripen()
	return true, nil
}

// write writes a group in a transaction. Nothing is in the journal. If many groups came one after another, it makes the
// journal for those that follow.
func (w *Writer) write(g *steps.Group, after func()) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if w.quick++; now.Sub(w.last) > lag {
		w.quick = 0
	}
	w.last = now
	var file *journal.File
	if (w.quick >= soon || w.Eager) && w.file == nil && !w.plainly {
		var err error
		if file, err = journal.Create(w.Path, w.Run); err != nil {
			w.plainly = true // without it everything is as safe, and slower
		}
	}
	err := w.DB.Write(func(t *sqlite.Tx) error {
		if file != nil {
			if _, err := t.Exec("UPDATE campaigns SET journal = ?, folded = 0 WHERE no = ?", w.Run, w.Steps.Campaign); err != nil {
				return err
			}
		}
		return w.Steps.WriteGroup(t, g)
	})
	switch {
	case err == nil:
		if file != nil {
			w.file = file
		}
		after()
	case file != nil:
		err = errors.Join(err, file.Close()) // it stays, because the database may say that it is there
	}
	return err
}

// ripen begins a fold if many steps are in the journal, and has one begin soon otherwise. w.mu is held.
func (w *Writer) ripen() {
	switch {
	case w.net.Len() >= many:
		w.fold()
	case !w.Eager && w.timer == nil && w.folding == nil:
		w.timer = time.AfterFunc(lag, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.fold()
		})
	}
}

// fold begins to fold what is in the journal, unless a fold is under way. w.mu is held.
func (w *Writer) fold() {
	if w.timer != nil {
		w.timer.Stop()
		w.timer = nil
	}
	if w.folding != nil || w.err != nil || len(w.after) == 0 {
		return
	}
	group, upto, after := w.net.Group(), w.file.Turn(), w.after
	w.net, w.after = steps.Net{}, nil
	w.folding = make(chan struct{})
	go func() {
		var err error
		for range patience {
			err = w.DB.Write(func(t *sqlite.Tx) error {
				if err := w.Steps.WriteGroup(t, &group); err != nil {
					return err
				}
				_, err := t.Exec("UPDATE campaigns SET folded = ? WHERE no = ?", upto, w.Steps.Campaign)
				return err
			})
			if !sqlite.Busy(err) {
				break
			}
		}
		if err == nil {
			for _, f := range after {
				f()
			}
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		close(w.folding)
		w.folding = nil
		if w.err = err; err == nil {
			w.folded = upto
			if len(w.after) > 0 {
				w.ripen()
			}
		}
	}()
}

// Settle returns when all groups that were written before are in the database.
func (w *Writer) Settle() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.settle()
}

// settle is Settle. w.mu is held, but while it waits.
func (w *Writer) settle() error {
	if w.file == nil {
		return w.err
	}
	for last := w.file.Last(); w.err == nil && w.folded < last; {
		w.fold()
		done := w.folding
		w.mu.Unlock()
		<-done
		w.mu.Lock()
	}
	return w.err
}

// Plainly has every further group written in a transaction of its own, and returns when all groups so far are in the
// database: somebody else is about to change it.
func (w *Writer) Plainly() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.plainly = true
	return w.settle()
}

// Close ends the writing. All groups so far are in the database, and the journal is gone. After an error the journal
// stays for Replay.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.plainly = true
	err := w.settle()
	if w.file == nil {
		return err
	}
	if err == nil {
		err = w.DB.Write(func(t *sqlite.Tx) error {
			_, err := t.Exec("UPDATE campaigns SET journal = '', folded = 0 WHERE no = ?", w.Steps.Campaign)
			return err
		})
	}
	if err != nil {
		return errors.Join(err, w.file.Close())
	}
	return w.file.Remove()
}

// Unfolded is what the last run of a campaign has in its journal at path and not in the database. ok is false if the run
// had no journal, or if the database has everything and forgot it. An error is journal.ErrLost if it is not all there.
func Unfolded(t *sqlite.Tx, no int64, path string) (g steps.Group, ok bool, err error) {
	var name string
	var folded int64
	row, err := t.Known("SELECT journal, folded FROM campaigns WHERE no = ?", no)
	if err != nil {
		return g, false, err
	}
	if err := row.Scan(&name, &folded); err != nil || name == "" {
		return g, false, err
	}
	var net steps.Net
	err = journal.Read(path, name, folded, func(b []byte) error {
		var next steps.Group
		if err := next.Parse(b); err != nil {
			return err
		}
		return net.Add(&next)
	})
	return net.Group(), true, err
}

// Replay takes over into the database what a run that died has in its journal, in a transaction of the holder of the
// campaign's lock. Afterwards there is no journal for the database, and the file at path may go. An error that is
// journal.ErrLost means that it is not known what the run has done.
func Replay(t *sqlite.Tx, no int64, path string) error {
	g, ok, err := Unfolded(t, no, path)
	if err != nil || !ok {
		return err
	}
	w := steps.Writer{Campaign: no}
	if err := t.Row("SELECT turn FROM campaigns WHERE no = ?", no).Scan(&w.Turn); err != nil {
		return err
	}
	if err := w.WriteGroup(t, &g); err != nil {
		return err
	}
	_, err = t.Exec("UPDATE campaigns SET journal = '', folded = 0 WHERE no = ?", no)
	return err
}
