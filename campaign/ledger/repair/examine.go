package repair

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"mailshot/campaign/ledger/internal/durable"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/campaign/statefile"
	"mailshot/internal/sqlite"
)

// mostFaults is how many faults of one kind are listed.
const mostFaults = 20

// Examine looks through the state file at path. SQLite must find its pages, rows and indexes in order, and the records
// must hold together: the states add up, every delivery has its row, and every state is the one that the attempts and
// the manual changes led to. If Examine returns no fault and no error, the file can be relied on.
//
// An error says that the file could not be looked at, and is a *statefile.Error if the file is the cause. Examine
// changes nothing but the version, which it brings to this program's.
func Examine(ctx context.Context, path string) ([]statefile.Fault, error) {
	return sqlite.Examine(ctx, path, schema.Use(false), schema.Versions,
		func(ctx context.Context, db *sql.DB) ([]statefile.Fault, error) {
			faults, err := consistent(ctx, db)
			if err != nil {
				return nil, err
			}
			lost, err := lostJournals(ctx, db, path)
			return append(faults, lost...), err
		})
}

// lostJournals finds the campaigns whose last run died, and whose journal is not all there. One that is in use is left
// alone: its journal changes while it is read.
func lostJournals(ctx context.Context, db *sql.DB, path string) (faults []statefile.Fault, err error) {
	rows, err := db.QueryContext(ctx, "SELECT id, journal, folded, "+schema.RunName+" FROM campaigns WHERE frozen = 1")
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var id, name, run string
		var folded int64
		if err := rows.Scan(&id, &name, &folded, &run); err != nil {
			return err
		}
		file := schema.Beside(path, id, ".journal")
		ended := name == "" || folded < 0
		if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) && ended {
			return nil
		}
		lock, err := sqlite.Lock(schema.Beside(path, id, ".lock"))
		if errors.Is(err, sqlite.ErrLocked) {
			return nil
		}
		if err != nil {
			return err
		}
		if ended {
			err = durable.Older(file, run, name)
		} else {
			_, err = durable.Lacking(file, name, folded)
		}
		if err != nil {
			faults = append(faults, statefile.Fault{Place: id, Text: err.Error()})
		}
		return lock.Close()
	})
	return faults, err
}

// consistent finds the records that do not hold together.
func consistent(ctx context.Context, db *sql.DB) ([]statefile.Fault, error) {
	var faults []statefile.Fault
	rows, err := db.QueryContext(ctx, `SELECT id, rows,
			(SELECT count(*) FROM deliveries d WHERE d.id >= c.no << 40 AND d.id < (c.no + 1) << 40)
			+ (SELECT coalesce(sum(n), 0) FROM tallies t WHERE t.campaign = c.no) AS n
		FROM campaigns c WHERE frozen = 1 AND rows <> n`)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var id string
		var want, n int64
		err := rows.Scan(&id, &want, &n)
		text := fmt.Sprintf("%d rows were planned, and %d are there", want, n)
		faults = append(faults, statefile.Fault{Place: id, Text: text})
		return err
	})
	if err != nil {
		return nil, err
	}
	if faults, err = miscounted(ctx, db, faults); err != nil {
		return nil, err
	}
	const claimedElsewhere = "a key is claimed for a row that does not have it"
	queries := map[string]string{
		`SELECT c.id, r.place FROM rows r CROSS JOIN campaigns c ON c.no = r.id >> 40 AND c.frozen = 1
			WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.id = r.id)`: "the row has no delivery",
		`SELECT c.id, r.place FROM rows r CROSS JOIN campaigns c ON c.no = r.campaign AND c.frozen = 1 AND c.purged = 0
			WHERE ` + schema.Unclaimed: schema.UnclaimedText,
		`SELECT coalesce(c.id, 'no campaign'), 'row ' || k.row FROM claims k LEFT JOIN campaigns c ON c.no = k.campaign
			WHERE c.no IS NULL OR c.frozen = 1 AND NOT EXISTS (SELECT 1 FROM rows r
				WHERE r.id = k.row AND r.hash = k.hash AND r.campaign = k.campaign)`: claimedElsewhere,
		"SELECT '', 'attempt ' || no FROM attempts WHERE " + schema.BadAttempt: "one of its numbers is not a number",
		"SELECT '', 'return ' || no FROM returns WHERE " + schema.BadReturn:    "one of its numbers is not a number",
		"SELECT '', 'return ' || no FROM returns b WHERE NOT EXISTS" +
			" (SELECT 1 FROM deliveries d WHERE d.id = b.delivery)": "it is about no delivery",
		"SELECT '', 'copy ' || no FROM copied WHERE " + schema.Astray: "it belongs to no attempt, or its code is not a number",
	}
	for _, r := range schema.Rules() {
		queries[r.Query()] = r.Text
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
	wrong, err := wrongKeys(ctx, db)
	return append(faults, wrong...), err
}

// miscounted adds the states in which another number of deliveries is than is kept.
func miscounted(ctx context.Context, db *sql.DB, faults []statefile.Fault) ([]statefile.Fault, error) {
	rows, err := db.QueryContext(ctx, `SELECT c.id, s.name,
			(SELECT coalesce(sum(n), 0) FROM counts k WHERE k.campaign = c.no AND k.state = s.no) AS kept, coalesce(t.n, 0) AS n
		FROM campaigns c CROSS JOIN states s LEFT JOIN (SELECT id >> 40 AS campaign, state, count(*) AS n
			FROM deliveries GROUP BY 1, 2) t ON t.campaign = c.no AND t.state = s.no
		WHERE c.frozen = 1 AND kept <> n`)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var id, state string
		var kept, n int64
		err := rows.Scan(&id, &state, &kept, &n)
		text := fmt.Sprintf("%d deliveries are counted as %s, and %d are", kept, state, n)
		faults = append(faults, statefile.Fault{Place: id, Text: text})
		return err
	})
	return faults, err
}

// wrongKeys finds rows whose key does not have their hash.
func wrongKeys(ctx context.Context, db *sql.DB) (faults []statefile.Fault, err error) {
	rows, err := db.QueryContext(ctx, `SELECT c.id, r.place, r.key, r.hash FROM rows r
		JOIN campaigns c ON c.no = r.campaign WHERE c.frozen = 1 AND r.hash IS NOT NULL AND r.key <> ''`)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var id, place, key string
		var hash []byte
		if err := rows.Scan(&id, &place, &key, &hash); err != nil {
			return err
		}
		if h := schema.HashKey(key); string(h[:]) != string(hash) && len(faults) < mostFaults {
			faults = append(faults, statefile.Fault{Place: id + ", " + place,
				Text: "the row's key is not the one it was planned with"})
		}
		return nil
	})
	return faults, err
}
