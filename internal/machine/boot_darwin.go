package machine

import (
	"cmp"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func boot() (name string, since time.Duration, ok bool) {
	id, _ := syscall.Sysctl("kern.bootsessionuuid")
	name = cmp.Or(id, Number())
	var t unix.Timespec
	// On this system the clock goes on while the machine sleeps.
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil || name == "" {
		return "", 0, false
	}
	return name, time.Duration(t.Nano()), true
}
