package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mailshot/campaign/ledger/internal/durable"
	"mailshot/campaign/ledger/internal/group"
	"mailshot/campaign/ledger/internal/marks"
	"mailshot/campaign/ledger/internal/recovery"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/campaign/ledger/internal/steps"
	"mailshot/internal/sqlite"
)

// Delivery is one message to be handed over. It belongs to the caller of Next, until the caller settles it or puts it
// back.
type Delivery struct {
	ID, Number       int64
	Place, Key       string
	Address          string // envelope address
	AddressKey       string
	Lane             string
	Fields, Digest   []byte
	State            State
	Attempts         int         // earlier tries since it was last made pending
	First            time.Time   // when the first of those began; zero before it
	Fingerprint      Fingerprint // who gets which message; the caller sets it before Begin, if there is a Keeper
	turn             int64       // the run that last tried it
	due              int64       // when it is due, if it is deferred
	inLane           *lane
	settled, started bool   // started: Start has returned nil
	consumed         bool   // it took a place within the limit when it was handed out
	before           before // what Begin changes
}

// before is what a delivery was before it was begun.
type before struct {
	state State
	first time.Time
	turn  int64
}

// Started reports whether the body of a delivery may be on the wire, or was. It is for the delivery's owner.
func (d *Delivery) Started() bool { return d.started }

// Result is what became of a delivery.
type Result struct {
	State                  State
	Due                    time.Time // when to try again, if it is deferred
	Stage                  string    // how far the conversation had come
	Code                   int       // the reply's
	Enhanced, Text, Server string    // Text: the server's words, or the reason
	Time                   time.Time // zero: now
	// Copies are the recipients of copies (cc and bcc) in a try that got as far as the message; nil: there are none.
	// They have no part in the state.
	Copies []Copied
}

// RunOptions says what a run may hand out.
type RunOptions struct {
	// Suppressed is asked for each recipient, within Begin's transaction and again by Start. A reason other than ""
	// suppresses the delivery. It must not use the Ledger. Default: nil, nobody is suppressed.
	//
	// News is called once in each transaction before Suppressed is asked, and by Start if no Start did so for 10 ms: from
	// then on, Suppressed knows whoever was suppressed before, by whatever process. An error means that nobody knows who
	// is. Default: nil, Suppressed always knows.
	Suppressed func(ctx context.Context, addressKey string) (reason string, err error)
	News       func(ctx context.Context) error
	// Now is the clock for what is recorded. Default: time.Now.
	Now func() time.Time
	// Only says which deliveries this run is about. The others stay as they are, and are not work left. Default: nil,
	// all.
	Only func(Delivery) (bool, error)
	// Host is the machine, which the campaign remembers. Default: what it remembers stays.
	Host Host
	// Limit is how many different deliveries the run may try. Trying one again that it deferred does not count.
	// Default: 0, no limit.
	Limit int64
}

// Run is one run of a campaign: it hands out deliveries and records their outcomes. Any number of goroutines may use
// it.
type Run struct {
	l          *Ledger
	no         int64
	first, end int64 // the campaign's ids
	turn       int64
	o          RunOptions

	mu      sync.Mutex
	names   []string // see Lanes
	lanes   []*lane  // those that may still have deliveries, in no order
	place   float64  // of the last delivery handed out, in the order of the run: from 0 to 1 and beyond
	picks   int64
	byNo    map[int64]*lane     // those that may have pending ones on the disk
	swept   int64               // the pending ones up to this id were read for all lanes
	waiting int                 // how many pending ones are in memory
	out     map[int64]*Delivery // handed out and not yet recorded otherwise
	counts  map[State]int64
	ready   int64 // deliveries of this run that are pending or deferred, and not handed out
	again   int64 // those of them that this run tried before
	used    int64 // deliveries that count against the limit
	group   group.Group[entry]
	asked   atomic.Pointer[time.Time] // when a Start last had the news
	marks   *marks.File
	disk    durable.Writer
	owner   string      // of what is kept, or ""
	taken   steps.Group // of the one group that is committed
}

// Run begins a run of a frozen campaign. The caller holds the campaign's Lock until after Close. What an earlier run
// began and never settled becomes unknown; what has certainly not started is as it was before.
func (l *Ledger) Run(ctx context.Context, id string, o RunOptions) (*Run, error) {
	if !l.locked(id) {
		return nil, fmt.Errorf("run %q: %w", id, ErrNotLocked)
	}
	no, _, err := l.find(ctx, id)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &Run{l: l, no: no, o: o, out: map[int64]*Delivery{}, counts: map[State]int64{}}
	r.first, r.end = schema.Span(no)
	r.group.Write, r.group.Again = r.commit, sqlite.Busy
	name := ""
	err = l.db.Write(func(t *sqlite.Tx) error {
		if err := durable.Replay(t, no, l.journalPath(id)); err != nil {
			return err
		}
		if err := recovery.Run(t, no, l.marksPath(id), o.Now()); err != nil {
			return err
		}
		err := t.Row(`UPDATE campaigns SET turn = turn + 1, token = ?1,
				host = iif(?2 = '', host, ?2), host_name = iif(?2 = '', host_name, ?3)
			WHERE no = ?4 RETURNING turn, `+schema.RunName, newRun(), o.Host.ID, o.Host.Name, no).Scan(&r.turn, &name)
		if err != nil {
			return err
		}
		rows, err := t.Query(schema.Counts, no)
		return scanCounts(rows, err, r.counts)
	})
	if err != nil {
		return nil, err
	}
	r.disk = durable.Writer{DB: l.db, Steps: steps.Writer{Campaign: no, Turn: r.turn}, Path: l.journalPath(id), Run: name,
		Eager: l.Eager}
	// Nothing is begun any more, so that the marks of the run before are of no use.
	r.marks, err = marks.Create(l.marksPath(id), name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // without its folder, which was moved, there are no marks
		return nil, l.db.Explain(err)
	}
	if err = r.openLanes(); err == nil {
		r.ready = r.counts[Pending] + r.counts[Deferred]
		if o.Only != nil {
			r.ready, err = r.countOnly(ctx)
		}
	}
	if err != nil {
		return nil, l.db.Explain(errors.Join(err, r.marks.Close()))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running[no] = append(l.running[no], r)
	return r, nil
}

// Forgo takes back that the campaign's first run has begun, so that there was none. No delivery was handed out; the
// caller closes the run. A later run stays begun.
func (r *Run) Forgo(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.l.db.Write(func(t *sqlite.Tx) error {
		_, err := t.Exec("UPDATE campaigns SET turn = 0 WHERE no = ? AND turn = 1", r.no)
		return err
	})
}

// Next hands out a delivery whose lane is not closed: a pending one, in the order of the list, or a deferred one that
// is due at now. The deliveries of all lanes are evenly mixed, and in a lane pending and deferred ones take turns. The
// caller settles every delivery or puts it back.
//
// nil and no error mean that nothing may go now. Then Next also commits what was settled, because the caller is about
// to wait.
func (r *Run) Next(ctx context.Context, closed []string, now time.Time) (*Delivery, error) {
	if err := r.group.Err(); err != nil {
		return nil, err
	}
	d, err := r.pick(ctx, closed, now)
	if d != nil || err != nil {
		return d, err
	}
	return nil, r.Flush(ctx)
}

func (r *Run) pick(ctx context.Context, closed []string, now time.Time) (*Delivery, error) {
	shut := make(map[string]bool, len(closed))
	for _, name := range closed {
		shut[name] = true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.picks++
	for {
		i := r.choose(shut)
		if i < 0 {
			return nil, nil
		}
		ln := r.lanes[i]
		d, err := r.take(ctx, ln, now)
		if err != nil {
			return nil, r.l.db.Explain(err)
		}
		if d != nil {
			r.place = max(r.place, ln.at)
			ln.at = r.place + ln.step
			r.handOut(d)
			return d, nil
		}
		ln.looked = r.picks
		if r.empty(ln) {
			r.retire(i)
		}
	}
}

// choose returns the index of the lane that is next in the order and is neither shut nor looked at in this pick, -1 if
// there is none. A lane of n deliveries comes once in each nth part of the run, so that all lanes end together and no
// lane is sent in a block. A lane that had nothing or was shut for a while is next at once, and does not catch up.
func (r *Run) choose(shut map[string]bool) int {
	best, at := -1, 0.0
	for i, ln := range r.lanes {
		if shut[ln.name] || ln.looked == r.picks {
			continue
		}
		switch here := max(ln.at, r.place); {
		case best < 0, here < at, here == at && ln.at < r.lanes[best].at:
			best, at = i, here
		}
	}
	return best
}

// handOut notes that a caller has d.
func (r *Run) handOut(d *Delivery) {
	d.consumed = d.turn != r.turn
	d.settled, d.started, d.Fingerprint = false, false, Fingerprint{}
	r.ready--
	if d.consumed {
		r.used++
	} else {
		r.again--
	}
	r.out[d.ID] = d
}

// limited reports whether the run may only try again what it tried before.
func (r *Run) limited() bool { return r.o.Limit > 0 && r.used >= r.o.Limit }

// PutBack gives a delivery back that was neither started nor settled. It is as it was, and the next of its lane. One
// that was begun is put back on the disk with the next group; if it was deferred before, it is handed out again after
// that. PutBack does nothing if d is not handed out, or has started.
func (r *Run) PutBack(d *Delivery) {
	if err := r.inHand(d); err != nil || d.started {
		return
	}
	if d.State != Begun {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.putBack(d)
		return
	}
	was := d.before
	_, _ = r.group.Later(entry{d: d, back: &was, let: d.Fingerprint}, true, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		d.State, d.First, d.turn = was.state, was.first, was.turn
		r.counts[Begun]--
		r.counts[d.State]++
		if d.State == Deferred {
			r.release(d) // it is handed out again when the disk has it as deferred
		} else {
			r.putBack(d)
		}
	})
}

// putBack makes d the next of its lane. r.mu is held.
func (r *Run) putBack(d *Delivery) {
	r.release(d)
	r.ready++
	if d.turn == r.turn {
		r.again++
	}
	if d.inLane.putBack(d); d.State == Pending {
		r.waiting++
	}
	r.enlist(d.inLane)
}

// release ends the holding of d, and gives its place within the limit back if it was not tried.
func (r *Run) release(d *Delivery) {
	delete(r.out, d.ID)
	if d.consumed && d.turn != r.turn {
		r.used--
	}
}

// Counts returns how many of the campaign's deliveries are in each state. Outcomes that are settled and not committed
// yet are included. The numbers add up to the campaign's rows.
func (r *Run) Counts() map[State]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.counts)
}

// Close commits what was settled and ends the run. A delivery that is still handed out stays as it is in the ledger: if
// it was started, it will be unknown.
func (r *Run) Close() error {
	if r.group.Closed() {
		return nil
	}
	err := r.Flush(context.Background())
	r.group.Close()
	err = errors.Join(err, r.disk.Close())
	r.l.mu.Lock()
	r.l.running[r.no] = slices.DeleteFunc(r.l.running[r.no], func(other *Run) bool { return other == r })
	r.l.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil && r.counts[Begun] == 0 {
		return r.l.db.Explain(r.marks.Remove())
	}
	return errors.Join(err, r.marks.Close())
}
