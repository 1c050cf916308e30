package mount

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// fuse is the number of all file systems that a program has, a local one or not.
const fuse = 0x65735546

// kinds are the numbers of the network file systems in statfs(2), with their kinds.
var kinds = map[uint32]string{
	0x6969: "nfs", 0xFF534D42: "cifs", 0xFE534D42: "smb2", 0x517B: "smb", 0x01021997: "9p", 0x00C36400: "ceph",
	0x0BD00BD0: "lustre", 0x5346414F: "afs", 0x6B414653: "afs", 0x73757245: "coda", 0x564C: "ncpfs",
	0x47504653: "gpfs", 0x19830326: "beegfs", 0xAAD7AAEA: "panfs",
}

func network(path string) string {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return ""
	}
	return numbered(uint32(st.Type), func() (kind, source string) {
		var at unix.Stat_t
		mounts, err := os.Open("/proc/self/mountinfo")
		if err != nil || unix.Stat(path, &at) != nil {
			return "", ""
		}
		defer mounts.Close()
		return mounted(mounts, fmt.Sprintf("%d:%d", unix.Major(uint64(at.Dev)), unix.Minor(uint64(at.Dev))))
	})
}

// numbered is the kind of the file system with that number. Of a program's it asks what is mounted.
func numbered(number uint32, mounted func() (kind, source string)) string {
	if number == fuse {
		return named(mounted())
	}
	return kinds[number]
}

// mounted finds the device in the text of proc_pid_mountinfo(5). It returns "" for a device that is not there.
func mounted(in io.Reader, device string) (kind, source string) {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		before, after, _ := strings.Cut(lines.Text(), " - ")
		place, what := strings.Fields(before), strings.Fields(after)
		if len(place) > 2 && place[2] == device && len(what) > 1 {
			return what[0], what[1]
		}
	}
	return "", ""
}
