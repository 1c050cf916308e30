package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"

	"mailshot/campaign/statefile"
)

// Examine looks through the file at path: whether SQLite finds its pages, rows and indexes in order, and whether its
// tables are those that the versions make. If nothing is wrong so far, it adds what more finds; nil finds nothing. It
// does not make the file if it is missing.
func Examine(
	ctx context.Context, path string, u Use, versions []Version,
	more func(context.Context, *sql.DB) ([]statefile.Fault, error),
) (faults []statefile.Fault, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, err // it is not made
	}
	if path, err = Prepare(path, u); err != nil {
		return nil, err
	}
	s, err := Open(ctx, path, versions)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	faults, err = Sound(ctx, s.Reading)
	if same, e := SameSchema(ctx, s.Reading, versions); e == nil && !same {
		faults = append(faults, statefile.Fault{Text: "the tables are not those that this version makes"})
	} else if err == nil {
		err = e
	}
	if err == nil && len(faults) == 0 && more != nil {
		faults, err = more(ctx, s.Reading)
	}
	return faults, Explain(path, err)
}

// SameSchema reports whether the file's tables and indexes are those that the versions make.
func SameSchema(ctx context.Context, db *sql.DB, versions []Version) (bool, error) {
	const all = `SELECT coalesce(group_concat(type || name || tbl_name || coalesce(sql, ''), char(10)), '')
		FROM (SELECT * FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name)`
	model, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return false, err
	}
	defer model.Close()
	model.SetMaxOpenConns(1)
	for _, step := range versions {
		if _, err := model.ExecContext(ctx, step.Schema+step.Data); err != nil {
			return false, err
		}
	}
	var want, have string
	if err := model.QueryRowContext(ctx, all).Scan(&want); err != nil {
		return false, err
	}
	if err := db.QueryRowContext(ctx, all).Scan(&have); err != nil {
		return false, nil // it cannot even be read
	}
	return want == have, nil
}

// Sound returns what SQLite's own check of the file finds, the first 20 faults at most.
func Sound(ctx context.Context, db *sql.DB) ([]statefile.Fault, error) {
	var faults []statefile.Fault
	rows, err := db.QueryContext(ctx, "PRAGMA integrity_check(20)")
	err = Each(rows, err, func(rows *sql.Rows) error {
		var text string
		err := rows.Scan(&text)
		if text != "ok" {
			faults = append(faults, statefile.Fault{Text: text})
		}
		return err
	})
	if Damaged(err) {
		return append(faults, statefile.Fault{Text: err.Error()}), nil
	}
	return faults, err
}
