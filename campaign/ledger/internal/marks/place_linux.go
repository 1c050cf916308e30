package marks

import (
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"mailshot/internal/machine"
)

// place names the boot of the machine, the mount of the file system, and the file, each so that no other ever has the
// name; "" if one of them has none. Linux names mounts so since 6.8. A file system that is mounted anew, as a disk that
// was pulled out, has lost what was not synced; a file that has another's number has another time of birth.
func place(f *os.File) string {
	boot := machine.BootID()
	var s unix.Statx_t
	const want = unix.STATX_INO | unix.STATX_BTIME | unix.STATX_MNT_ID_UNIQUE
	err := unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH, want, &s)
	if boot == "" || err != nil || s.Mask&want != want {
		return ""
	}
	return fmt.Sprintf("boot %s mount %d device %d:%d file %d born %d.%09d",
		boot, s.Mnt_id, s.Dev_major, s.Dev_minor, s.Ino, s.Btime.Sec, s.Btime.Nsec)
}

// mapped maps a part of the file into memory. What is stored there is the system's, and outlives this process.
func mapped(f *os.File, at int64, n int) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), at, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

func unmap(b []byte) error {
	if b == nil {
		return nil
	}
	return unix.Munmap(b)
}

// store stores v in one step: a process that dies has stored all of it or nothing. The place is aligned.
func store(b []byte, v uint64) {
	atomic.StoreUint64((*uint64)(unsafe.Pointer(unsafe.SliceData(b))), v)
}
