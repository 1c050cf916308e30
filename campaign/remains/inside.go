package remains

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mailshot/internal/disk"
	"mailshot/internal/scratch"
	"mailshot/internal/sqlite"
)

// inName reports whether a file's name has the person.
func (s *search) inName(path string) bool {
	name := strings.ToLower(filepath.Base(path))
	for _, n := range s.names {
		if strings.Contains(name, n) {
			return true
		}
	}
	return false
}

// piece is how much of a file is looked at at once.
const piece = 1 << 20

// inBytes reports whether a file's bytes have the person, in upper or lower case, also where SQLite has freed them. It
// does not see encoded text (a workbook, base64).
func (s *search) inBytes(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	longest := 0
	for _, n := range s.names {
		longest = max(longest, 2*len(n)) // a capital may be longer than its small letter
	}
	window := make([]byte, 0, longest+piece)
	for {
		kept := len(window)
		n, err := io.ReadFull(f, window[kept:kept+piece])
		window = window[:kept+n]
		lower := s.lower(window)
		for _, n := range s.names {
			if bytes.Contains(lower, []byte(n)) {
				return true
			}
		}
		if err != nil {
			return false
		}
		window = append(window[:0], window[len(window)-min(longest, len(window)):]...)
	}
}

// lower is a text in lower case. Letters that no name has are left alone, because to fold them takes ten times as long.
func (s *search) lower(text []byte) []byte {
	if s.letters {
		return bytes.ToLower(text)
	}
	lower := make([]byte, len(text))
	for i, b := range text {
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		lower[i] = b
	}
	return lower
}

// inRecords reports whether the records of a copy of a database have the person: a long record is in several pieces, so
// that its bytes alone may not show them. sure is false where the copy cannot be read whole. It works on a copy of the
// copy, because a database that is opened with its log is changed by it.
func (s *search) inRecords(ctx context.Context, u *unit) (holds, sure bool, err error) {
	if s.dir == nil {
		if s.dir, err = scratch.New(s.Home, "forget"); err != nil {
			return false, false, err
		}
	}
	name := s.dir.Name("copy.db")
	defer func() {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if e := os.Remove(name + suffix); !errors.Is(e, fs.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
	}()
	for _, suffix := range []string{"", "-wal"} {
		if err := disk.Copy(u.path+suffix, name+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, false, err
		}
	}
	if !opaque(name, strings.Contains(u.path, ".damaged-")) {
		return false, true, nil
	}
	if sqlite.LogDamage(name) != nil {
		return false, false, nil
	}
	db, err := sql.Open("sqlite", sqlite.Name(name, "temp_store(MEMORY)"))
	if err != nil {
		return false, false, err
	}
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	holds, readErr := s.inTables(ctx, db)
	return holds, readErr == nil, ctx.Err()
}

// opaque reports whether bytes alone cannot show what is in a file: it is a database, or was one before it was damaged,
// or is packed. A log that is alone, and a text, show it.
func opaque(path string, damaged bool) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 16)
	n, _ := io.ReadFull(f, head) // a shorter file is not a database
	if n == 0 || damaged {
		return n > 0
	}
	for _, magic := range []string{"SQLite format 3\x00", "\x1f\x8b", "PK\x03\x04", "\x28\xb5\x2f\xfd", "\xfd7zXZ", "BZh",
		"7z\xbc\xaf", "\x04\x22\x4d\x18"} {
		if bytes.HasPrefix(head[:n], []byte(magic)) {
			return true
		}
	}
	return false
}

// inTables looks through all columns of all tables.
func (s *search) inTables(ctx context.Context, db *sql.DB) (bool, error) {
	var queries []string
	rows, err := db.QueryContext(ctx, `SELECT t.name, group_concat('coalesce(lower(CAST("' || replace(c.name, '"', '""') ||
		'" AS TEXT)), '''')', ' || char(10) || ') FROM sqlite_schema t, pragma_table_info(t.name) c
		WHERE t.type = 'table' GROUP BY t.name`)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var table, columns string
		err := rows.Scan(&table, &columns)
		queries = append(queries, `SELECT EXISTS (SELECT 1 FROM "`+strings.ReplaceAll(table, `"`, `""`)+
			`" WHERE instr(`+columns+`, ?) > 0)`)
		return err
	})
	if err != nil {
		return false, err
	}
	for _, query := range queries {
		for _, name := range s.names {
			var found bool
			if err := db.QueryRowContext(ctx, query, name).Scan(&found); err != nil || found {
				return found, err
			}
		}
	}
	return false, nil
}
