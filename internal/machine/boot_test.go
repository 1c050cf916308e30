package machine

import (
	"runtime"
	"strings"
	"testing"
)

// Time passes, and the start keeps its name. On the systems that the program is built for the machine is asked, not the
// process: with the time of the process a file that two processes use would follow whichever of their wall clocks is
// ahead.
func TestBoot(t *testing.T) {
	t.Parallel()
	name, since := Boot()
	for range 1000 {
		again, later := Boot()
		if again != name || later < since {
			t.Fatalf("%q, %s after %q, %s", again, later, name, since)
		}
		since = later
	}
	switch runtime.GOOS {
	case "linux", "darwin", "windows":
		if strings.HasPrefix(name, "process ") || since <= 0 {
			t.Errorf("%q since %s: not the machine's", name, since)
		}
	}
}
