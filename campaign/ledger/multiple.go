package ledger

import "context"

// Multiple is how many addresses have more than one delivery of a campaign that is or was to be sent: people who get more
// than one message, because they stand in the list under several keys.
func (l *Ledger) Multiple(ctx context.Context, id string) (n int64, err error) {
	no, _, err := l.find(ctx, id)
	if err != nil {
		return 0, err
	}
	first, end := span(no)
	err = l.db.Reading.QueryRowContext(ctx, `SELECT count(*) FROM (
		SELECT 1 FROM rows WHERE id >= ? AND id < ? AND hash IS NOT NULL GROUP BY address_key HAVING count(*) > 1)`, first, end).Scan(&n)
	return n, l.db.Explain(err)
}
