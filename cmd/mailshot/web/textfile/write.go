package textfile

import (
	"bytes"
	"errors"
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
type LinkError = files.LinkError

// Write puts data in place of the file, which must still be the one of that version: the error is a *NewerError
// otherwise, and a *LinkError for a link. Nobody sees half of the file. It keeps its mode, and its owner as far as
// this user may give it.
func Write(root *os.Root, name, was string, data []byte) error {
	err := files.Replace(root, name, was, bytes.NewReader(data))
	if errors.Is(err, files.ErrChanged) {
		newer := &NewerError{Name: name}
		newer.File, _ = Read(root, name) // it may be gone
		return newer
	}
	return err
}
