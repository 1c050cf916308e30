package ledger

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"mailshot/campaign/ledger/internal/cc"
	"mailshot/campaign/ledger/internal/journal"
	"mailshot/campaign/ledger/internal/returned"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/campaign/ledger/internal/steps"
	"mailshot/internal/machine"
	"mailshot/internal/sqlite"
)

// Forgotten is what Forget did.
type Forgotten struct {
	Campaigns []string // those whose lists had the person
	Rows      int64    // rows that were emptied
	Stopped   int64    // rows among them that were still to be sent, and are suppressed now
	Keys      []string // the keys that the rows had
	Mentions  []string // places of other rows whose fields have the address, the first hundred at most
}

// Forget erases a person from all campaigns of the file. Their rows lose address, key, fields and the digest of the
// message, and their attempts lose the servers' words,
// as what came back about them loses its words. Then the file is written anew, so that no byte of what was
// erased is left in it.
//
// The states stay, so that they still add up, and so do the times and codes of attempts. KeyHash takes the place of the
// key's hash: nobody can make it without its secret, and a list that is planned again still finds that the person was
// there. What was to be sent is suppressed. Unfinished drafts are removed.
//
// Forget takes the locks of all campaigns, and returns a *LockedError when one of them is in use.
func (l *Ledger) Forget(ctx context.Context, addressKey string) (f *Forgotten, err error) {
	if addressKey == "" || l.KeyHash == nil {
		return nil, errors.New("forget: no address, or no KeyHash")
	}
	all, release, err := l.lockAll(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, release()) }()
	f = &Forgotten{}
	for _, c := range all {
		// Nobody needs one any more, and it has servers' words: a kill may have left it.
		if err := journal.Remove(l.journalPath(c.id)); err != nil {
			return nil, err
		}
		if !c.frozen {
			if err := l.remove(ctx, c.no); err != nil {
				return nil, err
			}
			continue
		}
		if err := l.forget(c, addressKey, f); err != nil {
			return nil, err
		}
	}
	rows, err := l.db.Reading.QueryContext(ctx, `SELECT place FROM rows
		WHERE instr(lower(CAST(fields AS TEXT)), ?1) > 0 OR instr(lower(address), ?1) > 0
		ORDER BY id LIMIT 100`, strings.ToLower(addressKey))
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var place string
		err := rows.Scan(&place)
		f.Mentions = append(f.Mentions, place)
		return err
	})
	if err != nil {
		return nil, l.db.Explain(err)
	}
	// As the recipient of a copy the person is in the attempts of others, too, and in what came back about these.
	if err := l.db.Write(func(t *sqlite.Tx) error {
		if err := cc.Forget(t, addressKey); err != nil {
			return err
		}
		return returned.ForgetMentions(t, addressKey)
	}); err != nil {
		return nil, err
	}
	return f, l.db.Rewrite(ctx)
}

// numbered is a campaign's number.
type numbered struct {
	no     int64
	id     string
	frozen bool
}

// lockAll takes the locks of all campaigns of the file, drafts included, but for those that l holds already.
func (l *Ledger) lockAll(ctx context.Context) (all []numbered, release func() error, err error) {
	var releases []func() error
	free := func() error {
		var errs []error
		for _, r := range releases {
			errs = append(errs, r())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, free())
		}
	}()
	rows, err := l.db.Reading.QueryContext(ctx, "SELECT no, id, frozen FROM campaigns ORDER BY no")
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var c numbered
		err := rows.Scan(&c.no, &c.id, &c.frozen)
		all = append(all, c)
		return err
	})
	if err != nil {
		return nil, nil, l.db.Explain(err)
	}
	for _, c := range all {
		if l.locked(c.id) { // by the caller, or together with the frozen campaign that the draft is of
			if err := l.plainly(c.id); err != nil {
				return nil, nil, err
			}
			continue
		}
		k, err := l.Lock(c.id)
		if err != nil {
			return nil, nil, err
		}
		releases = append(releases, k.Close)
	}
	return all, free, nil
}

// found is a row of a person who is to be forgotten.
type found struct {
	id    int64
	key   string
	owns  bool // the row has a claim to its key
	state State
}

// forget empties the person's rows of one campaign.
func (l *Ledger) forget(c numbered, addressKey string, f *Forgotten) error {
	first, end := schema.Span(c.no)
	return l.db.Write(func(t *sqlite.Tx) error {
		var list []found
		rows, err := t.Query(`SELECT r.id, r.key, r.hash IS NOT NULL, d.state
			FROM rows r JOIN deliveries d ON d.id = r.id
			WHERE r.id >= ? AND r.id < ? AND r.address_key = ?`, first, end, addressKey)
		err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
			var one found
			var state int64
			err := rows.Scan(&one.id, &one.key, &one.owns, &state)
			one.state = stateOf(state)
			list = append(list, one)
			return err
		})
		if err != nil || len(list) == 0 {
			return err
		}
		f.Campaigns = append(f.Campaigns, c.id)
		now := time.Now().UnixNano()
		if _, err := t.Exec(`UPDATE campaigns SET secrets = iif(instr(secrets, ?1) > 0, secrets,
			trim(secrets || ' ' || ?1)) WHERE no = ?2`, l.checkValue(c.id), c.no); err != nil {
			return err
		}
		ids := make([]int64, len(list))
		for i, one := range list {
			ids[i] = one.id
		}
		if err := steps.Forget(t, c.no, ids); err != nil {
			return err
		}
		for _, one := range list {
			f.Rows++
			f.Keys = append(f.Keys, one.key)
			if legal(byForget, one.state, Suppressed) {
				f.Stopped++
			}
			if err := l.forgetRow(t, c, one, now); err != nil {
				return err
			}
		}
		return returned.Recount(t, c.no)
	})
}

// checkValue tells the secret that KeyHash has from others, without telling the secret; "" if there is no KeyHash. No
// row has the empty key.
func (l *Ledger) checkValue(id string) string {
	if l.KeyHash == nil {
		return ""
	}
	return hex.EncodeToString(l.KeyHash(id, ""))
}

// ErasedElsewhere reports whether people were erased from the file with another secret than that of KeyHash. The
// suppression list that goes with KeyHash does not know them.
func (l *Ledger) ErasedElsewhere(ctx context.Context) (bool, error) {
	var numbers []int64
	rows, err := l.db.Reading.QueryContext(ctx, "SELECT no FROM campaigns WHERE frozen = 1 AND secrets <> ''")
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var no int64
		err := rows.Scan(&no)
		numbers = append(numbers, no)
		return err
	})
	for _, no := range numbers {
		if other, err := l.otherSecret(ctx, no, false); other || err != nil {
			return other, err
		}
	}
	return false, l.db.Explain(err)
}

// otherSecret reports whether rows of the campaign were erased with another secret than that of KeyHash. changed says
// that the secret is another than when the list was planned: older versions of mailshot kept no check value.
func (l *Ledger) otherSecret(ctx context.Context, no int64, changed bool) (bool, error) {
	var id, secrets string
	var erased bool
	first, end := schema.Span(no)
	err := l.db.Reading.QueryRowContext(ctx, `SELECT id, secrets, EXISTS (SELECT 1 FROM rows
		WHERE id >= ? AND id < ? AND key = '' AND hash IS NOT NULL) FROM campaigns WHERE no = ?`,
		first, end, no).Scan(&id, &secrets, &erased)
	if err != nil || !erased {
		return false, l.db.Explain(err)
	}
	if secrets == "" {
		secrets = "?" // in a file of an older version that was repaired
	}
	for _, value := range strings.Fields(secrets) {
		if value == "?" && (changed || l.KeyHash == nil) || value != "?" && value != l.checkValue(id) {
			return true, nil
		}
	}
	return false, nil
}

// forgetRow empties one row, and suppresses its delivery if that was still to be sent.
func (l *Ledger) forgetRow(t *sqlite.Tx, c numbered, one found, now int64) error {
	after, reason := one.state, ""
	if legal(byForget, one.state, Suppressed) {
		after = Suppressed
	}
	if after == Suppressed {
		reason = "forgotten on request"
	}
	var kept []byte
	if one.owns {
		kept = l.KeyHash(c.id, one.key)
		n, err := t.Exec(`UPDATE claims SET hash = ?
			WHERE campaign = ? AND hash = (SELECT hash FROM rows WHERE id = ?)`, kept, c.no, one.id)
		if err == nil && c.frozen { // a draft's claims may not be there yet
			err = schema.Changed(n, 1, nil)
		}
		if err != nil {
			return err
		}
	}
	if _, err := t.Exec(`UPDATE rows SET hash = ?, key = '', address = '', address_key = '', fields = NULL
		WHERE id = ?`, kept, one.id); err != nil {
		return err
	}
	if _, err := t.Exec(`UPDATE deliveries SET state = ?, due = iif(state = ?, due, 0), digest = NULL,
		reason = iif(? <> '', ?, iif(reason = '', '', 'forgotten on request')) WHERE id = ?`,
		after.code(), after.code(), reason, reason, one.id); err != nil {
		return err
	}
	if _, err := t.Exec("UPDATE attempts SET text = '' WHERE delivery = ?", one.id); err != nil {
		return err
	}
	if err := cc.ForgetDelivery(t, one.id); err != nil {
		return err
	}
	if err := returned.Forget(t, one.id, l.hide(c.id)); err != nil {
		return err
	}
	_, err := t.Exec(schema.InsertAudit+"VALUES (?, ?, ?, ?, 'forget', ?, ?)",
		one.id, now, machine.User(), machine.Name(), one.state.code(), after.code())
	return err
}
