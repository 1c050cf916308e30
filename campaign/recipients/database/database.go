// Package database reads the answer to one query as a list. [OpenSQLite] asks an SQLite file, [OpenPostgres] a
// PostgreSQL server. [Query.Next] returns the names of the columns and then one [Row] after another.
//
// No query can change the database. It must be one statement that begins with SELECT or the like, and it runs in a
// transaction or on a connection that can only read.
package database

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/value"
)

// Query is a running query: its columns are the header of the list, and its rows the records. Numbers, dates and
// booleans are cells like those of a sheet. The rows come one at a time and show one state of the database. The
// digest covers columns and values in their order, so a query without ORDER BY may have another digest each time.
type Query struct {
	name   string // name of the database, for places
	most   int64  // rows
	rows   cursor
	cancel context.CancelFunc // ends the query
	begun  bool
	line   int64
	total  hash.Hash
}

// Config is a query and the database that it asks.
type Config struct {
	File     string // name of the SQLite file, for places
	Postgres string // connection string of a PostgreSQL database: a URL or key=value; secret

	Query string          // one statement that reads
	Done  <-chan struct{} // closed to end a query that has not answered yet; default never

	Patience time.Duration // for the first row of an SQLite file; default 5 min. A server has its statement_timeout.
	Most     int64         // rows of an answer; default 10 million

	// The places that set Query and Postgres, for faults. Default: the database's name.
	QueryAt, PostgresAt string
}

// at is a place of the campaign, or the database where that is not known.
func (c Config) at(place string) string {
	if place != "" {
		return place
	}
	return c.File
}

// Row is one row of the answer. It belongs to the caller.
type Row struct {
	Number int64        // from 1
	Texts  []string     // as a person sees them, by column
	Cells  []value.Cell // what is stored behind them; nil for the names of the columns
	Wrong  *fault.Fault // a cell with bytes that are not text, or nil
}

// cursor is the answer to a query.
type cursor interface {
	columns() []string
	// row returns the texts of the next row and what is stored behind them. bad is the column, from 1, whose bytes
	// are not text, or 0. io.EOF comes after the last row.
	row() (fields []string, cells []value.Cell, bad int, err error)
	close() error
}

// mostRows is a bound for answers that have no end. A list ten times as long as a large one ends before it.
const mostRows = 10_000_000

func newQuery(c Config, rows cursor, cancel context.CancelFunc) *Query {
	return &Query{name: c.File, most: cmp.Or(c.Most, mostRows), rows: rows, cancel: cancel, total: sha256.New()}
}

// running is the context of a query. It ends by cancel, and with Done until answered is called.
func (c Config) running() (ctx context.Context, cancel context.CancelFunc, answered func()) {
	ctx, cancel = context.WithCancel(context.Background())
	first := make(chan struct{})
	go func() {
		select {
		case <-c.Done:
			cancel()
		case <-first:
		case <-ctx.Done():
		}
	}()
	return ctx, cancel, func() { close(first) }
}

// ended reports whether Done is closed.
func (c Config) ended() bool {
	select {
	case <-c.Done:
		return true
	default:
		return false
	}
}

// Place names a row of the answer, or the query itself for 0.
func (q *Query) Place(line int64) string {
	if line == 0 {
		return q.name + " query"
	}
	return q.name + " row " + strconv.FormatInt(line, 10) + " of the query"
}

// Next returns the names of the columns as row 0, and then one row after another. io.EOF comes after the last row.
// Any other error is a final [*fault.Fault].
func (q *Query) Next() (Row, error) {
	if !q.begun {
		q.begun = true
		rec := Row{Texts: q.rows.columns()}
		q.add(rec)
		return rec, nil
	}
	fields, cells, bad, err := q.rows.row()
	if err == io.EOF {
		return Row{}, err
	}
	if err != nil {
		return Row{}, &fault.Fault{Code: "broken-query", Place: q.Place(q.line + 1),
			Text: "the query broke off: " + err.Error(), Hint: "try again", Final: true}
	}
	if q.line++; q.line > q.most {
		return Row{}, &fault.Fault{Code: "broken-query", Place: q.Place(q.line),
			Text: fmt.Sprintf("the query gives more than %d rows, which is no list", q.most), Hint: endless, Final: true}
	}
	rec := Row{Number: q.line, Texts: fields, Cells: cells}
	if bad > 0 {
		rec.Wrong = &fault.Fault{Code: "bad-value", Place: q.Place(q.line),
			Text: fmt.Sprintf("column %d of the query holds bytes that are not text", bad),
			Hint: "leave the column out of the query, or cast it there"}
	}
	q.add(rec)
	return rec, nil
}

// endless is the hint about a query that may have no end.
const endless = "is a join without its condition, or a WITH RECURSIVE without an end? add what is missing, or a LIMIT"

// slowError says that a query did not give its first row in time.
type slowError struct{ time.Duration }

func (e slowError) Error() string { return fmt.Sprintf("the query gave no row for %s", e.Duration) }

// add adds a record to the digest.
func (q *Query) add(rec Row) {
	b := binary.AppendUvarint(nil, uint64(len(rec.Texts)))
	for i, f := range rec.Texts {
		kind := value.Text
		if rec.Cells != nil {
			kind = rec.Cells[i].Kind
		}
		b = binary.AppendUvarint(append(b, byte(kind)), uint64(len(f)))
		b = append(b, f...)
	}
	q.total.Write(b)
}

// Sum returns the SHA-256 of the columns and of the rows read so far, in their order.
func (q *Query) Sum() []byte { return q.total.Sum(nil) }

// Name is the database's name in places: the file's name, or PostgreSQL and the name of the database.
func (q *Query) Name() string { return q.name }

// Cancel stops the query. It is safe to call at any time and from any goroutine.
func (q *Query) Cancel() { q.cancel() }

// Close stops the query and closes the connection.
func (q *Query) Close() error {
	q.cancel()
	return q.rows.close()
}

// oneQuery returns the query without the semicolon and the comments after it. It refuses anything but one query that
// reads.
func oneQuery(cfg Config) (string, error) {
	refuse := func(text string) error {
		return &fault.Fault{Code: "bad-query", Place: cfg.at(cfg.QueryAt), Text: text,
			Hint: "one query that reads: SELECT email, name FROM customers ORDER BY id"}
	}
	text := strings.TrimSpace(cfg.Query)
	if text == "" {
		return "", refuse("no query says which rows of the database are the list")
	}
	end, word := len(text), ""
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\'' || c == '"' || c == '`':
			j := strings.IndexByte(text[i+1:], c)
			if j < 0 {
				return "", refuse("a quote in the query is never closed")
			}
			i += j + 1
		case strings.HasPrefix(text[i:], "--"):
			j := strings.IndexByte(text[i:], '\n')
			if j < 0 {
				j = len(text) - i
			}
			i += j
		case strings.HasPrefix(text[i:], "/*"):
			j := strings.Index(text[i:], "*/")
			if j < 0 {
				return "", refuse("a comment in the query is never closed")
			}
			i += j + 1
		case c == ';':
			end = min(end, i)
		case c > ' ' && end < len(text):
			return "", refuse("there is more than one query")
		case word == "" && c > ' ' && c != '(':
			word = text[i:]
			letter := func(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' }
			if j := strings.IndexFunc(word, func(r rune) bool { return !letter(r) }); j >= 0 {
				word = word[:j]
			}
			i += max(len(word)-1, 0)
		}
	}
	switch strings.ToUpper(word) {
	case "SELECT", "WITH", "VALUES", "TABLE":
		return text[:end], nil
	}
	return "", refuse("the query does not begin with SELECT")
}

// cellOf returns a value of a database as a cell: the text that a person sees, and what is stored behind it. ok is
// false for bytes that are not text.
func cellOf(v any) (text string, c value.Cell, ok bool) {
	switch v := v.(type) {
	case nil:
		return "", value.Cell{}, true
	case int64:
		text = strconv.FormatInt(v, 10)
		return text, value.Cell{Kind: value.Number, Number: float64(v), Lost: !value.Kept(text)}, true
	case float64:
		format := byte('f')
		if v > 1e21 || v < -1e21 {
			format = 'g'
		}
		text = strconv.FormatFloat(v, format, -1, 64)
		if _, ok := value.Decimal(text); !ok { // NaN, Inf
			return text, value.Cell{}, true
		}
		return text, value.Cell{Kind: value.Number, Number: v}, true
	case bool:
		c = value.Cell{Kind: value.Bool}
		if v {
			c.Number = 1
		}
		return strconv.FormatBool(v), c, true
	case time.Time:
		v = v.UTC()
		layout := "2006-01-02 15:04:05.999999"
		if v.Equal(v.Truncate(24 * time.Hour)) {
			layout = time.DateOnly
		}
		return v.Format(layout), value.Cell{Kind: value.Date, Time: v}, true
	case string:
		return v, value.Cell{}, utf8.ValidString(v) && !strings.Contains(v, "\x00")
	}
	return "", value.Cell{}, false
}
