// Package keyring says whether this system has a keyring. Call [System] before the keyring is asked: the library that
// asks it would start a session bus.
package keyring

import (
	"os"
	"path/filepath"
	"runtime"
)

// System reports whether this system has a keyring that can be asked. On Linux and the BSDs that needs a session bus,
// which is never started for it.
func System() bool {
	switch runtime.GOOS {
	case "windows", "darwin":
		return true
	}
	if os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" {
		return true
	}
	run := os.Getenv("XDG_RUNTIME_DIR")
	if run == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(run, "bus"))
	return err == nil
}
