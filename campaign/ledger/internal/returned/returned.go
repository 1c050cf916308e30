// Package returned keeps what came back about deliveries, and moves them by it: [Add] records it, [Apply] moves those
// that waited for their outcome, [Undo] takes back what a person does not believe, [Of] and [Last] read it, and [Forget]
// erases a person from it.
//
// A return is a row of its own, which is never changed but for two things: whether it led its delivery to a state, and
// what Forget erases. Whoever records one does not hold the campaign's lock, and a run may be under way. So the file may
// show a delivery as pending, deferred or begun whose message was taken long since: the outcome is in the run's journal,
// or on its way there. Such a delivery stays as it is, and the return waits. Whatever ends the waiting, be it the run's
// own fold, the recovery of a run that died or a person's decision, is followed by Apply in the same transaction. So a
// return waits only where the delivery's outcome is not in the file.
package returned

import (
	"database/sql"
	"errors"

	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// How far a return has come: the numbers in the file.
const (
	Waits  = iota // for the outcome of its delivery
	Led           // its delivery to a state
	Noted         // and nothing else: it leads to no state, or its delivery is not in one from which it could
	Undone        // it led there, and a person took that back; it leads nowhere any more
)

// The same numbers in the text of queries; a test holds them against the constants.
const (
	SQLWaits  = "0"
	SQLLed    = "1"
	SQLUndone = "3"
)

// Return is what came back about one delivery, as it is stored. Times are as they are stored, and states are numbers.
type Return struct {
	No, Delivery           int64
	Hash                   []byte // of what names it
	Time, Noted            int64
	Kind, Reason, Enhanced string
	Detail, Line, Until    string
	Source, Matched        string
	Verified               bool
	Leads                  int64
	Applied                int64
}

// Result is what Add did with one return.
type Result struct {
	Missing, Known bool
	Before, After  int64
	Waits          bool
}

// Moves reports whether what came back moves a delivery from one state to another.
func Moves(from, to int64) bool {
	switch to {
	case schema.Sent:
		return from == schema.Unknown
	case schema.Bounced:
		return from == schema.Sent || from == schema.Unknown
	case schema.Complained:
		return from == schema.Sent || from == schema.Unknown || from == schema.Bounced
	}
	return false
}

// open reports whether the file does not have the delivery's outcome.
func open(state int64) bool {
	return state == schema.Pending || state == schema.Deferred || state == schema.Begun
}

// writer writes what came back about deliveries of one campaign, in one transaction.
type writer struct {
	*sqlite.Tx
	campaign int64
	more     [len(schema.States) + 1]int64 // how many more deliveries are in each state
}

// Add records what came back about deliveries of a campaign, in the order given, and moves them. It needs no lock. hide
// stands for the hash of what came back about somebody who was forgotten: nobody can make it who only guesses.
func Add(t *sqlite.Tx, campaign int64, list []Return, hide func([]byte) []byte) ([]Result, error) {
	w := writer{Tx: t, campaign: campaign}
	journal, err := w.journal()
	if err != nil {
		return nil, err
	}
	all := make([]Result, len(list))
	for i := range list {
		if all[i], err = w.add(list[i], journal, hide); err != nil {
			return nil, err
		}
	}
	if err := w.apply(); err != nil {
		return nil, err
	}
	return all, w.count()
}

// journal reports whether a run has a journal, or died with one: then the file may be behind.
func (w *writer) journal() (is bool, err error) {
	row, err := w.Known("SELECT journal <> '' AND folded >= 0 FROM campaigns WHERE no = ?", w.campaign)
	if err != nil {
		return false, err
	}
	return is, row.Scan(&is)
}

// add records one return.
func (w *writer) add(r Return, journal bool, hide func([]byte) []byte) (res Result, err error) {
	state, tried, erased, err := w.find(&r.Delivery)
	if errors.Is(err, sql.ErrNoRows) {
		return Result{Missing: true}, nil
	}
	if err != nil {
		return res, err
	}
	if erased {
		r.Hash, r.Detail, r.Line, r.Until = hide(r.Hash), "", "", ""
	}
	// Without a journal, what is pending or deferred in the file has not been begun since. If it was tried before, this is
	// about that: the message that is still to go did not cause it.
	earlier := !journal && tried && state != schema.Begun
	applied := Noted
	switch {
	case Moves(state, r.Leads):
		applied = Led
	case r.Leads != 0 && open(state) && !earlier:
		applied = Waits
	}
	n, err := w.Exec(`INSERT OR IGNORE INTO returns(delivery, hash, time, noted, kind, reason, enhanced, detail, line, until,
			source, matched, verified, leads, applied) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.Delivery, r.Hash, r.Time, r.Noted, r.Kind, r.Reason, r.Enhanced, r.Detail, r.Line, r.Until,
		r.Source, r.Matched, r.Verified, r.Leads, applied)
	if err != nil {
		return res, err
	}
	res = Result{Known: n == 0, Before: state, After: state}
	if n == 0 {
		return res, nil
	}
	if res.Waits = applied == Waits; applied != Led {
		return res, nil
	}
	res.After = r.Leads
	return res, w.move(r.Delivery, state, r.Leads)
}

// find returns what a delivery of the campaign is, and whether it was tried, and whether its row was emptied. One that
// is in the message of another row becomes that one. It is sql.ErrNoRows if there is none.
func (w *writer) find(delivery *int64) (state int64, tried, erased bool, err error) {
	first, end := schema.Span(w.campaign)
	row, err := w.Known(`SELECT d.id, d.state, `+schema.Tried+`, r.key = '' AND r.address_key = '' FROM deliveries d
		JOIN rows r ON r.id = d.id
		WHERE d.id = coalesce((SELECT carrier FROM members WHERE row = ?1), ?1) AND d.id >= ?2 AND d.id < ?3`,
		*delivery, first, end)
	if err == nil {
		err = row.Scan(delivery, &state, &tried, &erased)
	}
	return state, tried, erased, err
}

// move moves a delivery. Nothing else about it changes: its attempts are what they were.
func (w *writer) move(delivery, from, to int64) error {
	n, err := w.Exec("UPDATE deliveries SET state = ? WHERE id = ? AND state = ?", to, delivery, from)
	w.more[from]--
	w.more[to]++
	return schema.Changed(n, 1, err)
}

// count keeps how many deliveries are in each state.
func (w *writer) count() error {
	for state, n := range w.more {
		if n == 0 {
			continue
		}
		if _, err := w.Exec(`INSERT INTO counts(campaign, state, n) VALUES (?, ?, ?)
			ON CONFLICT (campaign, state) DO UPDATE SET n = n + excluded.n`, w.campaign, state, n); err != nil {
			return err
		}
	}
	w.more = [len(schema.States) + 1]int64{}
	return nil
}

// Apply ends the waiting of what came back about deliveries of the campaign whose outcome is in the file now. It returns
// how many deliveries it moved. Where nothing waits it costs one look into an empty index.
func Apply(t *sqlite.Tx, campaign int64) (n int64, err error) {
	first, end := schema.Span(campaign)
	row, err := t.Known("SELECT EXISTS (SELECT 1 FROM returns INDEXED BY returns_waiting"+waiting+")", first, end)
	var any bool
	if err == nil {
		err = row.Scan(&any)
	}
	if err != nil || !any {
		return 0, err
	}
	w := writer{Tx: t, campaign: campaign}
	if err := w.apply(); err != nil {
		return 0, err
	}
	for _, more := range w.more {
		n += max(more, 0)
	}
	return n, w.count()
}

const waiting = " WHERE applied = " + SQLWaits + " AND delivery >= ? AND delivery < ?"

// apply is Apply without the counting.
func (w *writer) apply() error {
	type ready struct{ no, delivery, state, leads int64 }
	var list []ready
	first, end := schema.Span(w.campaign)
	rows, err := w.Query(`SELECT b.no, d.id, d.state, b.leads FROM returns b INDEXED BY returns_waiting
		JOIN deliveries d ON d.id = b.delivery
		WHERE b.applied = `+SQLWaits+` AND b.delivery >= ? AND b.delivery < ? AND d.state NOT IN `+schema.Undecided+`
		ORDER BY b.no`, first, end)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var r ready
		err := rows.Scan(&r.no, &r.delivery, &r.state, &r.leads)
		list = append(list, r)
		return err
	})
	if err != nil {
		return err
	}
	now := map[int64]int64{} // what deliveries are that were moved
	for _, r := range list {
		if state, moved := now[r.delivery]; moved {
			r.state = state
		}
		applied := Noted
		if Moves(r.state, r.leads) {
			applied = Led
			if err := w.move(r.delivery, r.state, r.leads); err != nil {
				return err
			}
			now[r.delivery] = r.leads
		}
		n, err := w.Exec("UPDATE returns SET applied = ? WHERE no = ? AND applied = "+SQLWaits, applied, r.no)
		if err := schema.Changed(n, 1, err); err != nil {
			return err
		}
	}
	return nil
}

// Recount is Apply, and then schema.Recount: what a step that is about many deliveries of a campaign ends with.
func Recount(t *sqlite.Tx, campaign int64) error {
	if _, err := Apply(t, campaign); err != nil {
		return err
	}
	return schema.Recount(t, campaign)
}

// Undo takes back where what came back led the deliveries that a query chooses.
func Undo(t *sqlite.Tx, chosen string, args ...any) error {
	_, err := t.Once("UPDATE returns SET applied = "+SQLUndone+" WHERE applied = "+SQLLed+" AND delivery IN ("+chosen+")",
		args...)
	return err
}

// Forget erases a person from what came back about their delivery. hide is that of Add.
func Forget(t *sqlite.Tx, delivery int64, hide func([]byte) []byte) error {
	hashes := map[int64][]byte{}
	rows, err := t.Query("SELECT no, hash FROM returns WHERE delivery = ?", delivery)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var no int64
		var hash []byte
		err := rows.Scan(&no, &hash)
		hashes[no] = hash
		return err
	})
	for no, hash := range hashes {
		if err == nil {
			_, err = t.Exec("UPDATE returns SET hash = ?, detail = '', line = '', until = '' WHERE no = ?", hide(hash), no)
		}
	}
	return err
}

// ForgetMentions erases the lines that have an address in them, whoever's delivery they are about.
func ForgetMentions(t *sqlite.Tx, address string) error {
	_, err := t.Exec(`UPDATE returns SET line = '', detail = ''
		WHERE instr(lower(line), lower(?1)) > 0 OR instr(lower(detail), lower(?1)) > 0`, address)
	return err
}

// Purge erases what came back about the deliveries with ids from first to last.
func Purge(t *sqlite.Tx, first, last int64) error {
	_, err := t.Exec("DELETE FROM returns WHERE delivery >= ? AND delivery <= ?", first, last)
	return err
}
