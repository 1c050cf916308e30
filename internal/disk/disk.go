// Package disk writes files so that a crash or a power cut leaves no half of one. [Replace] writes a file anew, [New]
// does so in pieces, [Create] makes a file that is not there, [Copy] copies one, and [SyncFolder] makes the names in a
// folder durable. [Names] lists files.
//
// All files are made with mode 0600: what this program keeps are people's data. What a function has written is synced
// when it returns. A name in a folder is durable after SyncFolder, which Create calls; for the others it is the
// caller's choice, because some file systems cannot sync a folder.
package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Replace writes the file at path anew. Nobody sees half of it: what was there stays until write has returned nil and
// the new file is whole.
func Replace(path string, write func(io.Writer) error) error {
	f, err := New(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		return errors.Join(err, f.Discard())
	}
	return f.Commit()
}

// File is written under a temporary name, and gets its own when it is whole. Exactly one of Commit, Claim and Discard
// ends it.
type File struct {
	f    *os.File
	path string
}

// unfinished begins the temporary names of files.
const unfinished = ".mailshot-"

// longest is how many octets of a file's name its temporary name has room for: names end at 255 nearly everywhere.
const longest = 200

// New begins the file that will be at path. Its temporary name is in the same folder, begins with a dot, and has the
// file's own name in it unless that is very long: so whose a file is that a kill has left can be seen.
func New(path string) (*File, error) {
	pattern := unfinished + filepath.Base(path) + "-*"
	if len(pattern) > longest {
		pattern = unfinished + "*"
	}
	f, err := os.CreateTemp(filepath.Dir(path), pattern)
	if err != nil {
		if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
			pe.Path = path // nobody knows the temporary name
		}
		return nil, err
	}
	return &File{f: f, path: path}, nil
}

// Unfinished reports whether a name is one that a file has until it is whole.
func Unfinished(name string) bool { return strings.HasPrefix(name, unfinished) }

// Write appends to the file.
func (f *File) Write(p []byte) (int, error) { return f.f.Write(p) }

// Commit syncs the file and gives it its name, which it takes from another that has it. After an error the new file is
// gone.
func (f *File) Commit() error {
	err := errors.Join(f.f.Sync(), f.f.Close())
	if err == nil {
		err = os.Rename(f.f.Name(), f.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.f.Name()))
	}
	return nil
}

// Claim is Commit that takes the name from no other: mine says whether the name was free. Where it was not, the new
// file is gone, and what has the name stays as it is. A file system without hard links may let two have it at once; the
// last one stays.
func (f *File) Claim() (mine bool, err error) {
	if err = errors.Join(f.f.Sync(), f.f.Close()); err == nil {
		err = os.Link(f.f.Name(), f.path)
	}
	taken := errors.Is(err, fs.ErrExist)
	if err != nil && !taken {
		if _, there := os.Lstat(f.path); errors.Is(there, fs.ErrNotExist) && os.Rename(f.f.Name(), f.path) == nil {
			return true, nil
		}
	}
	if taken {
		err = nil
	}
	return err == nil && !taken, errors.Join(err, os.Remove(f.f.Name()))
}

// Discard removes the file.
func (f *File) Discard() error { return errors.Join(f.f.Close(), os.Remove(f.f.Name())) }

// Create makes path with content, durably, unless there is something of that name already.
func Create(path, content string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(path))
}

// SyncFolder makes the names in dir durable. Windows does so by itself and cannot be asked.
func SyncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Copy copies a file into a new one.
func Copy(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// Real is the one name of a folder that has several, as far as it can be found: absolute, and without links.
func Real(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	return dir
}

// SameFile reports whether two names are of one file or folder, which is there.
func SameFile(a, b string) bool {
	one, err := os.Stat(a)
	other, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(one, other)
}

// Names lists what is in a folder under names that match, sorted, each with the folder before it. A folder that is not
// there has nothing in it. filepath.Glob will not do where a person chooses the folder: it takes [ and * in the
// folder's own name for a pattern, and finds nothing.
func Names(folder string, match func(name string) bool) (found []string, err error) {
	list, err := os.ReadDir(folder)
	for _, e := range list {
		if match(e.Name()) {
			found = append(found, filepath.Join(folder, e.Name()))
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return found, err
}
