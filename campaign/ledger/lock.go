package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"
)

// Lock is the right to run and change one campaign. The system frees it when the process dies.
type Lock struct {
	l    *Ledger
	id   string
	file *flock.Flock
}

// Lock takes the campaign's lock, which need not be planned yet. It does not wait: when the lock is taken it returns a *LockedError.
func (l *Ledger) Lock(id string) (*Lock, error) {
	sum := sha256.Sum256([]byte(id))
	name := filepath.Join(l.db.path+".locks", hex.EncodeToString(sum[:12])+".lock") // an id may hold any character
	file, err := takeLock(name)
	if errors.Is(err, errTaken) {
		return nil, &LockedError{ID: id, PID: holder(name)}
	}
	if err != nil {
		return nil, fmt.Errorf("lock campaign %q: %w", id, explain(name, err))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held[id] = true
	return &Lock{l: l, id: id, file: file}, nil
}

// Close gives the lock back. Closing it again does nothing.
func (k *Lock) Close() error {
	k.l.mu.Lock()
	defer k.l.mu.Unlock()
	if k.file == nil {
		return nil
	}
	delete(k.l.held, k.id)
	err := k.file.Close()
	k.file = nil
	return err
}

// locked reports whether the campaign's lock is held through l.
func (l *Ledger) locked(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held[id]
}

// holding makes sure that the campaign is locked: by the caller, or from here until release is called.
func (l *Ledger) holding(id string) (release func() error, err error) {
	if l.locked(id) {
		return func() error { return nil }, nil
	}
	k, err := l.Lock(id)
	if err != nil {
		return nil, err
	}
	return k.Close, nil
}

var errTaken = errors.New("lock is taken")

// takeLock locks the file at path and writes this process's number into it. The file stays for ever: removing a lock file lets two
// processes hold locks of the same name. Its folder is made private.
func takeLock(path string) (*flock.Flock, error) {
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
		return nil, errors.Join(errTaken, f.Close())
	}
	// Only for the message to whom it is in the way of; the lock itself is the system's.
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil && !lockedOut(err) {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// holder is the number of the process that wrote itself into the lock file, 0 when it cannot be read.
func holder(path string) int {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return pid
}
