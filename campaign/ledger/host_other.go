//go:build !darwin && !windows

package ledger

import (
	"os"
	"strings"
)

// machine is the system's number for this machine, "" when it has none.
func machine() string {
	for _, name := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostid"} {
		if b, err := os.ReadFile(name); err == nil && strings.TrimSpace(string(b)) != "" {
			return strings.TrimSpace(string(b))
		}
	}
	return ""
}
