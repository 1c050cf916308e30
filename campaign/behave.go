package campaign

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"mailshot/campaign/caps"
	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/sender"
	"mailshot/sender/reply"
	"mailshot/sender/smtp"
)

// behaviour is what the campaign's file asks for, from where earlier runs have come to. Trying out, into a sink or to one
// address, knows no hours and no waves.
func (c *Campaign) behaviour(ctx context.Context, l *ledger.Ledger) (*manners, error) {
	own, s := c.def.Limits.Courtesy, c.def.Schedule
	trial := c.opts.Sink != nil || c.opts.To != nil
	var p ledger.Progress
	if !trial && (len(own.Waves.Sizes) > 0 || own.StopLoss.Shares()) {
		var err error
		if p, err = l.Progress(ctx, c.id); err != nil {
			return nil, err
		}
	}
	m := newManners(p)
	m.place = s.Location()
	if !trial {
		m.waves, m.stopLoss, m.hours, m.zones, m.notAfter = own.Waves, own.StopLoss, s.Hours, s.ZoneColumn.Given(), s.NotAfter
		m.stopLoss.Content = cmp.Or(m.stopLoss.Content, contentRefusals)
	}
	return m, nil
}

// warmth is that of a server for which this is a new sender, nil for one that is warm.
func (c *Campaign) warmth(s *definition.Server) *caps.Warmup {
	if c.opts.Sink != nil {
		return nil
	}
	return caps.NewWarmup(s, c.def.Schedule.Location(), c.accounts)
}

// closed ends the run before it speaks to a server, where nothing may go for longer than it is patient. The reason is in r.stopped.
func (r *run) closed(ctx context.Context) error {
	now, lanes := r.c.now(), r.state.Lanes()
	groups := make([]string, len(lanes))
	for i, lane := range lanes {
		groups[i] = groupOf(lane)
	}
	if b := r.manners.breach(groups...); b != nil {
		why, err := r.loss(ctx, b)
		r.stopped = why
		return err
	}
	may := r.manners.leave(now, lanes)
	until := may.until
	if !may.all {
		if len(may.closed) < len(lanes) {
			return nil
		}
		for _, opens := range may.closed {
			if until.IsZero() || opens.Before(until) {
				until = opens
			}
		}
	}
	if may.over || until.Sub(now) > patience && !r.o.Wait {
		r.stopped, r.opensAt = may.why, until
	}
	return nil
}

// judge tells manners and warm-up what became of a delivery, and ends the run when too much went wrong.
func (r *run) judge(a *admission, s ledger.State) {
	now := r.c.now()
	r.mu.Lock()
	b := r.manners.settled(a.d, s, now)
	stopping := r.stopped != ""
	r.mu.Unlock()
	if warm := a.to.warm; warm != nil {
		if err := warm.Settled(context.Background(), s, now); err != nil {
			r.halt(fmt.Errorf("accounts: %w", err))
		}
	}
	if b == nil || stopping {
		return
	}
	why, err := r.loss(context.Background(), b)
	if err != nil {
		r.halt(err)
		return
	}
	r.finish(why, false)
}

// contentRefusals is how many messages in a row one server may refuse whoever they are for, where the campaign file says nothing.
const contentRefusals = 10

// mostAnswers is how many kinds of replies a stop-loss names.
const mostAnswers = 3

// loss says in words what stopped the run, with the replies that did.
func (r *run) loss(ctx context.Context, b *breach) (string, error) {
	if err := r.state.Flush(ctx); err != nil {
		return "", err
	}
	states := map[string][]ledger.State{"refused": {ledger.Refused, ledger.GaveUp}, "deferred": {ledger.Deferred}, "unknown": {ledger.Unknown}}[b.loss.What]
	var lanes []string
	whose := ""
	if b.group != "" {
		whose = b.group + ": "
		for _, lane := range r.state.Lanes() {
			if groupOf(lane) == b.group {
				lanes = append(lanes, lane)
			}
		}
	}
	answers, err := r.c.ledger.Answers(ctx, r.c.id, lanes, states, mostAnswers)
	if err != nil {
		return "", err
	}
	var said []string
	for _, a := range answers {
		said = append(said, fmt.Sprintf("%d × %s", a.N, quote(a.Code, a.Enhanced, a.Text)))
	}
	text := "stop-loss: " + whose + b.loss.String()
	if len(said) > 0 {
		text += ": " + strings.Join(said, ", ")
	}
	return text + " (find the cause with mailshot report; then raise limits.stop_loss and send again, or cancel what is left)", nil
}

// quote writes a reply on one line.
func quote(code int, enhanced, text string) string {
	said := fmt.Sprintf("%q", strings.Join(strings.Fields(text), " "))
	if code != 0 {
		said = strings.TrimSpace(fmt.Sprintf("%d %s", code, enhanced)) + " " + said
	}
	return said
}

// disliked notes that a server refused a message whoever it is for, and ends the run after too many in a row: it is no
// person's fault then, and everyone else's message would be refused too.
func (r *run) disliked(s *server, out sender.Outcome) {
	if out.Class != reply.Message || out.Code == 0 || errors.Is(out.Err, smtp.ErrUnfit) { // not the server's words
		return
	}
	r.mu.Lock()
	s.disliked++
	n, most := s.disliked, r.manners.stopLoss.Content
	r.mu.Unlock()
	if most == 0 || n < most {
		return
	}
	r.finish(fmt.Sprintf("stop-loss: %d messages in a row refused by %s whoever they were for, the last with %s (find the cause with "+
		"mailshot report; then mend the message, or raise limits.stop_loss.content, and send again; mailshot retry brings back those refused)",
		n, s.def.Name, quote(out.Code, out.Enhanced, out.Text)), false)
}

// holdGroup puts off a delivery whose group's server wants to be left alone, and the group with it.
func (r *run) holdGroup(a *admission, out sender.Outcome) {
	group := groupOf(a.d.Lane)
	now := r.c.now()
	r.mu.Lock()
	until := r.manners.slower(group, now, out.HoldOff)
	r.mu.Unlock()
	out.HoldOff = max(out.HoldOff, until.Sub(now))
	r.defers(a, out)
	r.answered(a.to)
	r.observe(Event{Kind: "hold", Text: group + ": " + words(out), Until: until})
}
