package returns

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"mailshot/campaign/leaving"
	"mailshot/campaign/ledger"
	"mailshot/render/address"
	"mailshot/render/token"
)

// match is whose message came back, and how that is known.
type match struct {
	by       Way
	campaign *campaign // nil = not found
	row      ledger.Target
	known    bool   // row is there
	id       string // the campaign's, also where its ledger is not here
	domain   string // the sender's
	topic    string
	person   [16]byte // that the token names
	token    *token.Token
	issued   time.Time // when the campaign's first message was made, as far as that is known
	missing  bool      // the ledger of its campaign is not here
	doubt    string    // why what looks like a token is not one, or what it names is not here
}

// verified says that nobody but the sender can have made what the match is by.
func (m *match) verified() bool {
	return m.token != nil && !m.token.Rehearsal || m.by == ByProvider
}

// found says that the match leads to a row.
func (m *match) found() bool { return m.campaign != nil && m.known }

// match finds whose message a message that came back is about.
func (d *Desk) match(ctx context.Context, msg *Message) (*match, error) {
	var found *match
	var doubt string
	for _, place := range []struct {
		by    Way
		use   token.Use
		texts []string
	}{
		{ByReturnPath, token.ReturnPath, locals(append(msg.To[:len(msg.To):len(msg.To)], msg.Senders...))},
		{ByEnvelopeID, token.Envelope, []string{msg.EnvelopeID}},
		{ByUnsubscribe, token.Unsubscribe, append(locals(msg.To), words(msg.Subject)...)},
	} {
		if found != nil && place.use == token.Unsubscribe {
			break
		}
		for _, text := range place.texts {
			for _, one := range token.Find(text) {
				m, err := d.byToken(ctx, msg, one, place.by, place.use)
				switch {
				case err != nil:
					return nil, err
				case m.token == nil:
					doubt = m.doubt
				case found == nil:
					found = m
				case place.use != token.Unsubscribe && !found.same(m):
					return &match{doubt: "it has the tokens of two messages, and is about one of them at most"}, nil
				}
			}
		}
	}
	if found != nil {
		return found, nil
	}
	return d.byMessageID(ctx, msg, doubt)
}

// same says that the tokens of two matches name the same message.
func (m *match) same(other *match) bool {
	return m.token.Campaign == other.token.Campaign && m.token.Person == other.token.Person &&
		m.token.Rehearsal == other.token.Rehearsal
}

// byMessageID finds what the Message-IDs name.
func (d *Desk) byMessageID(ctx context.Context, msg *Message, doubt string) (*match, error) {
	c, row, err := d.byID(ctx, msg.MessageIDs)
	if err != nil || c == nil {
		return &match{doubt: doubt, missing: (d.away || len(d.elsewhere) > 0) && ours(msg.MessageIDs)}, err
	}
	m := &match{by: ByMessageID, campaign: c, id: c.ID, domain: c.domain, row: row, known: true, doubt: doubt}
	if issued, known, err := d.accounts.IssuedAs(ctx, c.ID); err != nil {
		return nil, err
	} else if known {
		m.domain, m.topic = issued.Domain, issued.Topic
	}
	if msg.Trusted {
		m.by = ByProvider
	}
	return m, nil
}

// byToken finds what a token of this use names. Its token is nil if it is not a genuine one.
func (d *Desk) byToken(ctx context.Context, msg *Message, text string, by Way, use token.Use) (*match, error) {
	says, err := token.Read(d.secret, text)
	switch {
	case errors.Is(err, token.ErrNone) && use == token.Unsubscribe && len(text) == token.OldLength:
		return &match{doubt: "a token of an older plan: mailshot suppress add says whose it is"}, nil
	case err != nil:
		return &match{doubt: err.Error()}, nil
	case says.Use != use:
		return &match{doubt: fmt.Sprintf("the token of another use (%s) stands in place of one of a %s", says.Use, use)}, nil
	}
	m := &match{by: by, token: &says, person: says.Person}
	if says.Rehearsal {
		m.doubt = "the token of a rehearsal, which acts on nobody"
		return m, nil
	}
	issued, known, err := d.accounts.Issued(ctx, says.Campaign)
	if err != nil {
		return nil, err
	}
	if !known {
		m.doubt = leaving.ErrUnknown.Error()
		return m, nil
	}
	m.id, m.domain, m.topic, m.issued = issued.ID, issued.Domain, issued.Topic, issued.Time
	if use == token.Unsubscribe {
		return m, nil // the suppression list needs no row
	}
	return m, d.rowOf(ctx, msg, m)
}

// rowOf finds the row that a token names. Campaigns of several folders may have the same id, and rows of the same key:
// then it is the row whose person the message names, and whose message was sent.
func (d *Desk) rowOf(ctx context.Context, msg *Message, m *match) error {
	best := -1
	for _, c := range d.campaigns {
		if c.ID != m.id {
			continue
		}
		if err := d.read(ctx, c); err != nil {
			return err
		}
		if m.campaign == nil {
			m.campaign = c
		}
		n, ok := c.rows[m.person]
		if !ok {
			continue
		}
		row, ok, err := c.target(n)
		if err != nil {
			return err
		}
		if fit := fits(msg, row); ok && fit > best {
			best, m.campaign, m.row, m.known = fit, c, row, true
		}
	}
	if m.known {
		return nil
	}
	m.doubt, m.missing = "the ledger of campaign "+m.id+" is not here", m.campaign == nil
	if !m.missing {
		m.doubt = "the rows of campaign " + m.id + " are gone: it was purged, or the person was forgotten"
	}
	return nil
}

// fits says how well a message may be about a row.
func fits(msg *Message, row ledger.Target) (n int) {
	for _, r := range msg.Reports {
		if row.AddressKey != "" && (keyOf(r.Recipient) == row.AddressKey || keyOf(r.Original) == row.AddressKey) {
			n = 2
		}
	}
	if tried(row.State) {
		n++
	}
	return n
}

// is says whether an address that a report names is the person of the match. Where the rows are gone, the token of a
// campaign whose key is the address still tells.
func (d *Desk) is(m *match, name string) bool {
	a, err := address.ParseLenient(strings.Trim(name, "<> \t"))
	switch {
	case err != nil:
		return false
	case m.known:
		return m.row.AddressKey != "" && a.Key() == m.row.AddressKey
	case m.token == nil || m.id == "":
		return false
	}
	return [16]byte(d.keyHash(m.id, a.Key())) == m.person
}

// locals are what stands before the @ of addresses. A relay may have written the address anew (SRS, BATV, prvs=).
func locals(addresses []string) (all []string) {
	for _, a := range addresses {
		if at := strings.LastIndexByte(a, '@'); at > 0 {
			all = append(all, a[:at])
		}
	}
	return all
}

// keyOf is the key of an address; "" if it is not one.
func keyOf(name string) string {
	a, err := address.ParseLenient(strings.Trim(name, "<> \t"))
	if err != nil {
		return ""
	}
	return a.Key()
}

// words are the words of a subject, without those that token.Find would join.
func words(subject string) []string { return strings.Fields(subject) }

// ours says whether one of these Message-IDs has the form of those that mailshot makes.
func ours(ids []string) bool {
	for _, id := range ids {
		left, _, _ := strings.Cut(strings.ToLower(strings.Trim(id, "<> \t")), "@")
		if form.MatchString(left) {
			return true
		}
	}
	return false
}

// form is that of the left side of a Message-ID, see mailshot/render.MessageID.
var form = regexp.MustCompile(`^[a-z2-7]{26}(?:[a-z2-7]{26})?$`)
