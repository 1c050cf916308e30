package schema

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"mailshot/internal/sqlite"
)

// CampaignsSound returns an error unless the campaigns' own records are in order and their indexes agree with them. If
// a campaign's id, or its mark that it is frozen, were damaged in one of the two, the campaign would be planned anew,
// and all its people mailed again.
func CampaignsSound(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "PRAGMA integrity_check(campaigns)")
	return sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var text string
		if err := rows.Scan(&text); err != nil || text == "ok" {
			return err
		}
		return errors.New(text)
	})
}

// Rule is a rule for all deliveries of frozen campaigns: a delivery that fulfils the condition breaks it.
type Rule struct {
	Condition string // on the delivery d and its row r, which may be missing
	Text      string // what is wrong with a delivery that breaks the rule
	Resume    bool   // the rule is about what is to be sent, and is checked before a campaign goes on
	Doubt     bool   // nobody knows what became of a delivery that breaks the rule; the condition is on d alone
}

// Conditions on a delivery d and its row r.
const (
	// Open are the states in which a delivery may still go.
	Open = "(" + SQLPending + ", " + SQLDeferred + ")"
	// Undecided are the states in which the file does not have a delivery's outcome.
	Undecided = "(" + SQLPending + ", " + SQLDeferred + ", " + SQLBegun + ")"
	// LastTried is the state that the last attempt led to.
	LastTried = "(SELECT a.state FROM attempts a WHERE a.delivery = d.id ORDER BY a.no DESC LIMIT 1)"
	// Tried holds for a delivery with an attempt. It is asked for all that are to be sent, and costs a quarter of
	// LastTried.
	Tried = "EXISTS (SELECT 1 FROM attempts a WHERE a.delivery = d.id)"
	// Led holds for a delivery that is in a state to which something led that came back.
	Led = "EXISTS (SELECT 1 FROM returns b WHERE b.delivery = d.id AND b.applied = 1 AND b.leads = d.state)"
	// LastManual is the state that the last manual change led to.
	LastManual = "(SELECT u.after FROM audit u WHERE u.delivery = d.id ORDER BY u.no DESC LIMIT 1)"

	// ByHand holds for a delivery whose state is what a person decided, and not an answer since.
	ByHand = "(d.attempts = 0 AND " + LastManual + " IS d.state OR d.reason = '" + Gone + "')"
	// Gone is the reason of a delivery that was cancelled because an accepted list does not have it.
	Gone = "gone from the list"

	// Unreadable holds for a delivery whose state is not known, or one of whose numbers is not a number.
	Unreadable = "d.state < 1 OR d.state > 16 OR 'integer' NOT IN (typeof(d.state))" +
		" OR 'integer' NOT IN (typeof(d.lane)) OR 'integer' NOT IN (typeof(d.due))" +
		" OR 'integer' NOT IN (typeof(d.attempts))" +
		" OR 'integer' NOT IN (typeof(d.first)) OR 'integer' NOT IN (typeof(d.turn))"
	// BadAttempt holds for an attempt one of whose numbers is not a number.
	BadAttempt = "typeof(time) <> 'integer' OR typeof(state) <> 'integer' OR typeof(code) <> 'integer'"
	// BadReturn holds for a record of what came back one of whose numbers is not a number.
	BadReturn = "typeof(time) <> 'integer' OR typeof(noted) <> 'integer' OR typeof(verified) <> 'integer'" +
		" OR typeof(leads) <> 'integer' OR typeof(applied) <> 'integer' OR typeof(hash) <> 'blob'"
	// Astray holds for what was said about a copy in an attempt that is not there.
	Astray = "NOT EXISTS (SELECT 1 FROM attempts a WHERE a.no = copied.attempt AND a.delivery = copied.delivery)" +
		" OR typeof(code) <> 'integer'"

	// Emptied holds for a row of which no message can be made: it was forgotten, or lost.
	Emptied = "length(d.digest) IS NOT 32 OR r.hash IS NULL OR r.fields IS NULL OR r.address_key = ''"
	// Unsendable holds for a delivery that is to be sent and of which no message can be made.
	Unsendable = "d.state IN " + Open + " AND (" + Emptied + ")"
	// Carried holds for a delivery whose row is in the message of another row, which is no member itself.
	Carried = "EXISTS (SELECT 1 FROM members m JOIN deliveries c ON c.id = m.carrier" +
		" WHERE m.row = d.id AND m.carrier >> 40 = d.id >> 40" +
		" AND NOT EXISTS (SELECT 1 FROM members o WHERE o.row = m.carrier))"
	// Unclaimed holds for a row that has a key and not the claim to it.
	Unclaimed = "r.hash IS NOT NULL AND NOT EXISTS (SELECT 1 FROM claims k" +
		" WHERE k.campaign = r.campaign AND k.hash = r.hash AND k.row = r.id)"
	// UnclaimedText says so.
	UnclaimedText = "the row has a key that is not claimed for it"
)

// Query lists the deliveries that break the rule: the campaign's id and the row's place.
func (r Rule) Query() string {
	return `SELECT c.id, coalesce(r.place, 'delivery ' || d.id) FROM deliveries d
		JOIN campaigns c ON c.no = d.id >> 40 AND c.frozen = 1 LEFT JOIN rows r ON r.id = d.id
		WHERE (` + r.Condition + ")"
}

// Contradicted says whether any delivery that is still to be sent, with an id from ?1 to before ?2, breaks a rule of
// Resume. It looks at all of them once.
func Contradicted() string {
	var all []string
	for _, r := range Rules() {
		if r.Resume {
			all = append(all, "("+r.Condition+")")
		}
	}
	return `SELECT EXISTS (SELECT 1 FROM deliveries d LEFT JOIN rows r ON r.id = d.id
		WHERE d.id >= ?1 AND d.id < ?2 AND d.state IN ` + Open + " AND (" + strings.Join(all, " OR ") + "))"
}

// Rules returns the rules for a delivery's record: by itself, with its row, and with its log.
func Rules() []Rule {
	in := func(list ...int) string {
		s := "d.state IN ("
		for i, st := range list {
			if i > 0 {
				s += ", "
			}
			s += fmt.Sprint(st)
		}
		return s + ")"
	}
	return []Rule{
		{Condition: Unreadable, Text: "the delivery's state is not a known one, or one of its numbers is not a number"},
		{Condition: "typeof(r.number) <> 'integer'", Text: "the row's number is not a number"},
		{Condition: "r.id IS NULL", Text: "the delivery has no row"},
		{Condition: "r.campaign <> d.id >> 40", Text: "the row is in another campaign than its delivery"},
		{Condition: "NOT EXISTS (SELECT 1 FROM lanes l WHERE l.no = d.lane)",
			Text: "the delivery's lane does not exist"},
		{Condition: Unsendable, Text: "to be sent, and its digest, key or fields are missing", Resume: true},
		{Condition: in(Pending) + " AND (d.attempts <> 0 OR d.first <> 0 OR d.due <> 0" +
			" OR (" + Tried + " AND " + LastManual + " IS NOT " + SQLPending + "))",
			Text: "pending, and it was tried before", Resume: true, Doubt: true},
		{Condition: in(Deferred) + " AND (d.due = 0 OR d.attempts = 0 OR " + LastTried + " IS NOT " + SQLDeferred + ")",
			Text: "deferred, and its last attempt says otherwise", Resume: true, Doubt: true},
		{Condition: in(Begun) + " AND (d.first = 0 OR d.turn = 0)", Text: "begun by no run", Doubt: true},
		{Condition: in(Sent, Refused, GaveUp, Unknown) +
			" AND iif(d.attempts > 0, " + LastTried + ", " + LastManual + ") IS NOT d.state" +
			" AND NOT (" + in(Sent) + " AND iif(d.attempts > 0, " + LastTried + ", " + LastManual + ") IS " + SQLUnknown +
			" AND " + Led + ")",
			Text: "its last attempt, or the last change by hand, says otherwise", Doubt: true},
		{Condition: in(Bounced, Complained) + " AND NOT " + Led, Text: "nothing that came back says so", Doubt: true},
		{Condition: in(Bounced, Complained) + " AND coalesce(iif(d.attempts > 0, " + LastTried + ", " + LastManual +
			"), 0) NOT IN (" + SQLSent + ", " + SQLUnknown + ")",
			Text: "it came back, and no attempt or change by hand says that it was sent", Doubt: true},
		{Condition: "d.state NOT IN " + Undecided + " AND EXISTS (SELECT 1 FROM returns b WHERE b.delivery = d.id" +
			" AND b.applied = 0)", Text: "what came back waits for the outcome, which is known"},
		{Condition: in(Held, Cancelled, Suppressed) + " AND d.attempts > 0 AND " + LastTried + " IS NOT " + SQLDeferred,
			Text: "its last attempt says otherwise"},
		{Condition: in(Held, Cancelled, Suppressed, Invalid, Filtered, Duplicate, Grouped) + " AND d.reason = ''",
			Text: "no reason says why it is not sent"},
		{Condition: in(Grouped) + " AND NOT " + Carried, Text: "grouped, and no row carries its message"},
		{Condition: "EXISTS (SELECT 1 FROM members m WHERE m.row = d.id) AND NOT " + in(Grouped),
			Text: "in the message of another row, and not grouped"},
	}
}
