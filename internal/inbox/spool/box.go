package spool

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"mailshot/internal/disk"
	"mailshot/internal/inbox"
	"mailshot/internal/inbox/events"
)

// Box reads the events in what is kept, the oldest first. It implements inbox.Box and inbox.Waiter. What it gives is
// trusted: only what was verified is kept.
type Box struct {
	s     *Spool
	name  string
	done  []string // files that were read to their end by the last call of Each, and not to be kept
	keep  bool     // the file that is read
	seen  map[string]bool
	count events.Count
}

// Box returns the box of the folder.
func (s *Spool) Box() *Box {
	return &Box{s: s, name: "webhooks:" + filepath.ToSlash(disk.Real(s.dir)), seen: map[string]bool{}}
}

// Name is webhooks: and the folder.
func (b *Box) Name() string { return b.name }

// Close does nothing: a file is open only as long as it is read.
func (b *Box) Close() error { return nil }

// Count is what was found by all calls of Each until now.
func (b *Box) Count() events.Count { return b.count }

// Each implements inbox.Box. Received is when the body came. Nothing is removed; Done does so.
func (b *Box) Each(ctx context.Context, skip func(id string) bool, do func(inbox.Message) error) error {
	all, err := b.s.kept()
	if err != nil {
		return err
	}
	b.done = nil
	for _, k := range all {
		f, err := os.Open(filepath.Join(b.s.dir, k.name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // another has read it and said Done
		}
		if err != nil {
			return err
		}
		b.keep = false
		stream := events.Stream{Name: k.name, Provider: k.provider, Count: &b.count}
		err = events.Read(ctx, f, stream, skip, func(m inbox.Message) error {
			m.Received = k.at.UTC()
			return do(m)
		})
		closed := f.Close()
		if err != nil {
			return err
		}
		if closed != nil {
			return closed
		}
		if b.seen[k.name] = true; !b.keep {
			b.done = append(b.done, k.name)
		}
	}
	return nil
}

// Keep has Done keep the body that Each is reading, so that it is read again: an event in it is to be decided later.
// Call it within the callback of Each.
func (b *Box) Keep() { b.keep = true }

// Done removes what the last call of Each has read to its end. Call it when what was read is durable. What came since
// stays.
func (b *Box) Done() error {
	var failed []error
	for _, name := range b.done {
		if err := os.Remove(filepath.Join(b.s.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = append(failed, err)
			continue
		}
		delete(b.seen, name)
	}
	b.done = nil
	return errors.Join(failed...)
}

// The folder is looked at each second, and a Waiter says at the latest after a while that there may be something.
const (
	glance = time.Second
	while  = time.Minute
)

// Wait implements inbox.Waiter: it returns when there is a body that Each has not read.
func (b *Box) Wait(ctx context.Context) error {
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for range while / glance {
		all, err := b.s.kept()
		if err != nil {
			return err
		}
		for _, k := range all {
			if !b.seen[k.name] {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}
