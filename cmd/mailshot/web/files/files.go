// Package files writes files below the window's folder, whole or not at all: [Create] makes one that is not there, and
// [Replace] takes the place of one that is still as a person has seen it. [Sum] says what it was. Nothing outside of the
// folder is reached, also not by a link.
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
)

// ErrChanged says that a file is not any more as the person has seen it. It was left alone.
var ErrChanged = errors.New("the file has changed on disk since; nothing was written")

// Sum is the SHA-256 of a file in hexadecimal, "" if there is none.
func Sum(root *os.Root, name string) (string, error) {
	f, err := root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
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

// Create makes a file of what from gives. A file of that name that is there is left alone: the error is then an
// fs.ErrExist.
func Create(root *os.Root, name string, from io.Reader) error {
	return write(root, name, from, 0o600, func(made string) error {
		err := root.Link(made, name)
		if err == nil || errors.Is(err, fs.ErrExist) {
			return errors.Join(err, root.Remove(made))
		}
		// Not every file system has links.
		if _, err := root.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(&fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}, root.Remove(made))
		}
		return root.Rename(made, name)
	})
}

// Replace writes a file anew, if its Sum is was; "" is that of a file that is not there. Otherwise the error is
// ErrChanged.
func Replace(root *os.Root, name, was string, from io.Reader) error {
	mode := fs.FileMode(0o600)
	if info, err := root.Stat(name); err == nil {
		mode = info.Mode().Perm()
	}
	return write(root, name, from, mode, func(made string) error { return put(root, made, name, was) })
}

// Move gives a file the name of another one, whose Sum is was, and takes its place, with its mode.
func Move(root *os.Root, from, to, was string) error {
	if info, err := root.Stat(to); err == nil {
		_ = root.Chmod(from, info.Mode().Perm()) // not every file system has modes
	}
	return put(root, from, to, was)
}

// put gives a file its name, if what has the name is as it was.
func put(root *os.Root, made, name, was string) error {
	is, err := Sum(root, name)
	if err == nil && is != was {
		err = ErrChanged
	}
	if err != nil {
		return err
	}
	return errors.Join(root.Rename(made, name), syncFolder(root, path.Dir(name)))
}

// write writes a file under a temporary name beside the one that it is for, and has it named.
func write(root *os.Root, name string, from io.Reader, mode fs.FileMode, named func(made string) error) (err error) {
	made := path.Join(path.Dir(name), "."+path.Base(name)+"."+strings.ToLower(rand.Text()[:8])+".tmp")
	f, err := root.OpenFile(made, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_ = f.Chmod(mode) // the umask took of it; not every file system has modes
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
