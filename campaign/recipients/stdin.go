package recipients

import (
	"errors"
	"io"
	"os"

	"mailshot/internal/scratch"
)

// Given returns what standard input gives as a list that can be read more than once, and nil if it gives nothing: if it
// is a terminal, closed, or empty. A pipe is copied to a file in a working folder: see Config.Home. The caller calls
// done when the list is not needed any more.
func Given(in io.Reader, home string) (list *os.File, done func() error, err error) {
	done = func() error { return nil }
	if f, is := in.(*os.File); is {
		info, err := f.Stat()
		switch {
		case err != nil || info.Mode()&os.ModeCharDevice != 0:
			return nil, done, nil
		case info.Mode().IsRegular() && info.Size() == 0:
			return nil, done, nil
		case info.Mode().IsRegular():
			return f, done, nil
		}
	}
	if list, done, err = scratch.File(home, "list"); err != nil { // a database is opened by its name
		return nil, func() error { return nil }, err
	}
	n, err := io.Copy(list, in)
	if err == nil {
		_, err = list.Seek(0, io.SeekStart)
	}
	if err != nil || n == 0 {
		return nil, func() error { return nil }, errors.Join(err, done())
	}
	return list, done, nil
}
