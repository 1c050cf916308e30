// Package accounts is accounts.db: the used caps, the suppression list and the secret that all campaigns of one user
// share. [Open] opens it. [Accounts.Budget] reserves uses of caps; [Accounts.Used] tells what was used.
// [Accounts.Suppressed] and [Accounts.Screen] ask the suppression list. [Accounts.Secret] is what tokens and
// Message-IDs are made with. [Accounts.Claim] tells a ledger from an older copy of it. [Accounts.AddDay] counts what
// was sent on each day. [Accounts.Collected] says which messages of a mailbox were read, and [Accounts.Ended] counts
// soft bounces in a row. [Accounts.Time] is the time of all that is counted, which no wall clock can set: see
// mailshot/campaign/accounts/clock.
//
// The file is of one user: its folder has mode 0700 and the file 0600, which is checked when it is opened, and it is
// not reached through a symbolic link. Any number of goroutines and several processes may use it at once.
//
// A use of a cap is reserved on the disk before it happens. So a cap holds across campaigns, processes and restarts,
// also when a process dies: see [Budget].
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

	"mailshot/campaign/accounts/clock"
	"mailshot/campaign/accounts/internal/schema"
	"mailshot/internal/sqlite"
)

// Accounts is an open accounts.db. Any number of goroutines may use it, and several processes may have it open.
type Accounts struct {
	db    *sqlite.Store
	clock clock.Clock

	mu     sync.Mutex
	secret []byte // nil until it is first asked for
}

// Open opens the file at path. If it is missing, Open makes it, with a private folder of its own. The error is a
// *statefile.Error if others may read the file or its folder, or if the file is a symbolic link, is damaged, or is from
// a newer program.
func Open(path string) (*Accounts, error) { return OpenBy(path, clock.System) }

// OpenBy is Open for a user of other clocks than the machine's.
func OpenBy(path string, c clock.Clock) (*Accounts, error) {
	path, err := sqlite.Prepare(path, use)
	if err != nil {
		return nil, err
	}
	db, err := sqlite.Open(context.Background(), path, schema.Versions)
	if err != nil {
		return nil, err
	}
	return &Accounts{db: db, clock: c}, nil
}

// Close closes the file. The caller closes Budgets before.
func (a *Accounts) Close() error { return a.db.Close() }

// Secret returns the 32 random bytes from which tokens and Message-IDs are derived. They are made once and never
// change.
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

// Entry is an entry of the suppression list: an address, or all addresses at a domain, that must not be mailed.
type Entry struct {
	Domain string // the sender's domain that must not mail them; "" for all
	Topic  string // the topic of the mail that they must not get, or Bulk; "" for everything
	Key    string // one of SuppressedBy; it begins with Hidden if the address was forgotten
	Reason string
	Source string // where the entry comes from
	Time   time.Time
}

// Bulk is the topic of an entry that holds for all newsletters and notices: for everything but transactional mail.
const Bulk = "*"

// Mail is the mail that a person is about to get, as entries of the list tell it apart.
type Mail struct {
	Domain        string // the sender's
	Topic         string // "" = it has none: entries for one topic do not hold for it
	Transactional bool   // entries for Bulk do not hold for it
}

// Has says whether an entry for this topic holds for the mail.
func (m Mail) Has(topic string) bool {
	own, bulk := m.topics()
	return topic == "" || strings.EqualFold(topic, own) || topic == bulk
}

// topics are the topics of the entries that hold for the mail.
func (m Mail) topics() (own, bulk string) {
	if m.Transactional {
		return m.Topic, m.Topic
	}
	return m.Topic, Bulk
}

// Suppress puts e on the suppression list, durably. A zero Time means now. An entry that is on the list already stays
// as it is.
func (a *Accounts) Suppress(ctx context.Context, e Entry) error {
	return a.SuppressAll(ctx, []Entry{e})
}

// SuppressAll puts all entries on the suppression list, or none of them.
func (a *Accounts) SuppressAll(ctx context.Context, list []Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return a.db.Write(func(t *sqlite.Tx) error {
		for _, e := range list {
			if strings.IndexByte(e.Key, '@') < 0 && !strings.HasPrefix(e.Key, Hidden) {
				return errors.New("suppress: neither an address nor @domain: " + e.Key)
			}
			if e.Time.IsZero() {
				e.Time = time.Now()
			}
			_, err := t.Exec(`INSERT OR IGNORE INTO suppressions(domain, key, topic, reason, source, time)
				VALUES (?, ?, ?, ?, ?, ?)`,
				strings.ToLower(e.Domain), e.Key, strings.ToLower(e.Topic), e.Reason, e.Source, sqlite.Stamp(e.Time))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Unsuppress takes the entries with exactly this domain and key off the suppression list, and reports whether there was
// one: that of one topic, or with "" whatever their topic is. It also finds those of an address that was forgotten. If
// they held for all mail, soft bounces of the person count anew.
func (a *Accounts) Unsuppress(ctx context.Context, domain, topic, key string) (bool, error) {
	hidden, err := a.hidden(ctx, key)
	if err != nil {
		return false, err
	}
	person, err := a.Person(ctx)
	if err != nil {
		return false, err
	}
	hash, err := a.AddressHash(ctx)
	if err != nil {
		return false, err
	}
	var n int64
	err = a.db.Write(func(t *sqlite.Tx) (err error) {
		const entry = "DELETE FROM suppressions WHERE domain = ? AND key = ? AND ? IN ('', topic)"
		forgotten, err := t.Exec(entry, strings.ToLower(domain), hidden, strings.ToLower(topic))
		if err == nil && forgotten > 0 && domain == "" && topic == "" {
			// From now on it is remembered again which messages the person gets.
			_, err = t.Exec("DELETE FROM erased WHERE person = ?", int64(person(key)))
		}
		if err != nil {
			return err
		}
		n, err = t.Exec(entry, strings.ToLower(domain), key, strings.ToLower(topic))
		if n += forgotten; err == nil && n > 0 && domain == "" && topic == "" {
			err = forgetSofts(t, hash(key)) // the next soft bounce is the first of a row
		}
		return err
	})
	return n > 0, err
}

const entryColumns = "domain, key, topic, reason, source, time"

func scanEntry(scan func(...any) error) (Entry, error) {
	var e Entry
	var at int64
	err := scan(&e.Domain, &e.Key, &e.Topic, &e.Reason, &e.Source, &at)
	e.Time = sqlite.Moment(at)
	return e, err
}

// SuppressedBy returns the keys of entries that keep an address from being mailed: its own, that of all addresses at
// its domain (@example.com), and those of all domains below one of its parents (@*.com). addressKey is local@domain.
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

// Suppressed reports whether this mail must not go to the address with this key, and the entry that says so: one of
// SuppressedBy, for this sender or for all, and for this topic or more. It also finds the entry of an address that was
// forgotten.
func (a *Accounts) Suppressed(ctx context.Context, m Mail, key string) (Entry, bool, error) {
	if err := ctx.Err(); err != nil {
		return Entry{}, false, err
	}
	hidden, err := a.hidden(ctx, key)
	if err != nil {
		return Entry{}, false, err
	}
	own, bulk := m.topics()
	args := []any{strings.ToLower(m.Domain), strings.ToLower(own), bulk, hidden}
	for _, k := range SuppressedBy(key) {
		args = append(args, k)
	}
	var e Entry
	found := false
	err = a.db.Read("SELECT "+entryColumns+` FROM suppressions
		WHERE domain IN (?, '') AND topic IN ('', ?, ?) AND key IN (?`+strings.Repeat(", ?", len(args)-4)+
		") ORDER BY topic LIMIT 1", args, func(r *sqlite.Row) error {
		found = true
		e = Entry{Domain: r.Text(), Key: r.Text(), Topic: r.Text(), Reason: r.Text(), Source: r.Text(), Time: sqlite.Moment(r.Int())}
		return nil
	})
	return e, found, a.db.Explain(err)
}

// Suppressions yields the whole suppression list, in the order of the keys. It reads in pieces. An error ends it.
func (a *Accounts) Suppressions(ctx context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for last := (Entry{}); ; {
			var piece []Entry
			rows, err := a.db.Reading.QueryContext(ctx, "SELECT "+entryColumns+` FROM suppressions
				WHERE (key, domain, topic) > (?, ?, ?) ORDER BY key, domain, topic LIMIT 500`, last.Key, last.Domain, last.Topic)
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

// HighWater returns the highest mark that was claimed for the campaign with this random name (ledger.Campaign.Run), and
// the token it was claimed with; 0 and "" if none was. A ledger whose own mark is lower is an older copy. A ledger with
// the same mark and another token is a copy, too.
func (a *Accounts) HighWater(ctx context.Context, run string) (mark int64, token string, err error) {
	err = a.db.Reading.QueryRowContext(ctx, "SELECT mark, token FROM marks WHERE run = ?", run).Scan(&mark, &token)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, "", nil
	}
	return mark, token, a.db.Explain(err)
}

// Claim raises the campaign's mark, and reports whether it did. false means that another copy of the ledger has come as
// far.
func (a *Accounts) Claim(ctx context.Context, run string, mark int64, token string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	var n int64
	err := a.db.Write(func(t *sqlite.Tx) (err error) {
		n, err = t.Exec(`INSERT INTO marks(run, mark, token) VALUES (?, ?, ?)
			ON CONFLICT (run) DO UPDATE SET mark = excluded.mark, token = excluded.token WHERE excluded.mark > mark`,
			run, mark, token)
		return err
	})
	return n == 1, err
}

// Entries returns the entries that keep mail of any sender from the address with this key, the oldest first: those with
// the keys of SuppressedBy, and the one that was left when the address was forgotten.
func (a *Accounts) Entries(ctx context.Context, addressKey string) ([]Entry, error) {
	hidden, err := a.hidden(ctx, addressKey)
	if err != nil {
		return nil, err
	}
	args := []any{hidden}
	for _, k := range SuppressedBy(addressKey) {
		args = append(args, k)
	}
	return a.entries(ctx, "key IN (?"+strings.Repeat(", ?", len(args)-1)+") ORDER BY time, key, domain, topic", args...)
}
