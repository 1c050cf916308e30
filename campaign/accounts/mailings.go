package accounts

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"hash"
	"slices"
	"sync"
	"time"

	"mailshot/internal/sqlite"
)

// Mailing is a campaign of which it is remembered who got which message.
type Mailing struct {
	Run           string    // the campaign's random name in its ledger (ledger.Campaign.Run)
	ID, Folder    string    // the campaign's id, and the folder of its file
	List, Subject string    // digests of its list and of its subject's template, by which it may be known again
	Ledger        string    // which has the last copies of a run that has not ended: see TakeOver; "": all are here
	Begun         time.Time // the day of that run, at midnight in UTC

	asked, until int64 // of Lacking: the day of it, and the last one of the copies that are here
}

// Expired reports whether all that [Accounts.Lacking] knew of the mailing by then was remembered for long enough. Its
// run gave what it began to the accounts within a moment, unless it could not.
func (m *Mailing) Expired() bool { return m.until < m.asked }

// Copy is one message to one person, as it is remembered: no person and no text can be read from it.
type Copy struct {
	Person  uint64 // by Accounts.Person
	Content uint64 // by render.Message.Content, with Accounts.ContentKey
}

// copySize is the size of a copy on the disk, and blockCopies how many fit into a block. A block is a row that fills a
// page of the file: so a copy takes 17 bytes, a million is read in a moment, and a run writes one page at a time.
const (
	copySize    = 16
	blockCopies = 240
)

// key derives a key of its own for one use of the secret.
func (a *Accounts) key(ctx context.Context, use string) ([]byte, error) {
	secret, err := a.Secret(ctx)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(use))
	return mac.Sum(nil), nil
}

// OwnerKey returns a key by which these accounts are told from others.
func (a *Accounts) OwnerKey(ctx context.Context) ([]byte, error) { return a.key(ctx, "owner") }

// ContentKey returns the key for render.Message.Content.
func (a *Accounts) ContentKey(ctx context.Context) ([]byte, error) { return a.key(ctx, "content") }

// Person returns the function that names a person in a Copy: a keyed hash of the address key. It may be called by
// several goroutines.
func (a *Accounts) Person(ctx context.Context) (func(addressKey string) uint64, error) {
	key, err := a.key(ctx, "person")
	type keyed struct {
		hash.Hash
		text, sum []byte
	}
	kept := sync.Pool{New: func() any { return &keyed{Hash: hmac.New(sha256.New, key)} }}
	return func(addressKey string) uint64 {
		mac := kept.Get().(*keyed)
		defer kept.Put(mac)
		mac.Reset()
		mac.text = append(mac.text[:0], addressKey...)
		mac.Write(mac.text)
		mac.sum = mac.Sum(mac.sum[:0])
		return binary.BigEndian.Uint64(mac.sum)
	}, err
}

// Memory remembers the copies of one mailing. It is safe for concurrent use.
type Memory struct {
	a       *Accounts
	mailing int64
	keep    int // days

	mu     sync.Mutex
	blocks []int64 // the rows that it has made, the newest last; copies are added to that one
	day    int64   // of the newest row
}

// Remember opens the memory of a mailing, whose copies are kept for so many days. What has been kept for long enough is
// forgotten.
func (a *Accounts) Remember(ctx context.Context, m Mailing, keep int, now time.Time) (*Memory, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	memory := &Memory{a: a, keep: keep}
	today := dayOf(now)
	err := a.db.Write(func(t *sqlite.Tx) error {
		if _, err := t.Exec("DELETE FROM copies WHERE until < ?", today); err != nil {
			return err
		}
		if _, err := t.Exec(`DELETE FROM mailings
			WHERE until < ? AND ledger = '' AND no NOT IN (SELECT mailing FROM copies)`, today); err != nil {
			return err
		}
		return t.Row(`INSERT INTO mailings(run, id, folder, list, subject, until, ledger, begun)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (run) DO UPDATE SET id = excluded.id, folder = excluded.folder, list = excluded.list,
				subject = excluded.subject, until = excluded.until, ledger = excluded.ledger, begun = excluded.begun
			RETURNING no`,
			m.Run, m.ID, m.Folder, m.List, m.Subject, today+int64(keep), m.Ledger, today).Scan(&memory.mailing)
	})
	return memory, err
}

// Close says that the run has ended, and that the ledger has no copies any more that are not here.
func (m *Memory) Close() error {
	return m.a.db.Write(func(t *sqlite.Tx) error { return allHere(t, m.mailing) })
}

// Lacking returns the mailings whose last copies are still in a ledger, however long ago their runs began.
func (a *Accounts) Lacking(ctx context.Context, now time.Time) ([]*Mailing, error) {
	var list []*Mailing
	rows, err := a.db.Reading.QueryContext(ctx, `SELECT run, id, folder, list, subject, ledger, begun, until
		FROM mailings WHERE ledger <> '' ORDER BY no`)
	err = sqlite.Each(rows, err, func(r *sql.Rows) error {
		m := &Mailing{asked: dayOf(now)}
		var begun int64
		err := r.Scan(&m.Run, &m.ID, &m.Folder, &m.List, &m.Subject, &m.Ledger, &begun, &m.until)
		m.Begun = midnight(begun)
		list = append(list, m)
		return err
	})
	return list, a.db.Explain(err)
}

// TakeOver remembers, durably, the last copies of a mailing that is lacking, as its ledger had them. Its run has died.
// They count as copies of the day of [Accounts.Lacking].
func (a *Accounts) TakeOver(m *Mailing, copies []Copy) error {
	return a.db.Write(func(t *sqlite.Tx) error {
		memory := &Memory{a: a}
		const newest = " FROM copies WHERE mailing = mailings.no AND day >= begun ORDER BY copies.no DESC LIMIT 1)"
		err := t.Row("SELECT no, coalesce((SELECT day"+newest+", begun), coalesce((SELECT until - day"+newest+
			", until - begun) FROM mailings WHERE run = ?", m.Run).Scan(&memory.mailing, &memory.day, &memory.keep)
		if err != nil {
			return err
		}
		memory.day = max(memory.day, m.asked) // they may be of any day up to that
		if err := memory.addAll(t, copies, true); err != nil {
			return err
		}
		return allHere(t, memory.mailing)
	})
}

// allHere says that all copies of a mailing are here.
func allHere(t *sqlite.Tx, mailing int64) error {
	_, err := t.Exec("UPDATE mailings SET ledger = '' WHERE no = ?", mailing)
	return err
}

// Update remembers these copies, durably, and forgets those that came to nothing, which this memory has remembered.
func (m *Memory) Update(add, drop []Copy, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.a.db.Write(func(t *sqlite.Tx) error {
		for _, c := range drop {
			if err := m.drop(t, c); err != nil {
				return err
			}
		}
		if len(add) == 0 {
			return nil
		}
		fresh := dayOf(now) != m.day
		m.day = dayOf(now)
		if fresh { // the run may take longer than its first messages are remembered
			_, err := t.Exec("UPDATE mailings SET until = max(until, ?) WHERE no = ?", m.day+int64(m.keep), m.mailing)
			if err != nil {
				return err
			}
		}
		return m.addAll(t, add, fresh)
	})
}

// addAll adds copies, but those of people who were forgotten. fresh says that the newest block is
// of another day.
func (m *Memory) addAll(t *sqlite.Tx, copies []Copy, fresh bool) error {
	erased := map[uint64]bool{}
	rows, err := t.Query("SELECT person FROM erased")
	err = sqlite.Each(rows, err, func(r *sql.Rows) error {
		var person int64
		err := r.Scan(&person)
		erased[uint64(person)] = true
		return err
	})
	if len(erased) > 0 {
		copies = slices.DeleteFunc(slices.Clone(copies), func(c Copy) bool { return erased[c.Person] })
	}
	for len(copies) > 0 && err == nil {
		var n int
		n, err = m.add(t, copies, fresh)
		copies, fresh = copies[n:], false
	}
	return err
}

// add puts as many copies as there is room for into the newest block, or into a new one.
func (m *Memory) add(t *sqlite.Tx, copies []Copy, fresh bool) (int, error) {
	var data []byte
	if len(m.blocks) > 0 && !fresh {
		// Another process may have taken a person, or the whole block, out of it.
		var err error
		if data, err = m.read(t, m.blocks[len(m.blocks)-1]); err != nil {
			return 0, err
		}
	}
	n := min(len(copies), blockCopies-len(data)/copySize)
	if len(data) == 0 || n == 0 {
		n, data = min(len(copies), blockCopies), nil
		var no int64
		err := t.Row("INSERT INTO copies(mailing, day, until, data) VALUES (?, ?, ?, x'') RETURNING no",
			m.mailing, m.day, m.day+int64(m.keep)).Scan(&no)
		if err != nil {
			return 0, err
		}
		m.blocks = append(m.blocks, no)
	}
	for _, c := range copies[:n] {
		data = append(data, c.bytes()...)
	}
	return n, put(t, m.blocks[len(m.blocks)-1], data)
}

// drop takes one copy out of the newest block that has it.
func (m *Memory) drop(t *sqlite.Tx, c Copy) error {
	want := c.bytes()
	for _, no := range slices.Backward(m.blocks) {
		data, err := m.read(t, no)
		if err != nil {
			return err
		}
		found := false
		kept := without(data, func(at []byte) bool {
			is := !found && bytes.Equal(at, want)
			found = found || is
			return is
		})
		if found {
			return put(t, no, kept)
		}
	}
	return nil
}

// put writes a block, or removes it if nothing is left in it.
func put(t *sqlite.Tx, no int64, data []byte) error {
	if len(data) == 0 {
		_, err := t.Exec("DELETE FROM copies WHERE no = ?", no)
		return err
	}
	_, err := t.Exec("UPDATE copies SET data = ? WHERE no = ?", data, no)
	return err
}

// read reads a block; nil if there is none. A number that is free again may be that of another mailing's block.
func (m *Memory) read(t *sqlite.Tx, no int64) (data []byte, err error) {
	rows, err := t.Query("SELECT data FROM copies WHERE no = ? AND mailing = ?", no, m.mailing)
	err = sqlite.Each(rows, err, func(r *sql.Rows) error { return r.Scan(&data) })
	return data, err
}

func (c Copy) bytes() []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, copySize), c.Person)
	return binary.BigEndian.AppendUint64(b, c.Content)
}

// without returns the copies of a block that are not to be taken out.
func without(data []byte, out func(copy []byte) bool) []byte {
	var kept []byte
	for at := range slices.Chunk(data, copySize) {
		if !out(at) {
			kept = append(kept, at...)
		}
	}
	return kept
}

// dayOf numbers the calendar days, in the zone of t.
func dayOf(t time.Time) int64 {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60)
}

// midnight is that at which a day begins in UTC.
func midnight(day int64) time.Time { return time.Unix(day*24*60*60, 0).UTC() }

// Copies are some copies of one mailing, all of one day.
type Copies struct {
	Mailing *Mailing
	Day     time.Time // its midnight in UTC; the date is what counts
	data    []byte
}

// Each calls fn for each of the copies.
func (c *Copies) Each(fn func(content uint64)) {
	for at := range slices.Chunk(c.data, copySize) {
		if len(at) == copySize {
			fn(binary.BigEndian.Uint64(at[8:]))
		}
	}
}

// Len is how many copies there are.
func (c *Copies) Len() int { return len(c.data) / copySize }

// Mailings returns the mailings that are remembered, the oldest first.
func (a *Accounts) Mailings(ctx context.Context) ([]*Mailing, error) {
	list, _, err := a.mailings(ctx)
	return list, err
}

func (a *Accounts) mailings(ctx context.Context) (list []*Mailing, byNo map[int64]*Mailing, err error) {
	byNo = map[int64]*Mailing{}
	rows, err := a.db.Reading.QueryContext(ctx, "SELECT no, run, id, folder, list, subject FROM mailings ORDER BY no")
	err = sqlite.Each(rows, err, func(r *sql.Rows) error {
		m := &Mailing{}
		var no int64
		err := r.Scan(&no, &m.Run, &m.ID, &m.Folder, &m.List, &m.Subject)
		list, byNo[no] = append(list, m), m
		return err
	})
	return list, byNo, a.db.Explain(err)
}

// Copies calls fn for all that is remembered at now, in the order in which it was begun. fn must not keep what it is
// given.
func (a *Accounts) Copies(ctx context.Context, now time.Time, fn func(*Copies)) error {
	_, mailings, err := a.mailings(ctx)
	if err != nil || len(mailings) == 0 {
		return err
	}
	rows, err := a.db.Reading.QueryContext(ctx, "SELECT mailing, day, data FROM copies WHERE until >= ? ORDER BY no",
		dayOf(now))
	var data sql.RawBytes
	err = sqlite.Each(rows, err, func(r *sql.Rows) error {
		var no, day int64
		if err := r.Scan(&no, &day, &data); err != nil {
			return err
		}
		if m := mailings[no]; m != nil {
			fn(&Copies{Mailing: m, Day: midnight(day), data: data})
		}
		return nil
	})
	return a.db.Explain(err)
}

// forgetCopies takes a person out of all that is remembered, and out of what ledgers have yet.
func (a *Accounts) forgetCopies(t *sqlite.Tx, person uint64) error {
	// A ledger may also have what the accounts took already, after a kill: so it counts whatever the mailings say.
	if _, err := t.Exec("INSERT OR IGNORE INTO erased VALUES (?)", int64(person)); err != nil {
		return err
	}
	want := binary.BigEndian.AppendUint64(nil, person)
	kept := map[int64][]byte{}
	rows, err := t.Query("SELECT no, data FROM copies WHERE instr(data, ?) > 0", want)
	err = sqlite.Each(rows, err, func(r *sql.Rows) error {
		var no int64
		var data []byte
		if err := r.Scan(&no, &data); err != nil {
			return err
		}
		rest := without(data, func(at []byte) bool { return bytes.HasPrefix(at, want) })
		if len(rest) < len(data) {
			kept[no] = rest
		}
		return nil
	})
	if err != nil {
		return err
	}
	for no, data := range kept {
		if err := put(t, no, data); err != nil {
			return err
		}
	}
	return nil
}
