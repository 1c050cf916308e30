package repeats

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
)

// Recorder is a run of the ledger that also remembers who gets which message, in the user's accounts. The accounts are
// written while the message goes its way to the dot and the ledger takes it down as begun, and both are on the disk
// before its first byte leaves: so whoever may have got it is found, also if the ledger is gone. It is forgotten again if
// it was not sent, or if the server gives a complete refusal. A kill in between leaves too much, never too little. Call
// [Recorder.Made] for each message before it begins, and Close at the end.
type Recorder struct {
	*ledger.Run
	memory *accounts.Memory
	person func(addressKey string) uint64
	key    []byte
	now    func() time.Time

	mu      sync.Mutex
	hand    map[int64]*held // by delivery: what is being sent
	add     []*held         // to be remembered with the next write
	drop    []accounts.Copy // to be forgotten with it
	wanted  bool            // somebody waits until one of add is remembered
	writing chan struct{}   // closed when the writer has ended; nil if there is none
}

// gather is how many copies are remembered though nobody waits for them yet.
const gather = 256

// held is a copy of a message that is being sent.
type held struct {
	accounts.Copy
	written chan struct{} // closed when it is remembered, or err says why not
	err     error
	let     bool // it came to nothing before it was remembered
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

// Made says which message a delivery is. It is remembered with the others that were made meanwhile, as soon as one of
// them begins: a write is synced, and one for many costs hardly more than one for each.
func (r *Recorder) Made(d *ledger.Delivery, m Message) {
	h := &held{Copy: accounts.Copy{Person: r.person(d.AddressKey), Content: m.Content(r.key, d.AddressKey)},
		written: make(chan struct{})}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hand[d.ID] = h
	r.add = append(r.add, h)
	r.start()
}

// want has a delivery's message remembered now.
func (r *Recorder) want(d *ledger.Delivery) *held {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.hand[d.ID]
	if h != nil {
		select {
		case <-h.written:
		default:
			r.wanted = true
			r.start()
		}
	}
	return h
}

// start starts the writer if there is a reason. r.mu is held.
func (r *Recorder) start() {
	if r.writing == nil && (r.wanted || len(r.add) >= gather) {
		r.writing = make(chan struct{})
		go r.write()
	}
}

// write remembers what is waiting, all of it in one transaction, until nobody waits for it.
func (r *Recorder) write() {
	for {
		r.mu.Lock()
		add, drop := r.add, r.drop
		if !r.wanted && len(add) < gather || len(add) == 0 {
			close(r.writing)
			r.writing, r.wanted = nil, false
			r.mu.Unlock()
			return
		}
		r.add, r.drop, r.wanted = nil, nil, false
		add = slices.DeleteFunc(add, func(h *held) bool { return h.let }) // it was let go: nobody waits for it
		r.mu.Unlock()
		copies := make([]accounts.Copy, len(add))
		for i, h := range add {
			copies[i] = h.Copy
		}
		err := r.memory.Update(copies, drop, r.now())
		r.mu.Lock()
		for _, h := range add {
			if h.err = err; h.let && err == nil {
				r.drop = append(r.drop, h.Copy)
			}
			close(h.written)
		}
		r.mu.Unlock()
	}
}

// Begin begins a delivery as ledger.Run.Begin does, and returns when its message is remembered as well. If that cannot be
// written, the delivery was not sent and is due at once.
func (r *Recorder) Begin(ctx context.Context, d *ledger.Delivery) error {
	h := r.want(d)
	if h == nil {
		return fmt.Errorf("begin %s: %w: its message was not made", d.Place, ledger.ErrState)
	}
	if err := r.Run.Begin(ctx, d); err != nil {
		r.let(r.take(d), false)
		return err
	}
	if <-h.written; h.err == nil {
		return nil
	}
	err := fmt.Errorf("remember who gets which message: %w", h.err)
	now := r.now()
	return errors.Join(err, r.Settle(ctx, d, ledger.Result{State: ledger.Deferred, Due: now, Time: now, Stage: "begin",
		Text: err.Error()}))
}

// Settle is that of ledger.Run. A message that the server refused was not got.
func (r *Recorder) Settle(ctx context.Context, d *ledger.Delivery, res ledger.Result) error {
	h := r.take(d)
	err := r.Run.Settle(ctx, d, res)
	r.let(h, err != nil || res.State == ledger.Sent || res.State == ledger.Unknown)
	return err
}

// Start is that of ledger.Run.
func (r *Recorder) Start(ctx context.Context, d *ledger.Delivery) error {
	err := r.Run.Start(ctx, d)
	if suppressed := (*ledger.SuppressedError)(nil); errors.As(err, &suppressed) {
		r.let(r.take(d), false)
	}
	return err
}

// PutBack is that of ledger.Run.
func (r *Recorder) PutBack(d *ledger.Delivery) {
	h, started := r.take(d), d.Started()
	r.Run.PutBack(d)
	r.let(h, started)
}

// take takes a delivery's message out of the hand. It comes before the ledger lets go of the delivery, which another
// worker may have at once, with a message of its own.
func (r *Recorder) take(d *ledger.Delivery) *held {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.hand[d.ID]
	delete(r.hand, d.ID)
	return h
}

// let forgets what is remembered of a message, unless it may have been got. h may be nil.
func (r *Recorder) let(h *held, got bool) {
	if h == nil || got {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-h.written:
		if h.err == nil {
			r.drop = append(r.drop, h.Copy)
		}
	default:
		h.let = true
	}
}

// Close forgets what came to nothing. It does not close the run.
func (r *Recorder) Close() error {
	r.mu.Lock()
	writing := r.writing
	r.mu.Unlock()
	if writing != nil {
		<-writing
	}
	r.mu.Lock()
	drop := r.drop
	r.drop = nil
	r.mu.Unlock()
	if len(drop) == 0 {
		return nil
	}
	return r.memory.Update(nil, drop, r.now())
}
