package database

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/value"
)

// The limits for a PostgreSQL server.
const (
	postgresConnect   = 30 * time.Second
	postgresStatement = "300000" // milliseconds for each piece of the answer
	postgresPiece     = 1000     // rows in a piece
)

// OpenPostgres connects and starts the query. It reads the answer piece by piece from a cursor, in a transaction that
// can only read and sees one state of the database. No fault contains the connection string or the password.
//
// The connection string is that of libpq, a URL or key=value. PGHOST and the like fill in what it leaves open. A
// connection to another machine uses TLS or fails, unless the string says sslmode=disable.
func OpenPostgres(cfg Config) (*Query, error) {
	text, err := oneQuery(cfg)
	if err != nil {
		return nil, err
	}
	c, err := pgx.ParseConfig(cfg.Postgres)
	if err != nil { // the error's text may contain the string
		return nil, &fault.Fault{Code: "bad-postgres", Place: cfg.at(cfg.PostgresAt), Text: "not a connection string",
			Hint:  "postgres://reader:PASSWORD@db.example.com/shop?sslmode=verify-full, kept where postgres says",
			Final: true}
	}
	name := "PostgreSQL " + c.Database
	if c.Database == "" {
		name += c.User
	}
	cfg.File = name
	private(c)
	if c.ConnectTimeout == 0 || c.ConnectTimeout > postgresConnect {
		c.ConnectTimeout = postgresConnect
	}
	for key, value := range map[string]string{
		"application_name": "mailshot", "default_transaction_read_only": "on", "DateStyle": "ISO", "TimeZone": "UTC",
		"client_encoding": "UTF8",
	} {
		c.RuntimeParams[key] = value
	}
	if c.RuntimeParams["statement_timeout"] == "" {
		c.RuntimeParams["statement_timeout"] = postgresStatement
	}
	c.OnNotice = func(*pgconn.PgConn, *pgconn.Notice) {}
	ctx, cancel, answered := cfg.running()
	defer answered()
	p := &postgresRows{ctx: ctx, secret: c.Password}
	if p.conn, err = pgx.ConnectConfig(ctx, c); err != nil {
		cancel()
		if cfg.ended() {
			return nil, context.Canceled
		}
		hint := "does psql reach it from here?"
		if strings.Contains(err.Error(), "server refused TLS") {
			hint = "the server offers no TLS; if the network up to it is yours alone, add sslmode=disable to the " +
				"connection string"
		}
		return nil, &fault.Fault{Code: "unreachable-list", Place: cfg.at(cfg.PostgresAt), Text: p.plain(err),
			Hint: hint, Final: true}
	}
	q := newQuery(cfg, p, cancel)
	if err := p.start(text); err != nil {
		q.Close()
		if cfg.ended() {
			return nil, context.Canceled
		}
		return nil, &fault.Fault{Code: "bad-query", Place: cfg.at(cfg.QueryAt), Text: name + ": " + p.plain(err),
			Hint: "does it run in psql?", Final: true}
	}
	return q, nil
}

// private removes the ways to reach other machines without TLS from a configuration that also has ways with TLS.
func private(c *pgx.ConnConfig) {
	ways := append([]*pgconn.FallbackConfig{{Host: c.Host, Port: c.Port, TLSConfig: c.TLSConfig}}, c.Fallbacks...)
	secure := map[string]bool{}
	for _, w := range ways {
		secure[w.Host] = secure[w.Host] || w.TLSConfig != nil
	}
	var kept []*pgconn.FallbackConfig
	for _, w := range ways {
		if w.TLSConfig != nil || !secure[w.Host] || here(w.Host) {
			kept = append(kept, w)
		}
	}
	c.Host, c.Port, c.TLSConfig, c.Fallbacks = kept[0].Host, kept[0].Port, kept[0].TLSConfig, kept[1:]
}

// here reports whether a host is this machine: the folder of a Unix socket, or a loopback address.
func here(host string) bool {
	ip := net.ParseIP(host)
	return strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") || strings.EqualFold(host, "localhost") ||
		ip != nil && ip.IsLoopback()
}

// postgresRows is the answer of a PostgreSQL database, in the text form of its values.
type postgresRows struct {
	ctx    context.Context // of the query
	conn   *pgx.Conn
	secret string

	fields []pgconn.FieldDescription
	names  []string
	piece  [][][]byte // rows that were fetched and not yet read; nil is NULL
	ended  bool
}

// start opens the cursor and fetches the first piece, which has the columns.
func (p *postgresRows) start(text string) error {
	if _, err := p.conn.Exec(p.ctx, "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"); err != nil {
		return err
	}
	if _, err := p.conn.Exec(p.ctx, "DECLARE mailshot NO SCROLL CURSOR FOR "+text+"\n"); err != nil {
		return err
	}
	return p.fetch()
}

// fetch fetches the next piece.
func (p *postgresRows) fetch() error {
	rows, err := p.conn.Query(p.ctx, fmt.Sprintf("FETCH %d FROM mailshot", postgresPiece),
		pgx.QueryExecModeDescribeExec, pgx.QueryResultFormats{pgx.TextFormatCode})
	if err != nil {
		return err
	}
	defer rows.Close()
	if p.fields == nil {
		p.fields = append(p.fields, rows.FieldDescriptions()...)
		for _, f := range p.fields {
			p.names = append(p.names, f.Name)
		}
	}
	p.piece = p.piece[:0]
	for rows.Next() {
		row := make([][]byte, len(p.fields))
		for i, v := range rows.RawValues() { // the connection reuses them for the next row
			if v != nil {
				row[i] = append(make([]byte, 0, len(v)), v...)
			}
		}
		p.piece = append(p.piece, row)
	}
	p.ended = len(p.piece) < postgresPiece
	return rows.Err()
}

func (p *postgresRows) columns() []string { return p.names }

func (p *postgresRows) row() (fields []string, cells []value.Cell, bad int, err error) {
	if len(p.piece) == 0 {
		if p.ended {
			return nil, nil, 0, io.EOF
		}
		if err := p.fetch(); err != nil {
			return nil, nil, 0, errors.New(p.plain(err))
		}
		if len(p.piece) == 0 {
			return nil, nil, 0, io.EOF
		}
	}
	row := p.piece[0]
	p.piece = p.piece[1:]
	fields, cells = make([]string, len(row)), make([]value.Cell, len(row))
	for i, raw := range row {
		if raw == nil {
			continue
		}
		var ok bool
		if fields[i], cells[i], ok = postgresCell(p.fields[i].DataTypeOID, string(raw)); !ok && bad == 0 {
			bad = i + 1
		}
		cells[i].Column = i
	}
	return fields, cells, bad, nil
}

// postgresCell reads the text of a value by its type. A value that is not an ordinary number or date stays text: NaN,
// infinity, a year before Christ.
func postgresCell(oid uint32, s string) (text string, c value.Cell, ok bool) {
	switch oid {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.Float4OID, pgtype.Float8OID, pgtype.NumericOID,
		pgtype.OIDOID:
		if v, ok := value.Decimal(s); ok {
			// The text is as written: 12.50 keeps its zero.
			return s, value.Cell{Kind: value.Number, Number: v, Lost: !value.Kept(s)}, true
		}
	case pgtype.BoolOID:
		return cellOf(s == "t")
	case pgtype.DateOID, pgtype.TimestampOID, pgtype.TimestamptzOID:
		for _, layout := range []string{time.DateOnly, "2006-01-02 15:04:05.999999", "2006-01-02 15:04:05.999999Z07"} {
			if t, err := time.Parse(layout, s); err == nil {
				return cellOf(t)
			}
		}
	}
	return cellOf(s)
}

// plain is the text of an error in one line, without the password.
func (p *postgresRows) plain(err error) string {
	text := err.Error()
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		text = pe.Message
	}
	if p.secret != "" {
		text = strings.ReplaceAll(text, p.secret, "•••")
	}
	return strings.Join(strings.Fields(text), " ")
}

func (p *postgresRows) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return p.conn.Close(ctx)
}
