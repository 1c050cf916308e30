package dispatch

import (
	"context"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/sender"
)

// Deliveries is what a run needs of the memory of a campaign: who is next, and a durable record of each step. A
// [ledger.Run] is one. The package deliveriestest holds an implementation to this contract. Every method is for any
// number of goroutines.
type Deliveries interface {
	// Next hands out a delivery whose lane is not among the closed ones, and that is due at now; nil: there is none. The
	// caller is the only one who has the delivery, until the caller settles it or puts it back.
	Next(ctx context.Context, closed []string, now time.Time) (*ledger.Delivery, error)
	// PutBack returns a delivery that was neither started nor settled. The delivery is as it was before it was begun,
	// and the next of its lane; one that was begun and had been deferred before is so after the next Flush.
	PutBack(d *ledger.Delivery)
	// Begin makes durable that a server may have the message from now on, before it returns. A
	// *[ledger.SuppressedError] says that the recipient is suppressed: the delivery is settled then, and must not leave.
	// After any other error it is not begun. It may come long before Start.
	Begin(ctx context.Context, d *ledger.Delivery) error
	// Start comes right before the first byte of the body of a delivery that was begun; after an error no byte may
	// leave. A *[ledger.SuppressedError] is one as in Begin. What a crash finds begun and not started may be as it was
	// before.
	Start(ctx context.Context, d *ledger.Delivery) error
	// Settle records the outcome of a delivery, which the caller does not have any more. The record is durable with the
	// next Begin or Outlook at the latest, or after Flush.
	Settle(ctx context.Context, d *ledger.Delivery, res ledger.Result) error
	// Outlook makes all outcomes durable, and says what is left, by lane, and when it is due.
	Outlook(ctx context.Context) (ledger.Outlook, error)
	// Counts are the deliveries of the campaign by state; they add up to its rows.
	Counts() map[ledger.State]int64
	// Flush makes all outcomes durable.
	Flush(ctx context.Context) error
}

// Copies are those who get copies of the messages of a run.
type Copies interface {
	// Stale reports whether a message may not go to all of those any more to whom it was to go when it was made.
	Stale(ctx context.Context, d *ledger.Delivery) (bool, error)
	// Copied is what is recorded about the copies of a delivery whose message left.
	Copied(d *ledger.Delivery, said []sender.Copied) []ledger.Copied
}

// Messages makes the finished message of a delivery, as it was planned. An error says why the message is not what was
// planned any more: the delivery is held then, and nothing is sent.
type Messages interface {
	Message(d *ledger.Delivery) (sender.Mail, error)
}
