package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// application marks our databases ("msht"), so that another program's is not taken for one of ours.
const application = 0x6d736874

// busyTimeout is for how long, in milliseconds, a transaction waits while another process writes. Each write is short: who is kept
// waiting for a minute is on a machine or a disk that stands still, and a run should outlast it.
const busyTimeout = "busy_timeout(60000)"

// store is one SQLite file: a single writing connection, whose transactions take the write lock at once, and a few reading ones.
type store struct {
	path    string
	writing *sql.DB
	reading *sql.DB

	mu    sync.Mutex // one transaction at a time
	conn  *sql.Conn
	stmts map[string]*sql.Stmt // prepared on conn, by text
	bulks map[string]string    // the texts of statements that insert many records, by their beginning

	readMu sync.Mutex
	reads  map[string]*sql.Stmt // prepared on reading, by text
}

// openStore opens the prepared file at path and brings it to the schema's version. versions[i] makes version i+1 from version i.
func openStore(ctx context.Context, path string, versions []version) (_ *store, err error) {
	s := &store{path: path, stmts: map[string]*sql.Stmt{}, bulks: map[string]string{}, reads: map[string]*sql.Stmt{}}
	defer func() {
		if err != nil {
			err = explain(path, errors.Join(err, s.close()))
		}
	}()
	if err = logDamage(path); err != nil {
		return nil, err
	}
	// fullfsync is what makes a sync reach the disk on macOS; elsewhere it does nothing. The order is SQLite's: the time-out first.
	if s.writing, err = sql.Open("sqlite", dsn(path, busyTimeout, "journal_mode(WAL)", "synchronous(FULL)", "fullfsync(1)",
		"checkpoint_fullfsync(1)", "cache_size(-12288)", "wal_autocheckpoint(4000)", "journal_size_limit(67108864)", "temp_store(MEMORY)")); err != nil {
		return nil, err
	}
	s.writing.SetMaxOpenConns(1)
	if err = s.connect(ctx); err != nil {
		return nil, err
	}
	if err = s.migrate(versions); err != nil {
		return nil, err
	}
	if s.reading, err = sql.Open("sqlite", dsn(path, busyTimeout, "query_only(1)")); err != nil {
		return nil, err
	}
	s.reading.SetMaxOpenConns(4)
	return s, nil
}

// connect opens the writing connection. A new file is given its log by whoever opens it, and the last one to close a file takes the log
// away: SQLite does neither while another has the file open, and says so at once, whatever its time-out is.
func (s *store) connect(ctx context.Context) error {
	for begun := time.Now(); ; {
		var err error
		if s.conn, err = s.writing.Conn(ctx); !busy(err) || time.Since(begun) > time.Minute {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// dsn names the file with the settings that each connection to it makes.
func dsn(path string, pragmas ...string) string {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // a Windows drive
	}
	u := url.URL{Scheme: "file", Path: slashed, RawQuery: url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}.Encode()}
	return u.String()
}

// migrate brings the file to the newest version, and refuses one that is newer still, or another program's.
func (s *store) migrate(versions []version) error {
	if have, err := s.version(len(versions)); err != nil || have == len(versions) {
		return err // the usual case, which need not wait for the write lock
	}
	return s.write(func(t *tx) error {
		have, err := s.version(len(versions)) // another process may have been first
		if err != nil || have == len(versions) {
			return err
		}
		for ; have < len(versions); have++ {
			if err := t.script(versions[have].schema + versions[have].data); primary(err) == sqlite3.SQLITE_CONSTRAINT {
				return &FileError{Path: s.path, Text: "records that an older mailshot made contradict each other", Err: err, Hint: damageHint}
			} else if err != nil {
				return err
			}
		}
		return t.script(fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", application, len(versions)))
	})
}

// version is the version of the file, 0 for an empty one.
func (s *store) version(newest int) (int, error) {
	var app, have, tables int
	t := &tx{s: s}
	err := t.row("SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id, pragma_user_version").Scan(&app, &have, &tables)
	switch {
	case err != nil:
		return 0, err
	case app == 0 && have == 0 && tables == 0:
		return 0, nil
	case app != application:
		return 0, &FileError{Path: s.path, Text: "not a mailshot database", Hint: "name another file"}
	case have > newest:
		return 0, &FileError{Path: s.path, Text: fmt.Sprintf("written by a newer mailshot (version %d of the file, this program knows %d)", have, newest),
			Hint: "update mailshot"}
	}
	return have, nil
}

// close closes all connections; the last process to do so folds the log into the file.
func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, st := range s.stmts {
		errs = append(errs, st.Close())
	}
	s.stmts = nil
	if s.reading != nil {
		errs = append(errs, s.reading.Close())
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	if s.writing != nil {
		errs = append(errs, s.writing.Close())
	}
	return errors.Join(errs...)
}

// write runs fn in a transaction that holds the file's write lock from its start, and makes it durable. A nil error means that the
// changes are on the disk; any other that none of them may be relied on. The context of callers has no part in it: a transaction
// is short, and half of one helps nobody.
func (s *store) write(fn func(*tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stmts == nil {
		return fmt.Errorf("%s: %w", s.path, sql.ErrConnDone)
	}
	t := &tx{s: s}
	if _, err := t.exec("BEGIN IMMEDIATE"); err != nil {
		return explain(s.path, err)
	}
	done := false
	defer func() {
		if !done { // fn panicked
			_, _ = t.exec("ROLLBACK")
		}
	}()
	err := fn(t)
	if err == nil {
		_, err = t.exec("COMMIT")
	}
	if err != nil {
		// After some errors SQLite has rolled back by itself and says that there is nothing to roll back.
		_, _ = t.exec("ROLLBACK")
	}
	done = true
	return explain(s.path, err)
}

// tx is a running transaction on the writing connection.
type tx struct{ s *store }

func (t *tx) prepared(query string) (*sql.Stmt, error) {
	if st, ok := t.s.stmts[query]; ok {
		return st, nil
	}
	st, err := t.s.conn.PrepareContext(context.Background(), query)
	if err == nil {
		t.s.stmts[query] = st
	}
	return st, err
}

// exec runs one statement and returns how many rows it changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	st, err := t.prepared(query)
	if err != nil {
		return 0, err
	}
	r, err := st.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// once is exec for a statement whose text is not used again.
func (t *tx) once(query string, args ...any) (int64, error) {
	r, err := t.s.conn.ExecContext(context.Background(), query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// script runs statements that are used once.
func (t *tx) script(text string) error {
	_, err := t.s.conn.ExecContext(context.Background(), text)
	return err
}

func (t *tx) row(query string, args ...any) *sql.Row {
	return t.s.conn.QueryRowContext(context.Background(), query, args...)
}

// known is row for a query that is asked often.
func (t *tx) known(query string, args ...any) (*sql.Row, error) {
	st, err := t.prepared(query)
	if err != nil {
		return nil, err
	}
	return st.QueryRowContext(context.Background(), args...), nil
}

func (t *tx) query(query string, args ...any) (*sql.Rows, error) {
	st, err := t.prepared(query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(context.Background(), args...)
}

// read runs a query that is asked often, outside of any transaction: it sees what was committed when it began. The context has no
// part in it, for blocks are small.
func (s *store) read(query string, args ...any) (*sql.Rows, error) {
	s.readMu.Lock()
	st, ok := s.reads[query]
	if !ok {
		var err error
		if st, err = s.reading.PrepareContext(context.Background(), query); err != nil {
			s.readMu.Unlock()
			return nil, err
		}
		s.reads[query] = st
	}
	s.readMu.Unlock()
	return st.QueryContext(context.Background(), args...)
}

// each calls fn for every row of the result, which fn scans.
func each(rows *sql.Rows, err error, fn func(*sql.Rows) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// stamp is t as it is stored; the zero time is 0.
func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// moment is the time stored as n.
func moment(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}
