// Package sqlite is the store that campaign/ledger and campaign/accounts share. [Prepare] makes a private file, [Open]
// opens it as a [Store], [Store.Write] runs a transaction and makes it durable, and [Store.Read] reads what was
// committed. [Lock] locks a file for this process.
//
// A store is one SQLite file with a write-ahead log. It has one writing connection, whose transactions take the file's
// write lock at their start, and a few reading ones. If Write has returned nil, its changes are on the disk, also after
// a power cut. Open refuses a log that is damaged before its end, because SQLite would take the damage for the end: see
// [LogDamage].
//
// Errors that say what to do about the file are *statefile.Error.
package sqlite

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

	"mailshot/campaign/statefile"
)

// application marks our databases ("msht"), so that another program's database is not taken for ours.
const application = 0x6d736874

// busyTimeout is how long, in milliseconds, a transaction waits while another process writes. Each write is short. If
// one takes a minute, the machine or the disk stands still, and a run should outlast that.
const busyTimeout = "busy_timeout(60000)"

// writingPages and readingPages are how much each connection keeps of the file's pages, which the system has in memory
// anyway. The driver's allocator gives each page of 4 KiB and its head 8 KiB, so the process grows by twice as much.
// What is read and written comes in the order of the file, so more pages did not make anything faster.
const (
	writingPages = "cache_size(-4096)"
	readingPages = "cache_size(-1024)"
)

// Store is one SQLite file: a single writing connection, whose transactions take the write lock at once, and a few
// reading ones.
type Store struct {
	Path    string  // the file's
	Reading *sql.DB // for queries outside of a transaction; it cannot write
	writing *sql.DB

	mu    sync.Mutex // one transaction at a time
	conn  *sql.Conn
	stmts map[string]*sql.Stmt // queries prepared on conn, by text
	execs direct               // the other statements
	bulks map[string]string    // the texts of statements that insert many records, by their beginning

	readMu sync.Mutex // one query of Read at a time
	reader *sql.Conn  // of Read
	reads  direct     // its queries
}

// Version is a step of a database's schema, to this version from the one before. One that was released is never edited.
type Version struct {
	Schema string // columns, which a repair needs to read the records of an older file
	Data   string // the rest; a repair leaves it out, because it changes as little as it can of a damaged file
}

// Open opens the prepared file at path and brings it to the schema's version. versions[i] makes version i+1 from
// version i.
func Open(ctx context.Context, path string, versions []Version) (_ *Store, err error) {
	s := &Store{Path: path, stmts: map[string]*sql.Stmt{}, bulks: map[string]string{}}
	defer func() {
		if err != nil {
			err = Explain(path, errors.Join(err, s.Close()))
		}
	}()
	if err = LogDamage(path); err != nil {
		return nil, err
	}
	// fullfsync makes a sync reach the disk on macOS; elsewhere it does nothing. SQLite wants the time-out first.
	s.writing, err = sql.Open("sqlite", Name(path, busyTimeout, "journal_mode(WAL)", "synchronous(FULL)",
		"fullfsync(1)", "checkpoint_fullfsync(1)", writingPages, "wal_autocheckpoint(4000)",
		"journal_size_limit(67108864)", "temp_store(MEMORY)"))
	if err != nil {
		return nil, err
	}
	s.writing.SetMaxOpenConns(1)
	if err = s.connect(ctx); err != nil {
		return nil, err
	}
	if err = s.migrate(versions); err != nil {
		return nil, err
	}
	if s.Reading, err = sql.Open("sqlite", Name(path, busyTimeout, "query_only(1)", readingPages)); err != nil {
		return nil, err
	}
	s.Reading.SetMaxOpenConns(5) // one is Read's
	// SQLite opens the file with the first query, and by then somebody may have moved it: all connections have one file.
	if s.reader, err = s.Reading.Conn(ctx); err != nil {
		return nil, err
	}
	var tables int
	if err = s.reader.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return nil, err
	}
	return s, nil
}

// connect opens the writing connection. The first connection gives a new file its log, and the last one takes the log
// away. SQLite does neither while another connection has the file open, and says at once that it is busy, whatever its
// time-out is; so connect tries again.
func (s *Store) connect(ctx context.Context) error {
	for begun := time.Now(); ; {
		var err error
		if s.conn, err = s.writing.Conn(ctx); !Busy(err) || time.Since(begun) > time.Minute {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Name returns the name of a file for the driver, with the settings that each connection to it makes.
func Name(path string, pragmas ...string) string {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // a Windows drive
	}
	settings := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}
	u := url.URL{Scheme: "file", Path: slashed, RawQuery: settings.Encode()}
	return u.String()
}

// migrate brings the file to the newest version. It refuses a file of a newer version, or of another program.
func (s *Store) migrate(versions []Version) error {
	if have, err := s.version(len(versions)); err != nil || have == len(versions) {
		return err // the usual case, which does not need the write lock
	}
	return s.Write(func(t *Tx) error {
		have, err := s.version(len(versions)) // another process may have been first
		if err != nil || have == len(versions) {
			return err
		}
		for ; have < len(versions); have++ {
			err := t.Script(versions[have].Schema + versions[have].Data)
			if Code(err) == sqlite3.SQLITE_CONSTRAINT {
				return &statefile.Error{Path: s.Path, Text: "records that an older mailshot made contradict each other",
					Err: err, Hint: DamageHint}
			}
			if err != nil {
				return err
			}
		}
		return t.Script(fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", application, len(versions)))
	})
}

// version returns the version of the file, 0 for an empty one.
func (s *Store) version(newest int) (int, error) {
	var app, have, tables int
	t := &Tx{s: s}
	err := t.Row(`SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
		FROM pragma_application_id, pragma_user_version`).Scan(&app, &have, &tables)
	switch {
	case err != nil:
		return 0, err
	case app == 0 && have == 0 && tables == 0:
		return 0, nil
	case app != application:
		return 0, &statefile.Error{Path: s.Path, Text: "not a mailshot database", Hint: "name another file"}
	case have > newest:
		text := fmt.Sprintf("written by a newer mailshot (version %d of the file, this program knows %d)", have, newest)
		return 0, &statefile.Error{Path: s.Path, Text: text, Hint: "update mailshot", Newer: true}
	}
	return have, nil
}

// Explain is the function of that name for the store's file.
func (s *Store) Explain(err error) error { return Explain(s.Path, err) }

// Close closes all connections. The last process to do so folds the log into the file.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, st := range s.stmts {
		errs = append(errs, st.Close())
	}
	s.stmts = nil
	errs = append(errs, s.execs.close(), s.closeReader())
	if s.Reading != nil {
		errs = append(errs, s.Reading.Close())
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	if s.writing != nil {
		errs = append(errs, s.writing.Close())
	}
	return errors.Join(errs...)
}

// closeReader closes the connection of Read. After it Read fails.
func (s *Store) closeReader() error {
	s.readMu.Lock()
	defer s.readMu.Unlock()
	err := s.reads.close()
	if s.reader != nil {
		err = errors.Join(err, s.reader.Close())
	}
	return err
}

// Write runs fn in a transaction that holds the file's write lock from its start, and makes the transaction durable.
// nil means that the changes are on the disk, an error that none of them may be relied on. Write takes no context: a
// transaction is short, and half of one is of no use.
func (s *Store) Write(fn func(*Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stmts == nil {
		return fmt.Errorf("%s: %w", s.Path, sql.ErrConnDone)
	}
	t := &Tx{s: s}
	if _, err := t.Exec("BEGIN IMMEDIATE"); err != nil {
		return Explain(s.Path, err)
	}
	done := false
	defer func() {
		if !done { // fn panicked
			_, _ = t.Exec("ROLLBACK")
		}
	}()
	err := fn(t)
	if err == nil {
		_, err = t.Exec("COMMIT")
	}
	if err != nil {
		// After some errors SQLite has rolled back by itself and says that there is nothing to roll back.
		_, _ = t.Exec("ROLLBACK")
	}
	done = true
	return Explain(s.Path, err)
}

// Tx is a running transaction on the writing connection.
type Tx struct{ s *Store }

func (t *Tx) prepared(query string) (*sql.Stmt, error) {
	if st, ok := t.s.stmts[query]; ok {
		return st, nil
	}
	st, err := t.s.conn.PrepareContext(context.Background(), query)
	if err == nil {
		t.s.stmts[query] = st
	}
	return st, err
}

// Exec runs one statement and returns how many rows it changed.
func (t *Tx) Exec(query string, args ...any) (int64, error) {
	return t.s.execs.run(t.s.conn, query, args)
}

// Once is Exec for a statement whose text is not used again: it is not kept prepared.
func (t *Tx) Once(query string, args ...any) (int64, error) {
	r, err := t.s.conn.ExecContext(context.Background(), query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Script runs several statements that are used once.
func (t *Tx) Script(text string) error {
	_, err := t.s.conn.ExecContext(context.Background(), text)
	return err
}

// Several is how many records go into one statement of Bulk, which is twice as fast as one by one.
const Several = 50

// Bulk inserts n records, at most Several, and returns how many went in. insert is the statement up to VALUES, values
// is one record's parameters, and args are the arguments of all records.
func (t *Tx) Bulk(insert, values string, n int, args []any) (int64, error) {
	query, run := t.s.bulks[insert], t.Exec
	switch {
	case n < Several: // the last records, whose statement is not used again
		query, run = insert+values+strings.Repeat(", "+values, n-1), t.Once
	case query == "":
		query = insert + values + strings.Repeat(", "+values, Several-1)
		t.s.bulks[insert] = query
	}
	return run(query, args...)
}

// Row runs a query for one row whose text is not used again.
func (t *Tx) Row(query string, args ...any) *sql.Row {
	return t.s.conn.QueryRowContext(context.Background(), query, args...)
}

// Known is Row for a query that is asked often.
func (t *Tx) Known(query string, args ...any) (*sql.Row, error) {
	st, err := t.prepared(query)
	if err != nil {
		return nil, err
	}
	return st.QueryRowContext(context.Background(), args...), nil
}

// Query runs a query that is asked often.
func (t *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	st, err := t.prepared(query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(context.Background(), args...)
}

// Read runs a query that is asked often, and calls fn for every row of its result. It is outside of any transaction: it
// sees what was committed when it began. It takes no context, because the result is small. One Read goes on at a time,
// so fn must not call Read. The error is fn's, or that of a column that was not of the type that fn took it for.
func (s *Store) Read(query string, args []any, fn func(*Row) error) error {
	s.readMu.Lock()
	defer s.readMu.Unlock()
	return s.reads.each(s.reader, query, args, fn)
}

// Each calls fn for every row of a query's result; fn scans the row. It returns err, if that is not nil, or the first
// error.
func Each(rows *sql.Rows, err error, fn func(*sql.Rows) error) error {
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

// Stamp returns t as it is stored: nanoseconds of Unix time, 0 for the zero time.
func Stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// Moment returns the time that is stored as n.
func Moment(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}

// Rewrite writes the file anew and empties its log, so that nothing that was erased is left in either. While another
// process reads the file it fails, and may be tried again.
func (s *Store) Rewrite(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stmts == nil {
		return fmt.Errorf("%s: %w", s.Path, sql.ErrConnDone)
	}
	if _, err := s.conn.ExecContext(ctx, "VACUUM"); err != nil {
		return Explain(s.Path, err)
	}
	var held, log, done int
	if err := s.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&held, &log, &done); err != nil {
		return Explain(s.Path, err)
	}
	if held != 0 {
		return &statefile.Error{Path: s.Path,
			Text: "another process reads the file, so that its log cannot be emptied yet",
			Hint: "try again when it has ended"}
	}
	return nil
}
