// Package steps writes what a run does to its deliveries, many of them in one statement: [Writer.Write].
//
// Every statement says which state a delivery is in, and it is an error if a record is not as the run has it: then
// another process has changed the ledger.
package steps

import (
	"strings"

	"mailshot/campaign/ledger/internal/cc"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// Step is one step of a delivery. Times are as they are stored.
type Step struct {
	ID          int64
	From, To    int64 // states
	Attempts    int   // that were recorded before
	Due         int64
	First, Turn int64 // after the step
	Tried       bool  // it is an attempt, of which the rest is recorded
	Reason      string
	Time        int64
	Code        int
	Stage       string
	Enhanced    string
	Text        string
	Server      string
	Copies      []cc.Recipient // what was said about the recipients of copies; only with Tried
}

// Writer writes the steps of one campaign in one turn. It keeps what it needs again, and is for one group at a time.
type Writer struct {
	Campaign, Turn int64

	args  []any
	ids   []int64
	fresh []int64
	texts map[text]string
}

// text is a statement about n deliveries.
type text struct {
	start, more, end string
	n                int
}

// most is how many deliveries one statement is about. Groups are small, so that there is a text for each size up to
// exact.
const most, exact = 64, 16

// Write writes the steps of one group, in a transaction of the holder of the campaign's lock: what is put back is what
// it was before it was begun; then outcomes are recorded; then deliveries are begun, at now. It keeps how many
// deliveries are in each state.
func (w *Writer) Write(t *sqlite.Tx, now int64, back, outcomes, begun []Step) error {
	if w.texts == nil {
		w.texts = map[text]string{}
	}
	// After an error nothing more is written: SQLite may have ended the transaction.
	if err := putBack(t, back); err != nil { // first: what is put back may have been settled since
		return err
	}
	if err := w.settle(t, now, outcomes); err != nil {
		return err
	}
	if err := w.begin(t, now, begun); err != nil {
		return err
	}
	return w.tally(t, back, outcomes, begun)
}

// begin makes deliveries begun, at this time. When one was due stays: a recovery that finds it not started needs that.
func (w *Writer) begin(t *sqlite.Tx, now int64, list []Step) error {
	const set = "UPDATE deliveries SET state = " + schema.SQLBegun + ", turn = ?1, first = iif(first = 0, ?2, first) "
	fresh := w.ids[:0]
	for i := range list {
		s := &list[i]
		if s.From == schema.Pending {
			fresh = append(fresh, s.ID)
			continue
		}
		if err := one(t.Exec(set+"WHERE id = ?3 AND state = ?4 AND attempts = ?5",
			w.Turn, now, s.ID, s.From, s.Attempts)); err != nil {
			return err
		}
	}
	w.ids = fresh
	return w.each(t, set+"WHERE id IN (?", ", ?", ") AND state = "+schema.SQLPending+" AND attempts = 0", fresh, w.Turn, now)
}

// putBack makes deliveries that were begun what they were before.
func putBack(t *sqlite.Tx, list []Step) error {
	for i := range list {
		s := &list[i]
		err := one(t.Exec("UPDATE deliveries SET state = ?, turn = ?, first = ? WHERE id = ? AND state = ? AND attempts = ?",
			s.To, s.Turn, s.First, s.ID, s.From, s.Attempts))
		if err != nil {
			return err
		}
	}
	return nil
}

// settle moves deliveries to their outcomes, and records the attempts.
func (w *Writer) settle(t *sqlite.Tx, now int64, list []Step) error {
	sent, fresh := w.ids[:0], w.fresh[:0]
	for i := range list {
		s := &list[i]
		switch {
		case s.From == schema.Begun && s.To == schema.Sent:
			sent = append(sent, s.ID)
			continue
		case s.From == schema.Pending && s.To == schema.Sent && s.Attempts == 0:
			fresh = append(fresh, s.ID)
			continue
		}
		tries := 0
		if s.Tried {
			tries = 1
		}
		if err := one(t.Exec(`UPDATE deliveries SET state = ?, due = ?, attempts = attempts + ?, turn = ?, first = ?, reason = ?
			WHERE id = ? AND state = ?`, s.To, s.Due, tries, s.Turn, s.First, s.Reason, s.ID, s.From)); err != nil {
			return err
		}
	}
	w.ids, w.fresh = sent, fresh
	// When it was first tried is there since it was begun.
	const set = "UPDATE deliveries SET state = " + schema.SQLSent + ", due = 0, attempts = attempts + 1, turn = ?1, " +
		"first = iif(first = 0, ?2, first), reason = '' WHERE id IN (?"
	if err := w.each(t, set, ", ?", ") AND state = "+schema.SQLBegun, sent, w.Turn, now); err != nil {
		return err
	}
	if err := w.each(t, set, ", ?", ") AND state = "+schema.SQLPending+" AND attempts = 0", fresh, w.Turn, now); err != nil {
		return err
	}
	return w.attempts(t, list)
}

// each runs a statement for all deliveries with these ids, which come behind the arguments.
func (w *Writer) each(t *sqlite.Tx, start, more, end string, ids []int64, first, second any) error {
	for len(ids) > 0 {
		n := size(len(ids))
		w.args = append(w.args[:0], first, second)
		for _, id := range ids[:n] {
			w.args = append(w.args, id)
		}
		if err := w.run(t, text{start, more, end, n}); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// size is how many of n deliveries the next statement is about.
func size(n int) int {
	switch {
	case n >= most:
		return most
	case n > exact:
		return exact
	}
	return n
}

// run runs the statement with the arguments that were gathered. It must change n records.
func (w *Writer) run(t *sqlite.Tx, about text) error {
	query, ok := w.texts[about]
	if !ok {
		query = about.start + strings.Repeat(about.more, about.n-1) + about.end
		w.texts[about] = query
	}
	done, err := t.Exec(query, w.args...)
	return schema.Changed(done, int64(about.n), err)
}

// attempts records the steps that are attempts, and what was said about copies beside each.
func (w *Writer) attempts(t *sqlite.Tx, list []Step) error {
	for i := range list {
		if len(list[i].Copies) == 0 {
			continue
		}
		if err := w.plain(t, list[:i]); err != nil {
			return err
		}
		if err := w.plain(t, list[i:i+1]); err != nil {
			return err
		}
		if err := cc.Add(t, list[i].ID, list[i].Copies); err != nil {
			return err
		}
		return w.attempts(t, list[i+1:])
	}
	return w.plain(t, list)
}

// plain records the steps that are attempts.
func (w *Writer) plain(t *sqlite.Tx, list []Step) error {
	const record = "(?, ?, ?, ?, ?, ?, ?, ?)"
	left := 0
	for i := range list {
		if list[i].Tried {
			left++
		}
	}
	w.args = w.args[:0]
	n, gathered := size(left), 0
	for i := range list {
		s := &list[i]
		if !s.Tried {
			continue
		}
		w.args = append(w.args, s.ID, s.Time, s.To, s.Stage, s.Code, s.Enhanced, s.Text, s.Server)
		if gathered++; gathered < n {
			continue
		}
		if err := w.run(t, text{schema.InsertAttempt + "VALUES " + record, ", " + record, "", n}); err != nil {
			return err
		}
		left -= n
		n, gathered, w.args = size(left), 0, w.args[:0]
	}
	return nil
}

func one(n int64, err error) error { return schema.Changed(n, 1, err) }

// tally counts steps in how many deliveries are in each state.
func (w *Writer) tally(t *sqlite.Tx, lists ...[]Step) error {
	var more [len(schema.States) + 1]int64
	for _, list := range lists {
		for i := range list {
			more[list[i].From]--
			more[list[i].To]++
		}
	}
	w.args = w.args[:0]
	for state, n := range more {
		if n != 0 {
			w.args = append(w.args, w.Campaign, state, n)
		}
	}
	if len(w.args) == 0 {
		return nil
	}
	return w.run(t, text{"INSERT INTO counts(campaign, state, n) VALUES (?, ?, ?)", ", (?, ?, ?)",
		" ON CONFLICT (campaign, state) DO UPDATE SET n = n + excluded.n", len(w.args) / 3})
}
