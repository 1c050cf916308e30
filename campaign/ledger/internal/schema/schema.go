// Package schema has the tables of state.db, and the rules that every record in it obeys: [Versions] are its tables,
// [Span] is a campaign's range of ids, [States] are the numbers of states, [HashKey] is the hash of a key, and
// [Rules] hold of every record.
package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"

	"mailshot/internal/sqlite"
)

// SequenceBits says how ids are made. A row and its delivery share an id: the campaign's number in the upper bits, the
// sequence in the campaign in the lower ones, so that a campaign is one range of ids. The indexes that a run reads are
// partial: they hold only deliveries that may still go.
const SequenceBits = 40

// Span returns the range of ids of the campaign with this number: first <= id < end.
func Span(no int64) (first, end int64) { return no << SequenceBits, (no + 1) << SequenceBits }

// Beside is the name of a campaign's own file beside the state file at path: an id may hold any character.
func Beside(path, id, ending string) string {
	sum := sha256.Sum256([]byte(id))
	return filepath.Join(path+".locks", hex.EncodeToString(sum[:12])+ending)
}

// Use is what state.db is for, in the words that name another one. With ignore set its folder gets a .gitignore.
func Use(ignore bool) sqlite.Use {
	return sqlite.Use{Ignore: ignore, Option: "--state", Variable: "MAILSHOT_STATE"}
}

// Versions are the steps of state.db.
var Versions = []sqlite.Version{{Schema: `
CREATE TABLE states (no INTEGER PRIMARY KEY, name TEXT NOT NULL); -- the words for the numbers, for people who look in
CREATE TABLE campaigns (
	no INTEGER PRIMARY KEY,
	id TEXT NOT NULL,
	frozen INTEGER NOT NULL,           -- 0: a draft, or a plan to be merged
	created INTEGER NOT NULL,
	definition TEXT NOT NULL, templates TEXT NOT NULL, list TEXT NOT NULL, -- digests
	header BLOB, sender TEXT NOT NULL, first INTEGER NOT NULL,
	run TEXT NOT NULL,
	turn INTEGER NOT NULL,             -- how many runs there were
	rows INTEGER NOT NULL
);
CREATE UNIQUE INDEX campaigns_frozen ON campaigns(id) WHERE frozen = 1;
CREATE UNIQUE INDEX campaigns_draft ON campaigns(id) WHERE frozen = 0;
CREATE TABLE lanes (no INTEGER PRIMARY KEY, campaign INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE (campaign, name));
CREATE TABLE rows (
	id INTEGER PRIMARY KEY,
	campaign INTEGER NOT NULL,
	hash BLOB,                         -- of the key, where the row claims it
	number INTEGER NOT NULL, place TEXT NOT NULL, key TEXT NOT NULL,
	address TEXT NOT NULL, address_key TEXT NOT NULL, fields BLOB
);
CREATE UNIQUE INDEX rows_key ON rows(campaign, hash) WHERE hash IS NOT NULL;
CREATE TABLE deliveries (
	id INTEGER PRIMARY KEY,
	state INTEGER NOT NULL,
	lane INTEGER NOT NULL,
	due INTEGER NOT NULL,              -- of one deferred
	attempts INTEGER NOT NULL,         -- since it was last made pending
	first INTEGER NOT NULL,            -- the first of those
	turn INTEGER NOT NULL,             -- the run that last tried it
	digest BLOB,
	reason TEXT NOT NULL
);
CREATE INDEX deliveries_fresh ON deliveries(lane, id) WHERE state = ` + SQLPending + `;
CREATE INDEX deliveries_late ON deliveries(lane, due, id) WHERE state = ` + SQLDeferred + `;
CREATE TABLE attempts (
	no INTEGER PRIMARY KEY,
	delivery INTEGER NOT NULL,
	time INTEGER NOT NULL, state INTEGER NOT NULL,
	stage TEXT NOT NULL, code INTEGER NOT NULL, enhanced TEXT NOT NULL, text TEXT NOT NULL, server TEXT NOT NULL
);
CREATE INDEX attempts_delivery ON attempts(delivery);
CREATE TABLE audit (
	no INTEGER PRIMARY KEY,
	delivery INTEGER NOT NULL,
	time INTEGER NOT NULL, who TEXT NOT NULL, act TEXT NOT NULL,
	before INTEGER NOT NULL, after INTEGER NOT NULL
);
CREATE INDEX audit_delivery ON audit(delivery);
` + stateNames(Pending, Begun, Deferred, Sent, Refused, GaveUp, Unknown, Held, Cancelled, Suppressed, Invalid, Duplicate,
	Filtered)}, {Schema: `
ALTER TABLE campaigns ADD COLUMN token TEXT NOT NULL DEFAULT '';     -- of the last run, as in the accounts' marks
ALTER TABLE campaigns ADD COLUMN host TEXT NOT NULL DEFAULT '';      -- the machine of the last run, or of the plan; '' if not known
ALTER TABLE campaigns ADD COLUMN host_name TEXT NOT NULL DEFAULT '';
ALTER TABLE campaigns ADD COLUMN purged INTEGER NOT NULL DEFAULT 0;  -- when its rows were erased
ALTER TABLE campaigns ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;    -- rows whose key a repair could not read
ALTER TABLE audit ADD COLUMN host TEXT NOT NULL DEFAULT '';
CREATE TABLE tallies (                 -- what is left of deliveries that were erased
	campaign INTEGER NOT NULL, state INTEGER NOT NULL, n INTEGER NOT NULL,
	PRIMARY KEY (campaign, state)
) WITHOUT ROWID;
`}, {Data: `
CREATE TABLE claims (                  -- which row has a key: one, in a campaign
	campaign INTEGER NOT NULL, hash BLOB NOT NULL, row INTEGER NOT NULL,
	PRIMARY KEY (campaign, hash)
) WITHOUT ROWID;
INSERT INTO claims SELECT campaign, hash, id FROM rows WHERE hash IS NOT NULL ORDER BY campaign, hash;
DROP INDEX rows_key;
`}, {Schema: `
ALTER TABLE campaigns ADD COLUMN secrets TEXT NOT NULL DEFAULT ''; -- check values of those that erased rows were hashed with; ?: not known
`, Data: `
UPDATE campaigns SET secrets = '?' WHERE EXISTS (SELECT 1 FROM rows r
	WHERE r.id >= no << 40 AND r.id < (no + 1) << 40 AND r.key = '' AND r.hash IS NOT NULL);
`}, {Schema: `
ALTER TABLE campaigns ADD COLUMN template TEXT NOT NULL DEFAULT ''; -- of the id, as news-{{date}}; '': no date, or not known
`}, {Data: `
CREATE TABLE counts (                  -- how many deliveries of a frozen campaign are in each state
	campaign INTEGER NOT NULL, state INTEGER NOT NULL, n INTEGER NOT NULL,
	PRIMARY KEY (campaign, state)
) WITHOUT ROWID;
` + CountAll}, {Schema: `
ALTER TABLE campaigns ADD COLUMN journal TEXT NOT NULL DEFAULT '';   -- the name of the last one; '': there was none
ALTER TABLE campaigns ADD COLUMN folded INTEGER NOT NULL DEFAULT 0;  -- the last group of it that is here; -1: all are
`}, {Data: `
CREATE TABLE copies (                  -- who gets which message, which a run that died had not yet given to the accounts
	no INTEGER PRIMARY KEY,
	campaign INTEGER NOT NULL, owner TEXT NOT NULL, -- the owner is a check value of the accounts' secret
	data BLOB NOT NULL                 -- 24 bytes each: the delivery; keyed hashes of the person, and of the person with the content
);
`}, {Data: `
CREATE TABLE copied (                  -- what a server said about the recipients of copies (cc and bcc)
	no INTEGER PRIMARY KEY,
	attempt INTEGER NOT NULL, delivery INTEGER NOT NULL,
	address TEXT NOT NULL, address_key TEXT NOT NULL, -- '' of somebody who was forgotten
	blind INTEGER NOT NULL,            -- 1: bcc
	accepted INTEGER NOT NULL,         -- 1: the server took it for this recipient too
	stage TEXT NOT NULL, code INTEGER NOT NULL, enhanced TEXT NOT NULL, text TEXT NOT NULL -- code 0: no reply, text says why
);
CREATE INDEX copied_delivery ON copied(delivery, attempt);
`}, {Data: `
CREATE TABLE members (                 -- rows that are in the message of another row of their group
	row INTEGER PRIMARY KEY,
	carrier INTEGER NOT NULL           -- the row that has the delivery
);
CREATE INDEX members_carrier ON members(carrier);
` + stateNames(Grouped)}, {Data: `
CREATE TABLE returns (                 -- what came back about deliveries; what it says never changes
	no INTEGER PRIMARY KEY,
	delivery INTEGER NOT NULL,
	hash BLOB NOT NULL,                -- of what names it: what was read twice is here once
	time INTEGER NOT NULL,             -- when it came back; 0: not known
	noted INTEGER NOT NULL,            -- when it was recorded
	kind TEXT NOT NULL, reason TEXT NOT NULL, enhanced TEXT NOT NULL,
	detail TEXT NOT NULL, line TEXT NOT NULL, until TEXT NOT NULL, -- '' of somebody who was forgotten
	source TEXT NOT NULL, matched TEXT NOT NULL, verified INTEGER NOT NULL,
	leads INTEGER NOT NULL,            -- the state that it leads to; 0: none
	applied INTEGER NOT NULL           -- 0: it waits for the delivery's outcome; 1: it led there; 2: it did not; 3: undone
);
CREATE UNIQUE INDEX returns_delivery ON returns(delivery, hash);
CREATE INDEX returns_waiting ON returns(delivery) WHERE applied = 0;
` + stateNames(Bounced, Complained)}}

// CountAll counts the deliveries of all campaigns, where none are counted.
const CountAll = `
INSERT INTO counts SELECT id >> 40, state, count(*) FROM deliveries
	WHERE id >> 40 IN (SELECT no FROM campaigns WHERE frozen = 1) GROUP BY 1, 2;
`

// ErrChanged says that a record is not as it was left.
var ErrChanged = errors.New("the ledger was changed by another process")

// Changed is an error unless err is nil and n is want: else another process has changed the ledger.
func Changed(n, want int64, err error) error {
	if err != nil || n == want {
		return err
	}
	return fmt.Errorf("%w: %d records changed instead of %d", ErrChanged, n, want)
}

// Recount counts the deliveries of a campaign anew, after a step that is about many of them.
func Recount(t *sqlite.Tx, no int64) error {
	first, end := Span(no)
	if _, err := t.Exec("DELETE FROM counts WHERE campaign = ?", no); err != nil {
		return err
	}
	_, err := t.Exec(`INSERT INTO counts SELECT ?, state, count(*) FROM deliveries
		WHERE id >= ? AND id < ? GROUP BY state`, no, first, end)
	return err
}

// Present is how many deliveries of the campaign with an id are there, or were erased, and how many of them may still
// go.
const Present = `SELECT
	(SELECT count(*) FROM deliveries d WHERE d.id >= c.no << 40 AND d.id < (c.no + 1) << 40)
		+ (SELECT coalesce(sum(n), 0) FROM tallies WHERE campaign = c.no),
	(SELECT count(*) FROM deliveries INDEXED BY deliveries_fresh
		WHERE state = ` + SQLPending + ` AND lane IN (SELECT no FROM lanes WHERE campaign = c.no))
		+ (SELECT count(*) FROM deliveries INDEXED BY deliveries_late
		WHERE state = ` + SQLDeferred + ` AND lane IN (SELECT no FROM lanes WHERE campaign = c.no))
	FROM campaigns c WHERE c.id = ? AND c.frozen = 1`

// Left lists what may still go of the campaign ?1: the id, the lane, the address key, how many, and when it is due. It
// is the next piece of the deliveries behind the id ?2 and before ?3, or all, with the pending ones of a lane at once.
func Left(each bool) string {
	if each {
		return `SELECT d.id, l.name, r.address_key, 1, iif(d.state = ` + SQLPending + `, 0, d.due)
			FROM deliveries d CROSS JOIN rows r ON r.id = d.id CROSS JOIN lanes l ON l.no = d.lane
			WHERE ?1 AND d.id > ?2 AND d.id < ?3 AND d.state IN ` + Open + ` ORDER BY d.id LIMIT 5000`
	}
	return `SELECT 0, l.name, '', f.n, 0 FROM (SELECT lane, count(*) AS n FROM deliveries INDEXED BY deliveries_fresh
			WHERE state = ` + SQLPending + ` GROUP BY lane) f JOIN lanes l ON l.no = f.lane WHERE l.campaign = ?1 AND ?2 < ?3
		UNION ALL SELECT 0, l.name, '', 1, s.due FROM (SELECT lane, due FROM deliveries INDEXED BY deliveries_late
			WHERE state = ` + SQLDeferred + `) s JOIN lanes l ON l.no = s.lane WHERE l.campaign = ?1`
}

// Counts are how many deliveries of a campaign are in each state, those that were erased too.
const Counts = `SELECT state, n FROM counts WHERE campaign = ?1 AND n <> 0
	UNION ALL SELECT state, n FROM tallies WHERE campaign = ?1`

// States are the words for the numbers of states in the database: the place in this list plus one. Only ever append.
var States = [...]string{
	"pending", "begun", "deferred", "sent", "refused", "gave_up", "unknown",
	"held", "cancelled", "suppressed", "invalid", "duplicate", "filtered", "grouped", "bounced", "complained",
}

// The numbers of the states.
const (
	Pending = 1 + iota
	Begun
	Deferred
	Sent
	Refused
	GaveUp
	Unknown
	Held
	Cancelled
	Suppressed
	Invalid
	Duplicate
	Filtered
	Grouped
	Bounced
	Complained
)

// The numbers that appear in the text of queries and indexes; a test holds them against States.
const (
	SQLPending  = "1"
	SQLBegun    = "2"
	SQLDeferred = "3"
	SQLSent     = "4"
	SQLUnknown  = "7"
	SQLGrouped  = "14"
)

// RunName is the name of a campaign's last run, which its marks and its journals have.
const RunName = "run || ' ' || turn || ' ' || token"

// InsertAudit and InsertAttempt are the beginnings of statements that add to what a person did, and to what a server
// said.
const (
	InsertAudit   = "INSERT INTO audit(delivery, time, who, host, act, before, after) "
	InsertAttempt = "INSERT INTO attempts(delivery, time, state, stage, code, enhanced, text, server) "
)

// stateNames adds states to the table of them.
func stateNames(numbers ...int) string {
	s := ""
	for _, no := range numbers {
		s += "INSERT INTO states(name) VALUES ('" + States[no-1] + "');\n"
	}
	return s
}

// KeyHash stands for a key: the first half of its SHA-256, or what Ledger.KeyHash gives for the key of somebody who was
// forgotten.
type KeyHash [16]byte

// HashKey is the hash of a key that somebody has.
func HashKey(key string) KeyHash {
	sum := sha256.Sum256([]byte(key))
	return KeyHash(sum[:16])
}
