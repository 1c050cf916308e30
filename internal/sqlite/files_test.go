package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"mailshot/campaign/statefile"
)

// A database whose folder another machine has is refused before anything is made, and the error says which option names
// another file. (Breakage: Prepare did not ask where the folder is.)
func TestNetwork(t *testing.T) {
	t.Parallel()
	use := Use{Ignore: true, Option: "--state", Variable: "MAILSHOT_STATE"}
	path := filepath.Join(t.TempDir(), ".mailshot", "state.db")
	refused := func(hint string) {
		t.Helper()
		_, err := prepare(path, use, func(string) string { return "nfs4" })
		var f *statefile.Error
		if !errors.As(err, &f) || f.Option != "--state" || !strings.Contains(f.Text, "(nfs4)") ||
			!strings.HasPrefix(f.Hint, hint) || !strings.Contains(f.Hint, "--state or MAILSHOT_STATE") {
			t.Errorf("%v", err)
		}
	}
	refused("name a file on a disk of this machine")
	if _, err := os.Stat(filepath.Dir(path)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder was made, or %v", err)
	}
	if _, err := prepare(path, use, func(string) string { return "" }); err != nil {
		t.Fatalf("a local disk, or one that is not known: %v", err)
	}
	refused("move it, with its -wal, to a folder on a disk of this machine")
	// A file of its own may be mounted in a folder that is local, and the other way round.
	for _, there := range []string{path, filepath.Dir(path)} {
		_, err := prepare(path, use, func(p string) string { return map[string]string{there: "cifs"}[p] })
		if f := (*statefile.Error)(nil); !errors.As(err, &f) || !strings.Contains(f.Text, "(cifs)") {
			t.Errorf("%s: %v", there, err)
		}
	}
}

// A campaign on a disk that may only be read (a share, a stick) has its ledger elsewhere, and the error says how.
// Proven by the error of the folder alone: no option was named.
func TestReadOnlyFolder(t *testing.T) {
	t.Parallel()
	if os.Getuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("root may write everywhere, and Windows has no such mode: the hint was not tried")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	var bad *statefile.Error
	_, err := Prepare(filepath.Join(dir, ".mailshot", "state.db"), Use{Option: "--state", Variable: "MAILSHOT_STATE"})
	if !errors.As(err, &bad) || bad.Option != "--state" || !strings.Contains(bad.Hint, "MAILSHOT_STATE") {
		t.Errorf("%v", err)
	}
}
