package machine

import (
	"os"
	"strings"
	"sync"
)

// bootID does not change while this process runs.
var bootID = sync.OnceValue(func() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
})
