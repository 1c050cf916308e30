package machine

import (
	"crypto/rand"
	"time"
)

// Boot tells how long the machine has been running since it was started, the time that it slept included, and gives
// the start a name. Another start has another name; where the system gives starts no names, the name is that of the
// machine, and only a shorter time tells that it was started again. No wall clock has a part in it.
//
// Where the system tells neither, the start is that of this process, and its sleep may not count.
func Boot() (name string, since time.Duration) {
	if name, since, ok := boot(); ok {
		return name, since
	}
	return process.name, time.Since(process.began)
}

// BootID is the random name that the system gave to this start of the machine, and gives to no other: what was written
// and not synced is still there as long as the name is. "" where the system has no such name.
func BootID() string { return bootID() }

// process is the start of this process. It never changes.
var process = struct {
	name  string
	began time.Time
}{"process " + rand.Text(), time.Now()}
