// Package cc keeps what servers said about the recipients of copies: [Add] writes it beside the attempt that it
// belongs to, [Last] and [Of] read it, [Forget] erases a person from it.
//
// The records say nothing about the state of a delivery, which is that of its first recipient alone.
package cc

import (
	"context"
	"database/sql"

	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// Recipient is what a server said about one recipient of a copy, in one attempt.
type Recipient struct {
	Address, AddressKey   string // both are "" of somebody who was forgotten
	Blind                 bool   // in no header field of the message
	Accepted              bool
	Code                  int // 0: the server was not asked, or gave no whole reply
	Stage, Enhanced, Text string
}

// Add records what was said in the last attempt at a delivery, which is in the database.
func Add(t *sqlite.Tx, delivery int64, list []Recipient) error {
	for i := range list {
		r := &list[i]
		n, err := t.Exec(`INSERT INTO copied(attempt, delivery, address, address_key, blind, accepted, stage, code, enhanced, text)
			SELECT max(no), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM attempts WHERE delivery = ?1 HAVING max(no) IS NOT NULL`,
			delivery, r.Address, r.AddressKey, r.Blind, r.Accepted, r.Stage, r.Code, r.Enhanced, r.Text)
		if err = schema.Changed(n, 1, err); err != nil {
			return err
		}
	}
	return nil
}

const columns = "SELECT c.attempt, c.address, c.address_key, c.blind, c.accepted, c.stage, c.code, c.enhanced, c.text FROM copied c "

// Last reads what was said in the last attempts at the deliveries with ids from first to last, by attempt. There are
// few where a campaign has no copies: then it reads nothing.
func Last(ctx context.Context, db *sql.DB, first, last int64) (map[int64][]Recipient, error) {
	return read(db.QueryContext(ctx, columns+`WHERE c.delivery >= ? AND c.delivery <= ?
		AND c.attempt = (SELECT max(no) FROM attempts WHERE delivery = c.delivery) ORDER BY c.no`, first, last))
}

// Of reads what was said in all attempts at one delivery, by attempt.
func Of(ctx context.Context, db *sql.DB, delivery int64) (map[int64][]Recipient, error) {
	return read(db.QueryContext(ctx, columns+"WHERE c.delivery = ? ORDER BY c.no", delivery))
}

// Count counts what was said in the last attempts at deliveries with ids from first to before end.
func Count(ctx context.Context, db *sql.DB, first, end int64) (accepted, others int64, err error) {
	err = db.QueryRowContext(ctx, `SELECT coalesce(sum(accepted), 0), coalesce(sum(1 - accepted), 0) FROM copied c
		WHERE c.delivery >= ? AND c.delivery < ? AND c.attempt = (SELECT max(no) FROM attempts WHERE delivery = c.delivery)`,
		first, end).Scan(&accepted, &others)
	return accepted, others, err
}

func read(rows *sql.Rows, err error) (map[int64][]Recipient, error) {
	var all map[int64][]Recipient
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var attempt int64
		var r Recipient
		err := rows.Scan(&attempt, &r.Address, &r.AddressKey, &r.Blind, &r.Accepted, &r.Stage, &r.Code, &r.Enhanced, &r.Text)
		if all == nil {
			all = map[int64][]Recipient{}
		}
		all[attempt] = append(all[attempt], r)
		return err
	})
	return all, err
}

const erase = "UPDATE copied SET address = '', address_key = '', text = '' WHERE "

// Forget erases the person with this address key from what was said, whoever's delivery it was. Codes stay.
func Forget(t *sqlite.Tx, key string) error {
	_, err := t.Exec(erase+"address_key = ?", key)
	return err
}

// ForgetDelivery erases the recipients of one delivery's copies: who got copies of a person's mail is about that
// person.
func ForgetDelivery(t *sqlite.Tx, delivery int64) error {
	_, err := t.Exec(erase+"delivery = ?", delivery)
	return err
}
