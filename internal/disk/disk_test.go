package disk

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// A file that is replaced is the old one until the new one is whole, is private, and leaves nothing beside it. With the
// new file written in place the old text was gone after the error.
func TestReplace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	write := func(text string, fail error) func(io.Writer) error {
		return func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return errors.Join(err, fail)
		}
	}
	check := func(want string) {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil || string(b) != want {
			t.Errorf("%q %v, want %q", b, err, want)
		}
		if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
			t.Error(all, err)
		}
	}
	if err := Replace(path, write("old", nil)); err != nil {
		t.Fatal(err)
	}
	check("old")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Error(info.Mode(), err)
	}
	enough := errors.New("enough")
	if err := Replace(path, write("half", enough)); !errors.Is(err, enough) {
		t.Error(err)
	}
	check("old")
	if err := Replace(path, write("new", nil)); err != nil {
		t.Fatal(err)
	}
	check("new")
	if err := Replace(filepath.Join(dir, "missing", "a"), write("", nil)); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// Create leaves what is there, and Copy does not write over it.
func TestCreateAndCopy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for _, text := range []string{"first", "second"} {
		if err := Create(a, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := Copy(a, b); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(b); err != nil || string(text) != "first" {
		t.Errorf("%q %v", text, err)
	}
	if err := Copy(a, b); !errors.Is(err, os.ErrExist) {
		t.Error(err)
	}
}
