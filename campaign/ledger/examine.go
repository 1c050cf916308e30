package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"mailshot/campaign/statefile"
	"mailshot/internal/sqlite"
)

// mostFaults is how many faults of one kind are listed.
const mostFaults = 20

// Examine looks through the state file at path: whether SQLite finds its pages, rows and indexes in order, and whether what is in them
// holds together: the states add up, every delivery has its row, and every state is the one that the attempts and the manual changes
// led to. No fault, and nil: the file can be relied on. It changes nothing but the version, which it brings to this program's. An
// error says that the file could not be looked at, and is a *statefile.Error where the file is to blame.
func Examine(ctx context.Context, path string) ([]statefile.Fault, error) {
	return sqlite.Examine(ctx, path, stateVersions, consistent)
}

// campaignsSound returns an error unless the campaigns' own records are in order and their indexes agree with them. A campaign whose
// id or mark of being frozen is damaged in one of the two would be planned anew, and everybody mailed again.
func campaignsSound(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "PRAGMA integrity_check(campaigns)")
	return sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var text string
		if err := rows.Scan(&text); err != nil || text == "ok" {
			return err
		}
		return errors.New(text)
	})
}

// rule is something that holds of all deliveries of frozen campaigns: none of them fulfils the condition, on the delivery d and its row
// r, which may be missing.
type rule struct {
	condition, text string
	resume          bool // it is about what is to be sent, and is looked at before a campaign is gone on with
	doubt           bool // where it is broken, nobody knows what became of the delivery; the condition is on d alone
}

const (
	lastTried  = "(SELECT a.state FROM attempts a WHERE a.delivery = d.id ORDER BY a.no DESC LIMIT 1)" // what the last attempt led to
	lastManual = "(SELECT u.after FROM audit u WHERE u.delivery = d.id ORDER BY u.no DESC LIMIT 1)"    // what the last manual change led to

	unreadable = "d.state < 1 OR d.state > 13 OR 'integer' NOT IN (typeof(d.state)) OR 'integer' NOT IN (typeof(d.lane)) OR 'integer' NOT IN (typeof(d.due))" +
		" OR 'integer' NOT IN (typeof(d.attempts)) OR 'integer' NOT IN (typeof(d.first)) OR 'integer' NOT IN (typeof(d.turn))"
	badAttempt = "typeof(time) <> 'integer' OR typeof(state) <> 'integer' OR typeof(code) <> 'integer'"

	emptied       = "length(d.digest) IS NOT 32 OR r.hash IS NULL OR r.fields IS NULL OR r.address_key = ''" // there is no message to be made: forgotten, or lost
	unclaimedText = "the row has a key that is not claimed for it"
	unclaimed     = "r.hash IS NOT NULL AND NOT EXISTS (SELECT 1 FROM claims k WHERE k.campaign = r.campaign AND k.hash = r.hash AND k.row = r.id)"
	unsendable    = "d.state IN " + open + " AND (" + emptied + ")"
)

// query lists what breaks the rule: the campaign's id and the row's place.
func (r rule) query() string {
	return "SELECT c.id, coalesce(r.place, 'delivery ' || d.id) FROM deliveries d JOIN campaigns c ON c.no = d.id >> 40 AND c.frozen = 1 LEFT JOIN rows r ON r.id = d.id WHERE (" +
		r.condition + ")"
}

// rules are those that a delivery's record obeys by itself, with its row, and with its log.
func rules() []rule {
	in := func(list ...State) string {
		s := "d.state IN ("
		for i, st := range list {
			if i > 0 {
				s += ", "
			}
			s += fmt.Sprint(st.code())
		}
		return s + ")"
	}
	return []rule{
		{condition: unreadable, text: "the delivery is in no state that there is, or a number of it is none"},
		{condition: "typeof(r.number) <> 'integer'", text: "the row's number is none"},
		{condition: "r.id IS NULL", text: "the delivery has no row"},
		{condition: "r.campaign <> d.id >> 40", text: "the row is in another campaign than its delivery"},
		{condition: "NOT EXISTS (SELECT 1 FROM lanes l WHERE l.no = d.lane)", text: "the delivery is in no lane that there is"},
		{condition: unsendable, text: "to be sent, and its digest, key or fields are missing", resume: true},
		{condition: in(Pending) + " AND (d.attempts <> 0 OR d.first <> 0 OR d.due <> 0 OR (" + lastTried + " IS NOT NULL AND " + lastManual + " IS NOT " + sqlPending + "))",
			text: "pending, and it was tried before", resume: true, doubt: true},
		{condition: in(Deferred) + " AND (d.due = 0 OR d.attempts = 0 OR " + lastTried + " IS NOT " + sqlDeferred + ")",
			text: "deferred, and its last attempt says otherwise", resume: true, doubt: true},
		{condition: in(Begun) + " AND (d.first = 0 OR d.turn = 0)", text: "begun by no run", doubt: true},
		{condition: in(Sent, Refused, GaveUp, Unknown) + " AND iif(d.attempts > 0, " + lastTried + ", " + lastManual + ") IS NOT d.state",
			text: "its last attempt, or the last change by hand, says otherwise", doubt: true},
		{condition: in(Held, Cancelled, Suppressed) + " AND d.attempts > 0 AND " + lastTried + " IS NOT " + sqlDeferred, text: "its last attempt says otherwise"},
		{condition: in(Held, Cancelled, Suppressed, Invalid, Filtered, Duplicate) + " AND d.reason = ''", text: "no reason says why it is not sent"},
	}
}

// consistent checks the rules.
func consistent(ctx context.Context, db *sql.DB) ([]statefile.Fault, error) {
	var faults []statefile.Fault
	rows, err := db.QueryContext(ctx, `SELECT id, rows, (SELECT count(*) FROM deliveries d WHERE d.id >= c.no << 40 AND d.id < (c.no + 1) << 40)
		+ (SELECT coalesce(sum(n), 0) FROM tallies t WHERE t.campaign = c.no) AS n FROM campaigns c WHERE frozen = 1 AND rows <> n`)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var id string
		var want, n int64
		err := rows.Scan(&id, &want, &n)
		faults = append(faults, statefile.Fault{Place: id, Text: fmt.Sprintf("%d rows were planned, and %d are there", want, n)})
		return err
	})
	if err != nil {
		return nil, err
	}
	queries := map[string]string{
		// of rows: a delivery is missing
		"SELECT c.id, r.place FROM rows r CROSS JOIN campaigns c ON c.no = r.id >> 40 AND c.frozen = 1 WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.id = r.id)": "the row has no delivery",
		"SELECT c.id, r.place FROM rows r CROSS JOIN campaigns c ON c.no = r.campaign AND c.frozen = 1 AND c.purged = 0 WHERE " + unclaimed:                             unclaimedText,
		`SELECT coalesce(c.id, 'no campaign'), 'row ' || k.row FROM claims k LEFT JOIN campaigns c ON c.no = k.campaign
			WHERE c.no IS NULL OR c.frozen = 1 AND NOT EXISTS (SELECT 1 FROM rows r WHERE r.id = k.row AND r.hash = k.hash AND r.campaign = k.campaign)`: "a key is claimed for a row that does not have it",
		"SELECT '', 'attempt ' || no FROM attempts WHERE " + badAttempt: "a number of it is none",
	}
	for _, r := range rules() {
		queries[r.query()] = r.text
	}
	for _, query := range slices.Sorted(maps.Keys(queries)) {
		rows, err := db.QueryContext(ctx, query+" LIMIT "+fmt.Sprint(mostFaults))
		err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
			var id, place string
			err := rows.Scan(&id, &place)
			faults = append(faults, statefile.Fault{Place: id + ", " + place, Text: queries[query]})
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	rows, err = db.QueryContext(ctx, "SELECT c.id, r.place, r.key, r.hash FROM rows r JOIN campaigns c ON c.no = r.campaign WHERE c.frozen = 1 AND r.hash IS NOT NULL AND r.key <> ''")
	wrong := 0
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var id, place, key string
		var hash []byte
		if err := rows.Scan(&id, &place, &key, &hash); err != nil {
			return err
		}
		if h := hashKey(key); string(h[:]) != string(hash) && wrong < mostFaults {
			wrong++
			faults = append(faults, statefile.Fault{Place: id + ", " + place, Text: "the row's key is not the one it was planned with"})
		}
		return nil
	})
	return faults, err
}

// Verify returns a *statefile.Error unless the campaign's states add up and its deliveries that are to be sent are what their logs say, so
// that it may be gone on with. Examine looks at more. It needs the campaign's lock, so that nothing is on its way.
func (l *Ledger) Verify(ctx context.Context, id string) error {
	counts, rows, err := l.Counts(ctx, id)
	if err != nil {
		return err
	}
	for _, n := range counts {
		rows -= n
	}
	text := ""
	if rows != 0 {
		text = fmt.Sprintf("the states of campaign %s do not add up: they are off by %d rows", id, rows)
	}
	for _, r := range rules() {
		if !r.resume || text != "" {
			continue
		}
		var place string
		err := l.db.Reading.QueryRowContext(ctx, r.query()+" AND c.id = ? LIMIT 1", id).Scan(&id, &place)
		if err == nil {
			text = fmt.Sprintf("the records of campaign %s contradict each other: %s: %s", id, place, r.text)
		} else if !errors.Is(err, sql.ErrNoRows) {
			return l.db.Explain(err)
		}
	}
	if text == "" {
		return nil
	}
	return &statefile.Error{Path: l.db.Path, Text: text, Hint: sqlite.DamageHint}
}
