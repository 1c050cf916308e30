// Package repair looks after the state files of package ledger. [Examine] looks through a file and lists what is wrong
// in it; [File] saves what can be read of a damaged one.
//
// A repair never guesses. What the records cannot say any more becomes unknown or held, so that nobody is mailed twice.
package repair

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mailshot/campaign/ledger/internal/journal"
	"mailshot/campaign/ledger/internal/marks"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/campaign/statefile"
	"mailshot/internal/disk"
	"mailshot/internal/scratch"
	"mailshot/internal/sqlite"
)

// repaired is what follows the file's name in the name of the new file, until it takes the damaged one's place.
const repaired = ".repaired"

// Report is what a repair found, and what it did about it.
type Report struct {
	Lines   []string // one sentence for each finding
	Unknown int64    // deliveries that are unknown now, because their records cannot say what became of them
	Held    int64    // deliveries that are held now, because what was to be sent is lost
	Aside   string   // where the damaged file is kept; "" if the repair was only tried
}

func (r *Report) say(format string, args ...any) {
	r.Lines = append(r.Lines, fmt.Sprintf(format, args...))
}

// File saves what can be read of a damaged state file into a new one, which takes its place. The damaged file is kept
// beside it. With try set, File says what it would do, and changes nothing. No other process may use the file
// meanwhile.
//
// It never guesses:
//
//   - A delivery whose record is lost, or contradicts its log, becomes unknown.
//   - A delivery whose row is lost, and that was still to be sent, becomes held.
//   - If the end of the log is lost, all deliveries that were to be sent become unknown, because they may have been
//     sent.
//   - What a run has in its journal and the file lacks becomes unknown. If the journal is gone, all deliveries of the
//     campaign that were to be sent do.
//   - A file whose campaigns' own records cannot be read is refused.
func File(ctx context.Context, path string, try bool) (_ *Report, err error) {
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	if err := finishRepair(path); err != nil {
		return nil, err
	}
	if path, err = sqlite.Prepare(path, schema.Use(false)); err != nil {
		return nil, err
	}
	release, err := idle(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, release()) }()
	dir, err := scratch.In(filepath.Dir(path), "repair") // on the same disk
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()

	// The repair reads a copy: closing a database folds the log into it, and the damaged file is evidence.
	old, fresh := dir.Name("damaged.db"), dir.Name("state.db")
	for _, suffix := range []string{"", "-wal"} {
		if err := disk.Copy(path+suffix, old+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	r := &Report{}
	cut := sqlite.LogDamage(old)
	if cut != nil {
		r.say("the log is damaged before its end: what was recorded after that is lost")
	}
	if err := rebuild(ctx, old, fresh, path, cut != nil, r); err != nil {
		if f := (*statefile.Error)(nil); errors.As(err, &f) {
			f.Path = path // the copy is gone
		}
		return nil, sqlite.Explain(path, err)
	}
	if try {
		return r, nil
	}
	r.Aside = path + ".damaged-" + time.Now().UTC().Format("20060102T150405Z")
	// Out of the working folder, which goes with this process: once it is noted, the next repair may have to go on.
	if err := os.Rename(fresh, path+repaired); err != nil {
		return nil, err
	}
	if err := disk.Create(path+sqlite.Repairing, path+repaired+"\n"+r.Aside+"\n"); err != nil {
		return nil, sqlite.Explain(path, err)
	}
	return r, finishRepair(path)
}

// finishRepair gives the new file the name of the damaged one. It goes on where an earlier repair was interrupted.
// Without a note it does nothing.
func finishRepair(path string) error {
	note, err := os.ReadFile(path + sqlite.Repairing)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	parts := strings.Split(string(note), "\n")
	if len(parts) != 3 {
		return os.Remove(path + sqlite.Repairing) // the note was not written to its end, and nothing was moved
	}
	fresh, aside := parts[0], parts[1]
	if _, err := os.Stat(fresh); err == nil {
		// A record that a repair brings back may be an older one than the marks are about, and the journal is in it.
		if err := errors.Join(eachBeside(path, ".marks", marks.Remove), eachBeside(path, ".journal", journal.Remove)); err != nil {
			return err
		}
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if _, err := os.Stat(aside + suffix); err == nil {
				continue // moved before the interruption
			}
			if err := os.Rename(path+suffix, aside+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		if err := os.Rename(fresh, path); err != nil {
			return err
		}
	} else if _, there := os.Stat(path); !errors.Is(err, fs.ErrNotExist) || there != nil {
		// An empty ledger in its place would send everything again.
		return &statefile.Error{Path: path, Err: err,
			Text: "a repair of it was interrupted, and the repaired file is not there",
			Hint: "the damaged one is " + aside + ": give it and its -wal their names back, remove " +
				path + sqlite.Repairing + ", and repair it again; or bring back a backup"}
	}
	if err := disk.SyncFolder(filepath.Dir(path)); err != nil {
		return err
	}
	return os.Remove(path + sqlite.Repairing)
}

// idle takes all locks of the state file's campaigns, so that no process runs one.
func idle(path string) (release func() error, err error) {
	var closers []io.Closer
	free := func() error {
		var errs []error
		for _, c := range closers {
			errs = append(errs, c.Close())
		}
		return errors.Join(errs...)
	}
	err = eachBeside(path, ".lock", func(name string) error {
		f, err := sqlite.Lock(name)
		if errors.Is(err, sqlite.ErrLocked) {
			err = &statefile.Error{Path: path, Text: fmt.Sprintf("in use by process %d", sqlite.Holder(name)),
				Hint: "stop it with an interrupt first"}
		}
		if err == nil {
			closers = append(closers, f)
		}
		return err
	})
	if err != nil {
		return nil, errors.Join(err, free())
	}
	return free, nil
}

// eachBeside calls fn for the campaigns' own files beside the state file whose names have the ending.
func eachBeside(path, ending string, fn func(name string) error) error {
	names, err := disk.Names(path+".locks", func(name string) bool { return strings.HasSuffix(name, ending) })
	for _, name := range names {
		err = errors.Join(err, fn(name))
	}
	return err
}

// rebuild makes the database fresh from what can be read of old, which is a copy of the one at path. cut says that the
// end of the log is lost.
func rebuild(ctx context.Context, old, fresh, path string, cut bool, r *Report) (err error) {
	from, err := sql.Open("sqlite", sqlite.Name(old, "temp_store(MEMORY)"))
	if err != nil {
		return err
	}
	from.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, from.Close()) }()
	if err := readable(ctx, from, old); err != nil {
		return err
	}
	faults, err := sqlite.Sound(ctx, from)
	if err != nil {
		return err
	}
	for _, f := range faults {
		r.say("%s", f)
	}
	if err := disk.Create(fresh, ""); err != nil { // so that it is private
		return err
	}
	to, err := sqlite.Open(ctx, fresh, schema.Versions)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	lost, err := salvageAll(ctx, from, to, old, r)
	if err != nil {
		return err
	}
	if err := to.Write(func(t *sqlite.Tx) error {
		if err := settleDoubts(t, path, cut, lost, r); err != nil {
			return err
		}
		_, err := t.Once(schema.CountAll)
		return err
	}); err != nil {
		return err
	}
	left, err := consistent(ctx, to.Reading)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("the repaired records still contradict each other, so nothing was changed: %s", left[0])
	}
	return nil
}

// hopeless is the error of a file in which nothing can be saved without guessing.
func hopeless(path string, err error) error {
	return &statefile.Error{Path: path, Err: err,
		Text: "nothing can be saved without guessing: the file's own tables, or its campaigns' records, cannot be read",
		Hint: "nothing was changed; bring back a backup of the file"}
}

// readable brings the columns of the damaged file's tables to this version. It is an error unless these tables and the
// campaigns' records can be read.
func readable(ctx context.Context, from *sql.DB, old string) error {
	var version int
	err := from.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	if err != nil || version < 1 || version > len(schema.Versions) {
		return hopeless(old, err)
	}
	if same, err := sqlite.SameSchema(ctx, from, schema.Versions[:version]); err != nil || !same {
		return hopeless(old, err)
	}
	for _, step := range schema.Versions[version:] {
		if _, err := from.ExecContext(ctx, step.Schema); err != nil {
			return hopeless(old, err)
		}
	}
	if err := schema.CampaignsSound(ctx, from); err != nil {
		return hopeless(old, err)
	}
	return nil
}

// has reports whether the file has a table.
func has(ctx context.Context, db *sql.DB, table string) (there bool, err error) {
	err = db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = ?)", table).Scan(&there)
	return there, err
}

// losses are what cannot be read.
type losses struct {
	log     bool // some attempts or manual changes
	copies  bool // some of who gets which message
	returns bool // some of what came back
}

// salvageAll copies what can be read of all tables.
func salvageAll(ctx context.Context, from *sql.DB, to *sqlite.Store, old string, r *Report) (lost losses, err error) {
	for _, s := range salvaged {
		if there, err := has(ctx, from, s.table); err != nil || !there {
			if err != nil {
				return lost, err
			}
			continue // the file is older than that table
		}
		_, gaps, err := salvage(ctx, from, to, s.table, s.columns)
		if err != nil {
			return lost, err
		}
		if gaps > 0 && s.table == "campaigns" {
			return lost, hopeless(old, nil)
		}
		if gaps > 0 {
			r.say("%s: records in %d places cannot be read", s.table, gaps)
			lost.log = lost.log || s.table == "attempts" || s.table == "audit"
			lost.copies = lost.copies || s.table == "copies"
			lost.returns = lost.returns || s.table == "returns"
		}
	}
	tallies, err := from.QueryContext(ctx, "SELECT campaign, state, n FROM tallies")
	err = sqlite.Each(tallies, err, func(rows *sql.Rows) error {
		var no, state, n int64
		if err := rows.Scan(&no, &state, &n); err != nil {
			return err
		}
		return to.Write(func(t *sqlite.Tx) error {
			_, err := t.Exec("INSERT INTO tallies(campaign, state, n) VALUES (?, ?, ?)", no, state, n)
			return err
		})
	})
	if sqlite.Damaged(err) {
		return lost, hopeless(old, err)
	}
	return lost, err
}
