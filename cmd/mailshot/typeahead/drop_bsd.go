//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package typeahead

import "golang.org/x/sys/unix"

func drop(fd uintptr) {
	const input = 1 // FREAD of sys/file.h
	if foreground(int(fd)) {
		_ = unix.IoctlSetPointerInt(int(fd), unix.TIOCFLUSH, input)
	}
}
