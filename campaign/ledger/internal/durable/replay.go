package durable

import (
	"database/sql"
	"errors"
	"fmt"

	"mailshot/campaign/ledger/internal/journal"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/campaign/ledger/internal/steps"
	"mailshot/campaign/statefile"
	"mailshot/internal/sqlite"
)

// Left lists the campaigns whose last run has a journal: it is under way, or it died.
func Left(db *sql.DB) (ids []string, err error) {
	rows, err := db.Query("SELECT id FROM campaigns WHERE frozen = 1 AND journal <> '' AND folded >= 0")
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		ids = append(ids, "")
		return rows.Scan(&ids[len(ids)-1])
	})
	return ids, err
}

// TakeOver brings into the database what the campaign's last run, which died, has in its journal at path, and removes
// the journal. The caller holds the campaign's lock, and reads or changes nothing of the campaign before this. A
// *statefile.Error with journal.ErrLost means that it is not known what the run has done.
func TakeOver(db *sqlite.Store, id, path string) error {
	var no, folded int64
	var name, run string
	err := db.Reading.QueryRow("SELECT no, journal, folded, "+schema.RunName+" FROM campaigns "+
		"WHERE id = ? AND frozen = 1", id).Scan(&no, &name, &folded, &run)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil && (name == "" || folded < 0) {
		if err := Older(path, run, name); errors.Is(err, journal.ErrLost) {
			return lost(db, path, err)
		} else if err != nil {
			return db.Explain(err)
		}
		return nil
	}
	if err == nil {
		err = db.Write(func(t *sqlite.Tx) error { return Replay(t, no, path) })
	}
	if errors.Is(err, journal.ErrLost) {
		return lost(db, path, err)
	}
	if err != nil {
		return db.Explain(err)
	}
	return journal.Remove(path)
}

// Older is journal.ErrLost if the journal at path is this run's, and the database, which has all of the journal that it
// knows, does not know it: then the database is older.
func Older(path, run, known string) error {
	foreign, err := journal.Foreign(path, run, known)
	if foreign {
		err = fmt.Errorf("%w: the file does not know of its journal", journal.ErrLost)
	}
	return err
}

// lost says what to do where nobody knows what a run has done.
func lost(db *sqlite.Store, path string, err error) error {
	return &statefile.Error{Path: db.Path, Err: err, Text: "the journal of the last run is gone or damaged, or the file " +
		"is, so nobody knows what it sent last", Hint: "bring " + path + " back, or the file with its -wal; or run mailshot " +
		"state repair: what was to be sent becomes unknown, and mailshot resolve decides about it"}
}

// Unfolded is what the last run of a campaign has in its journal at path and not in the database. ok is false if the
// run had no journal, or if the database has everything and forgot it. An error is journal.ErrLost if it is not all
// there.
func Unfolded(t *sqlite.Tx, no int64, path string) (g steps.Group, ok bool, err error) {
	var name string
	var folded int64
	row, err := t.Known("SELECT journal, folded FROM campaigns WHERE no = ?", no)
	if err != nil {
		return g, false, err
	}
	if err := row.Scan(&name, &folded); err != nil || name == "" || folded < 0 {
		return g, false, err
	}
	g, err = Lacking(path, name, folded)
	return g, true, err
}

// Lacking is what the journal at path, of the run with this name, has after the group with the number folded. An error
// is journal.ErrLost if it is not all there.
func Lacking(path, name string, folded int64) (steps.Group, error) {
	var net steps.Net
	err := journal.Read(path, name, folded, func(b []byte) error {
		var next steps.Group
		if err := next.Parse(b); err != nil {
			return err
		}
		return net.Add(&next)
	})
	return net.Group(), err
}

// Replay takes over into the database what a run that died has in its journal, in a transaction of the holder of the
// campaign's lock. Afterwards there is no journal for the database, and the file at path may go. An error that is
// journal.ErrLost means that it is not known what the run has done.
func Replay(t *sqlite.Tx, no int64, path string) error {
	g, ok, err := Unfolded(t, no, path)
	if err != nil || !ok {
		return err
	}
	w := steps.Writer{Campaign: no}
	if err := t.Row("SELECT turn FROM campaigns WHERE no = ?", no).Scan(&w.Turn); err != nil {
		return err
	}
	if err := w.WriteGroup(t, &g); errors.Is(err, schema.ErrChanged) {
		return fmt.Errorf("%w: it contradicts the file", journal.ErrLost)
	} else if err != nil {
		return err
	}
	_, err = t.Exec("UPDATE campaigns SET folded = -1 WHERE no = ?", no)
	return err
}
