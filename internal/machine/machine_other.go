//go:build !darwin && !windows

package machine

import (
	"os"
	"strings"
)

// Number is the system's number for this machine, "" when it has none.
func Number() string {
	for _, name := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostid"} {
		if b, err := os.ReadFile(name); err == nil && strings.TrimSpace(string(b)) != "" {
			return strings.TrimSpace(string(b))
		}
	}
	return ""
}
