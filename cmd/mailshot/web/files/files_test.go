package files_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"mailshot/cmd/mailshot/web/files"
)

func root(t *testing.T) (*os.Root, string) {
	t.Helper()
	dir := t.TempDir()
	r, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r, dir
}

func holds(t *testing.T, dir string, want ...string) {
	t.Helper()
	var got []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Name()+"="+string(b))
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the folder has %q, want %q", got, want)
	}
}

// A file is made once, and one that is there is left alone, also where the reading of the new one breaks off. Proven by
// a rename in place of the link: the second file takes the place of the first.
func TestCreate(t *testing.T) {
	t.Parallel()
	r, dir := root(t)
	if err := files.Create(r, "a.csv", strings.NewReader("one")); err != nil {
		t.Fatal(err)
	}
	if err := files.Create(r, "a.csv", strings.NewReader("two")); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	broken := errors.New("the line is cut")
	if err := files.Create(r, "b.csv", iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Error(err)
	}
	if err := files.Create(r, "../c.csv", strings.NewReader("out")); err == nil {
		t.Error("a file was made outside of the folder")
	}
	holds(t, dir, "a.csv=one")
	if name, err := files.Free(r, "a.csv"); err != nil || name != "a-2.csv" {
		t.Error(name, err)
	}
}

// A file is replaced as long as it is as it was seen, and keeps its mode, also what the umask would take of it. Proven by
// leaving the comparison out.
func TestReplace(t *testing.T) {
	t.Parallel()
	r, dir := root(t)
	if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "a.yaml"), 0o666); err != nil {
		t.Fatal(err)
	}
	was, err := files.Sum(r, "a.yaml")
	if err != nil || was != files.SumOf([]byte("one")) {
		t.Fatal(was, err)
	}
	if err := files.Replace(r, "a.yaml", was, strings.NewReader("two")); err != nil {
		t.Fatal(err)
	}
	mode := func() {
		t.Helper()
		if info, err := os.Stat(filepath.Join(dir, "a.yaml")); err != nil || info.Mode().Perm() != 0o666 {
			t.Error(info.Mode(), err)
		}
	}
	mode()
	if err := files.Replace(r, "a.yaml", was, strings.NewReader("three")); !errors.Is(err, files.ErrChanged) {
		t.Error(err)
	}
	if err := files.Replace(r, "b.yaml", was, strings.NewReader("three")); !errors.Is(err, files.ErrChanged) {
		t.Error(err)
	}
	holds(t, dir, "a.yaml=two")
	if err := files.Create(r, "b.yaml", strings.NewReader("new")); err != nil {
		t.Fatal(err)
	}
	if err := files.Move(r, "b.yaml", "a.yaml", was); !errors.Is(err, files.ErrChanged) {
		t.Error(err)
	}
	holds(t, dir, "a.yaml=two", "b.yaml=new")
	if err := files.Move(r, "b.yaml", "a.yaml", files.SumOf([]byte("two"))); err != nil {
		t.Error(err)
	}
	holds(t, dir, "a.yaml=new")
	mode()
}
