package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// execs is the statements of one connection that return no rows. They are run by the driver itself: what database/sql
// does about every call, its locks and its conversions, is of no use for a connection that one
// caller has at a time. The zero value has none. It is for one caller at a time, and for one connection.
type execs struct {
	stmts map[string]execStmt // by text
	args  []driver.NamedValue // of the call under way, used again by the next
}

// execStmt is a statement as the driver prepared it.
type execStmt interface {
	driver.Stmt
	driver.StmtExecContext
}

// run runs a statement, which it keeps prepared, and returns how many rows it changed.
func (e *execs) run(conn *sql.Conn, query string, args []any) (int64, error) {
	st, ok := e.stmts[query]
	if !ok {
		var err error
		if st, err = prepareExec(conn, query); err != nil {
			return 0, err
		}
		if e.stmts == nil {
			e.stmts = map[string]execStmt{}
		}
		e.stmts[query] = st
	}
	e.args = e.args[:0]
	defer func() { clear(e.args) }() // what was stored is not kept in memory
	for i, arg := range args {
		v, err := value(arg)
		if err != nil {
			return 0, fmt.Errorf("argument %d: %w", i+1, err)
		}
		e.args = append(e.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	r, err := st.ExecContext(context.Background(), e.args)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// prepareExec has the connection's driver prepare a statement.
func prepareExec(conn *sql.Conn, query string) (st execStmt, err error) {
	err = conn.Raw(func(c any) error {
		p, ok := c.(driver.ConnPrepareContext)
		if !ok {
			return fmt.Errorf("a connection of the driver is %T", c)
		}
		s, err := p.PrepareContext(context.Background(), query)
		if err != nil {
			return err
		}
		if st, ok = s.(execStmt); !ok {
			return errors.Join(fmt.Errorf("a statement of the driver is %T", s), s.Close())
		}
		return nil
	})
	return st, err
}

// value is an argument as the driver takes it. Most are already.
func value(arg any) (driver.Value, error) {
	switch v := arg.(type) {
	case int64, string, []byte, nil:
		return v, nil
	case int:
		return int64(v), nil
	}
	return driver.DefaultParameterConverter.ConvertValue(arg)
}

// close closes the statements. They cannot be run again.
func (e *execs) close() error {
	var errs []error
	for _, st := range e.stmts {
		errs = append(errs, st.Close())
	}
	e.stmts = nil
	return errors.Join(errs...)
}
