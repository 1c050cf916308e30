package files_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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

// A file is replaced as long as it is as it was seen, and keeps its mode, also what the umask would take of it.
// Proven by leaving the comparison out.
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

// A file keeps its mode, whatever modes this process gives to new files, and so does one whose place another one takes.
// Both had lost it: the first to the umask, the second to the mode of what was brought.
func TestModeStays(t *testing.T) {
	t.Parallel()
	if os.PathSeparator != '/' {
		t.Skip("this system has no modes")
	}
	r, dir := root(t)
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o664, 0o666, 0o755, 0o606} {
		if err := os.WriteFile(filepath.Join(dir, "a"), []byte("one"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, "a"), mode); err != nil {
			t.Fatal(err)
		}
		mustHave := func() {
			t.Helper()
			if info, err := os.Stat(filepath.Join(dir, "a")); err != nil || info.Mode().Perm() != mode {
				t.Errorf("%v is %v, %v", mode, info.Mode(), err)
			}
		}
		if err := files.Replace(r, "a", files.SumOf([]byte("one")), strings.NewReader("two")); err != nil {
			t.Fatal(err)
		}
		mustHave()
		if err := files.Create(r, "b", strings.NewReader("one")); err != nil {
			t.Fatal(err)
		}
		if err := files.Move(r, "b", "a", files.SumOf([]byte("two"))); err != nil {
			t.Fatal(err)
		}
		mustHave()
	}
}

// A link, a folder and a file that nobody may write are left alone: a rename would have taken the place of the link,
// and of the file.
func TestLeftAlone(t *testing.T) {
	t.Parallel()
	r, dir := root(t)
	was := files.SumOf([]byte("one"))
	for _, name := range []string{"target", "locked"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("one"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "locked"), 0o444); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	names := []string{"locked", "folder"}
	for name, to := range map[string]string{"link": "target", "lost": "nothing", "out": "/etc/passwd"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Log(err) // Windows asks for a right for it
			continue
		}
		names = append(names, name)
	}
	for _, name := range names {
		before, err := os.Lstat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, was := range []string{was, ""} {
			if err := files.Replace(r, name, was, strings.NewReader("two")); err == nil {
				t.Errorf("%s was written", name)
			}
			if err := files.Create(r, "new", strings.NewReader("two")); err != nil {
				t.Fatal(err)
			}
			if err := files.Move(r, "new", name, was); err == nil {
				t.Errorf("%s was taken", name)
			}
			if err := os.Remove(filepath.Join(dir, "new")); err != nil {
				t.Error(err)
			}
		}
		if after, err := os.Lstat(filepath.Join(dir, name)); err != nil || !os.SameFile(before, after) {
			t.Errorf("%s is another file now: %v", name, err)
		}
	}
	var link *files.LinkError
	if err := files.Replace(r, "link", was, strings.NewReader("two")); !errors.As(err, &link) {
		t.Errorf("a link: %v", err)
	}
	if err := files.Replace(r, "locked", was, strings.NewReader("two")); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a locked file: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// A file whose name is as long as a name may be is written: its temporary name had been longer.
func TestLongName(t *testing.T) {
	t.Parallel()
	r, dir := root(t)
	name := strings.Repeat("n", 250) + ".yaml"
	if err := files.Create(r, name, strings.NewReader("one")); err != nil {
		t.Fatal(err)
	}
	if err := files.Replace(r, name, files.SumOf([]byte("one")), strings.NewReader("two")); err != nil {
		t.Fatal(err)
	}
	holds(t, dir, name+"=two")
}

// Of many who have seen the same file, one writes, and the others are told. Without the turn, two of them wrote in some
// of the rounds, and the text of one was gone.
func TestReplaceAtOnce(t *testing.T) {
	t.Parallel()
	r, _ := root(t)
	for round := range 100 {
		name := strconv.Itoa(round)
		if err := files.Create(r, name, strings.NewReader("one")); err != nil {
			t.Fatal(err)
		}
		var wrote atomic.Int32
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				err := files.Replace(r, name, files.SumOf([]byte("one")), strings.NewReader("two"+strconv.Itoa(i)))
				if err == nil {
					wrote.Add(1)
				} else if !errors.Is(err, files.ErrChanged) {
					t.Error(err)
				}
			})
		}
		if all.Wait(); wrote.Load() != 1 {
			t.Fatalf("%d wrote", wrote.Load())
		}
	}
}

// Files that come under one name at once are all kept, also where one comes while another is still being read. Seen to
// fail where the free name was looked for before the file was read: the second one was lost.
func TestAdd(t *testing.T) {
	t.Parallel()
	r, dir := root(t)
	slow := readerFunc(func([]byte) (int, error) {
		_, err := files.Add(r, "a.csv", strings.NewReader("other"))
		if err == nil {
			err = io.EOF
		}
		return 0, err
	})
	if name, err := files.Add(r, "a.csv", io.MultiReader(strings.NewReader("slow"), slow)); err != nil ||
		name != "a-2.csv" {
		t.Error(name, err)
	}
	holds(t, dir, "a-2.csv=slow", "a.csv=other")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if _, err := files.Add(r, "a.csv", strings.NewReader(strconv.Itoa(i))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got, err := os.ReadDir(dir); err != nil || len(got) != 10 {
		t.Errorf("%v, %v", got, err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }
