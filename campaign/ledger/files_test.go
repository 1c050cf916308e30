package ledger

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"mailshot/internal/sqlite"
)

// All files are the user's alone, whatever the umask, and others' are refused with what to type.
func TestPrivateFiles(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no modes")
	}
	dir := filepath.Join(t.TempDir(), ".mailshot")
	path := filepath.Join(dir, "state.db")
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	plan(t, l, "c", rowsOf(1))
	k, err := l.Lock("c")
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	if err := filepath.Walk(dir, func(name string, info os.FileInfo, err error) error {
		if files++; err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Error(name, info.Mode(), err)
		}
		return nil
	}); err != nil || files < 7 { // folder, .gitignore, database, its log and index, lock folder, lock
		t.Error(files, err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, ".gitignore")); string(b) != "*\n" {
		t.Errorf("%q %v", b, err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}

	refused := func(hint string) {
		t.Helper()
		l, err := Open(path)
		if err == nil {
			l.Close()
			t.Fatal("opened")
		}
		if f := asFile(t, err); !strings.HasPrefix(f.Hint, hint) {
			t.Errorf("hint %q, want %q…", f.Hint, hint)
		}
		code, place, text, _, _, _ := asFile(t, err).Diagnostic()
		if code != "state-file" || place == "" || text == "" {
			t.Error(code, place, text)
		}
	}
	chmod := func(name string, mode os.FileMode) {
		t.Helper()
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	chmod(path, 0o640)
	refused("chmod 600 " + path)
	chmod(path, 0o600)
	chmod(dir, 0o755)
	refused("chmod 700 " + dir)
	chmod(dir, 0o700)

	real := path + ".real"
	if err := os.Rename(path, real); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, path); err != nil {
		t.Fatal(err)
	}
	refused("remove it")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(real, path); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/null", path+"-wal"); err != nil {
		t.Fatal(err)
	}
	refused("remove it")
	if err := os.Remove(path + "-wal"); err != nil {
		t.Fatal(err)
	}
	l = openAt(t, path)
	identity(t, l, "c")
}

// A path may hold characters that mean something in a URI.
func TestOpenOddPath(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "50% #1 a&b=c", "état.db")
	plan(t, openAt(t, path), "c", rowsOf(1))
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	identity(t, openAt(t, path), "c")
}

// Files that are not ours, damaged, or from the future are refused with what to do.
func TestOpenRefusesForeignFiles(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T, path, text, hint string) {
		t.Helper()
		l, err := Open(path)
		if err == nil {
			l.Close()
			t.Fatal("opened")
		}
		if f := asFile(t, err); !strings.Contains(f.Error(), text) || !strings.Contains(f.Hint, hint) {
			t.Errorf("%v\nhint %q", err, f.Hint)
		}
	}
	fresh := func(t *testing.T, change string) string {
		path := filepath.Join(t.TempDir(), "s", "state.db")
		l, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		plan(t, l, "c", rowsOf(500))
		if change != "" {
			if err := l.db.Write(func(tx *sqlite.Tx) error { return tx.Script(change) }); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Run("newer", func(t *testing.T) {
		open(t, fresh(t, "PRAGMA user_version = 99"), "newer mailshot (version 99", "update mailshot")
	})
	t.Run("foreign", func(t *testing.T) {
		open(t, fresh(t, "PRAGMA application_id = 7"), "not a mailshot database", "name another file")
	})
	t.Run("text", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "s", "state.db")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Repeat("dear diary\n", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
		open(t, path, "damaged or not a mailshot database", "backup")
	})
	t.Run("folder", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "s", "state.db")
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
		open(t, path, "not a regular file", "")
	})
	t.Run("middle", func(t *testing.T) {
		path := fresh(t, "")
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		info, _ := f.Stat()
		if _, err := f.WriteAt(make([]byte, info.Size()-4096), 4096); err != nil {
			t.Fatal(err)
		}
		f.Close()
		l, err := Open(path)
		if err == nil {
			t.Cleanup(func() { l.Close() })
			if _, _, err = l.Counts(t.Context(), "c"); err == nil {
				t.Fatal("damage was not seen")
			}
		}
		if f := asFile(t, err); !strings.Contains(f.Hint, "backup") {
			t.Error(err)
		}
	})
}

// Files of another user are refused; only root can make one here.
func TestAnothersFile(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" || os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	path := ended(t, 1, 0)
	if err := os.Chown(path, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	_, err := Open(path)
	if f := asFile(t, err); f.Text != "belongs to another user" || !strings.Contains(f.Hint, "--state") {
		t.Error(err)
	}
}
