package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/campaign/pacing"
	"mailshot/sender"
	"mailshot/sender/reply"
	"mailshot/sender/smtp"
)

// mostAnswers is how many kinds of replies a stop-loss names.
const mostAnswers = 3

// closed ends the run before it speaks to a server where nothing may go for longer than the run is patient. The reason
// is in r.stopped.
func (r *Run) closed(ctx context.Context) error {
	groups := make([]string, len(r.lanes))
	for i, lane := range r.lanes {
		groups[i] = pacing.GroupOf(lane)
	}
	if b := r.c.Pacer.Breach(groups...); b != nil {
		why, err := r.loss(ctx, b)
		r.stopped = why
		return err
	}
	now := r.c.Now()
	first := r.c.Pacer.Openings(now, r.lanes).First(r.lanes)
	if first.Never || first.NotBefore.Sub(now) > patience && !r.c.Wait {
		r.stopped, r.opensAt = first.Because, first.NotBefore
	}
	return nil
}

// judge tells the warm-up of an outcome, and ends the run when the outcome hits a stop-loss; b is nil if it hits none.
func (r *Run) judge(a *admission, s ledger.State, b *pacing.Breach, now time.Time) {
	if warm := a.to.Warmup; warm != nil {
		if err := warm.Settled(context.Background(), s, now); err != nil {
			r.halt(fmt.Errorf("accounts: %w", err))
		}
	}
	if b == nil {
		return
	}
	r.mu.Lock()
	stopping := r.stopped != ""
	r.mu.Unlock()
	if stopping {
		return
	}
	why, err := r.loss(context.Background(), b)
	if err != nil {
		r.halt(err)
		return
	}
	r.finish(why, false)
}

// loss says in words what stopped the run, with the replies that did.
func (r *Run) loss(ctx context.Context, b *pacing.Breach) (string, error) {
	if err := r.c.Deliveries.Flush(ctx); err != nil {
		return "", err
	}
	states := map[string][]ledger.State{
		"refused": {ledger.Refused, ledger.GaveUp}, "deferred": {ledger.Deferred}, "unknown": {ledger.Unknown},
	}[b.Loss.What]
	var lanes []string
	whose := ""
	if b.Group != "" {
		whose = b.Group + ": "
		for _, lane := range r.lanes {
			if pacing.GroupOf(lane) == b.Group {
				lanes = append(lanes, lane)
			}
		}
	}
	text := "stop-loss: " + whose + b.Loss.String()
	if r.c.Answers != nil {
		answers, err := r.c.Answers(ctx, lanes, states, mostAnswers)
		if err != nil {
			return "", err
		}
		var said []string
		for _, a := range answers {
			said = append(said, fmt.Sprintf("%d × %s", a.N, quote(a.Code, a.Enhanced, a.Text)))
		}
		if len(said) > 0 {
			text += ": " + strings.Join(said, ", ")
		}
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

// dislike notes that a server refused a message whoever it is for, and ends the run after too many in a row: that is
// not one recipient's fault, and everyone else's message would be refused too.
func (r *Run) dislike(s *server, out sender.Outcome) {
	if out.Class != reply.Message || out.Code == 0 || errors.Is(out.Err, smtp.ErrUnfit) { // not the server's words
		return
	}
	r.mu.Lock()
	s.disliked++
	n, most := s.disliked, r.c.Pacer.MostRefusals()
	r.mu.Unlock()
	if most == 0 || n < most {
		return
	}
	r.finish(fmt.Sprintf("stop-loss: %d messages in a row refused by %s whoever they were for, the last with %s "+
		"(find the cause with mailshot report; then mend the message, or raise limits.stop_loss.content, and send again; "+
		"mailshot retry brings back those refused)",
		most, s.Name, quote(out.Code, out.Enhanced, out.Text)), false) // others may have been under way: not n
}

// repeatable reports whether a server refused a recipient with words of its own.
func repeatable(out sender.Outcome) bool { return out.Class == reply.Refuse && out.Code != 0 }

// alike notes that a server refused a recipient, and ends the run when it refused too many of several domains in a row
// with the same words: that is about the sender, and everyone else would be refused too.
func (r *Run) alike(a *admission, out sender.Outcome) {
	if !repeatable(out) {
		return
	}
	r.mu.Lock()
	same := a.to.refusals.add(refusal{d: a.d, out: out})
	n, domains, most := same.n, len(same.domains), r.c.Pacer.MostSame()
	r.mu.Unlock()
	if most == 0 || n < most || domains < fewestDomains {
		return
	}
	r.finish(fmt.Sprintf("stop-loss: %d recipients of %d domains in a row refused by %s with the same words, the last with %s; "+
		"such words are about the sender, and nobody was put on the suppression list for them "+
		"(find the cause with mailshot report; then mend the account, or raise limits.stop_loss.same_refusal, and send again; "+
		"mailshot retry brings back those refused)",
		most, domains, a.to.Name, quote(out.Code, out.Enhanced, out.Text)), false)
}

// doubt notes that nobody knows whether a server took a message. After too many in a row the server gets nothing
// more. The run ends where there is no other server.
func (r *Run) doubt(s *server, out sender.Outcome) {
	r.mu.Lock()
	s.doubts++
	n, most := s.doubts, r.c.Pacer.MostDoubts()
	others := slices.ContainsFunc(r.servers, func(o *server) bool { return o != s && !o.out() })
	news := false
	why := fmt.Sprintf("stop-loss: %d messages in a row without a reply from %s that says whether it took them, the last with %s "+
		"(ask whoever runs the server; then decide with mailshot resolve what became of them, and send again; "+
		"or raise limits.stop_loss.unknown_in_a_row)", most, s.Name, quote(out.Code, out.Enhanced, words(out)))
	if most > 0 && n >= most && others {
		news = s.health.stop(why)
	}
	r.mu.Unlock()
	switch {
	case most == 0 || n < most:
	case !others:
		r.finish(why, false)
	case news:
		r.missing(s)
	}
}
