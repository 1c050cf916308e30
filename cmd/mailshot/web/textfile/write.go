package textfile

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path"
	"runtime"
)

// NewerError says that a file is not the one that was read any more. Nothing was written.
type NewerError struct {
	Name string
	File *File // as it is now; nil if it is gone or cannot be edited any more
}

func (e *NewerError) Error() string { return e.Name + " was changed on the disk since it was read" }

// LinkError says that a name is a link: the file that it leads to is written under its own name.
type LinkError struct{ Name string }

func (e *LinkError) Error() string {
	return e.Name + " is a link to another file; it can be looked at here, and not be written"
}

// Write puts data in place of the file, which must still be the one of that version: the error is a *NewerError
// otherwise. Nobody sees half of the file. It keeps its mode.
func Write(root *os.Root, name, was string, data []byte) (err error) {
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &NewerError{Name: name}
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink != 0:
		return &LinkError{name}
	}
	part := path.Join(path.Dir(name), ".mailshot-"+rand.Text())
	f, err := root.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, root.Remove(part))
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = root.Chmod(part, info.Mode().Perm()); err != nil {
		return err
	}
	now, err := octets(root, name) // at the last moment
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err != nil || version(now) != was {
		newer := &NewerError{Name: name}
		if err == nil {
			newer.File, _ = parse(name, now)
		}
		return newer
	}
	if err = root.Rename(part, name); err != nil {
		return err
	}
	return syncFolder(root, path.Dir(name))
}

// syncFolder makes the names in a folder durable. Windows does so by itself and cannot be asked.
func syncFolder(root *os.Root, name string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
