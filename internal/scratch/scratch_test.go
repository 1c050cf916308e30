package scratch

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gofrs/flock"
)

func TestMain(m *testing.M) {
	if home := os.Getenv("SCRATCH_TEST_HOME"); home != "" {
		leave(home)
		return
	}
	os.Exit(m.Run())
}

// leave makes a folder with a file in it and says so, and holds it until standard input ends. Then the process ends
// without a word, as if it had been killed.
func leave(home string) {
	w := where{home, os.Getenv("SCRATCH_TEST_SYSTEM"), local}
	f, err := w.make("check")
	if err == nil {
		err = os.WriteFile(f.Name("state.db"), []byte("ann@example.com"), 0o600)
	}
	if err != nil {
		os.Stdout.WriteString("error: " + err.Error() + "\n")
		os.Exit(1)
	}
	os.Stdout.WriteString(f.Path + "\n")
	_, _ = os.Stdin.Read(make([]byte, 1))
	os.Exit(9)
}

func local(string) string { return "" }

func remote(string) string { return "nfs" }

// places are an empty home that is not there yet, and a temporary folder of the system.
func places(t *testing.T) where {
	t.Helper()
	return where{filepath.Join(t.TempDir(), ".mailshot"), t.TempDir(), local}
}

// another starts a process that makes a folder. end ends it.
func another(t *testing.T, w where) (path string, end func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SCRATCH_TEST_HOME="+w.home, "SCRATCH_TEST_SYSTEM="+w.system)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end = sync.OnceFunc(func() { _, _ = in.Close(), cmd.Wait() })
	t.Cleanup(end)
	line := make([]byte, 4096)
	n, err := out.Read(line)
	path = strings.TrimSpace(string(line[:n]))
	if err != nil || !strings.Contains(path, strconv.Itoa(cmd.Process.Pid)) {
		t.Fatalf("%q, %v: the folder does not have the process's number in its name", path, err)
	}
	return path, end
}

// A folder lies in tmp below the home, private, and leaves nothing behind: neither tmp nor the home that it made.
func TestNew(t *testing.T) {
	t.Parallel()
	w := places(t)
	f, err := w.make("check")
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Dir(f.Path) != filepath.Join(w.home, "tmp") {
		t.Errorf("it is in %s", f.Path)
	}
	for _, dir := range []string{w.home, filepath.Dir(f.Path), f.Path} {
		if info, err := os.Stat(dir); err != nil || os.PathSeparator == '/' && info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", dir, info, err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(w.home, "tmp", ".gitignore")); err != nil || string(text) != "*\n" {
		t.Errorf(".gitignore: %q, %v", text, err)
	}
	if err := errors.Join(os.WriteFile(f.Name("x"), nil, 0o600), f.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(w.home); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something is left: %v", err)
	}
}

// A home that was there stays, with what is in it.
func TestHomeStays(t *testing.T) {
	t.Parallel()
	w := places(t)
	if err := errors.Join(os.Mkdir(w.home, 0o700), os.WriteFile(filepath.Join(w.home, "state.db"), nil,
		0o600)); err != nil {
		t.Fatal(err)
	}
	f, done, err := fileAt(w)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("x"); err != nil {
		t.Fatal(err)
	}
	if err := done(); err != nil {
		t.Fatal(err)
	}
	if list, err := os.ReadDir(w.home); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}

func fileAt(w where) (*os.File, func() error, error) {
	dir, err := w.make("list")
	if err != nil {
		return nil, nil, err
	}
	return dir.file("list")
}

// Where the home cannot be written, or is on a network, the folder lies in the system's temporary folder. Where that
// is on a network too, there is none.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	blocked := places(t)
	if err := os.WriteFile(blocked.home, nil, 0o600); err != nil { // a file is in the way, for root too
		t.Fatal(err)
	}
	network := places(t)
	network.network = func(path string) string {
		if path == network.home {
			return "cifs"
		}
		return ""
	}
	none := places(t)
	none.home = ""
	for i, w := range []where{blocked, network, none} {
		f, err := w.make("check")
		if err != nil {
			t.Fatal(i, err)
		}
		if filepath.Dir(f.Path) != w.system || !strings.HasPrefix(filepath.Base(f.Path), "mailshot-check-") {
			t.Errorf("%d: it is in %s", i, f.Path)
		}
		if err := f.Close(); err != nil {
			t.Error(i, err)
		}
		if list, err := os.ReadDir(w.system); err != nil || len(list) != 0 {
			t.Errorf("%d: %v, %v", i, list, err)
		}
	}
	everywhere := places(t)
	everywhere.network = remote
	if _, err := everywhere.make("check"); err == nil || !strings.Contains(err.Error(), "set TMPDIR") {
		t.Errorf("all on a network: %v", err)
	}
}

// What a killed process left is removed by the next folder; what is in use stays. (Breakages: without Sweep in New the
// folder stayed for good; with a sweep that does not ask for the lock the living process lost its folder.)
func TestSweep(t *testing.T) {
	t.Parallel()
	for _, inSystem := range []bool{false, true} {
		w := places(t)
		other := w
		if inSystem {
			other.home = filepath.Join(w.home, "none", "none") // cannot be made
		}
		left, end := another(t, other)
		if inSystem != (filepath.Dir(left) == w.system) {
			t.Fatal(left)
		}
		for range 2 {
			f, err := w.make("check")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(left, "state.db")); err != nil {
				t.Fatalf("a folder in use was removed: %v", err)
			}
			if all := w.all(); len(all) != 2 || !all[0].InUse || !all[1].InUse {
				t.Errorf("%v", all)
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}
		end()
		if all := w.all(); len(all) != 1 || all[0].Path != left || all[0].InUse {
			t.Errorf("%v", all)
		}
		f, err := w.make("estimate")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there: %v", left, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A process that was killed as it removed its folder, or before it had the lock, leaves nothing for good either.
func TestSweepsHalves(t *testing.T) {
	t.Parallel()
	w := places(t)
	for name, files := range map[string][]string{"check-1-a": nil, "check-1-b": {lock}, "check-1-c": {"state.db"}} {
		dir := filepath.Join(w.home, "tmp", name)
		err := os.MkdirAll(dir, 0o700)
		for _, file := range files {
			err = errors.Join(err, os.WriteFile(filepath.Join(dir, file), nil, 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w.sweep()
	if _, err := os.Stat(filepath.Join(w.home, "tmp")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// In the system's temporary folder only what has our lock in it is ours to remove.
func TestSweepsNothingElse(t *testing.T) {
	t.Parallel()
	w := places(t)
	for _, name := range []string{"mailshot-news", "other-check-1-a", "mailshot-check-123456789"} {
		if err := os.MkdirAll(filepath.Join(w.system, name, "x"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(w.system, "mailshot-check-1-link")); err != nil {
		t.Skip(err)
	}
	w.sweep()
	if list, err := os.ReadDir(w.system); err != nil || len(list) != 4 {
		t.Errorf("%v, %v", list, err)
	}
}

// Many at a time have a folder each, and none takes another's away.
func TestTogether(t *testing.T) {
	t.Parallel()
	w := places(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				f, err := w.make("check")
				if err != nil {
					t.Error(err)
					return
				}
				err = errors.Join(os.WriteFile(f.Name("x"), []byte("x"), 0o600), f.Close())
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if _, err := os.Stat(filepath.Join(w.home, "tmp")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// A lock of a file that was removed holds nothing, also if another file has its name by now. Without the comparison
// TestTogether fails, seldom: one sweep empties the folder of another process.
func TestLockOfAnotherFile(t *testing.T) {
	t.Parallel()
	f, err := places(t).make("check")
	if err != nil {
		t.Fatal(err)
	}
	if !there(f.Path, f.lock) {
		t.Error("the lock of the folder does not hold")
	}
	if err := os.Rename(f.Name(lock), f.Name("older")); err != nil {
		t.Skip(err) // where an open file stays, nobody makes another
	}
	if there(f.Path, f.lock) {
		t.Error("a lock holds without its file")
	}
	if err := os.WriteFile(f.Name(lock), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if there(f.Path, f.lock) {
		t.Error("a lock holds for another file")
	}
	if l, ok := tryLock(f.Path, true); !ok {
		t.Error("the file that lies there cannot be locked")
	} else if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// Where the file of the lock is made anew again and again, a folder is in use if somebody holds the lock of each of these
// files, and is not if nobody does: what was locked and does not lie there any more says neither.
//
// Seen to fail: with the lock of another file taken for one that is in use, and with it taken for one that is free.
func TestLockMadeAnew(t *testing.T) {
	t.Parallel()
	for _, held := range []bool{false, true} {
		w := places(t)
		w.home = ""
		dir := filepath.Join(w.system, "mailshot-check-1-a")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		var before *flock.Flock
		anew := func() error {
			l := flock.New(filepath.Join(dir, "next"), flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
			_, err := l.TryLock()
			if !held {
				err = errors.Join(err, l.Close())
			}
			err = errors.Join(err, os.Rename(filepath.Join(dir, "next"), filepath.Join(dir, lock)))
			if before != nil {
				err = errors.Join(err, before.Close())
			}
			before = l
			return err
		}
		if err := anew(); err != nil {
			t.Fatal(err)
		}
		end, ended := make(chan struct{}), make(chan error)
		go func() {
			for {
				select {
				case <-end:
					ended <- nil
					return
				default:
				}
				if err := anew(); err != nil {
					ended <- err
					return
				}
			}
		}()
		wrong := 0
		for range 3000 {
			if all := w.all(); len(all) != 1 || all[0].InUse != held {
				wrong++
			}
		}
		close(end)
		if err := errors.Join(<-ended, before.Close()); err != nil {
			t.Skip(err) // where an open file stays, nobody makes another
		}
		if wrong > 0 {
			t.Errorf("in use %t: %d of 3000 say the other", held, wrong)
		}
	}
}

// A folder that is gone has no lock, also where one may be made.
func TestLockOfNothing(t *testing.T) {
	t.Parallel()
	for _, create := range []bool{false, true} {
		if l, ok := tryLock(filepath.Join(t.TempDir(), "gone"), create); l != nil || ok {
			t.Errorf("create %t: %v, %t", create, l, ok)
		}
	}
}
