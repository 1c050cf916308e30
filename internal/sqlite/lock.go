package sqlite

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"
)

// ErrLocked says that another process, or another part of this one, holds a lock.
var ErrLocked = errors.New("lock is taken")

// Lock locks the file at path, which it makes with a private folder, and writes this process's number into it. Close
// gives the lock back; so does the end of the process. Lock does not wait: if the lock is held, the error is ErrLocked.
// The file is never removed, because removing a lock file lets two processes hold locks of the same name.
func Lock(path string) (io.Closer, error) {
	if err := privateFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if err := privateFile(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	ok, err := f.TryLock()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if !ok {
		return nil, errors.Join(ErrLocked, f.Close())
	}
	// The number is only for the message to others who want the lock; the lock itself is the system's.
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil && !lockedOut(err) {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Locked reports whether somebody holds the lock of the file at path. It has the lock itself for a moment, beside
// others who ask. A file that is not there is not locked.
func Locked(path string) bool {
	if _, err := os.Stat(path); err != nil {
		return false
	}
	f := flock.New(path, flock.SetFlag(os.O_RDONLY))
	free, err := f.TryRLock()
	_ = f.Close() // nothing was written
	return err == nil && !free
}

// Holder returns the number of the process that wrote itself into the lock file, 0 if it cannot be read.
func Holder(path string) int {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return pid
}
