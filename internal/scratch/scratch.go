// Package scratch makes working folders for people's data: [New] makes one, [Folder.Close] removes it, and [File] is a
// folder for one file.
//
// A folder lies in tmp below a home, mostly a campaign's .mailshot, so that people's data stays where they already are.
// Where that cannot be written, or is on a network file system, it lies in the system's temporary folder. Its name has
// the process that made it, and that process holds a lock in it. A process that is killed leaves the folder behind; the
// next New removes it, because its lock is free. A folder that is in use is never removed.
package scratch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/gofrs/flock"

	"mailshot/internal/disk"
	"mailshot/internal/mount"
)

const (
	below  = "tmp"         // the folder below a home
	prefix = "mailshot-"   // of the names in the system's temporary folder
	lock   = "in-use.lock" // in each folder; the first file in it, and the last
)

// Folder is a working folder of this process, for its user alone.
type Folder struct {
	Path string

	lock *flock.Flock
	tmp  string // the folder below the home; "" in the system's temporary folder
	home string // the home, if New made it; else ""
}

// New makes a folder for what, one word, as check. It first removes what dead processes left. home is where there are
// other data of the campaign; "" = the system's temporary folder.
func New(home, what string) (*Folder, error) { return here(home).make(what) }

// In is New that takes no other place than home.
func In(home, what string) (*Folder, error) {
	w := here(home)
	w.sweep()
	return w.inHome(what)
}

// where says where folders are made.
type where struct {
	home, system string
	network      func(path string) string
}

func here(home string) where { return where{home, os.TempDir(), mount.Network} }

func (w where) make(what string) (*Folder, error) {
	w.sweep()
	var first error
	if w.home != "" && w.network(w.home) == "" {
		f, err := w.inHome(what)
		if err == nil {
			return f, nil
		}
		first = err
	}
	if kind := w.network(w.system); kind != "" {
		return nil, errors.Join(first, fmt.Errorf("%s is on a network file system (%s), where the locks of this machine "+
			"do not hold; set TMPDIR to a folder on a disk of this machine", w.system, kind))
	}
	f, err := locked(w.system, prefix+what)
	if err != nil {
		return nil, errors.Join(first, err)
	}
	return f, nil
}

// inHome makes a folder below the home.
func (w where) inHome(what string) (f *Folder, err error) {
	tmp, made := filepath.Join(w.home, below), ""
	for range attempts { // another process may remove the empty tmp at the same time
		if os.Mkdir(w.home, 0o700) == nil {
			made = w.home
		}
		if err = os.Mkdir(tmp, 0o700); err == nil || errors.Is(err, fs.ErrExist) {
			err = ignore(w.home, tmp)
		}
		if err == nil {
			f, err = locked(tmp, what)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if err != nil {
		tidy(tmp, made)
		return nil, err
	}
	f.tmp, f.home = tmp, made
	return f, nil
}

// attempts is how often New tries against others that remove what it makes.
const attempts = 20

// ignore keeps the folder out of version control, where its home is not kept out already.
func ignore(home, tmp string) error {
	if _, err := os.Stat(filepath.Join(home, ".gitignore")); err == nil {
		return nil
	}
	return disk.Create(filepath.Join(tmp, ".gitignore"), "*\n")
}

// locked makes a folder in parent and locks it.
func locked(parent, what string) (*Folder, error) {
	for range attempts {
		dir, err := os.MkdirTemp(parent, fmt.Sprintf("%s-%d-*", what, os.Getpid())) // 0700
		if err != nil {
			return nil, err
		}
		l := flock.New(filepath.Join(dir, lock), flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
		ok, err := l.TryLock()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, errors.Join(err, l.Close(), os.RemoveAll(dir))
		}
		if ok && there(dir, l) {
			return &Folder{Path: dir, lock: l}, nil
		}
		_ = l.Close() // a sweep was faster than the lock
	}
	return nil, fmt.Errorf("%s: what is made there is removed at once: %w", parent, fs.ErrNotExist)
}

// Name is the path of a file in the folder.
func (f *Folder) Name(file string) string { return filepath.Join(f.Path, file) }

// Close removes the folder with all that is in it. Close the files in it before.
func (f *Folder) Close() error {
	err := remove(f.Path, f.lock)
	if f.tmp != "" {
		tidy(f.tmp, f.home)
	}
	return err
}

// remove empties a folder whose lock is held, frees the lock, and removes the folder. The lock goes last, so that
// whatever interrupts remove, the next sweep finds a folder with a lock that is free.
func remove(dir string, l *flock.Flock) error {
	err := empty(dir)
	if runtime.GOOS == "windows" { // an open file stays there
		err = errors.Join(err, l.Close())
	}
	if err == nil {
		err = os.Remove(filepath.Join(dir, lock))
		_ = os.Remove(dir) // a sweep may have come in between, or comes later; nothing of a person is in it
	}
	return errors.Join(err, l.Close())
}

// empty removes what is in a folder, the lock aside.
func empty(dir string) error {
	list, err := os.ReadDir(dir)
	errs := []error{err}
	for _, e := range list {
		if e.Name() != lock {
			errs = append(errs, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// tidy removes the folder below a home if nothing but its .gitignore is left in it, and then the home, if home names
// it and it is empty. What another process makes there meanwhile stays, and that process tries again.
func tidy(tmp, home string) {
	list, err := os.ReadDir(tmp)
	if err != nil || len(list) > 1 || len(list) == 1 && list[0].Name() != ".gitignore" {
		return
	}
	_ = os.Remove(filepath.Join(tmp, ".gitignore"))
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		_ = disk.Create(filepath.Join(tmp, ".gitignore"), "*\n") // somebody has come in between
		return
	}
	if home != "" {
		_ = os.Remove(home)
	}
}

// Left is a folder that is there.
type Left struct {
	Path  string
	InUse bool
}

// All lists the folders below home and in the system's temporary folder, those of other users left out. In the
// system's folder there may be files, too, which older versions left.
func All(home string) []Left { return here(home).all() }

func (w where) all() []Left {
	var all []Left
	for _, f := range w.found() {
		l, ok := tryLock(f.path, false)
		if l != nil {
			_ = l.Close()
		}
		all = append(all, Left{f.path, l != nil && !ok})
	}
	return all
}

// Sweep removes the folders below home, and in the system's temporary folder, whose processes are dead. What it cannot
// remove it leaves to the next one. A folder in the system's temporary folder without a lock is an older version's:
// nobody can tell whether it is in use, and it stays. Sweep returns what it removed.
func Sweep(home string) []string { return here(home).sweep() }

func (w where) sweep() (removed []string) {
	for _, f := range w.found() {
		// Below a home a folder without a lock is about to get one, or lost it in a power cut. Whoever takes the lock
		// first has the folder: its maker then makes another.
		l, ok := tryLock(f.path, f.ours)
		switch {
		case l != nil && ok:
			if remove(f.path, l) == nil {
				removed = append(removed, f.path)
			}
		case l != nil:
			_ = l.Close()
		}
	}
	if w.home != "" {
		tidy(filepath.Join(w.home, below), "")
	}
	return removed
}

// tryLock takes the lock of a folder. l is nil if the folder has none, and is not to get one, or is gone. Else the caller
// closes l, and with ok it holds the lock; without it another process works in the folder.
func tryLock(dir string, create bool) (l *flock.Flock, ok bool) {
	name, flag := filepath.Join(dir, lock), os.O_RDWR
	if create {
		flag |= os.O_CREATE
	}
	for range attempts {
		if info, err := os.Lstat(name); !create && (err != nil || !info.Mode().IsRegular()) {
			return nil, false
		}
		l = flock.New(name, flock.SetFlag(flag), flock.SetPermissions(0o600))
		ok, err := l.TryLock()
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, false
		case !ok || err != nil:
			return l, false
		case there(dir, l):
			return l, true
		}
		_ = l.Close() // a sweep was faster; whether somebody has the folder is said by the file that lies there now
	}
	return l, false // somebody is busy with it
}

// there reports whether the lock that is held is that of the file which lies in the folder. It is another file where
// one sweep removed the file between the opening and the locking, and then the folder's maker or a second sweep made it
// anew: both would hold a lock, and the one would empty the other's folder.
func there(dir string, l *flock.Flock) bool {
	held, err := l.Stat()
	if err != nil {
		return false
	}
	lies, err := os.Lstat(filepath.Join(dir, lock))
	return err == nil && os.SameFile(held, lies)
}

// place is what looks like a working folder of this user.
type place struct {
	path string
	ours bool // it is below a home, where nobody else makes anything
}

func (w where) found() []place {
	var all []place
	look := func(parent, prefix string) {
		list, err := os.ReadDir(parent)
		if err != nil {
			return
		}
		for _, e := range list {
			info, err := e.Info() // a symbolic link is not followed
			if err != nil || !strings.HasPrefix(e.Name(), prefix) || !owned(info) {
				continue
			}
			if e.IsDir() || prefix != "" && e.Type().IsRegular() {
				all = append(all, place{filepath.Join(parent, e.Name()), prefix == ""})
			}
		}
	}
	if w.home != "" {
		look(filepath.Join(w.home, below), "")
	}
	look(w.system, prefix)
	return all
}

// File makes a file in a folder of its own. done closes and removes both.
func File(home, what string) (f *os.File, done func() error, err error) {
	dir, err := New(home, what)
	if err != nil {
		return nil, nil, err
	}
	return dir.file(what)
}

func (f *Folder) file(name string) (*os.File, func() error, error) {
	file, err := os.OpenFile(f.Name(name), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return file, func() error { return errors.Join(file.Close(), f.Close()) }, nil
}
