package recipients

import (
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

	"mailshot/campaign/recipients/value"
)

// query is a list that a database gives: the columns of the query are the header, and each of its rows is a record. Numbers,
// dates and truths of the database are cells as a sheet has them. The rows come one at a time in a transaction that can only
// read. The digest is that of columns and values in their order: a query without ORDER BY may be another list each time.
type query struct {
	name   string // of the database, for places
	rows   cursor
	cancel context.CancelFunc // ends the query
	begun  bool
	line   int64
	total  hash.Hash
}

// cursor is the answer to a query.
type cursor interface {
	columns() []string
	// row returns the texts of the next row and what stands behind them, and which of them is no text: column from 1, 0 for
	// none. io.EOF comes after the last row.
	row() (fields []string, cells []value.Cell, bad int, err error)
	close() error
}

func newQuery(name string, rows cursor, cancel context.CancelFunc) *query {
	return &query{name: name, rows: rows, cancel: cancel, total: sha256.New()}
}

// place names a row of the answer, the query itself for 0.
func (q *query) place(line int64) string {
	if line == 0 {
		return q.name + " query"
	}
	return q.name + " row " + strconv.FormatInt(line, 10) + " of the query"
}

func (q *query) next() (record, error) {
	if !q.begun {
		q.begun = true
		rec := record{fields: q.rows.columns()}
		q.add(rec)
		return rec, nil
	}
	fields, cells, bad, err := q.rows.row()
	if err == io.EOF {
		return record{}, err
	}
	if err != nil {
		return record{}, &Fault{Code: "broken-query", Place: q.place(q.line + 1), Text: "the database gives no more: " + err.Error(), Hint: "the same again", Final: true}
	}
	q.line++
	rec := record{line: q.line, fields: fields, cells: cells}
	if bad > 0 {
		rec.faults = append(rec.faults, &Fault{Code: "bad-value", Place: q.place(q.line), Text: fmt.Sprintf("column %d of the query holds bytes that are no text", bad), Hint: "leave the column out of the query, or cast it there"})
	}
	q.add(rec)
	return rec, nil
}

// add takes a record into the digest.
func (q *query) add(rec record) {
	b := binary.AppendUvarint(nil, uint64(len(rec.fields)))
	for i, f := range rec.fields {
		kind := value.Text
		if rec.cells != nil {
			kind = rec.cells[i].Kind
		}
		b = binary.AppendUvarint(append(b, byte(kind)), uint64(len(f)))
		b = append(b, f...)
	}
	q.total.Write(b)
}

func (q *query) sum() ([]byte, error) { return q.total.Sum(nil), nil }

func (q *query) close() error {
	q.cancel()
	return q.rows.close()
}

// oneQuery is the campaign's query without what comes after it.
func oneQuery(cfg Config) (string, error) {
	refuse := func(text string) error {
		return &Fault{Code: "bad-query", Place: cfg.says("query"), Text: text, Hint: "one query that reads: SELECT email, name FROM customers ORDER BY id"}
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
			if j := strings.IndexFunc(word, func(r rune) bool { return r < 'A' || r > 'Z' && r < 'a' || r > 'z' }); j >= 0 {
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

// noFileSettings refuses what is said about the form of a file, which a database does not have.
func noFileSettings(cfg Config, what string) error {
	for _, set := range []struct {
		key   string
		given bool
	}{
		{"sheet", cfg.Sheet != ""}, {"range", cfg.Range != ""}, {"hidden", cfg.Hidden != "" && cfg.Hidden != HiddenAsk}, {"header_row", cfg.HeaderRow != 0},
		{"delimiter", cfg.Delimiter != 0}, {"encoding", cfg.Encoding != ""},
	} {
		if set.given {
			return &Fault{Code: "bad-query", Place: cfg.says(set.key), Text: set.key + " is set, but " + what, Hint: "delete it"}
		}
	}
	return nil
}

// databaseCell is a value of a database as a cell: the text that a person sees, and what stands behind it. ok is false for bytes that
// are no text.
func databaseCell(v any) (text string, c value.Cell, ok bool) {
	switch v := v.(type) {
	case nil:
		return "", value.Cell{}, true
	case int64:
		return strconv.FormatInt(v, 10), value.Cell{Kind: value.Number, Number: float64(v)}, true
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
