package accounts

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"mailshot/internal/sqlite"
)

// use is what the file is for, in the words that name another one.
var use = sqlite.Use{Option: "--accounts", Variable: "MAILSHOT_ACCOUNTS"}

// DefaultPath is where a user's accounts live: MAILSHOT_ACCOUNTS, else mailshot/accounts.db below XDG_STATE_HOME,
// below LocalAppData on Windows, or below ~/.local/state.
func DefaultPath() (string, error) {
	if p := os.Getenv("MAILSHOT_ACCOUNTS"); p != "" {
		return p, nil
	}
	dir := os.Getenv("XDG_STATE_HOME")
	if dir == "" && runtime.GOOS == "windows" {
		dir = os.Getenv("LocalAppData")
	}
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find the folder for accounts.db: %w (name one with --accounts)", err)
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, "mailshot", "accounts.db"), nil
}
