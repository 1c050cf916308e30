package disk

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// Of many that claim a name one has it, and what it has written stays whole; nothing is left beside it. Seen to fail
// with a rename in place of the link.
func TestClaim(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	var won []string
	for _, text := range []string{"first", "second", "third"} {
		f, err := New(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, text); err != nil {
			t.Fatal(err)
		}
		if mine, err := f.Claim(); err != nil {
			t.Fatal(err)
		} else if mine {
			won = append(won, text)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil || string(b) != "first" || !slices.Equal(won, []string{"first"}) {
		t.Errorf("%q %v %v", b, err, won)
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
		t.Error(all, err)
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

// What is in a folder is found whatever the folder's own name is. Broken on purpose: with filepath.Glob nothing was.
func TestNames(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "a[b]")
	ending := func(name string) bool { return strings.HasSuffix(name, ".lock") }
	if found, err := Names(folder, ending); found != nil || err != nil {
		t.Errorf("no folder: %q, %v", found, err)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"b.lock", "a.lock", "lock", ".lock.x"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{filepath.Join(folder, "a.lock"), filepath.Join(folder, "b.lock")}
	if found, err := Names(folder, ending); err != nil || !slices.Equal(found, want) {
		t.Errorf("%q, %v", found, err)
	}
}

// An error names the file that was to be written. Seen to fail: it named the temporary one.
func TestNewNames(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "none", "x.sarif")
	if _, err := New(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("the error is %v", err)
	}
}

// A file that is not whole says of which it is, also where that name is as long as a name may be.
func TestUnfinished(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"report.csv", "*", strings.Repeat("x", 255)} {
		f, err := New(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		left, err := Names(dir, Unfinished)
		if err != nil || len(left) != 1 || len(name) < 200 && !strings.Contains(filepath.Base(left[0]), "-"+name+"-") {
			t.Errorf("%q, %v", left, err)
		}
		if err := f.Commit(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}
