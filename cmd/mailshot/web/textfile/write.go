package textfile

import (
	"bytes"
	"errors"
	"io/fs"
	"os"

	"mailshot/cmd/mailshot/web/files"
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
func Write(root *os.Root, name, was string, data []byte) error {
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &NewerError{Name: name}
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink != 0:
		return &LinkError{name}
	}
	err = files.Replace(root, name, was, bytes.NewReader(data))
	if errors.Is(err, files.ErrChanged) {
		newer := &NewerError{Name: name}
		newer.File, _ = Read(root, name) // it may be gone
		return newer
	}
	return err
}
