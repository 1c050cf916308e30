// Package files writes files below the window's folder, whole or not at all: [Create] makes one that is not there,
// [Add] makes one under the first name that is free, and [Replace] takes the place of one that is still as a person
// has seen it. [Sum] says what it was. Nothing outside of the folder is reached, also not by a link.
//
// A file that takes the place of another has its mode, and its owner and group as far as this user may give them. A
// link, and a file that nobody may write, are left alone.
package files

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
)

// ErrChanged says that a file is not any more as the person has seen it. It was left alone.
var ErrChanged = errors.New("the file has changed on disk since; nothing was written")

// LinkError says that a name is a link: the file that it leads to is written under its own name.
type LinkError struct{ Name string }

func (e *LinkError) Error() string {
	return e.Name + " is a link to another file; it can be looked at here, and not be written"
}

// Sum is the SHA-256 of a file in hexadecimal, "" if there is none.
func Sum(root *os.Root, name string) (string, error) {
	info, err := root.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err == nil && !info.Mode().IsRegular() { // one may wait for ever to read from a pipe
		err = &fs.PathError{Op: "read", Path: name, Err: errors.New("not a regular file")}
	}
	if err != nil {
		return "", err
	}
	f, err := root.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// SumOf is the Sum of a file that holds b.
func SumOf(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// Create makes a file of what from gives, which its owner alone may read. A file of that name that is there is left
// alone: the error is then an fs.ErrExist.
func Create(root *os.Root, name string, from io.Reader) error {
	return write(root, name, from, func(made string) error { return claim(root, made, name) })
}

// Add is Create under the name, or the first of name-2, name-3 … that no file has. It returns that name.
func Add(root *os.Root, name string, from io.Reader) (is string, err error) {
	err = write(root, name, from, func(made string) error {
		for range 100 {
			if is, err = Free(root, name); err != nil {
				return err
			}
			if err = claim(root, made, is); !errors.Is(err, fs.ErrExist) { // else somebody took it since
				return err
			}
		}
		return err
	})
	return is, err
}

// claim gives a file a name that no file has.
func claim(root *os.Root, made, name string) error {
	err := root.Link(made, name)
	if err == nil {
		return root.Remove(made)
	}
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	// Not every file system has links.
	if _, err := root.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	return root.Rename(made, name)
}

// Replace writes a file anew, if its Sum is was; "" is that of a file that is not there. Otherwise the error is
// ErrChanged.
func Replace(root *os.Root, name, was string, from io.Reader) error {
	return write(root, name, from, func(made string) error { return put(root, made, name, was) })
}

// Move gives a file the name of another one, whose Sum is was, and takes its place, with its mode.
func Move(root *os.Root, from, to, was string) error {
	return put(root, from, to, was)
}

// turn is held by whoever puts a file in the place of another: two pages of the window may do so at the same time, and
// the second must see what the first has written.
var turn sync.Mutex

// put gives a file its name, if what has the name is as it was.
func put(root *os.Root, made, name, was string) error {
	turn.Lock()
	defer turn.Unlock()
	there, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		there, err = nil, nil
	case err == nil && there.Mode()&fs.ModeSymlink != 0:
		err = &LinkError{name}
	}
	if err != nil {
		return err
	}
	is, err := Sum(root, name)
	if err == nil && is != was {
		err = ErrChanged
	}
	if err == nil && there != nil {
		if err = writable(root, name, there); err == nil {
			err = likeIt(root, made, there)
		}
	}
	if err != nil {
		return err
	}
	return errors.Join(root.Rename(made, name), syncFolder(root, path.Dir(name)))
}

// writable reports an error for a file that may not be written: a rename would ask only for its folder.
func writable(root *os.Root, name string, there fs.FileInfo) error {
	if there.Mode().Perm()&0o222 == 0 { // also where root, who may do everything, asks
		return &fs.PathError{Op: "write", Path: name, Err: fs.ErrPermission}
	}
	f, err := root.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// likeIt gives a file the owner, the group and the mode of the one whose place it takes. Where the group cannot be
// given, another group must not get its rights.
func likeIt(root *os.Root, made string, there fs.FileInfo) error {
	mode := there.Mode().Perm()
	if !own(root, made, there) {
		mode &= 0o707 | mode&7<<3
	}
	return root.Chmod(made, mode)
}

// write writes a file under a temporary name beside the one that it is for, and has it named.
func write(root *os.Root, name string, from io.Reader, named func(made string) error) (err error) {
	made := path.Join(path.Dir(name), ".mailshot-"+strings.ToLower(rand.Text()[:8])+".tmp")
	f, err := root.OpenFile(made, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = named(made)
	}
	if err != nil {
		if e := root.Remove(made); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
		return err
	}
	return syncFolder(root, path.Dir(name))
}

// syncFolder makes the names in a folder durable where a folder can be synced.
func syncFolder(root *os.Root, dir string) error {
	f, err := root.Open(dir)
	if err != nil {
		return err
	}
	_ = f.Sync() // some file systems cannot, and Windows does so by itself
	return f.Close()
}

// Free is the name, or the first of name-2, name-3 … that no file has.
func Free(root *os.Root, name string) (string, error) {
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	for i := 1; i < 1000; i++ {
		is := name
		if i > 1 {
			is = fmt.Sprintf("%s-%d%s", stem, i, ext)
		}
		if _, err := root.Lstat(is); errors.Is(err, fs.ErrNotExist) {
			return is, nil
		}
	}
	return "", &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
}
