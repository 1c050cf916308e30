package repeats

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
)

// Recorder is a run of the ledger of which it is remembered, in the user's accounts, who gets which message. Before the
// first byte of a message leaves, that is on the disk: in the accounts, or in the ledger's journal, from which it comes
// into the accounts with the outcomes of many messages. The accounts know of the ledger, so whoever may have got a
// message is found also after a kill: see [Load]. It is forgotten again if the message was not sent, or if the server
// gives a complete refusal. A kill in between leaves too much, never too little. Call [Recorder.Made] for each message
// before it begins; close the run, and then the Recorder.
type Recorder struct {
	*ledger.Run
	memory *accounts.Memory
	person func(addressKey string) uint64
	key    []byte
	lost   bool // the ledger has lost some of what runs before could not give
}

// Record makes a recorder of a run of a ledger that has nothing handed out yet: of a mailing whose copies are kept for
// so many days.
func Record(ctx context.Context, a *accounts.Accounts, l *ledger.Ledger, run *ledger.Run, m accounts.Mailing, keep int,
	now func() time.Time) (*Recorder, error) {
	r := &Recorder{Run: run}
	var err, err2, err3, err4 error
	var owner string
	r.memory, err = a.Remember(ctx, m, keep, now())
	r.person, err2 = a.Person(ctx)
	r.key, err3 = a.ContentKey(ctx)
	owner, err4 = ownerOf(ctx, a)
	if err := errors.Join(err, err2, err3, err4); err != nil {
		return nil, err
	}
	// What the run before could not give any more. The caller has the campaign's lock.
	var failed error
	err = l.Take(ctx, m.ID, owner, func(list []ledger.Fingerprint, _ bool) error {
		if len(list) > 0 {
			failed = r.memory.Update(copies(list), nil, now())
		}
		return failed
	})
	if failed == nil && errors.Is(err, ledger.ErrTakeLost) {
		r.lost, err = true, nil
	}
	run.Keep(ledger.Keeper{Owner: owner, Keep: func(gets, lets []ledger.Fingerprint) error {
		return r.memory.Update(copies(gets), copies(lets), now())
	}})
	return r, err
}

// ownerOf tells what these accounts are to remember from what others are: by their secret, without telling it.
func ownerOf(ctx context.Context, a *accounts.Accounts) (string, error) {
	key, err := a.OwnerKey(ctx)
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(key[:8]), nil
}

func copies(list []ledger.Fingerprint) []accounts.Copy {
	all := make([]accounts.Copy, len(list))
	for i, f := range list {
		all[i] = accounts.Copy(f)
	}
	return all
}

// Message is a finished message, as render.Message.
type Message interface {
	Content(key []byte, person string) uint64
}

// Made says which message a delivery is. The caller owns the delivery, which has not begun.
func (r *Recorder) Made(d *ledger.Delivery, m Message) {
	d.Fingerprint = ledger.Fingerprint{Person: r.person(d.AddressKey), Content: m.Content(r.key, d.AddressKey)}
}

// Close says, after the run was closed well, that all is remembered in the accounts; but not if the ledger has lost
// some: then whoever asks is told so.
func (r *Recorder) Close() error {
	if r.lost {
		return nil
	}
	return r.memory.Close()
}
