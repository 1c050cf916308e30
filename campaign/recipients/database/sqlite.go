package database

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"modernc.org/sqlite" // registers the driver "sqlite", too
	sqlite3 "modernc.org/sqlite/lib"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/value"
)

// IsSQLite reports whether a file is an SQLite database, by its first bytes.
func IsSQLite(magic []byte) bool { return strings.HasPrefix(string(magic), "SQLite format 3\x00") }

// OpenSQLite starts the query of a database file. The file is opened for reading only, and the connection refuses to
// write. So the query cannot do harm, and neither can a program that writes to the database meanwhile: the query sees
// one state of it. It returns context.Canceled where cfg.Done has ended it.
func OpenSQLite(cfg Config, path string) (*Query, error) {
	text, err := oneQuery(cfg)
	if err != nil {
		return nil, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, fault.File(cfg.File, err)
	}
	ctx, cancel, answered := cfg.running()
	defer answered()
	alarm := newAlarm(cmp.Or(cfg.Patience, patience), cancel)
	defer alarm.timer.Stop()
	rows, err := querySQLite(ctx, alarm, path, text, false)
	var se *sqlite.Error
	if errors.As(err, &se) &&
		(se.Code()&0xff == sqlite3.SQLITE_CANTOPEN || se.Code()&0xff == sqlite3.SQLITE_READONLY) &&
		!beside(path, "-wal") && !beside(path, "-journal") {
		// A database in WAL mode, in a folder that cannot be written and without a log: nobody is writing to it.
		rows, err = querySQLite(ctx, alarm, path, text, true)
	}
	if err != nil {
		cancel()
		if cfg.ended() {
			return nil, context.Canceled
		}
		f := &fault.Fault{Code: "bad-query", Place: cfg.at(cfg.QueryAt),
			Text: cfg.File + ": " + strings.TrimPrefix(err.Error(), "SQL logic error: "),
			Hint: "does it run in sqlite3 -readonly " + cfg.File + "?", Final: true}
		if errors.As(err, new(slowError)) {
			f.Hint = endless
		}
		return nil, f
	}
	return newQuery(cfg, rows, cancel), nil
}

// beside reports whether SQLite left a file beside a database that holds a part of it.
func beside(path, suffix string) bool {
	info, err := os.Stat(path + suffix)
	return err == nil && info.Size() > 0
}

// querySQLite starts the query. With immutable, it neither locks the file nor looks for a log beside it.
func querySQLite(ctx context.Context, alarm *alarm, path, text string, immutable bool) (_ cursor, err error) {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // the path begins with a Windows drive
	}
	settings := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(10000)", "query_only(1)", "trusted_schema(0)"}}
	if immutable {
		settings.Set("immutable", "1")
	}
	at := url.URL{Scheme: "file", Path: slashed, RawQuery: settings.Encode()}
	db, err := sql.Open("sqlite", at.String())
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return nil, alarm.over(err)
	}
	s := &sqliteRows{db: db, rows: rows}
	if s.names, err = rows.Columns(); err != nil {
		return nil, errors.Join(err, rows.Close())
	}
	// The first row is fetched at once: some mistakes in a query show only then.
	if s.more = rows.Next(); !s.more {
		err = errors.Join(rows.Err(), rows.Close())
	}
	return s, alarm.over(err)
}

// sqliteRows is the answer of an SQLite database.
type sqliteRows struct {
	db    *sql.DB
	rows  *sql.Rows
	names []string
	more  bool // a row is ready to be read
}

func (s *sqliteRows) columns() []string { return s.names }

func (s *sqliteRows) row() (fields []string, cells []value.Cell, bad int, err error) {
	if !s.more {
		if err := s.rows.Err(); err != nil {
			return nil, nil, 0, err
		}
		return nil, nil, 0, io.EOF
	}
	values := make([]any, len(s.names))
	targets := make([]any, len(s.names))
	for i := range values {
		targets[i] = &values[i]
	}
	if err := s.rows.Scan(targets...); err != nil {
		return nil, nil, 0, err
	}
	fields, cells = make([]string, len(values)), make([]value.Cell, len(values))
	for i, v := range values {
		var ok bool
		if fields[i], cells[i], ok = cellOf(v); !ok && bad == 0 {
			bad = i + 1
		}
		cells[i].Column = i
	}
	s.more = s.rows.Next()
	return fields, cells, bad, nil
}

func (s *sqliteRows) close() error { return errors.Join(s.rows.Close(), s.db.Close()) }

// patience is how long SQLite may take for the first row. A query that has one gives the others, or is bounded by their
// number: the driver cannot end a query between two rows.
const patience = 5 * time.Minute

// alarm ends a query that takes too long for its first row.
type alarm struct {
	patience time.Duration
	timer    *time.Timer
	rang     atomic.Bool
}

func newAlarm(patience time.Duration, cancel func()) *alarm {
	a := &alarm{patience: patience}
	a.timer = time.AfterFunc(patience, func() {
		a.rang.Store(true)
		cancel()
	})
	return a
}

// over returns err, or what that comes from where the alarm has ended the query.
func (a *alarm) over(err error) error {
	if err != nil && a.rang.Load() {
		return slowError{a.patience}
	}
	return err
}
