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

// Lock locks the file at path and writes this process's number into it. The file stays for ever: removing a lock file lets two
// processes hold locks of the same name. Its folder is made private. Close gives the
// lock back, and so does the end of the process. It does not wait: a lock that is held is ErrLocked.
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
	// Only for the message to whom it is in the way of; the lock itself is the system's.
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil && !lockedOut(err) {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Holder is the number of the process that wrote itself into the lock file, 0 when it cannot be read.
func Holder(path string) int {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return pid
}
