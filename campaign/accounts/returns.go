package accounts

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"time"

	"mailshot/internal/sqlite"
)

// SuppressReturned puts people on the suppression list for all mail, as entries by hand do, because of what came back:
// of each entry Domain and Topic have no part. It returns how many were not on it for all mail before. Somebody who was
// forgotten is on it already, and their address does not come back into the file.
func (a *Accounts) SuppressReturned(ctx context.Context, list []Entry) (fresh int, err error) {
	var all []Entry
	for _, e := range list {
		hidden, err := a.hidden(ctx, e.Key)
		if err != nil {
			return 0, err
		}
		var on bool
		err = a.db.Reading.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM suppressions
			WHERE domain = '' AND topic = '' AND key IN (?, ?))`, e.Key, hidden).Scan(&on)
		if err != nil {
			return 0, a.db.Explain(err)
		}
		if e.Domain, e.Topic = "", ""; !on {
			all = append(all, e)
		}
	}
	if len(all) == 0 {
		return 0, nil
	}
	return len(all), a.SuppressAll(ctx, all)
}

// short is half of the hash of a text: enough to tell it apart, and not the text.
func short(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:16]
}

// Collected returns a function that says of which messages of a mailbox it is noted that they were read: those of all
// calls of NoteCollected up to now. It takes some 50 bytes of memory for each of them. The function may be used by any
// number of goroutines. box is the mailbox's name, of which the file has a hash.
func (a *Accounts) Collected(ctx context.Context, box string) (func(id string) bool, error) {
	read := map[[16]byte]struct{}{}
	rows, err := a.db.Reading.QueryContext(ctx, "SELECT id FROM collected WHERE box = ?", short(box))
	var id sql.RawBytes
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		err := rows.Scan(&id)
		if len(id) == 16 {
			read[[16]byte(id)] = struct{}{}
		}
		return err
	})
	if err != nil {
		return nil, a.db.Explain(err)
	}
	return func(id string) bool {
		_, was := read[[16]byte(short(id))]
		return was
	}, nil
}

// NoteCollected notes, durably, that messages of a mailbox were read, at now. What they say is durable before: whatever
// is noted is never read again.
func (a *Accounts) NoteCollected(ctx context.Context, box string, ids []string, now time.Time) error {
	if err := ctx.Err(); err != nil || len(ids) == 0 {
		return err
	}
	return a.db.Write(func(t *sqlite.Tx) error {
		for _, id := range ids {
			if _, err := t.Exec("INSERT OR IGNORE INTO collected(box, id, time) VALUES (?, ?, ?)",
				short(box), short(id), sqlite.Stamp(now)); err != nil {
				return err
			}
		}
		return nil
	})
}

// KeepCollected forgets what is noted of messages that are not in the mailbox any more, and returns how many these were.
// ids are all that it has, and listed is a time before they were listed: what was noted since stays. The caller has read
// the mailbox to its end.
func (a *Accounts) KeepCollected(ctx context.Context, box string, ids []string, listed time.Time) (gone int64, err error) {
	has := make(map[[16]byte]struct{}, len(ids))
	for _, id := range ids {
		has[[16]byte(short(id))] = struct{}{}
	}
	var left [][]byte
	rows, err := a.db.Reading.QueryContext(ctx, "SELECT id FROM collected WHERE box = ? AND time < ?",
		short(box), sqlite.Stamp(listed))
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var id []byte
		err := rows.Scan(&id)
		if len(id) == 16 {
			if _, is := has[[16]byte(id)]; is {
				return err
			}
		}
		left = append(left, id)
		return err
	})
	if err != nil || len(left) == 0 {
		return 0, a.db.Explain(err)
	}
	err = a.db.Write(func(t *sqlite.Tx) error {
		for _, id := range left {
			n, err := t.Exec("DELETE FROM collected WHERE box = ? AND id = ? AND time < ?",
				short(box), id, sqlite.Stamp(listed))
			if err != nil {
				return err
			}
			gone += n
		}
		return nil
	})
	return gone, err
}

// End is how a message to a person ended. With Soft it bounced for a reason that may pass. Else it came to its end well:
// it was delivered, or displayed, or they answered it.
type End struct {
	Person   [16]byte  // the AddressHash of who it was for
	Campaign string    // its campaign's id: the messages of one campaign to a person count as one
	At       time.Time // when it was sent, or if that is not known when the answer came; a success without it is not noted
	Soft     bool
	// Quiet is when the last message was sent to the person that came to its end well by all that is known: it was sent a
	// week ago or longer, before or after At, so that its server has given up trying if it could not be delivered (RFC 5321
	// section 4.5.4.1: four to five days), and nothing came back about it. Zero: none is known.
	Quiet time.Time
}

// Ended notes how messages ended, durably and all at once, and returns for each how many messages to its person are in a
// row that bounced softly, when all of the list is noted: sent one after another, with no success between. The order in
// which they are noted has no part in it: they count by when they were sent. The same one again is not another one, so
// that a list may be noted twice. A success ends the row of what was sent up to then.
func (a *Accounts) Ended(ctx context.Context, list []End) (inARow []int, err error) {
	if err := ctx.Err(); err != nil || len(list) == 0 {
		return nil, err
	}
	inARow = make([]int, len(list))
	err = a.db.Write(func(t *sqlite.Tx) error {
		for _, e := range list {
			if err := ended(t, e); err != nil {
				return err
			}
		}
		for i, e := range list {
			row, err := t.Known("SELECT count(*) FROM softs WHERE person = ?", e.Person[:])
			if err == nil {
				err = row.Scan(&inARow[i])
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return inARow, err
}

// ended notes one message.
func ended(t *sqlite.Tx, e End) error {
	success := e.At
	if e.Soft {
		if _, err := t.Exec(`INSERT INTO softs(person, campaign, at) VALUES (?, ?, ?)
			ON CONFLICT (person, campaign) DO UPDATE SET at = excluded.at WHERE excluded.at > at`,
			e.Person[:], e.Campaign, sqlite.Stamp(e.At)); err != nil {
			return err
		}
		success = e.Quiet
	}
	if !success.IsZero() {
		if _, err := t.Exec(`INSERT INTO successes(person, at) VALUES (?, ?)
			ON CONFLICT (person) DO UPDATE SET at = excluded.at WHERE excluded.at > at`,
			e.Person[:], sqlite.Stamp(success)); err != nil {
			return err
		}
	}
	_, err := t.Exec("DELETE FROM softs WHERE person = ?1 AND at <= (SELECT at FROM successes WHERE person = ?1)",
		e.Person[:])
	return err
}

// forgetSofts forgets how messages to a person ended.
func forgetSofts(t *sqlite.Tx, person [16]byte) error {
	if _, err := t.Exec("DELETE FROM softs WHERE person = ?", person[:]); err != nil {
		return err
	}
	_, err := t.Exec("DELETE FROM successes WHERE person = ?", person[:])
	return err
}
