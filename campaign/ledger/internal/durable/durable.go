// Package durable makes the groups of a run's steps durable: [Writer.Write] returns when a group is on the disk, and
// [Writer.Settle] when all of them are in the database.
//
// A run that has little to do writes each group in a transaction of its own. Where one group follows another, that is
// too dear: a transaction changes a dozen pages for a few deliveries. So groups go into a journal then, and a goroutine
// folds many of them at once into the database. What the database shows is behind by a moment, never longer than
// [lag] unless the disk is slow, and a program that dies leaves the rest in the journal. [TakeOver] brings that into
// the database before anybody else may touch the campaign.
//
// The database says that there is a journal before the first group is in it. So a journal that is missing afterwards is
// noticed, and nobody takes what it held for not done.
package durable

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"mailshot/campaign/ledger/internal/journal"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/campaign/ledger/internal/steps"
	"mailshot/internal/sqlite"
)

const (
	// lag is how long a group may be in the journal before it is folded. A group that comes so soon after the one before
	// it follows it at once.
	lag = 50 * time.Millisecond

	// soon is how many groups follow one another before there is a journal.
	soon = 4

	// many is for how many deliveries there are steps when they are folded without waiting.
	many = 256
)

var errClosed = errors.New("the run is closed")

// Writer writes the groups of one run, whose process holds the campaign's lock. One goroutine at a time may call Write;
// the other methods may be called at any time.
type Writer struct {
	DB    *sqlite.Store
	Steps steps.Writer // of the run
	Path  string       // the journal's
	Run   string       // the run's name, which no other run has
	Eager bool         // there is a journal after the first group, and no clock has anything folded

	// Keep keeps elsewhere, durably, who gets which message, and forgets what came to nothing. It is called before the
	// database has what it is about, and after the journal has it. nil: nobody keeps it.
	Keep func(gets, lets []steps.Copy) error

	mu      sync.Mutex
	file    *journal.File // nil: there is none
	name    string        // its name, which no other journal has
	made    int           // how many there were
	plainly bool          // there must not be one
	last    time.Time     // when the last group was written without one
	quick   int           // how many followed one another without one
	buf     []byte
	net     steps.Net     // what is in the journal and in no batch
	after   []func()      // what follows when it is in the database
	batch   *batch        // what is to be folded, or is being folded; nil: nothing
	logged  int64         // the last group that is in the journal
	folded  int64         // the last of those that is in the database
	folding chan struct{} // closed when the fold that is under way ends; nil if none is
	timer   *time.Timer   // starts a fold; nil if none is due
	busy    error         // the last fold met another process that writes
	err     error         // of a fold: nothing can be written any more
	lets    []steps.Copy  // are to be forgotten with the next Keep
	unkept  error         // of a Keep: nothing more is begun
}

// KeepError says that it could not be kept who gets which message. What is to be begun was not written; the rest was.
type KeepError struct{ Err error }

func (e *KeepError) Error() string { return "remember who gets which message: " + e.Err.Error() }

// Unwrap is what was wrong.
func (e *KeepError) Unwrap() error { return e.Err }

// batch is what several groups come to.
type batch struct {
	steps.Group
	upto  int64 // the last of the groups
	after []func()
	asked bool // Keep was, and did not meet another process that writes
}

// Write makes a group durable. It calls after when the group is in the database, from any goroutine, before or after
// Write returns. A SQLITE_BUSY means that nothing was written. After any other error, but for a *KeepError, nobody
// knows whether the group is on the disk.
func (w *Writer) Write(g *steps.Group, after func()) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	done, err := w.log(g, after)
	unkept := w.unkept
	if err == nil && !done {
		// A group past the journal ends that: an older copy of the database would not miss it there.
		if err = w.end(); err == nil {
			unkept, err = w.write(g, after)
		}
	}
	if err == nil && unkept != nil {
		err = &KeepError{unkept}
	}
	return err
}

// log writes a group into the journal, if there is one and it has room for it. Where so many wait for the fold that is
// under way that they would be one of their own, it waits, too: so a database that cannot be written is noticed before
// more is begun. What is to be begun is left out if nobody keeps it, which a fold may have shown that was waited for.
// w.mu is held, but while it waits.
func (w *Writer) log(g *steps.Group, after func()) (done bool, err error) {
	for w.folding != nil && w.net.Len() >= many {
		w.wait()
	}
	if w.err != nil || w.file == nil || w.plainly {
		return false, w.err
	}
	number, err := w.append(g)
	if errors.Is(err, journal.ErrFull) && len(w.buf) < journal.HalfSize/2 {
		if err = w.settle(); err != nil || w.plainly {
			return false, err
		}
		number, err = w.append(g) // the other half was free, and is written now
	}
	if errors.Is(err, journal.ErrFull) {
		return false, nil // it is too large for any journal
	}
	if err == nil {
		err = w.net.Add(g)
	}
	if err != nil {
		w.err = sqlite.Explain(w.Path, err)
		return false, w.err
	}
	w.logged, w.after = number, append(w.after, after)
	w.ripen()
	return true, nil
}

// append writes into the journal what may be written of a group. w.mu is held.
func (w *Writer) append(g *steps.Group) (number int64, err error) {
	if w.unkept != nil {
		g.Begun, g.Gets = nil, nil
	}
	w.buf = g.Append(w.buf[:0])
	return w.file.Write(w.buf)
}

// write writes a group in a transaction. There is no journal. If many groups came one after another, it makes one for
// those that follow. unkept is why nobody keeps who gets which message: then what is to be begun was not written. w.mu
// is held.
func (w *Writer) write(g *steps.Group, after func()) (unkept, err error) {
	if unkept = w.keep(g.Gets); unkept != nil {
		g.Begun, g.Gets = nil, nil
	}
	now := time.Now()
	if w.quick++; now.Sub(w.last) > lag {
		w.quick = 0
	}
	w.last = now
	var file *journal.File
	if (w.quick >= soon || w.Eager) && !w.plainly {
		w.made++
		w.name = fmt.Sprint(w.Run, " ", w.made)
		if file, err = journal.Create(w.Path, w.name); err != nil {
			w.plainly = true // without it everything is as safe, and slower
		}
	}
	gets := g.Gets
	g.Gets = nil // they are kept
	err = w.DB.Write(func(t *sqlite.Tx) error {
		if file != nil {
			_, err := t.Exec("UPDATE campaigns SET journal = ?, folded = 0 WHERE no = ?", w.name, w.Steps.Campaign)
			if err != nil {
				return err
			}
		}
		return w.Steps.WriteGroup(t, g)
	})
	if sqlite.Busy(err) {
		w.lets = append(w.lets, gets...)
	}
	switch {
	case err == nil:
		if file != nil {
			w.file, w.logged, w.folded = file, 0, 0
		}
		w.lets = append(w.lets, g.Lets...)
		after()
	case file != nil:
		err = errors.Join(err, file.Close()) // it stays, because the database may say that it is there
	}
	return unkept, err
}

// keep has it kept who gets which message, and what came to nothing before forgotten. w.mu is held.
func (w *Writer) keep(gets []steps.Copy) error {
	if w.Keep == nil || len(gets) == 0 || w.unkept != nil {
		return w.unkept
	}
	err := w.Keep(gets, w.lets)
	if err == nil {
		w.lets = nil
	} else if !sqlite.Busy(err) {
		w.unkept = err
	}
	return err
}

// ripen begins a fold if many steps are in the journal, and has one begin soon otherwise. w.mu is held.
func (w *Writer) ripen() {
	switch {
	case w.net.Len() >= many && w.busy == nil:
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
	if w.folding != nil || w.err != nil {
		return
	}
	if w.batch == nil {
		if len(w.after) == 0 {
			return
		}
		w.batch = &batch{Group: w.net.Group(), upto: w.file.Turn(), after: w.after}
		w.net, w.after = steps.Net{}, nil
	}
	w.folding = make(chan struct{})
	go w.put(w.batch)
}

// put puts a batch into the database, which is the fold that is under way.
func (w *Writer) put(b *batch) {
	unkept, err := w.putAll(b)
	if err == nil {
		for _, f := range b.after {
			f()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if unkept != nil {
		w.unkept = unkept
	}
	close(w.folding)
	w.folding, w.busy = nil, nil
	switch {
	case err == nil:
		w.batch, w.folded = nil, b.upto
	case sqlite.Busy(err):
		w.busy = err // the batch is tried again
	default:
		w.err = err
		return
	}
	if w.batch != nil || len(w.after) > 0 {
		w.ripen()
	}
}

// putAll has it kept who gets which message by a batch, and writes the batch into the database, with what nobody keeps:
// unkept says why.
func (w *Writer) putAll(b *batch) (unkept, err error) {
	if w.Keep != nil && !b.asked && len(b.Gets)+len(b.Lets) > 0 {
		unkept = w.Keep(b.Gets, b.Lets)
		if sqlite.Busy(unkept) {
			return nil, unkept
		}
		if b.asked = true; unkept == nil {
			b.Gets = nil
		}
	}
	err = w.DB.Write(func(t *sqlite.Tx) error {
		if err := w.Steps.WriteGroup(t, &b.Group); err != nil {
			return err
		}
		// Somebody may have taken the journal over meanwhile.
		n, err := t.Exec("UPDATE campaigns SET folded = ? WHERE no = ? AND journal = ? AND folded BETWEEN 0 AND ?",
			b.upto, w.Steps.Campaign, w.name, b.upto)
		return schema.Changed(n, 1, err)
	})
	return unkept, err
}

// Settle returns when all groups that were written before are in the database. A SQLITE_BUSY means that they are safe,
// and not there yet.
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
	for last := w.logged; w.err == nil && w.folded < last; {
		w.fold()
		w.wait()
		if w.busy != nil {
			return w.busy
		}
	}
	return w.err
}

// wait waits until the fold that is under way has ended. w.mu is held, but while it waits.
func (w *Writer) wait() {
	done := w.folding
	w.mu.Unlock()
	<-done
	w.mu.Lock()
}

// Plainly has every further group written in a transaction of its own, and returns when all groups so far are in the
// database and the journal is gone: somebody else is about to change the database.
func (w *Writer) Plainly() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.plainly = true
	return w.end()
}

// end ends the journal, if there is one. After an error it stays for TakeOver. w.mu is held, but while it waits.
func (w *Writer) end() error {
	if err := w.settle(); err != nil || w.file == nil {
		return err
	}
	err := w.DB.Write(func(t *sqlite.Tx) error {
		_, err := t.Exec("UPDATE campaigns SET folded = -1 WHERE no = ? AND journal = ?", w.Steps.Campaign, w.name)
		return err
	})
	if err != nil {
		return err
	}
	file := w.file
	w.file = nil
	return file.Remove()
}

// Close ends the writing. All groups so far are in the database, and the journal is gone. After an error the journal
// stays for TakeOver, but for a *KeepError: then the database has what could not be kept.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.plainly = true
	err := w.end()
	switch {
	case w.unkept != nil:
		err = errors.Join(err, &KeepError{w.unkept})
	case len(w.lets) > 0 && w.Keep != nil:
		err = errors.Join(err, w.Keep(nil, w.lets))
		w.lets = nil
	}
	if w.err == nil {
		w.err = errClosed
	}
	for w.folding != nil { // after an error
		w.wait()
	}
	if w.file != nil {
		err = errors.Join(err, w.file.Close())
	}
	return err
}

// Fail has the journal fail from now on, as a disk does: for tests.
func (w *Writer) Fail() {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.file.Close()
}
