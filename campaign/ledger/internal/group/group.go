// Package group commits for many callers at once. [Group.Commit] waits until a caller's item is on the disk;
// [Group.Later] adds an item for which nobody waits.
//
// A caller that finds nobody committing leads: it takes everything that waits, commits it in one transaction, and hands
// the lead to the first caller that came meanwhile. So there is one transaction at a time, it serves all callers that
// wait for it, and no goroutine is needed.
package group

import (
	"errors"
	"fmt"
	"sync"
)

// Group is one group commit. Write is required. It is safe for concurrent use.
type Group[T any] struct {
	// Write commits later, and then what waits, in one transaction. Its error is that of every caller in the group. It
	// may set the Err of an item that waits: an error of that item alone.
	Write func(waiting []*Entry[T], later []T) error
	// Again reports whether nothing was written and nothing is wrong with the disk: then what was added for later waits
	// for the next group. After any other error nothing is committed any more, because nothing can be relied on.
	Again func(error) bool

	mu      sync.Mutex
	leading bool
	waiting []*Entry[T]
	later   []T
	broken  error
	closed  bool
}

// Entry is an item that waits to be committed.
type Entry[T any] struct {
	Item T
	Err  error
	wake chan bool // true: take the lead; false: done
}

// most is how many items may be added for later before Later asks for a commit.
const most = 256

var errClosed = errors.New("run is closed")

// Err is why nothing can be committed any more, or nil.
func (g *Group[T]) Err() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stopped()
}

// stopped is Err; g.mu is held.
func (g *Group[T]) stopped() error {
	if g.broken == nil && g.closed {
		return errClosed
	}
	return g.broken
}

// Closed reports whether Close was called.
func (g *Group[T]) Closed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}

// Close ends the group. What was added for later and is not committed is lost.
func (g *Group[T]) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

// breakOff keeps the first error after which nothing can be relied on.
func (g *Group[T]) breakOff(err error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.broken == nil {
		g.broken = fmt.Errorf("the ledger cannot be written, nothing more is begun: %w", err)
	}
	return g.broken
}

// Idle reports whether there is nothing to commit and nobody commits.
func (g *Group[T]) Idle() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.later) == 0 && !g.leading && g.stopped() == nil
}

// Later adds an item for the next group, after it has called note, and reports whether so many wait that somebody
// should commit. A group that is committed from now on takes the item along. force adds it also if nothing can be
// committed any more.
func (g *Group[T]) Later(item T, force bool, note func()) (full bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.stopped(); err != nil && !force {
		return false, err
	}
	note()
	g.later = append(g.later, item)
	return len(g.later) >= most, nil
}

// Commit commits e together with all that waits, and returns when it is on the disk.
func (g *Group[T]) Commit(e *Entry[T]) error {
	e.wake = make(chan bool, 1)
	g.mu.Lock()
	if err := g.stopped(); err != nil {
		g.mu.Unlock()
		return err
	}
	g.waiting = append(g.waiting, e)
	if g.leading {
		g.mu.Unlock()
		if lead := <-e.wake; !lead {
			return e.Err
		}
		g.mu.Lock()
	}
	g.leading = true
	waiting, later, err := g.waiting, g.later, g.broken
	g.waiting, g.later = nil, nil
	g.mu.Unlock()

	if err == nil {
		err = g.write(waiting, later)
	}
	if err != nil {
		for _, w := range waiting {
			w.Err = err
		}
	}

	g.mu.Lock()
	if len(g.waiting) > 0 {
		g.waiting[0].wake <- true
	} else {
		g.leading = false
	}
	g.mu.Unlock()
	for _, w := range waiting {
		if w != e {
			w.wake <- false
		}
	}
	return e.Err
}

func (g *Group[T]) write(waiting []*Entry[T], later []T) error {
	err := g.Write(waiting, later)
	if err == nil {
		return nil
	}
	if !g.Again(err) {
		return g.breakOff(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.later = append(later, g.later...)
	return err
}
