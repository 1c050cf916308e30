//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package typeahead

import "golang.org/x/sys/unix"

// foreground reports whether what is typed at the terminal is for this process. Another one would be stopped by
// SIGTTOU, and what it drops would be another program's.
func foreground(fd int) bool {
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
