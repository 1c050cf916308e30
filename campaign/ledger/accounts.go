package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"iter"
	"strings"
	"time"
)

// Accounts is an open accounts.db: what all campaigns of a user share. It may be used by any number of goroutines, and by several
// processes at once.
type Accounts struct{ db *store }

// OpenAccounts opens the file at path and makes it if it is missing, with a private folder of its own. Its errors are those of Open.
func OpenAccounts(path string) (*Accounts, error) {
	path, err := prepare(path, false)
	if err != nil {
		return nil, err
	}
	db, err := openStore(context.Background(), path, accountVersions)
	if err != nil {
		return nil, err
	}
	return &Accounts{db: db}, nil
}

// Close closes the file. Budgets are to be closed before.
func (a *Accounts) Close() error { return a.db.close() }

// Secret returns the 32 random bytes from which tokens and Message-IDs are derived. They are made once for all.
func (a *Accounts) Secret(ctx context.Context) ([]byte, error) {
	var secret []byte
	err := a.db.reading.QueryRowContext(ctx, "SELECT value FROM secret").Scan(&secret)
	if !errors.Is(err, sql.ErrNoRows) {
		return secret, explain(a.db.path, err)
	}
	fresh := make([]byte, 32)
	_, _ = rand.Read(fresh) // never fails
	err = a.db.write(func(t *tx) error {
		if _, err := t.exec("INSERT OR IGNORE INTO secret(no, value) VALUES (1, ?)", fresh); err != nil {
			return err
		}
		return t.row("SELECT value FROM secret").Scan(&secret) // another process may have been first
	})
	return secret, err
}

// Entry is somebody never to be mailed.
type Entry struct {
	Domain string // the sender's domain that must not mail them; "" for all
	Key    string // an address key, or @domain for everybody there
	Reason string
	Source string // where this was learnt
	Time   time.Time
}

// Suppress puts e on the list, durably. A zero Time is now. An entry that is there already stays as it is.
func (a *Accounts) Suppress(ctx context.Context, e Entry) error {
	return a.SuppressAll(ctx, []Entry{e})
}

// SuppressAll puts all entries on the list, or none.
func (a *Accounts) SuppressAll(ctx context.Context, list []Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return a.db.write(func(t *tx) error {
		for _, e := range list {
			if strings.IndexByte(e.Key, '@') < 0 {
				return errors.New("suppress: neither an address nor @domain: " + e.Key)
			}
			if e.Time.IsZero() {
				e.Time = time.Now()
			}
			if _, err := t.exec("INSERT OR IGNORE INTO suppressions(domain, key, reason, source, time) VALUES (?, ?, ?, ?, ?)",
				strings.ToLower(e.Domain), e.Key, e.Reason, e.Source, stamp(e.Time)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Unsuppress takes the entry with exactly this domain and key off the list, and reports whether it was there.
func (a *Accounts) Unsuppress(ctx context.Context, domain, key string) (bool, error) {
	var n int64
	err := ctx.Err()
	if err == nil {
		err = a.db.write(func(t *tx) (err error) {
			n, err = t.exec("DELETE FROM suppressions WHERE domain = ? AND key = ?", strings.ToLower(domain), key)
			return err
		})
	}
	return n > 0, err
}

const entryColumns = "domain, key, reason, source, time"

func scanEntry(scan func(...any) error) (Entry, error) {
	var e Entry
	var at int64
	err := scan(&e.Domain, &e.Key, &e.Reason, &e.Source, &at)
	e.Time = moment(at)
	return e, err
}

// Suppressed reports whether a sender of this domain must not mail the address with this key, and why: by an entry for the address
// or for everybody at its domain, of this sender or of all.
func (a *Accounts) Suppressed(ctx context.Context, domain, key string) (Entry, bool, error) {
	if err := ctx.Err(); err != nil {
		return Entry{}, false, err
	}
	rows, err := a.db.read("SELECT "+entryColumns+" FROM suppressions WHERE key IN (?, ?) AND domain IN (?, '') LIMIT 1",
		key, "@"+key[strings.LastIndexByte(key, '@')+1:], strings.ToLower(domain))
	var e Entry
	found := false
	err = each(rows, err, func(r *sql.Rows) (err error) {
		found = true
		e, err = scanEntry(r.Scan)
		return err
	})
	return e, found, explain(a.db.path, err)
}

// Suppressions yields the whole list by key, in pieces. An error ends it.
func (a *Accounts) Suppressions(ctx context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for last := (Entry{}); ; {
			var piece []Entry
			rows, err := a.db.reading.QueryContext(ctx, "SELECT "+entryColumns+" FROM suppressions WHERE (key, domain) > (?, ?) ORDER BY key, domain LIMIT 500", last.Key, last.Domain)
			err = each(rows, err, func(r *sql.Rows) error {
				e, err := scanEntry(r.Scan)
				piece = append(piece, e)
				return err
			})
			if err != nil {
				yield(Entry{}, explain(a.db.path, err))
				return
			}
			for _, e := range piece {
				if !yield(e, nil) {
					return
				}
			}
			if len(piece) == 0 {
				return
			}
			last = piece[len(piece)-1]
		}
	}
}

// HighWater returns the highest mark set for the run with this name (Campaign.Run), 0 if none was. A ledger whose own mark is lower
// is an older copy.
func (a *Accounts) HighWater(ctx context.Context, run string) (int64, error) {
	var mark int64
	err := a.db.reading.QueryRowContext(ctx, "SELECT mark FROM marks WHERE run = ?", run).Scan(&mark)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return mark, explain(a.db.path, err)
}

// SetHighWater raises the mark of the run; it never lowers it.
func (a *Accounts) SetHighWater(ctx context.Context, run string, mark int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return a.db.write(func(t *tx) error {
		_, err := t.exec("INSERT INTO marks(run, mark) VALUES (?, ?) ON CONFLICT (run) DO UPDATE SET mark = max(mark, excluded.mark)", run, mark)
		return err
	})
}
