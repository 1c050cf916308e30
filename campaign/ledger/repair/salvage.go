package repair

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"mailshot/internal/sqlite"
)

// salvaged are the tables that a repair reads, and their columns. The first column is the number of a record.
var salvaged = []struct{ table, columns string }{
	{"campaigns", "no, id, frozen, created, definition, templates, list, header, sender, first, run, turn, rows, " +
		"token, host, host_name, purged, lost, secrets, template, journal, folded"},
	{"lanes", "no, campaign, name"},
	{"rows", "id, campaign, hash, number, place, key, address, address_key, fields"},
	{"deliveries", "id, state, lane, due, attempts, first, turn, digest, reason"},
	{"attempts", "no, delivery, time, state, stage, code, enhanced, text, server"},
	{"audit", "no, delivery, time, who, act, before, after, host"},
	{"copies", "no, campaign, owner, data"},
	{"copied", "no, attempt, delivery, address, address_key, blind, accepted, stage, code, enhanced, text"},
	{"members", "row, carrier"},
	{"returns", "no, delivery, hash, time, noted, kind, reason, enhanced, detail, line, until, source, matched, " +
		"verified, leads, applied"},
}

// salvage copies what can be read of a table in the damaged database to the new one. It returns how many records it
// copied, and how many gaps it met. It goes by the records' numbers. If a page cannot be read it leaps ahead, further
// each time, and then searches back for the first record behind the gap.
func salvage(ctx context.Context, from *sql.DB, to *sqlite.Store, table, columns string) (
	copied, gaps int64, err error) {
	id, _, _ := strings.Cut(columns, ",")
	width := strings.Count(columns, ",") + 1
	insert := "INSERT OR IGNORE INTO " + table + "(" + columns + ") VALUES (?" + strings.Repeat(", ?", width-1) + ")"
	query := fmt.Sprintf("SELECT %s FROM %s WHERE %s > ? ORDER BY %s LIMIT ", columns, table, id, id)
	const most = 1 << 62
	last := int64(0)
	for ctx.Err() == nil {
		piece, readErr := readPiece(ctx, from, query+"500", width, last)
		if readErr != nil && !sqlite.Damaged(readErr) && !errors.Is(readErr, errDisorder) {
			return copied, gaps, readErr
		}
		if len(piece) > 0 {
			err := to.Write(func(t *sqlite.Tx) error {
				for _, record := range piece {
					n, err := t.Exec(insert, record...)
					if err != nil {
						return err
					}
					copied += n
				}
				return nil
			})
			if err != nil {
				return copied, gaps, err
			}
			last = piece[len(piece)-1][0].(int64)
		}
		if readErr == nil {
			if len(piece) == 0 {
				return copied, gaps, nil
			}
			continue
		}
		gaps++
		readable := func(at int64) bool {
			_, err := readPiece(ctx, from, query+"1", width, at)
			return err == nil
		}
		low, step := last, int64(1)
		for !readable(last + step) {
			if low = last + step; step > most/2 {
				return copied, gaps, nil // nothing behind the gap can be read
			}
			step *= 2
		}
		for high := last + step; high-low > 1; {
			if middle := low + (high-low)/2; readable(middle) {
				high = middle
			} else {
				low = middle
			}
		}
		last = low + 1
	}
	return copied, gaps, ctx.Err()
}

// readPiece reads the records after a number, as far as it gets. Only a damaged tree has records that are not in the
// order of their numbers; they are an error like other damage.
func readPiece(ctx context.Context, db *sql.DB, query string, width int, after int64) (piece [][]any, err error) {
	rows, err := db.QueryContext(ctx, query, after)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		record := make([]any, width)
		into := make([]any, width)
		for i := range record {
			into[i] = &record[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		no, ok := record[0].(int64)
		if !ok || no <= after {
			return errDisorder
		}
		after = no
		piece = append(piece, record)
		return nil
	})
	return piece, err
}

// errDisorder is damage that SQLite does not notice.
var errDisorder = errors.New("records out of order")
