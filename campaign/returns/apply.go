package returns

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
	"mailshot/internal/bounce"
)

// Decide says what follows of each report of a message that came back. It changes nothing.
func (d *Desk) Decide(ctx context.Context, msg *Message) ([]Decision, error) {
	m, err := d.match(ctx, msg)
	if err != nil {
		return nil, err
	}
	var all []Decision
	for i, r := range msg.Reports {
		all = append(all, d.decide(msg, m, r, fmt.Sprintf("%s/%d", msg.ID, i)))
		if m.by == ByUnsubscribe {
			break // it is about who wrote it, whatever else it says
		}
	}
	return all, nil
}

// decide decides about one report of a message that matches so.
func (d *Desk) decide(msg *Message, m *match, r Report, id string) Decision {
	f := facts{
		kind: bounce.Kind(r.Kind), reason: bounce.Reason(r.Reason), by: m.by, verified: m.verified(), row: m.found(),
		state: m.row.State, named: r.Recipient != "" || r.Original != "", act: d.Act,
		person: d.is(m, r.Recipient) || d.is(m, r.Original), provider: msg.Trusted,
	}
	at := cameAt(msg.Time)
	if sent := m.sent(); !sent.IsZero() {
		if f.late = at.Sub(sent); !msg.Time.IsZero() {
			f.late = msg.Time.Sub(sent) // also if that is in the future: then it is not believed
		}
	}
	mark := id
	if m.by != ByUnsubscribe { // who came back may leave again
		mark = m.mark(d, r.Kind)
	}
	f.acted = d.acted(id) || d.acted(mark)
	v := decide(f)
	if v.state == ledger.Bounced && m.row.State == ledger.Complained {
		v.state = "" // a complaint says more
	}
	out := Decision{
		Report: r, By: m.by, Verified: f.verified, Campaign: m.id, Key: m.row.Key, Address: m.row.Address,
		AddressKey: m.row.AddressKey, State: v.state, Action: v.action, Why: v.why,
		Later: m.missing && time.Since(at) < complaintWithin, id: id, mark: mark, source: msg.Source, at: at,
		campaign: m.campaign, delivery: m.row.ID, soft: v.soft, succeeds: v.succeeds && f.verified, entryKey: m.row.AddressKey,
		sent: m.row.Tried,
	}
	if v.leaves {
		out.Domain, out.Topic = m.domain, m.topic
		if out.Topic == "" {
			out.Topic = accounts.Bulk
		}
	}
	if out.entryKey == "" {
		out.entryKey = d.nameOf(m, r)
	}
	if m.by == ByUnsubscribe {
		out.Kind, out.Reason, out.entryKey = Leaving, "", accounts.HiddenKey(m.person)
	}
	if m.doubt != "" && (v.action == Nothing || m.by == ByMessageID) {
		out.Why += " (" + m.doubt + ")"
	}
	return out
}

// cameAt is when a message came back that says t: not after now, and now if it says nothing. Where the mailbox does not
// say, t is what whoever wrote the message says.
func cameAt(t time.Time) time.Time {
	if now := time.Now(); t.After(now) || t.Before(time.Unix(1, 0)) {
		return now
	}
	return t
}

// sent is when the message was sent that a match found. Where the row is gone it is when the campaign began; zero if
// that is not known either.
func (m *match) sent() time.Time {
	switch {
	case !m.row.Tried.IsZero():
		return m.row.Tried
	case m.known:
		return time.Time{}
	}
	return m.issued
}

// Leaving is the kind of a message by which somebody unsubscribes with the token of their message.
const Leaving = "unsubscribe"

// nameOf is the key of the person whose row is gone, and whom a report names.
func (d *Desk) nameOf(m *match, r Report) string {
	for _, name := range []string{r.Recipient, r.Original} {
		if d.is(m, name) {
			return keyOf(name)
		}
	}
	return ""
}

// messages is the box under which the accounts remember what put somebody on the suppression list: the message, and of
// which delivery it was. So a message that is read again, from another box or with another Date, does not act again on a
// person who was taken off the list meanwhile.
const messages = "returns"

// acted says whether a message, or a report of that kind about a delivery, has put somebody on the suppression list.
func (d *Desk) acted(id string) bool { return d.fresh[id] || d.before(id) }

// mark names a kind of report about a delivery.
func (m *match) mark(d *Desk, kind string) string {
	who := m.person
	if m.known {
		who = [16]byte(d.keyHash(m.id, m.row.Key))
	}
	return fmt.Sprintf("%s/%x/%s", m.id, who, kind)
}

// Applied is what Apply has done.
type Applied struct {
	Known      int64                  // reports that were recorded before
	States     map[ledger.State]int64 // deliveries that came to a state
	Suppressed int64                  // people who were put on the suppression list
}

// Apply makes decisions durable: first the suppression list, so that a person is on it when their delivery says why,
// and then each campaign's ledger in one transaction. It may be repeated, also after a kill in the middle: what is
// recorded is not recorded again. The campaigns may be sent meanwhile.
func (d *Desk) Apply(ctx context.Context, all []Decision) (done Applied, err error) {
	done.States = map[ledger.State]int64{}
	if err := d.soften(ctx, all); err != nil {
		return done, err
	}
	var gone, left []accounts.Entry
	var ids []string
	for i := range all {
		o := &all[i]
		switch {
		case o.Action != Suppress || o.entryKey == "" || d.acted(o.id):
			continue
		case o.Topic != "":
			left = append(left, o.entry())
		default:
			gone = append(gone, o.entry())
		}
		ids = append(ids, o.id, o.mark)
	}
	fresh, err := d.accounts.SuppressReturned(ctx, gone)
	if err != nil {
		return done, err
	}
	if err := d.accounts.SuppressAll(ctx, left); err != nil {
		return done, err
	}
	done.Suppressed = int64(fresh + len(left))
	if err := d.accounts.NoteCollected(ctx, messages, ids, time.Now()); err != nil {
		return done, err
	}
	for _, id := range ids {
		d.fresh[id] = true
	}
	for _, c := range d.campaigns {
		var list []ledger.Return
		for i := range all {
			if all[i].campaign == c && all[i].delivery != 0 {
				list = append(list, all[i].row())
			}
		}
		if len(list) == 0 {
			continue
		}
		results, err := c.ledger.Return(ctx, c.ID, list)
		if err != nil {
			return done, fmt.Errorf("%s: %w", c.file, err)
		}
		for _, r := range results {
			if r.Known {
				done.Known++
			} else if r.After != r.Before {
				done.States[r.After]++
			}
		}
	}
	return done, nil
}

// row is what a ledger keeps of a decision.
func (d *Decision) row() ledger.Return {
	return ledger.Return{Delivery: d.delivery, ID: d.id, Time: d.at, Kind: d.Kind, Reason: d.Reason, Enhanced: d.Enhanced,
		Detail: d.Detail, Line: d.Line, Until: d.Until, Source: d.source, Matched: string(d.By), Verified: d.Verified,
		To: d.State}
}

// soften counts soft bounces, those of all decisions at once. The last of as many in a row as take a mailbox off the
// list becomes a decision to suppress.
func (d *Desk) soften(ctx context.Context, all []Decision) error {
	var ends []accounts.End
	var of []*Decision
	for i := range all {
		o := &all[i]
		if soft := o.soft && o.Verified; o.AddressKey != "" && (o.succeeds || soft) {
			ends = append(ends, accounts.End{Person: d.hash(o.AddressKey), Campaign: o.Campaign, At: o.sent, Soft: soft})
			of = append(of, o)
		}
	}
	inARow, err := d.accounts.Ended(ctx, ends)
	if err != nil || d.Soft == 0 {
		return err
	}
	// Whether a message between them came to its end well is looked up where it matters: it costs a reading of each
	// ledger.
	var many []accounts.End
	var last []*Decision
	var works []bool
	for i := len(ends) - 1; i >= 0; i-- {
		if !ends[i].Soft || inARow[i] < d.Soft ||
			slices.ContainsFunc(many, func(e accounts.End) bool { return e.Person == ends[i].Person }) {
			continue
		}
		later := false
		if ends[i].Quiet, later, err = d.quiet(ctx, of[i], all); err != nil {
			return err
		}
		many, last, works = append(many, ends[i]), append(last, of[i]), append(works, later)
	}
	if inARow, err = d.accounts.Ended(ctx, many); err != nil {
		return err
	}
	for i, o := range last {
		if inARow[i] >= d.Soft && !works[i] {
			o.Action, o.Why = Suppress, fmt.Sprintf("%d messages in a row bounced softly", inARow[i])
		}
	}
	return nil
}

// silence is how long nothing comes back about a message that was delivered: servers give up earlier (RFC 5321 section
// 4.5.4.1).
const silence = 7 * 24 * time.Hour

// quiet is when the last message was sent to the person of a decision about which nothing came back, of those that were
// sent before one about which something did, by the ledgers or by any of all decisions, which are not in the ledgers yet.
// So the order in which reports are read has no part in it. later says that nothing came back about one that was sent
// after all of these either. That one is not noted as a success: what comes back about it may lie in the rest of the
// mailbox.
func (d *Desk) quiet(ctx context.Context, o *Decision, all []Decision) (last time.Time, later bool, err error) {
	back, newest := map[string]bool{}, o.sent // the campaigns of which something came back, whatever folder they are in
	for i := range all {
		if all[i].AddressKey == o.AddressKey {
			back[all[i].Campaign] = true
		}
	}
	var silent []ledger.PersonRow
	for _, l := range d.ledgers {
		rows, err := l.Person(ctx, o.AddressKey)
		if err != nil {
			return last, false, err
		}
		for _, r := range rows {
			if r.Last == nil {
				continue
			}
			said, err := l.ReturnsOf(ctx, r.ID)
			if err != nil {
				return last, false, err
			}
			switch {
			case len(said) > 0 || back[r.Campaign.ID]:
				back[r.Campaign.ID] = true
				if r.Last.Time.After(newest) {
					newest = r.Last.Time
				}
			case r.State == ledger.Sent && time.Since(r.Last.Time) >= silence:
				silent = append(silent, r)
			}
		}
	}
	for _, r := range silent {
		switch at := r.Last.Time; {
		case back[r.Campaign.ID]: // of another row of the person, or of a copy of the ledger
		case at.After(newest):
			later = true
		case at.After(last):
			last = at
		}
	}
	return last, later, nil
}
