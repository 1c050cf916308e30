// Package filtering shows some of a campaign's messages to a spam filter of this machine, and says as findings what it
// holds against them. Call [Check] with a campaign that is open.
//
// The messages are a sample: the first, the longest and the shortest, some in whose rows something was found, and
// others by chance, always the same ones for one list. Each is shown as it goes out, but for its signature and
// encryption.
package filtering

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/filters"
	"mailshot/internal/ellipsis"
)

// How the sample is made up.
const (
	most    = 20 // messages
	odd     = 6  // of them with findings
	first   = 5  // rows that a finding names
	atOnce  = 2  // messages that the filter looks at
	tooLong = 512 << 10
)

// least is the score from which on a rule is said. SpamAssassin gives rules that only inform 0.01 and less.
const least = 0.1

// away are beginnings of the names of rules about how a message came, which this one did not, and about what only the
// DNS and other networks say.
var away = []string{
	"NO_RECEIVED", "NO_RELAYS", "RDNS_", "ALL_TRUSTED", "UNPARSEABLE_RELAY", "RCVD_", "RECEIVED_", "HFILTER_", "R_SPF_", "SPF_",
	"R_DKIM_", "DKIM_", "DMARC_", "ARC_", "ASN", "ONCE_RECEIVED", "MISSING_RCVD", "AUTH_NA", "VIOLATED_DIRECT_SPF", "DBL_", "URIBL_",
	"SURBL_", "BAYES_", "FORGED_SENDER", "FORGED_RECIPIENTS",
}

// sampled is a message of the sample.
type sampled struct {
	place string
	raw   []byte
}

// sample gathers messages. The zero value is not ready: use newSample.
type sample struct {
	marked map[string]bool // places of rows in which something was found
	chance *rand.Rand
	seen   int64 // messages

	start, longest, shortest *sampled
	found, others            []*sampled
}

func newSample(found []check.Finding) *sample {
	s := &sample{marked: map[string]bool{}, chance: rand.New(rand.NewPCG(1, 2))}
	for _, f := range found {
		s.marked[f.Place] = true
		for _, p := range f.Places {
			s.marked[p] = true
		}
	}
	return s
}

// add takes a message, of which raw makes the octets.
func (s *sample) add(place string, size int64, raw func() ([]byte, error)) error {
	if size > tooLong { // filters leave such messages out
		return nil
	}
	s.seen++
	var one *sampled
	take := func() *sampled { return cmp.Or(one, &sampled{place: place}) }
	if s.start == nil {
		one = take()
		s.start = one
	}
	if s.longest == nil || size > int64(len(s.longest.raw)) {
		one = take()
		s.longest = one
	}
	if s.shortest == nil || size < int64(len(s.shortest.raw)) {
		one = take()
		s.shortest = one
	}
	if s.marked[place] && len(s.found) < odd {
		one = take()
		s.found = append(s.found, one)
	}
	const by = most - odd - 3
	if n := s.chance.Int64N(s.seen); len(s.others) < by { // each message has the same chance (Algorithm R)
		one = take()
		s.others = append(s.others, one)
	} else if n < by {
		one = take()
		s.others[n] = one
	}
	if one == nil {
		return nil
	}
	var err error
	one.raw, err = raw()
	return err
}

// all are the messages of the sample, each once, in the order of their places in it.
func (s *sample) all() (list []*sampled) {
	for _, one := range slices.Concat([]*sampled{s.start, s.longest, s.shortest}, s.found, s.others) {
		if one != nil && !slices.Contains(list, one) {
			list = append(list, one)
		}
	}
	return list
}

// Check makes the messages of a campaign, which is open and made no messages yet, and shows a sample of them to a
// filter. found is what is known of the messages already: those of such rows are in the sample.
func Check(
	ctx context.Context, c *campaign.Campaign, d *definition.Definition, f *filters.Filter, found []check.Finding,
) ([]check.Finding, error) {
	s := newSample(found)
	for m, err := range c.Messages(ctx, campaign.Chosen{}) {
		if err != nil || m.Message == nil { // a check says what is wrong with the row
			continue
		}
		err := s.add(m.Row.Place, m.Message.Size(), func() ([]byte, error) {
			var b bytes.Buffer
			_, err := m.Message.WriteTo(&b)
			return b.Bytes(), err
		})
		m.Message.Release()
		if err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	asked, err := ask(ctx, f, s.all())
	if err != nil {
		return nil, err
	}
	return findings(d, f.Name, asked), nil
}

// answer is what a filter said of a message.
type answer struct {
	place string
	filters.Verdict
}

// ask asks the filter about each message.
func ask(ctx context.Context, f *filters.Filter, list []*sampled) ([]answer, error) {
	said := make([]answer, len(list))
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, one := range list {
		g.Go(func() error {
			v, err := f.Ask(ctx, one.raw)
			mu.Lock()
			defer mu.Unlock()
			said[i] = answer{one.place, v}
			return err
		})
	}
	return said, g.Wait()
}

// rule is a rule with the messages that fulfil it.
type rule struct {
	filters.Rule
	places []string
	n      int64
}

func (r *rule) add(place string) {
	if r.n++; len(r.places) < first {
		r.places = append(r.places, place)
	}
}

// findings are those about messages over the threshold, and one for each rule that counts against a message, with the
// most points first.
func findings(d *definition.Definition, filter string, said []answer) (found []check.Finding) {
	by := map[string]*rule{}
	var rules []*rule
	spam, highest, required := rule{}, 0.0, 0.0
	for _, a := range said {
		score := a.Score
		for _, r := range a.Rules {
			if slices.ContainsFunc(away, func(begin string) bool { return strings.HasPrefix(r.Name, begin) }) {
				score -= r.Score
				continue
			}
			if r.Score < least {
				continue
			}
			if by[r.Name] == nil {
				by[r.Name] = &rule{Rule: r}
				rules = append(rules, by[r.Name])
			}
			of := by[r.Name]
			of.Score = max(of.Score, r.Score)
			of.add(a.place)
		}
		if required = a.Required; score >= required {
			highest = max(highest, score)
			spam.add(a.place)
		}
	}
	if spam.n > 0 {
		found = append(found, check.Finding{
			Code: "spam-score", Severity: check.Warning, Place: d.Name, Rows: spam.n, Places: spam.places,
			Text: fmt.Sprintf("%s takes %d of %d messages for spam: %.1f points, and %.1f are enough (%s)", filter,
				spam.n, len(said), highest, required, ellipsis.List(spam.places, spam.n)),
			Hint: "the rules below say why"})
	}
	slices.SortStableFunc(rules, func(a, b *rule) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Name, b.Name))
	})
	for _, r := range rules {
		f := check.Finding{Code: "spam-rule", Severity: check.Note, Rows: r.n, Places: r.places}
		f.Text = fmt.Sprintf("%s, %s: %.1f points in %d of %d messages", filter, r.Name, r.Score, r.n, len(said))
		if r.Text != "" {
			f.Text += ": " + r.Text
		}
		f.Place, f.Excerpt, f.Column = place(d, r.Name)
		found = append(found, f)
	}
	return found
}

// place is where the cause of a rule is, as far as its name says that.
func place(d *definition.Definition, name string) (at, excerpt string, column int) {
	key := ""
	switch {
	case strings.Contains(name, "SUBJ"):
		key = "subject"
	case strings.Contains(name, "REPLYTO"), strings.Contains(name, "REPTO"):
		key = "reply_to"
	case strings.HasPrefix(name, "FROM_"), strings.HasPrefix(name, "FREEMAIL"), strings.Contains(name, "DISPLAY_NAME"):
		key = "from"
	}
	if key != "" {
		f := check.From(d.Mistake(nil, key, "", "", ""))[0]
		return f.Place, f.Excerpt, f.Column
	}
	html := []string{"HTML", "IMG", "IMAGE", "FONT", "HREF", "URL", "URI", "CSS"}
	body := cmp.Or(d.Body.HTML.Text, d.Body.Markdown.Text)
	if slices.ContainsFunc(html, func(word string) bool { return strings.Contains(name, word) }) && body != "" {
		return body, "", 0
	}
	return d.Name, "", 0
}
