package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// Ledger is an open state.db. It may be used by any number of goroutines, and by several processes at once.
type Ledger struct {
	// KeyHash hashes the keys of people who were forgotten; see accounts.Accounts.KeyHash. It is set before the Ledger
	// is used. Forget needs it. A Replan with another one, or without, cannot tell those people from new ones: see
	// ErasedError. Default: nil, no hash.
	KeyHash func(campaign, key string) []byte

	// Eager has every Run use a journal after its first group, and nothing but Fold, Flush and many groups put that into
	// the file: for tests. Default: a Run has one as soon as it has much to do, and the file is behind by 50 ms at most.
	Eager bool

	db *sqlite.Store

	mu      sync.Mutex
	held    map[string]bool  // campaigns locked through this Ledger
	running map[int64][]*Run // the Runs of a campaign that are open
}

// Open opens the state file at path and makes it if it is missing, with a private folder of its own and a .gitignore in
// that. A file or folder that others may read, or that is a symbolic link, damaged, or from a newer program is refused
// with a *statefile.Error.
func Open(path string) (*Ledger, error) {
	path, err := sqlite.Prepare(path, schema.Use(true))
	if err != nil {
		return nil, err
	}
	db, err := sqlite.Open(context.Background(), path, schema.Versions)
	if err != nil {
		return nil, err
	}
	l := &Ledger{db: db, held: map[string]bool{}, running: map[int64][]*Run{}}
	if err := l.takeOver(); err != nil {
		return nil, db.Explain(errors.Join(err, db.Close()))
	}
	return l, nil
}

// Close closes the file. Close Drafts, Runs and Locks first.
func (l *Ledger) Close() error { return l.db.Close() }

// Host is a machine. The ledger remembers it, so that a campaign's folder that was copied to another machine is
// noticed.
type Host struct {
	ID   string // tells machines apart; "" is not known
	Name string // for people
}

// Campaign is what the ledger keeps about a campaign as a whole.
type Campaign struct {
	ID                          string
	Template                    string // what ID was made from, as news-{{date}}; "" = ID has no date, or that is not known
	Created                     time.Time
	Definition, Templates, List string    // digests of what the plan was made from
	Header                      []byte    // the list's header, for decoding Row.Fields; owned by the caller
	From                        string    // the sender's address
	DuplicatesFirst             bool      // a later row with a key is a duplicate also if its message differs
	Rows                        int64     // rows read; the sum over all states
	Frozen                      bool      // false only while it is drafted
	Run                         string    // a random name of this campaign in this ledger, made when it is drafted
	Runs                        int64     // how often Run was called: an older copy of the file has fewer
	Token                       string    // a random name of the last run; of two copies of the file each has its own
	Host                        Host      // the machine of the last run, or of the plan; zero if not known
	Purged                      time.Time // when its rows were erased; zero: they are there

	// Lost is how many rows have a key that is not known any more, because a repair lost it. It is 1 in an older copy
	// of the file, where nobody can tell how many there are.
	Lost int64

	// SecretChanged is for Replan: KeyHash has another secret than when the list was planned.
	SecretChanged bool
}

const campaignColumns = "id, created, definition, templates, list, header, sender, first, rows, frozen, run, turn, " +
	"token, host, host_name, purged, lost, template"

func scanCampaign(scan func(...any) error, no ...any) (*Campaign, error) {
	var c Campaign
	var created, purged int64
	err := scan(append(no, &c.ID, &created, &c.Definition, &c.Templates, &c.List, &c.Header, &c.From,
		&c.DuplicatesFirst, &c.Rows, &c.Frozen, &c.Run, &c.Runs, &c.Token, &c.Host.ID, &c.Host.Name,
		&purged, &c.Lost, &c.Template)...)
	c.Created, c.Purged = sqlite.Moment(created), sqlite.Moment(purged)
	return &c, err
}

// Campaign returns the frozen campaign with this id, or ErrNotFound.
func (l *Ledger) Campaign(ctx context.Context, id string) (*Campaign, error) {
	_, c, err := l.find(ctx, id)
	return c, err
}

// find returns the frozen campaign and its number.
func (l *Ledger) find(ctx context.Context, id string) (no int64, c *Campaign, err error) {
	row := l.db.Reading.QueryRowContext(ctx,
		"SELECT no, "+campaignColumns+" FROM campaigns WHERE id = ? AND frozen = 1", id)
	c, err = scanCampaign(row.Scan, &no)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil, fmt.Errorf("%q: %w", id, ErrNotFound)
	}
	if err != nil {
		return 0, nil, l.db.Explain(err)
	}
	return no, c, nil
}

// Campaigns lists the frozen campaigns, the oldest first.
func (l *Ledger) Campaigns(ctx context.Context) ([]*Campaign, error) {
	var list []*Campaign
	rows, err := l.db.Reading.QueryContext(ctx,
		"SELECT "+campaignColumns+" FROM campaigns WHERE frozen = 1 ORDER BY created, no")
	err = sqlite.Each(rows, err, func(r *sql.Rows) error {
		c, err := scanCampaign(r.Scan)
		list = append(list, c)
		return err
	})
	return list, l.db.Explain(err)
}

// Counts returns how many of the campaign's deliveries are in each state, and the rows that these numbers add up to,
// both as of one moment. States without deliveries are left out.
func (l *Ledger) Counts(ctx context.Context, id string) (map[State]int64, int64, error) {
	tx, err := l.db.Reading.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // both figures from one snapshot
	if err != nil {
		return nil, 0, l.db.Explain(err)
	}
	defer tx.Rollback()
	var no, total int64
	err = tx.QueryRowContext(ctx, "SELECT no, rows FROM campaigns WHERE id = ? AND frozen = 1", id).Scan(&no, &total)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, fmt.Errorf("%q: %w", id, ErrNotFound)
	}
	counts := map[State]int64{}
	if err == nil {
		rows, e := tx.QueryContext(ctx, schema.Counts, no)
		err = scanCounts(rows, e, counts)
	}
	return counts, total, l.db.Explain(err)
}

func scanCounts(rows *sql.Rows, err error, into map[State]int64) error {
	return sqlite.Each(rows, err, func(r *sql.Rows) error {
		var state, n int64
		err := r.Scan(&state, &n)
		into[stateOf(state)] += n
		return err
	})
}

// Redefine records another digest of the definition for a frozen campaign. The new definition must describe the
// campaign's rows and messages as the one before did. The caller holds the campaign's lock.
func (l *Ledger) Redefine(ctx context.Context, id, definition string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.db.Write(func(t *sqlite.Tx) error {
		n, err := t.Exec("UPDATE campaigns SET definition = ? WHERE id = ? AND frozen = 1", definition, id)
		return schema.Changed(n, 1, err)
	})
}

// newRun makes a random name.
func newRun() string {
	b := make([]byte, 12)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
