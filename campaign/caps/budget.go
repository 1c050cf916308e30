package caps

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/sender"
	"mailshot/sender/courtesy"
)

// Budget lets a gate reserve from the user's accounts: the same caps for all campaigns and processes of the user. It is a
// [sender.Budget].
type Budget struct {
	Accounts *ledger.Budget
	Warmup   *Warmup          // nil: the sender is warm
	Now      func() time.Time // nil: the gate's
}

// Reserve is [sender.Budget]'s.
func (b Budget) Reserve(ctx context.Context, now time.Time, ls []sender.Limit) (sender.Reservation, sender.Refusal, error) {
	if b.Now != nil {
		now = b.Now() // the gate's is from before the ledger was asked what may go, which takes a while on a busy disk
	}
	young := ""
	if b.Warmup != nil {
		l, ok, err := b.Warmup.Limit(ctx, now)
		if err != nil {
			return nil, sender.Refusal{}, err
		}
		if ok {
			ls, young = append(slices.Clone(ls), l), l.Key
		}
	}
	converted := make([]ledger.Limit, len(ls))
	for i, l := range ls {
		converted[i] = ledger.Limit{Key: l.Key, Caps: make([]ledger.Cap, len(l.Caps))}
		for j, c := range l.Caps {
			converted[i].Caps[j] = ledger.Cap{N: c.N, Window: c.Window}
		}
	}
	r, key, until, err := b.Accounts.Reserve(ctx, now, converted)
	if b.Warmup != nil {
		if full := key != "" && key == young; b.Warmup.filled(full) {
			until = courtesy.Midnight(now.In(b.Warmup.place))
		}
	}
	if err != nil || key != "" {
		return nil, sender.Refusal{Key: key, Until: until}, err
	}
	return r, sender.Refusal{}, nil
}

// account names whom a server's caps are counted for: a host with a login, this machine's name, or a program.
func account(s *definition.Server) string {
	switch {
	case s.Direct:
		return "direct " + strings.ToLower(s.Helo)
	case s.Sendmail != "":
		return "sendmail " + s.Sendmail
	case s.Socket != "":
		return strings.TrimSpace("socket " + s.Socket + " " + s.Username)
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s", strings.ToLower(s.Host), s.Username))
}

// countedFor names who shares what is counted for a server's own limits.
func countedFor(s *definition.Server) string {
	if group := s.Limits.CapGroup; group != "" {
		return groupKey(group)
	}
	return account(s)
}
