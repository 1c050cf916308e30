// Package linking looks whether the links of a campaign's messages lead somewhere, and says so as findings. A [Survey]
// takes the messages; [Survey.Findings] has the links asked for, which is the only part that uses the network.
//
// A request can do something: a link that is made for a person may register or unsubscribe that person. So a token of
// ours is replaced by one that acts on nobody, and of links that differ only in what cells say, a few are asked for.
package linking

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/links"
	"mailshot/campaign/message"
	"mailshot/cmd/mailshot/opened"
	"mailshot/internal/ellipsis"
	"mailshot/render/token"
)

// alike is how many links are asked for that differ only in what cells say.
const alike = 3

// first is how many rows a finding names.
const first = 5

// Survey gathers the links of messages. The zero value is not ready: use New. It is not safe for concurrent use.
type Survey struct {
	templates []written
	nobody    string // a token that acts on nobody

	links []*link // to be asked for, in the order in which they were found
	by    map[string]*link
	kinds map[string]int // how many are asked for, by what they have in common
	left  bool           // there are links that are not asked for
}

// link is a link with the rows in whose messages it is.
type link struct {
	address string
	rows    int64
	places  []string // of the first rows
	last    string
}

// Check makes the messages of a campaign, which is open and made no messages yet, and looks at their links.
func Check(ctx context.Context, c *campaign.Campaign, d *definition.Definition, asks links.Config) ([]check.Finding, error) {
	s := New(d)
	for m, err := range c.Messages(ctx, campaign.Chosen{}) {
		if err != nil || m.Message == nil { // a check says what is wrong with the row
			continue
		}
		err := s.Add(m)
		m.Message.Release()
		if err != nil {
			return nil, err
		}
		if s.full() {
			break
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.Findings(ctx, asks)
}

// New returns a survey of the messages of a campaign.
func New(d *definition.Definition) *Survey {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	nobody := token.New(secret, token.Campaign{ID: "links"}, token.Unsubscribe, true)
	s := &Survey{nobody: string(nobody.Append(nil, "nobody")),
		by: map[string]*link{}, kinds: map[string]int{}}
	bodies := []definition.Body{d.Body}
	for _, l := range d.Languages.Others {
		bodies = append(bodies, l.Body)
	}
	for _, b := range bodies {
		for _, t := range []definition.Text{b.Markdown, b.HTML, b.Layout} {
			if t.Given() && path.Ext(t.Text) != "" {
				s.templates = append(s.templates, read(d.Dir, t.Text)...)
			}
		}
	}
	s.templates = append(s.templates, read(d.Dir, d.Name)...)
	return s
}

// Add takes the links of a message.
func (s *Survey) Add(m message.Made) error {
	var raw bytes.Buffer
	if _, err := m.Message.WriteTo(&raw); err != nil {
		return err
	}
	seen, err := opened.Read(raw.Bytes())
	if err != nil {
		return err
	}
	for _, address := range seen.Addresses() {
		if u, err := url.Parse(address); err != nil || u.Scheme != "http" && u.Scheme != "https" {
			continue
		}
		for _, t := range token.Find(address) {
			address = strings.ReplaceAll(address, t, s.nobody)
		}
		address, _, _ = strings.Cut(address, "#")
		s.add(address, m.Row.Place, m.Row.Fields)
	}
	return nil
}

// full says that no more links are asked for than there are now.
func (s *Survey) full() bool { return s.left && len(s.links) == links.Most }

func (s *Survey) add(address, place string, cells []string) {
	l := s.by[address]
	if l == nil {
		l = &link{address: address}
		kind := without(address, cells)
		if s.kinds[kind]++; kind != address && s.kinds[kind] > alike || len(s.links) == links.Most {
			s.left = true
			return // it is not kept, so that memory is bounded
		}
		s.by[address] = l
		s.links = append(s.links, l)
	}
	if l.last != place {
		l.last = place
		if l.rows++; len(l.places) < first {
			l.places = append(l.places, place)
		}
	}
}

// without is a link without what cells say in it.
func without(address string, cells []string) string {
	cells = slices.Clone(cells)
	slices.SortFunc(cells, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, c := range cells {
		if c = strings.TrimSpace(c); len(c) < 2 || strings.Contains(c, "://") {
			continue
		}
		for _, form := range []string{c, url.QueryEscape(c), url.PathEscape(c)} {
			address = strings.ReplaceAll(address, form, "\x00")
		}
	}
	return address
}

// Findings asks for the links and returns what is wrong with them.
func (s *Survey) Findings(ctx context.Context, c links.Config) (found []check.Finding, err error) {
	var all []string
	for _, l := range s.links {
		all = append(all, l.address)
	}
	at := map[string]int{} // of the finding about one place of a template, by code and place
	for i, r := range links.Try(ctx, c, all) {
		f, wrong := finding(r)
		if !wrong {
			continue
		}
		l := s.links[i]
		f.Place, f.Excerpt, f.Column = place(s.templates, l.address)
		mine := f.Code + f.Place
		if n, known := at[mine]; known && f.Place != "" {
			found[n].Rows += l.rows
			found[n].Places = append(found[n].Places, l.places...)
			continue
		}
		at[mine] = len(found)
		f.Rows, f.Places = l.rows, slices.Clone(l.places)
		f.Place = cmp.Or(f.Place, l.places[0])
		found = append(found, f)
	}
	for i := range found {
		f := &found[i]
		f.Places = f.Places[:min(len(f.Places), first)]
		if f.Rows > 1 {
			f.Text += fmt.Sprintf(" (%d rows: %s)", f.Rows, ellipsis.List(f.Places, f.Rows))
		} else {
			f.Rows, f.Places = 0, nil
		}
	}
	if s.left {
		found = append(found, check.Finding{Code: "links-left", Severity: check.Note,
			Text: fmt.Sprintf("%d links were asked for, and not all: of those that differ only in what cells say %d are, and "+
				"of all at most %d", len(s.links), alike, links.Most)})
	}
	return found, ctx.Err()
}

// finding says what is wrong with a link.
func finding(r links.Result) (f check.Finding, wrong bool) {
	inside := (*links.Inside)(nil)
	last := r.Link
	if len(r.Hops) > 0 {
		last = r.Hops[len(r.Hops)-1]
	}
	f = check.Finding{Code: "link-fails", Severity: check.Warning}
	switch {
	case errors.As(r.Err, &inside):
		f.Code, f.Severity = "link-inside", check.Error
		f.Text = fmt.Sprintf("the link %s leads where only your machine or network does: %v", r.Link, r.Err)
		f.Hint = "link to what your readers can reach"
	case r.Err != nil:
		f.Text = fmt.Sprintf("the link %s does not work: %v", r.Link, r.Err)
		f.Hint = "open it in a browser"
	case r.Status == http.StatusNotFound || r.Status == http.StatusGone:
		f.Code, f.Severity = "link-dead", check.Error
		f.Text = fmt.Sprintf("the link %s leads nowhere: its server says %d %s", r.Link, r.Status, http.StatusText(r.Status))
		f.Hint = "mend the link, or what it leads to"
	case r.Status >= 400:
		f.Text = fmt.Sprintf("the link %s may not work: its server says %d %s", r.Link, r.Status, http.StatusText(r.Status))
		f.Hint = "some servers answer no program: open it in a browser"
	case r.Moved:
		f.Code, f.Severity = "link-moved", check.Note
		f.Text = fmt.Sprintf("the link %s has moved for good, to %s", r.Link, last)
		f.Hint = "link there"
	default:
		return f, false
	}
	return f, true
}
