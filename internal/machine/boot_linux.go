package machine

import (
	"cmp"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

func boot() (name string, since time.Duration, ok bool) {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil || start() == "" {
		return "", 0, false
	}
	return start(), time.Duration(t.Nano()), true
}

// start is the name of the machine's start, which does not change while this process runs.
var start = sync.OnceValue(func() (name string) {
	if name = cmp.Or(bootID(), Number()); name == "" {
		return ""
	}
	// Containers may have a time of their own since the start, under the same name of it.
	if space, err := os.Readlink("/proc/self/ns/time"); err == nil {
		name += " " + space
	}
	return name
})
