package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// direct is the statements of one connection that are run by the driver itself: what database/sql does about every
// call and every row, its locks and its conversions, is of no use for a connection that one caller has at a time. The
// zero value has none. It is for one caller at a time, and for one connection.
type direct struct {
	stmts map[string]statement // by text
	args  []driver.NamedValue  // of the call under way, used again by the next
	row   Row                  // of the query under way
}

// statement is a statement as the driver prepared it.
type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// run runs a statement that returns no rows, which it keeps prepared, and returns how many rows it changed.
func (d *direct) run(conn *sql.Conn, query string, args []any) (int64, error) {
	st, err := d.bind(conn, query, args)
	defer func() { clear(d.args) }() // what was stored is not kept in memory
	if err != nil {
		return 0, err
	}
	r, err := st.ExecContext(context.Background(), d.args)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// each runs a query, which it keeps prepared, and calls fn for every row of its result.
func (d *direct) each(conn *sql.Conn, query string, args []any, fn func(*Row) error) (err error) {
	st, err := d.bind(conn, query, args)
	defer func() { clear(d.args) }()
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(context.Background(), d.args)
	if err != nil {
		return err
	}
	defer func() {
		clear(d.row.values)
		err = errors.Join(err, rows.Close())
	}()
	r := &d.row
	if n := len(rows.Columns()); cap(r.values) < n {
		r.values = make([]driver.Value, n)
	} else {
		r.values = r.values[:n]
	}
	for {
		r.next, r.err = 0, nil
		if err := rows.Next(r.values); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := fn(r); err != nil {
			return err
		}
		if r.err != nil {
			return r.err
		}
	}
}

// bind prepares the statement with this text, unless it is, and makes its arguments.
func (d *direct) bind(conn *sql.Conn, query string, args []any) (statement, error) {
	st, ok := d.stmts[query]
	if !ok {
		var err error
		if st, err = compile(conn, query); err != nil {
			return nil, err
		}
		if d.stmts == nil {
			d.stmts = map[string]statement{}
		}
		d.stmts[query] = st
	}
	d.args = d.args[:0]
	for i, arg := range args {
		v, err := value(arg)
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		d.args = append(d.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return st, nil
}

// compile has the connection's driver prepare a statement.
func compile(conn *sql.Conn, query string) (st statement, err error) {
	err = conn.Raw(func(c any) error {
		p, ok := c.(driver.ConnPrepareContext)
		if !ok {
			return fmt.Errorf("a connection of the driver is %T", c)
		}
		s, err := p.PrepareContext(context.Background(), query)
		if err != nil {
			return err
		}
		if st, ok = s.(statement); !ok {
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
func (d *direct) close() error {
	var errs []error
	for _, st := range d.stmts {
		errs = append(errs, st.Close())
	}
	d.stmts = nil
	return errors.Join(errs...)
}

// Row is one row of a query's result. Its columns are taken from the first to the last, each once, by the method of
// its type. After a column of another type, whatever is taken is the zero value, and Err says what was wrong. A Row
// is valid only until the function that it was given to returns. What was taken from it belongs to the caller.
type Row struct {
	values []driver.Value
	next   int
	err    error
}

// Err is what was wrong with the columns that were taken so far. [Store.Read] returns it, too.
func (r *Row) Err() error { return r.err }

// take gives the next column.
func (r *Row) take() driver.Value {
	if r.err != nil || r.next == len(r.values) {
		r.wrong("there are fewer")
		return nil
	}
	r.next++
	return r.values[r.next-1]
}

// wrong notes the first column that is not as it should be.
func (r *Row) wrong(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("column %d: %s", r.next, what)
	}
}

// Int is the next column, an integer.
func (r *Row) Int() int64 {
	v := r.take()
	n, ok := v.(int64)
	if !ok {
		r.wrong(fmt.Sprintf("%T in place of an integer", v))
	}
	return n
}

// Text is the next column, a text.
func (r *Row) Text() string {
	switch v := r.take().(type) {
	case string:
		return v
	case []byte:
		return string(v)
	default:
		r.wrong(fmt.Sprintf("%T in place of a text", v))
		return ""
	}
}

// Or is Text for a column that is an integer where the text is another one, which the caller has: that one. So a text
// that is in two columns is read once.
func (r *Row) Or(other string) string {
	if r.err == nil && r.next < len(r.values) {
		if _, same := r.values[r.next].(int64); same {
			r.next++
			return other
		}
	}
	return r.Text()
}

// Bytes is the next column, a blob; nil where the column is NULL or empty.
func (r *Row) Bytes() []byte {
	switch v := r.take().(type) {
	case []byte:
		return v
	case string:
		return []byte(v)
	case nil:
		return nil
	default:
		r.wrong(fmt.Sprintf("%T in place of a blob", v))
		return nil
	}
}
