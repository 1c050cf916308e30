package accounts

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"mailshot/campaign/accounts/clock"
	"mailshot/internal/sqlite"
)

// Cap allows N uses in any window of this length, in all processes together. If the window is shorter than a minute,
// uses are paced too: they start at least Window/N apart.
type Cap struct {
	N      int64
	Window time.Duration
}

func (c Cap) paced() bool { return c.Window < pacedBelow }

const pacedBelow = time.Minute

// Limit is what is capped and its caps: an account, or a group of recipients at an account.
type Limit struct {
	Key  string
	Caps []Cap
}

// caps returns the limit's caps as text, which tells one set of caps from another.
func (l Limit) caps() string { return fmt.Sprint(l.Caps) }

// counted reports whether uses are counted: there is a cap.
func (l Limit) counted() bool { return len(l.Caps) > 0 }

// block returns how many uses are leased at once. Small caps are not leased ahead, so that no process keeps from others
// what it may not need. Nor are paced ones, because what is leased counts as used now.
func (l Limit) block() int64 {
	n := int64(64)
	for _, c := range l.Caps {
		if c.paced() || c.N <= 1000 {
			return 1
		}
		n = min(n, c.N/100)
	}
	return n
}

// Budget reserves uses of the caps that all of the user's processes share. Any number of goroutines may use it.
//
// A use is reserved on the disk before it happens, and counts as happening now until it is stamped. Stamps are written
// with the next reservation, or soon by themselves. What a dead process had reserved counts as used half a minute after
// its lock is found free, and as now until then.
type Budget struct {
	a      *Accounts
	holder string
	lock   io.Closer

	mu       sync.Mutex
	off      time.Duration       // how far the wall clock is from the time of the file; 0 = it is believed
	accounts map[string]*account // by Limit.Key
	reaped   bool
	closed   bool
	alarm    *time.Timer // writes what is not on the disk yet; nil: it is not set
}

// soon is how long a stamp waits for a reservation to take it along to the disk.
const soon = 100 * time.Millisecond

// account is what this process has leased of one key: leased = free + reserved + stamped + returned.
type account struct {
	free     map[string]int64 // leased and not reserved, by the caps under which they were leased
	stamps   map[stamp]int64  // used at these moments, not yet on the disk
	returned int64            // given back, not yet on the disk
}

// stamp is a moment by the machine's count of the time since its start, in milliseconds, rounded up. What time that
// is in the file is known when the stamp is written there.
type stamp struct {
	boot string
	ms   int64
}

// at is the time of a stamp in a file whose time was last known at s.
func (st stamp) at(s clock.State) int64 {
	return milliseconds(s.Moment(clock.Reading{Boot: st.boot, Since: time.Duration(st.ms) * time.Millisecond}))
}

// Budget makes this process a holder of reservations. The caller closes the Budget.
func (a *Accounts) Budget(ctx context.Context) (*Budget, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b := &Budget{a: a, holder: newHolder(), accounts: map[string]*account{}}
	var err error
	if b.lock, err = sqlite.Lock(a.holderFile(b.holder)); err != nil {
		return nil, fmt.Errorf("%s: %w", a.db.Path, sqlite.Explain(a.holderFile(b.holder), err))
	}
	return b, nil
}

// newHolder makes a random name for a holder.
func newHolder() string {
	b := make([]byte, 12)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// holderFile is the file that a holder keeps locked while its process lives.
func (a *Accounts) holderFile(holder string) string {
	return a.db.Path + ".holders/" + holder + ".lock"
}

// Reservation is one use under each of the limits that it was reserved for. The caller calls either Stamp or Release;
// more calls do nothing.
type Reservation struct {
	b      *Budget
	limits []Limit // those that are counted
	once   sync.Once
}

// Stamp says that the use happened, now or before. now is the caller's wall clock.
func (r *Reservation) Stamp(now time.Time) {
	r.once.Do(func() {
		r.b.mu.Lock()
		defer r.b.mu.Unlock()
		at := r.b.a.clock(now)
		for _, l := range r.limits {
			ms := (at.Since + time.Millisecond - 1).Milliseconds()
			r.b.accounts[l.Key].stamps[stamp{at.Boot, ms}]++
		}
		r.b.writeSoon()
	})
}

// Release gives back a use that did not happen.
func (r *Reservation) Release() {
	r.once.Do(func() {
		r.b.mu.Lock()
		defer r.b.mu.Unlock()
		for _, l := range r.limits {
			if ac := r.b.accounts[l.Key]; l.block() > 1 {
				ac.free[l.caps()]++
			} else {
				ac.returned++
			}
		}
		r.b.writeSoon()
	})
}

// writeSoon makes sure that what a reservation left is on the disk before long, also if no other reservation follows.
// Until then it counts as in use for all other processes. b.mu is held.
func (b *Budget) writeSoon() {
	if b.alarm == nil && !b.closed {
		b.alarm = time.AfterFunc(soon, b.writeLeft)
	}
}

// writeLeft writes what no reservation has taken along.
func (b *Budget) writeLeft() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.alarm = nil
	if b.closed || !b.left() {
		return
	}
	// After an error nothing is lost: the next reservation writes it, or returns the error.
	if b.write(time.Time{}, b.flush) == nil {
		b.flushed()
	}
}

// write runs fn in a transaction, in the time of the file. now is as in a [clock.Clock]. b.mu is held.
func (b *Budget) write(now time.Time, fn func(*usage) error) error {
	return b.a.db.Write(func(t *sqlite.Tx) error {
		u := &usage{t: t, holder: b.holder}
		if err := u.tick(b.a.clock, now); err != nil {
			return err
		}
		return fn(u)
	})
}

// Doubt says in words that the wall clock is not believed; "" where it was when a use was last reserved on the disk.
func (b *Budget) Doubt() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return clock.Brief(b.off)
}

// left reports whether anything is not on the disk yet. b.mu is held.
func (b *Budget) left() bool {
	for _, ac := range b.accounts {
		if len(ac.stamps) > 0 || ac.returned > 0 {
			return true
		}
	}
	return false
}

// Reserve takes one use under every limit, or none. If it takes none, it returns the key whose cap is in the way for
// longest, and when it is worth asking again. The reservation is on the disk when Reserve returns.
//
// now is the caller's wall clock, read just before. It has no part in what is counted: until is by the caller's clock
// what it is in the time of the file.
func (b *Budget) Reserve(ctx context.Context, now time.Time, ls []Limit) (
	r *Reservation, key string, until time.Time, err error) {
	if err := ctx.Err(); err != nil {
		return nil, "", time.Time{}, err
	}
	for _, l := range ls {
		for _, c := range l.Caps {
			if c.N <= 0 || c.Window <= 0 {
				return nil, "", time.Time{}, fmt.Errorf("cap of %s: %d in %s is not one", l.Key, c.N, c.Window)
			}
		}
	}
	arrived := b.a.clock(now)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, "", time.Time{}, errors.New("budget is closed")
	}
	if !b.reaped || !b.covered(ls) { // the first one notes the time of the file, even without caps
		var got map[string]int64
		err = b.write(now, func(u *usage) error {
			if err := b.flush(u); err != nil {
				return err
			}
			got, key, until, err = b.lease(u, ls)
			b.off = u.state.Off(now)
			until = now.Add(max(u.state.Since-arrived.Since, 0) + until.Sub(u.now))
			return err
		})
		if err != nil {
			return nil, "", time.Time{}, err
		}
		b.flushed()
		if key != "" {
			return nil, key, until, nil
		}
		for _, l := range ls {
			if n := got[l.Key]; n > 0 {
				b.account(l.Key).free[l.caps()] += n
			}
		}
	}
	r = &Reservation{b: b}
	for _, l := range ls {
		if l.counted() {
			b.account(l.Key).free[l.caps()]--
			r.limits = append(r.limits, l)
		}
	}
	return r, "", time.Time{}, nil
}

func (b *Budget) account(key string) *account {
	ac := b.accounts[key]
	if ac == nil {
		ac = &account{free: map[string]int64{}, stamps: map[stamp]int64{}}
		b.accounts[key] = ac
	}
	return ac
}

// covered reports whether what is leased already is enough. Under paced caps it never is, because only the disk knows
// the last start.
func (b *Budget) covered(ls []Limit) bool {
	for _, l := range ls {
		if l.counted() && b.account(l.Key).free[l.caps()] == 0 {
			return false
		}
	}
	return true
}

// flush writes stamps as uses, and gives back what was not used. The caller calls flushed when that is on the disk.
func (b *Budget) flush(u *usage) error {
	for key, ac := range b.accounts {
		over := ac.returned
		for st, n := range ac.stamps {
			over += n
			if err := u.add(key, st.at(u.state), n); err != nil {
				return err
			}
		}
		if err := u.release(key, over); err != nil {
			return err
		}
	}
	return nil
}

func (b *Budget) flushed() {
	for _, ac := range b.accounts {
		clear(ac.stamps)
		ac.returned = 0
	}
}

// lease takes what ls need and is not leased yet, at most a block of each, or nothing. If it takes nothing, it returns
// the key whose cap is in the way, and until when.
func (b *Budget) lease(u *usage, ls []Limit) (got map[string]int64, key string, until time.Time, err error) {
	if !b.reaped {
		if err := b.reap(u); err != nil {
			return nil, "", time.Time{}, err
		}
		b.reaped = true
	}
	got = map[string]int64{}
	for _, l := range ls {
		if err := u.settle(l); err != nil {
			return nil, "", time.Time{}, err
		}
		need := l.counted() && b.account(l.Key).free[l.caps()] == 0
		room, wait, err := u.room(l, need)
		if err == nil && room == 0 {
			// Perhaps a dead process has leased them: then its uses begin to age now.
			if err = b.reap(u); err == nil {
				room, wait, err = u.room(l, need)
			}
		}
		if err != nil {
			return nil, "", time.Time{}, err
		}
		if room == 0 && wait.After(until) {
			key, until = l.Key, wait
		}
		if need {
			got[l.Key] = min(room, l.block())
		}
	}
	if key != "" {
		return nil, key, until, nil
	}
	for _, l := range ls {
		if err := u.take(l, got[l.Key]); err != nil {
			return nil, "", time.Time{}, err
		}
	}
	return got, "", time.Time{}, nil
}

// reap finds dead processes. What they had reserved becomes uses when their time of grace is over: nobody knows whether
// these uses happened, and when.
func (b *Budget) reap(u *usage) error {
	holders, err := u.holders()
	if err != nil {
		return err
	}
	for _, h := range holders {
		if found, err := u.buried(h); found || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		name := b.a.holderFile(h)
		lock, err := sqlite.Lock(name)
		if errors.Is(err, sqlite.ErrLocked) {
			continue // alive
		}
		if err != nil {
			return err
		}
		err = u.find(h)
		// A holder's name is never used again, so its file may go. On Windows that has to wait until it is closed.
		_ = os.Remove(name)
		if err := errors.Join(err, lock.Close()); err != nil {
			return err
		}
		_ = os.Remove(name)
	}
	return nil
}

// Close writes the stamps and gives back what was not used. Reservations that are still open count as used when the
// next process looks.
func (b *Budget) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	if b.alarm != nil {
		b.alarm.Stop() // once it runs it finds the budget closed
	}
	left, err := false, error(nil)
	if len(b.accounts) > 0 { // it has reserved something
		err = b.write(time.Time{}, func(u *usage) error {
			left, err = b.giveBack(u)
			return err
		})
	}
	err = errors.Join(err, b.lock.Close())
	if err == nil && !left {
		_ = os.Remove(b.a.holderFile(b.holder))
	}
	return err
}

// giveBack writes the stamps, and gives back what was leased and not reserved. It reports whether reservations are
// open.
func (b *Budget) giveBack(u *usage) (open bool, err error) {
	if err := b.flush(u); err != nil {
		return true, err
	}
	for key, ac := range b.accounts {
		for _, n := range ac.free {
			if err := u.release(key, n); err != nil {
				return true, err
			}
		}
	}
	r, err := u.t.Known("SELECT EXISTS (SELECT 1 FROM leases WHERE holder = ?)", b.holder)
	if err != nil {
		return true, err
	}
	err = r.Scan(&open)
	return open, err
}
