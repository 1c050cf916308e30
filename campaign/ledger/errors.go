package ledger

import (
	"errors"
	"fmt"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	// ErrNotFound says that the ledger has no frozen campaign with this id.
	ErrNotFound = errors.New("no such campaign in the ledger")
	// ErrFrozen says that a campaign with this id is planned already: a changed list goes through Replan.
	ErrFrozen = errors.New("campaign is already planned")
	// ErrNotLocked says that Run was called without holding the campaign's lock.
	ErrNotLocked = errors.New("campaign is not locked by this ledger")
	// ErrState says that a delivery is not in a state from which what was asked for is allowed.
	ErrState = errors.New("not allowed from the delivery's state")
)

// LockedError says that another process works on the campaign.
type LockedError struct {
	ID  string // the campaign
	PID int    // the process that holds the lock, 0 when it cannot be told
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("campaign %q is in use by another process", e.ID)
	}
	return fmt.Sprintf("campaign %q is in use by process %d", e.ID, e.PID)
}

// SuppressedError says that Begin found the recipient on the list of people never to be mailed. The delivery is suppressed now.
type SuppressedError struct {
	AddressKey string
	Reason     string
}

func (e *SuppressedError) Error() string {
	return fmt.Sprintf("%s is suppressed: %s", e.AddressKey, e.Reason)
}

// FileError says why a database file may not or cannot be used, and what to do about it.
type FileError struct {
	Path, Text, Hint string
	Err              error // the cause, may be nil
}

func (e *FileError) Error() string {
	s := e.Path + ": " + e.Text
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// Diagnostic gives the parts of the error for a report of findings.
func (e *FileError) Diagnostic() (code, place, text, excerpt string, column int, hint string) {
	text = e.Text
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return "state-file", e.Path, text, "", 0, e.Hint
}

// primary is SQLite's primary result code of err, 0 if err is not SQLite's.
func primary(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// damaged reports whether err says that a file is no whole database.
func damaged(err error) bool {
	code := primary(err)
	return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB || errors.Is(err, errDisorder)
}

// busy reports whether err only means that another process held the write lock for too long.
func busy(err error) bool { return primary(err) == sqlite3.SQLITE_BUSY }

// explain gives errors of a damaged file and of a disk that fails their place and hint; others it passes on.
func explain(path string, err error) error {
	if f := (*FileError)(nil); errors.As(err, &f) {
		return err // it has been
	}
	switch primary(err) {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return &FileError{Path: path, Text: "the file is damaged or not a mailshot database", Err: err,
			Hint: damageHint}
	case sqlite3.SQLITE_BUSY:
		return &FileError{Path: path, Text: "another process has been writing for too long", Err: err, Hint: "try again when it has ended"}
	case sqlite3.SQLITE_FULL:
		return noRoom(path, err)
	case sqlite3.SQLITE_READONLY:
		return readOnly(path, err)
	case sqlite3.SQLITE_CANTOPEN:
		return &FileError{Path: path, Text: "cannot be opened", Err: err,
			Hint: "see that its folder is there and writable, and that this process may open files enough (ulimit -n 256); then send again: it resumes"}
	case sqlite3.SQLITE_IOERR:
		return &FileError{Path: path, Text: failedAt(err), Err: err,
			Hint: "see what the system's log says of the disk, a quota or a limit of file size (ulimit -f), mend it, then send again: it resumes"}
	}
	switch e := (*FileError)(nil); {
	case errors.As(err, &e):
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return noRoom(path, err)
	case errors.Is(err, syscall.EROFS):
		return readOnly(path, err)
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return &FileError{Path: path, Text: "this process may open no more files", Err: err, Hint: "allow more: ulimit -n 256; then send again: it resumes"}
	}
	return err
}

func noRoom(path string, err error) error {
	return &FileError{Path: path, Text: "no room on the disk", Err: err, Hint: "make room, then send again: it resumes"}
}

func readOnly(path string, err error) error {
	return &FileError{Path: path, Text: "the file or its disk is read-only", Err: err, Hint: "make it writable, then send again: it resumes"}
}

// failedAt says at what the disk failed.
func failedAt(err error) string {
	var e *sqlite.Error
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
