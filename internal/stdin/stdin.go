// Package stdin reads standard input that may give nothing. [Given] is the one place that says when that is.
package stdin

import (
	"errors"
	"io"
	"os"
)

// Given returns what standard input gives as a file that can be read more than once, and nil if it gives nothing: if it
// is a terminal, closed, or empty. A pipe is copied to a temporary file. The caller calls done when the file is not
// needed any more.
func Given(in io.Reader) (given *os.File, done func() error, err error) {
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
	if given, err = os.CreateTemp("", "mailshot-list-*"); err != nil {
		return nil, done, err
	}
	done = func() error { return errors.Join(given.Close(), os.Remove(given.Name())) } // a database is opened by its name
	n, err := io.Copy(given, in)
	if err == nil {
		_, err = given.Seek(0, io.SeekStart)
	}
	if err != nil || n == 0 {
		return nil, func() error { return nil }, errors.Join(err, done())
	}
	return given, done, nil
}
