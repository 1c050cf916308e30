package typeahead

import "golang.org/x/sys/unix"

func drop(fd uintptr) {
	if foreground(int(fd)) {
		_ = unix.IoctlSetInt(int(fd), unix.TCFLSH, unix.TCIFLUSH)
	}
}
