package journal

import (
	"os"

	"golang.org/x/sys/unix"
)

// datasync makes what was written into the file's room durable. The file has its size already, and the rest of its own
// record does not matter.
func datasync(f *os.File) error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if err != unix.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
