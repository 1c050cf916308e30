package campaign

import (
	"context"
	"fmt"

	"mailshot/campaign/ledger"
	"mailshot/sender"
	"mailshot/sender/reply"
)

// learn puts the address of a refused delivery on the user's list, where the server's words are about the mailbox and
// last. What is refused in a rehearsal says nothing about the list's people.
func (r *run) learn(d *ledger.Delivery, out sender.Outcome) {
	if !out.Suppress || out.Class != reply.Refuse || r.c.opts.Sink != nil || r.c.opts.To != nil {
		return
	}
	entry := ledger.Entry{
		Domain: r.c.suppress.Domain(), Key: d.AddressKey, Source: "campaign " + r.c.id, Time: r.c.now(),
		Reason: reply.Clean(fmt.Sprintf("refused: %d %s %s", out.Code, out.Enhanced, out.Text)),
	}
	// It is recorded whatever becomes of the run: its context may already have ended.
	if err := r.c.accounts.Suppress(context.Background(), entry); err != nil {
		r.halt(fmt.Errorf("accounts: %w", err))
	}
}
