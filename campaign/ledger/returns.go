package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mailshot/campaign/ledger/internal/returned"
	"mailshot/internal/sqlite"
)

// Return is something that came back about a delivery: a bounce, a complaint, a reply. It is a record of its own, beside
// the delivery's attempts. Of the message that came back it has one line.
type Return struct {
	Delivery int64 // the ID of the Record that it is about
	// ID names the message that came back, and whom of its recipients it is about: for a delivery the same ID is the same
	// return. Of a Return that was read it is empty: the file keeps a hash of it.
	ID                     string
	Time                   time.Time // when it came back; zero: not known
	Kind, Reason, Enhanced string    // what it is, why, and the enhanced code (RFC 3463), as internal/bounce has them
	Detail                 string    // more of the kind: the feedback type of a complaint, the action of a report
	Line                   string    // the line that decided, at most 300 bytes
	Until                  string    // the day on which the person is back, as 2026-12-07; "" = not known
	Source                 string    // the mailbox or file that it came from, without a secret
	Matched                string    // by what it was found to be about the delivery: "return path", "message id", …
	Verified               bool      // that is proven: nobody else could have made it
	// To is the state that it leads to: Bounced, Complained, or Sent for a message that was delivered. "" = none.
	To State

	Noted  time.Time // when it was recorded; only of a Return that was read
	Effect Effect    // what it did; only of a Return that was read
}

// Effect is what a Return did to its delivery.
type Effect int

// The effects.
const (
	EffectWaits  Effect = iota // nothing yet: the file does not have the delivery's outcome
	EffectLed                  // it led the delivery to Return.To
	EffectNone                 // nothing, for good: it leads to no state, or the delivery was not in one from which it could
	EffectUndone               // it led the delivery there, and a person took that back
)

// String is the effect in a word or a few.
func (e Effect) String() string {
	switch e {
	case EffectWaits:
		return "waits"
	case EffectLed:
		return "led"
	case EffectUndone:
		return "undone"
	}
	return "none"
}

// ReturnResult is what became of one Return. Before and After are the delivery's states.
type ReturnResult struct {
	Missing       bool // the campaign has no such delivery, or not any more; nothing was recorded
	Known         bool // it was recorded before; nothing has changed
	Waits         bool // it is recorded, and leads on as soon as the file has the delivery's outcome
	Before, After State
}

// mostLine is how many bytes of the line that decided are kept.
const mostLine = 300

// Return records what came back about deliveries of a campaign, in the order given, and moves these from sent to bounced
// or complained, from bounced to complained, and from unknown to any of these or to sent. A delivery in any other state
// stays as it is. All of it is one transaction: when Return has returned nil, it is on the disk. A Return that is in the
// file already changes nothing. The results are those of the list, one for each.
//
// It does not need the campaign's lock, and may be called while another process sends. What the file has as pending,
// deferred or begun may have been sent since, so it stays as it is, and the Return waits. The run itself, or whatever
// else brings the delivery's outcome into the file, then moves it.
//
// What came back about somebody who was forgotten is recorded without its words. A row that is in the message of another
// row of its group stands for that one.
func (l *Ledger) Return(ctx context.Context, campaign string, list []Return) (results []ReturnResult, err error) {
	no, _, err := l.find(ctx, campaign)
	if err != nil {
		return nil, err
	}
	now := time.Now().UnixNano()
	rows := make([]returned.Return, len(list))
	for i, r := range list {
		if !l.leads(r.To) || r.ID == "" {
			return nil, fmt.Errorf("what came back about delivery %d leads to %q, or has no ID: %w", r.Delivery, r.To, ErrState)
		}
		sum := sha256.Sum256([]byte(r.ID))
		rows[i] = returned.Return{Delivery: r.Delivery, Hash: sum[:16], Time: sqlite.Stamp(r.Time), Noted: now, Kind: r.Kind,
			Reason: r.Reason, Enhanced: r.Enhanced, Detail: clean(r.Detail), Line: clean(r.Line), Until: r.Until,
			Source: r.Source, Matched: r.Matched, Verified: r.Verified, Leads: r.To.code()}
	}
	var done []returned.Result
	err = l.db.Write(func(t *sqlite.Tx) (err error) {
		done, err = returned.Add(t, no, rows, l.hide(campaign))
		return err
	})
	for _, r := range done {
		results = append(results, ReturnResult{Missing: r.Missing, Known: r.Known, Waits: r.Waits,
			Before: stateOf(r.Before), After: stateOf(r.After)})
	}
	if err != nil {
		return nil, err
	}
	return results, nil
}

// leads reports whether something that came back may lead to a state.
func (l *Ledger) leads(to State) bool { return to == "" || len(sources(byReturn, to)) > 0 }

// clean makes one line of a text, of at most mostLine bytes.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > mostLine {
		end := mostLine
		for !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	return text
}

// hide makes what stands for the hash of a Return of somebody who was forgotten.
func (l *Ledger) hide(campaign string) func([]byte) []byte {
	return func(hash []byte) []byte {
		if l.KeyHash == nil {
			return hash
		}
		return l.KeyHash(campaign, "return "+hex.EncodeToString(hash))[:len(hash)]
	}
}

// ApplyReturns moves the deliveries of a campaign for which a Return waits and whose outcome is in the file, and returns
// how many that were. Whatever brings an outcome into the file does so itself; this is for files of which that is not
// sure. It does not need the campaign's lock.
func (l *Ledger) ApplyReturns(ctx context.Context, campaign string) (n int64, err error) {
	no, _, err := l.find(ctx, campaign)
	if err != nil {
		return 0, err
	}
	err = l.db.Write(func(t *sqlite.Tx) error {
		n, err = returned.Apply(t, no)
		return err
	})
	return n, err
}

// Returns yields what came back about the deliveries of a campaign that the filter chooses, in the order in which it was
// recorded. It reads in pieces, each as of the moment it is read. An error ends it.
func (l *Ledger) Returns(ctx context.Context, campaign string, f Filter) iter.Seq2[Return, error] {
	return func(yield func(Return, error) bool) {
		no, _, err := l.find(ctx, campaign)
		at := int64(0)
		for more := true; more && err == nil; {
			var piece []returned.Return
			piece, err = returned.Next(ctx, l.db.Reading, no, at, f.choice())
			for _, r := range piece {
				if !yield(returnOf(r), nil) {
					return
				}
				at = r.No
			}
			more = len(piece) > 0
		}
		if err != nil {
			yield(Return{}, fmt.Errorf("returns of %q: %w", campaign, l.db.Explain(err)))
		}
	}
}

// CountReturned returns how many deliveries of the campaign there are about which something came back.
func (l *Ledger) CountReturned(ctx context.Context, campaign string) (n int64, err error) {
	no, _, err := l.find(ctx, campaign)
	if err != nil {
		return 0, err
	}
	n, err = returned.Count(ctx, l.db.Reading, no)
	return n, l.db.Explain(err)
}

// ReturnsOf returns all that came back about a Record's delivery, in the order in which it was recorded.
func (l *Ledger) ReturnsOf(ctx context.Context, delivery int64) (all []Return, err error) {
	found, err := returned.Of(ctx, l.db.Reading, delivery)
	for _, r := range found {
		all = append(all, returnOf(r))
	}
	return all, l.db.Explain(err)
}

func returnOf(r returned.Return) Return {
	return Return{Delivery: r.Delivery, Time: sqlite.Moment(r.Time), Kind: r.Kind, Reason: r.Reason, Enhanced: r.Enhanced,
		Detail: r.Detail, Line: r.Line, Until: r.Until, Source: r.Source, Matched: r.Matched, Verified: r.Verified,
		To: stateOf(r.Leads), Noted: sqlite.Moment(r.Noted), Effect: Effect(r.Applied)}
}

// Target is a delivery that something may have come back about: as much of its Record as decides what follows.
type Target struct {
	ID                       int64
	Key, Address, AddressKey string // "" where the person was forgotten
	State                    State
	Tried                    time.Time // when it was tried last; zero = never
}

// Target reads one delivery by the ID of its Record, as the file has it now. ok is false if it is not there, or not any
// more. It costs a tenth of what Deliveries costs for one.
func (l *Ledger) Target(delivery int64) (t Target, ok bool, err error) {
	err = l.db.Read(`SELECT d.id, r.key, r.address, r.address_key, d.state,
			coalesce((SELECT time FROM attempts WHERE no = (SELECT max(no) FROM attempts WHERE delivery = d.id)), 0)
		FROM deliveries d JOIN rows r ON r.id = d.id WHERE d.id = ?`, []any{delivery}, func(r *sqlite.Row) error {
		t = Target{r.Int(), r.Text(), r.Text(), r.Text(), stateOf(r.Int()), sqlite.Moment(r.Int())}
		ok = true
		return nil
	})
	return t, ok, l.db.Explain(err)
}
