package sqlite

import (
	"errors"
	"syscall"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"mailshot/campaign/statefile"
)

// Code is SQLite's primary result code of err, 0 if err is not SQLite's.
func Code(err error) int {
	var e *driver.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// Damaged reports whether err says that a file is not a whole database.
func Damaged(err error) bool {
	code := Code(err)
	return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
}

// Busy reports whether err only means that another process held the write lock for too long.
func Busy(err error) bool { return Code(err) == sqlite3.SQLITE_BUSY }

// Explain makes a *statefile.Error, with the file and a hint, of the error of a damaged file or of a failing disk. It
// passes other errors on.
func Explain(path string, err error) error {
	if f := (*statefile.Error)(nil); errors.As(err, &f) {
		return err // it is one already
	}
	switch Code(err) {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return &statefile.Error{Path: path, Text: "the file is damaged or not a mailshot database", Err: err,
			Hint: DamageHint}
	case sqlite3.SQLITE_BUSY:
		return &statefile.Error{Path: path, Text: "another process has been writing for too long", Err: err,
			Hint: "try again when it has ended"}
	case sqlite3.SQLITE_FULL:
		return noRoom(path, err)
	case sqlite3.SQLITE_READONLY:
		return readOnly(path, err)
	case sqlite3.SQLITE_CANTOPEN:
		return &statefile.Error{Path: path, Text: "cannot be opened", Err: err,
			Hint: "check that its folder exists and is writable, and that this process may open enough files " +
				"(ulimit -n 256); then run the command again: it goes on"}
	case sqlite3.SQLITE_IOERR:
		return faulty(path, failedAt(err), err)
	}
	switch {
	case errors.Is(err, syscall.EIO), errors.Is(err, syscall.EFBIG):
		return faulty(path, "the disk failed", err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return noRoom(path, err)
	case errors.Is(err, syscall.EROFS):
		return readOnly(path, err)
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return &statefile.Error{Path: path, Text: "this process may open no more files", Err: err,
			Hint: "allow more: ulimit -n 256; then run the command again: it goes on"}
	}
	return err
}

func faulty(path, text string, err error) error {
	return &statefile.Error{Path: path, Text: text, Err: err,
		Hint: "look in the system's log for a fault of the disk, a quota or a limit of file size " +
			"(ulimit -f), fix it, then run the command again: it goes on"}
}

func noRoom(path string, err error) error {
	return &statefile.Error{Path: path, Text: "no room on the disk", Err: err,
		Hint: "make room, then run the command again: it goes on"}
}

func readOnly(path string, err error) error {
	return &statefile.Error{Path: path, Text: "the file or its disk is read-only", Err: err,
		Hint: "make it writable, then run the command again: it goes on"}
}

// failedAt says what the disk failed to do.
func failedAt(err error) string {
	var e *driver.Error
	errors.As(err, &e)
	switch e.Code() {
	case sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC:
		return "the disk failed to keep what was written (sync)"
	case sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_TRUNCATE:
		return "the disk failed to write"
	case sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ:
		return "the disk failed to read"
	}
	return "the disk failed"
}
