package recipients

import (
	"os"

	"mailshot/campaign/recipients/database"
)

// query is a source of the rows of a database.
type query struct{ *database.Query }

// openSQLite starts the query of a database file.
func (l *List) openSQLite(f *os.File) error {
	if err := noFileSettings(l.cfg, l.cfg.File+" is a database"); err != nil {
		return err
	}
	q, err := database.OpenSQLite(l.queryConfig(), f.Name())
	return l.ask(q, err)
}

// openPostgres connects to a server and starts the query.
func (l *List) openPostgres() error {
	if err := noFileSettings(l.cfg, "the list is in a database"); err != nil {
		return err
	}
	q, err := database.OpenPostgres(l.queryConfig())
	return l.ask(q, err)
}

func (l *List) queryConfig() database.Config {
	return database.Config{
		File: l.cfg.File, Postgres: l.cfg.Postgres, Query: l.cfg.Query, Done: l.cfg.Done,
		QueryAt: l.cfg.Places["query"], PostgresAt: l.cfg.Places["postgres"],
	}
}

// ask makes a query that was started the list's source.
func (l *List) ask(q *database.Query, err error) error {
	if err != nil {
		return err
	}
	l.cfg.File = q.Name()
	l.close = append(l.close, q.Close)
	l.source = &query{q}
	return nil
}

func (q *query) next() (record, error) {
	row, err := q.Next()
	rec := record{line: row.Number, fields: row.Texts, cells: row.Cells}
	if row.Wrong != nil {
		rec.faults = append(rec.faults, row.Wrong)
	}
	return rec, err
}

func (q *query) place(line int64) string { return q.Place(line) }

func (q *query) sum() ([]byte, error) { return q.Sum(), nil }

// noFileSettings refuses settings about the form of a file, which a database does not have.
func noFileSettings(cfg Config, what string) error {
	for _, set := range []struct {
		key   string
		given bool
	}{
		{"sheet", cfg.Sheet != ""}, {"range", cfg.Range != ""},
		{"hidden", cfg.Hidden != "" && cfg.Hidden != HiddenAsk}, {"header_row", cfg.HeaderRow != 0},
		{"delimiter", cfg.Delimiter != 0}, {"encoding", cfg.Encoding != ""},
	} {
		if set.given {
			return &Fault{Code: "bad-query", Place: cfg.says(set.key), Text: set.key + " is set, but " + what,
				Hint: "delete it"}
		}
	}
	return nil
}
