// Package accounts is what the campaigns of a user share. [Open] opens accounts.db; [Accounts.Budget] reserves uses of caps,
// [Accounts.Suppressed] and [Accounts.Screen] say who is never to be mailed, [Accounts.Secret] is what tokens and Message-IDs are made
// with, [Accounts.Claim] tells a ledger from an older copy of it, and [Accounts.AddDay] counts the days on which something was sent.
//
// The file is of one user: its folder has mode 0700 and it has 0600, which is checked when it is opened, and it is not reached through a
// symbolic link. Any number of goroutines and several processes may use it at once.
//
// A use of a cap is reserved on the disk before it happens, so that a cap holds across campaigns, processes and restarts, also when a
// process dies: see [Budget].
package accounts

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"mailshot/internal/sqlite"
)

// Accounts is an open accounts.db: what all campaigns of a user share. It may be used by any number of goroutines, and by several
// processes at once.
type Accounts struct {
	db *sqlite.Store

	mu     sync.Mutex
	secret []byte // nil until it is first asked for
}

// Open opens the file at path and makes it if it is missing, with a private folder of its own. A
// file or folder that others may read, or that is a symbolic link, damaged, or from a newer program is refused with a
// *statefile.Error.
func Open(path string) (*Accounts, error) {
	path, err := sqlite.Prepare(path, false)
	if err != nil {
		return nil, err
	}
	db, err := sqlite.Open(context.Background(), path, versions)
	if err != nil {
		return nil, err
	}
	return &Accounts{db: db}, nil
}

// Close closes the file. Budgets are to be closed before.
func (a *Accounts) Close() error { return a.db.Close() }

// Secret returns the 32 random bytes from which tokens and Message-IDs are derived. They are made once for all.
func (a *Accounts) Secret(ctx context.Context) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.secret != nil {
		return slices.Clone(a.secret), nil
	}
	secret, err := a.readSecret(ctx)
	if err == nil {
		a.secret = slices.Clone(secret)
	}
	return secret, err
}

// readSecret reads the secret, and makes it if there is none.
func (a *Accounts) readSecret(ctx context.Context) ([]byte, error) {
	var secret []byte
	err := a.db.Reading.QueryRowContext(ctx, "SELECT value FROM secret").Scan(&secret)
	if !errors.Is(err, sql.ErrNoRows) {
		return secret, a.db.Explain(err)
	}
	fresh := make([]byte, 32)
	_, _ = rand.Read(fresh) // never fails
	err = a.db.Write(func(t *sqlite.Tx) error {
		if _, err := t.Exec("INSERT OR IGNORE INTO secret(no, value) VALUES (1, ?)", fresh); err != nil {
			return err
		}
		return t.Row("SELECT value FROM secret").Scan(&secret) // another process may have been first
	})
	return secret, err
}

// Entry is somebody never to be mailed.
type Entry struct {
	Domain string // the sender's domain that must not mail them; "" for all
	Key    string // one of SuppressedBy; begins with Hidden where the address was forgotten
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
	return a.db.Write(func(t *sqlite.Tx) error {
		for _, e := range list {
			if strings.IndexByte(e.Key, '@') < 0 {
				return errors.New("suppress: neither an address nor @domain: " + e.Key)
			}
			if e.Time.IsZero() {
				e.Time = time.Now()
			}
			if _, err := t.Exec("INSERT OR IGNORE INTO suppressions(domain, key, reason, source, time) VALUES (?, ?, ?, ?, ?)",
				strings.ToLower(e.Domain), e.Key, e.Reason, e.Source, sqlite.Stamp(e.Time)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Unsuppress takes the entry with exactly this domain and key off the list, and reports whether it was there. An address that was
// forgotten is found, too.
func (a *Accounts) Unsuppress(ctx context.Context, domain, key string) (bool, error) {
	hidden, err := a.hidden(ctx, key)
	if err != nil {
		return false, err
	}
	var n int64
	err = a.db.Write(func(t *sqlite.Tx) (err error) {
		n, err = t.Exec("DELETE FROM suppressions WHERE domain = ? AND key IN (?, ?)", strings.ToLower(domain), key, hidden)
		return err
	})
	return n > 0, err
}

const entryColumns = "domain, key, reason, source, time"

func scanEntry(scan func(...any) error) (Entry, error) {
	var e Entry
	var at int64
	err := scan(&e.Domain, &e.Key, &e.Reason, &e.Source, &at)
	e.Time = sqlite.Moment(at)
	return e, err
}

// SuppressedBy returns the keys of entries that keep an address from being mailed: its own, that of everybody at its domain
// (@example.com), and those of all domains above it (@*.com). addressKey is local@domain.
func SuppressedBy(addressKey string) []string {
	domain := addressKey[strings.LastIndexByte(addressKey, '@')+1:]
	keys := []string{addressKey, "@" + domain}
	for {
		_, above, ok := strings.Cut(domain, ".")
		if !ok {
			return keys
		}
		domain = above
		keys = append(keys, "@*."+domain)
	}
}

// Suppressed reports whether a sender of this domain must not mail the address with this key, and why: by an entry for the address
// or for everybody at its domain or at those below one, of this sender or of all. Whoever was forgotten is among them.
func (a *Accounts) Suppressed(ctx context.Context, domain, key string) (Entry, bool, error) {
	if err := ctx.Err(); err != nil {
		return Entry{}, false, err
	}
	hidden, err := a.hidden(ctx, key)
	if err != nil {
		return Entry{}, false, err
	}
	args := []any{strings.ToLower(domain), hidden}
	for _, k := range SuppressedBy(key) {
		args = append(args, k)
	}
	rows, err := a.db.Read("SELECT "+entryColumns+" FROM suppressions WHERE domain IN (?, '') AND key IN (?"+strings.Repeat(", ?", len(args)-2)+") LIMIT 1", args...)
	var e Entry
	found := false
	err = sqlite.Each(rows, err, func(r *sql.Rows) (err error) {
		found = true
		e, err = scanEntry(r.Scan)
		return err
	})
	return e, found, a.db.Explain(err)
}

// Suppressions yields the whole list by key, in pieces. An error ends it.
func (a *Accounts) Suppressions(ctx context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for last := (Entry{}); ; {
			var piece []Entry
			rows, err := a.db.Reading.QueryContext(ctx, "SELECT "+entryColumns+" FROM suppressions WHERE (key, domain) > (?, ?) ORDER BY key, domain LIMIT 500", last.Key, last.Domain)
			err = sqlite.Each(rows, err, func(r *sql.Rows) error {
				e, err := scanEntry(r.Scan)
				piece = append(piece, e)
				return err
			})
			if err != nil {
				yield(Entry{}, a.db.Explain(err))
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

// HighWater returns the highest mark claimed for the run with this name (Campaign.Run) and the token it was claimed with; 0 and "" if
// none was. A ledger whose own mark is lower is an older copy; one whose mark is the same with another token is a copy, too.
func (a *Accounts) HighWater(ctx context.Context, run string) (mark int64, token string, err error) {
	err = a.db.Reading.QueryRowContext(ctx, "SELECT mark, token FROM marks WHERE run = ?", run).Scan(&mark, &token)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, "", nil
	}
	return mark, token, a.db.Explain(err)
}

// Claim raises the mark of the run, and reports whether it did: false means that another copy of the ledger has come as far.
func (a *Accounts) Claim(ctx context.Context, run string, mark int64, token string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	var n int64
	err := a.db.Write(func(t *sqlite.Tx) (err error) {
		n, err = t.Exec("INSERT INTO marks(run, mark, token) VALUES (?, ?, ?) ON CONFLICT (run) DO UPDATE SET mark = excluded.mark, token = excluded.token WHERE excluded.mark > mark",
			run, mark, token)
		return err
	})
	return n == 1, err
}

// Entries returns the entries that keep mail of any sender from the address with this key, the oldest first: its own, those for
// its domain, and the one that was left when it was forgotten.
func (a *Accounts) Entries(ctx context.Context, addressKey string) ([]Entry, error) {
	hidden, err := a.hidden(ctx, addressKey)
	if err != nil {
		return nil, err
	}
	args := []any{hidden}
	for _, k := range SuppressedBy(addressKey) {
		args = append(args, k)
	}
	rows, err := a.db.Reading.QueryContext(ctx, "SELECT "+entryColumns+" FROM suppressions WHERE key IN (?"+strings.Repeat(", ?", len(args)-1)+") ORDER BY time, key, domain", args...)
	var list []Entry
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		e, err := scanEntry(rows.Scan)
		list = append(list, e)
		return err
	})
	return list, a.db.Explain(err)
}
