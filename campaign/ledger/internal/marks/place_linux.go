package marks

import (
	"fmt"
	"os"

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
