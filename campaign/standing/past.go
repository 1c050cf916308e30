package standing

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"mailshot/campaign/check"
	"mailshot/campaign/check/receivers"
	"mailshot/campaign/ledger"
	"mailshot/internal/ellipsis"
	"mailshot/sender/reply"
)

// How far back refusals are looked at, and how many of the newest attempts of a ledger.
const (
	memory  = 60 * 24 * time.Hour
	newest  = 200_000
	fewDown = 5 // refusals of one kind below which they are a note
	kinds   = 3 // of refusals that are said
)

// blames matches words of a server that refuses a message for what it says or for who sends it.
var blames = regexp.MustCompile(`(?i)spam|junk|unsolicited|bulk|blocked|block ?list|blacklist|reputation|policy|dmarc|dkim|\bspf\b|` +
	`unauthenticated|authentication|content|phish|suspicious|listed|abuse`)

// past is refusals of one kind.
type past struct {
	ledger.Refusal
	serious bool // the sender is to blame, and not one message
}

// refused says what servers have refused of this sender, because of what the mail said or who sent it.
func (c Config) refused(ctx context.Context) (found []check.Finding) {
	from := c.Definition.FromDomain()
	if _, err := os.Stat(c.State); c.State == "" || from == "" || err != nil {
		return nil
	}
	l, err := ledger.Open(c.State)
	if err != nil { // whoever sends is told
		return nil
	}
	defer l.Close()
	all, err := l.Refusals(ctx, c.Now.Add(-memory), newest)
	if err != nil {
		return nil
	}
	for _, p := range gathered(all, from) {
		if len(found) == kinds {
			break
		}
		severity := check.Note
		if p.serious || p.N >= fewDown {
			severity = check.Warning
		}
		times := "once"
		if p.N > 1 {
			times = fmt.Sprintf("%d times", p.N)
		}
		found = append(found, c.at(nil, check.Finding{Code: "past-refusals", Severity: severity,
			Text: fmt.Sprintf("mail from %s was refused %s in the last %d days, last on %s by %s: %s", from, times,
				int(memory.Hours()/24), p.Last.In(c.Now.Location()).Format("2 January"), where(p.Refusal), words(p.Refusal)),
			Hint: "mend what these words name before you send"}, "from"))
	}
	return found
}

// gathered are the refusals of mail from an organization for which the mail or its sender is to blame, by codes, the
// most frequent first.
func gathered(all []ledger.Refusal, from string) (list []*past) {
	by := map[string]*past{}
	for _, r := range all {
		sender := strings.TrimRight(r.Sender, "> ")
		if receivers.Organization(sender[strings.LastIndexByte(sender, '@')+1:]) != receivers.Organization(from) {
			continue
		}
		serious, ours := blamed(r)
		if !ours {
			continue
		}
		key := fmt.Sprintf("%d %s", r.Code, r.Enhanced)
		p := by[key]
		if p == nil {
			p = &past{Refusal: r}
			by[key] = p
			list = append(list, p)
			p.N = 0
		}
		p.N += r.N
		p.serious = p.serious || serious
		if r.Last.After(p.Last) {
			n := p.N
			p.Refusal = r
			p.N = n
		}
	}
	slices.SortStableFunc(list, func(a, b *past) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Enhanced, b.Enhanced))
	})
	return list
}

// blamed says whether a refusal is about the sender, or about what the message says.
func blamed(r ledger.Refusal) (serious, ours bool) {
	v := reply.Classify(reply.Stage(r.Stage), r.Code, r.Enhanced, r.Text, reply.System(host(r)))
	policy := strings.HasPrefix(r.Enhanced, "5.7.") || strings.HasPrefix(r.Enhanced, "4.7.") || blames.MatchString(r.Text)
	switch v.About {
	case reply.AboutSender:
		return true, policy
	case reply.AboutMessage, reply.AboutGroup:
		return false, policy && (r.Code >= 500 || blames.MatchString(r.Text))
	}
	return false, false
}

// where is who refused, and for whose recipients, where one provider has them.
func where(r ledger.Refusal) string {
	server := cmp.Or(host(r), "the server")
	if group, _, _ := strings.Cut(r.Lane, " "); group != "" && !strings.HasPrefix(group, "rest-") {
		server += " for recipients at " + group
	}
	return server
}

// host is the name of the server that refused.
func host(r ledger.Refusal) string {
	server, _, _ := strings.Cut(r.Server, " ")
	if name, _, err := net.SplitHostPort(server); err == nil {
		return name
	}
	return server
}

// words are the words of a server, shortened, with its codes.
func words(r ledger.Refusal) string {
	text := strings.Join(strings.Fields(r.Text), " ")
	codes := fmt.Sprint(r.Code)
	if r.Enhanced != "" && !strings.HasPrefix(text, r.Enhanced) {
		codes += " " + r.Enhanced
	}
	return codes + " " + ellipsis.Quote(text, 160)
}
