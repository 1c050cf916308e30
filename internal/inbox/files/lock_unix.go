//go:build unix

package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// longestLock is how long we wait for another program to unlock an mbox.
const longestLock = time.Minute

// lock locks a file for reading, as the programs do that deliver to it (fcntl): what they add is complete. A file system
// without locks is read without one.
func lock(ctx context.Context, f *os.File) (unlock func(), err error) {
	set := func(kind int16) error {
		return syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &syscall.Flock_t{Type: kind, Whence: io.SeekStart})
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); ; {
		err := set(syscall.F_RDLCK)
		switch {
		case err == nil:
			return func() { set(syscall.F_UNLCK) }, nil
		case !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EACCES):
			return func() {}, nil
		case time.Since(begun) > longestLock:
			return nil, fmt.Errorf("another program has locked the file for %v", longestLock)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}
