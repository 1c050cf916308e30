package repeats

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
)

// Recorder is a run of the ledger that also remembers who gets which message, in the user's accounts. It is remembered
// before the ledger has the message as begun, so before its first byte leaves: whoever may have got it is found, also
// if the ledger is gone. It is forgotten again if the server gives a complete refusal. A kill in between leaves too
// much, never too little. Call [Recorder.Made] for each message before it begins, and Close at the end.
type Recorder struct {
	*ledger.Run
	memory *accounts.Memory
	person func(addressKey string) uint64
	key    []byte
	now    func() time.Time

	mu    sync.Mutex
	hand  map[int64]*held // by delivery: what is being sent
	drop  []accounts.Copy // to be forgotten with the next batch
	batch *batch          // of those who wait for the write that is under way; nil if there is none

	writing sync.Mutex // one write at a time
}

// held is a copy of a message that is being sent.
type held struct {
	accounts.Copy
	remembered bool
}

// batch are copies that are remembered in one transaction.
type batch struct {
	add     []accounts.Copy
	written bool // with err; both are the writer's
	err     error
}

// Record makes a recorder of a run: of a mailing whose copies are kept for so many days.
func Record(ctx context.Context, a *accounts.Accounts, run *ledger.Run, m accounts.Mailing, keep int, now func() time.Time,
) (*Recorder, error) {
	r := &Recorder{Run: run, now: now, hand: map[int64]*held{}}
	var err, err2, err3 error
	r.memory, err = a.Remember(ctx, m, keep, now())
	r.person, err2 = a.Person(ctx)
	r.key, err3 = a.ContentKey(ctx)
	if err := errors.Join(err, err2, err3); err != nil {
		return nil, err
	}
	return r, nil
}

// Message is a finished message, as render.Message.
type Message interface {
	Content(key []byte, person string) uint64
}

// Made says which message a delivery is.
func (r *Recorder) Made(d *ledger.Delivery, m Message) {
	h := &held{Copy: accounts.Copy{Person: r.person(d.AddressKey), Content: m.Content(r.key, d.AddressKey)}}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hand[d.ID] = h
}

// Begin remembers the message, and begins it as ledger.Run.Begin does.
func (r *Recorder) Begin(ctx context.Context, d *ledger.Delivery) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.mu.Lock()
	h := r.hand[d.ID]
	r.mu.Unlock()
	if h == nil {
		return fmt.Errorf("begin %s: %w: its message was not made", d.Place, ledger.ErrState)
	}
	if err := r.remember(h.Copy); err != nil {
		return fmt.Errorf("remember who gets which message: %w", err)
	}
	h.remembered = true
	err := r.Run.Begin(ctx, d)
	if err != nil {
		r.let(d, false)
	}
	return err
}

// Settle is that of ledger.Run. A message that the server refused was not got.
func (r *Recorder) Settle(ctx context.Context, d *ledger.Delivery, res ledger.Result) error {
	err := r.Run.Settle(ctx, d, res)
	r.let(d, err != nil || res.State == ledger.Sent || res.State == ledger.Unknown)
	return err
}

// PutBack is that of ledger.Run.
func (r *Recorder) PutBack(d *ledger.Delivery) {
	begun := d.State == ledger.Begun
	r.Run.PutBack(d)
	r.let(d, begun)
}

// let lets go of a delivery. What was remembered of it is forgotten, unless its message may have been got.
func (r *Recorder) let(d *ledger.Delivery, got bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.hand[d.ID]
	delete(r.hand, d.ID)
	if h != nil && h.remembered && !got {
		r.drop = append(r.drop, h.Copy)
	}
}

// remember makes a copy durable, in one transaction with those of all callers that wait for the one before.
func (r *Recorder) remember(c accounts.Copy) error {
	r.mu.Lock()
	if r.batch == nil {
		r.batch = &batch{}
	}
	b := r.batch
	b.add = append(b.add, c)
	r.mu.Unlock()

	r.writing.Lock()
	defer r.writing.Unlock()
	if !b.written {
		b.err = r.write(b)
		b.written = true
	}
	return b.err
}

// write takes the batch, which may be nil, and what is to be forgotten, and writes both. r.writing is held.
func (r *Recorder) write(b *batch) error {
	r.mu.Lock()
	drop := r.drop
	r.drop = nil
	var add []accounts.Copy
	if b != nil {
		add, r.batch = b.add, nil
	}
	r.mu.Unlock()
	if len(add)+len(drop) == 0 {
		return nil
	}
	return r.memory.Update(add, drop, r.now())
}

// Close forgets what came to nothing. It does not close the run.
func (r *Recorder) Close() error {
	r.writing.Lock()
	defer r.writing.Unlock()
	return r.write(nil)
}
