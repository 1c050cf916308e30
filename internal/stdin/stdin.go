// Package stdin reads standard input that may give nothing: if it is a terminal, closed, or empty. [Given] returns it
// as a file, [Text] as a text.
package stdin

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"mailshot/internal/scratch"
)

// Given returns what standard input gives as a file that can be read more than once, and nil if it gives nothing.
// A pipe is copied to a file in a working folder below home (see [scratch]). The caller calls done when the file is not
// needed any more.
func Given(in io.Reader, home string) (given *os.File, done func() error, err error) {
	done = func() error { return nil }
	if f, is := in.(*os.File); is {
		info, err := f.Stat()
		switch {
		case silent(info, err):
			return nil, done, nil
		case info.Mode().IsRegular():
			return f, done, nil
		}
	}
	if given, done, err = scratch.File(home, "list"); err != nil { // a database is opened by its name
		return nil, func() error { return nil }, err
	}
	n, err := io.Copy(given, in)
	if err == nil {
		_, err = given.Seek(0, io.SeekStart)
	}
	if err != nil || n == 0 {
		return nil, func() error { return nil }, errors.Join(err, done())
	}
	return given, done, nil
}

// Text returns what standard input gives, and "" if it gives nothing. More than most bytes are an error.
func Text(in io.Reader, most int64) (string, error) {
	if f, is := in.(*os.File); is && silent(f.Stat()) {
		return "", nil
	}
	b, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("more than %d bytes", most)
	}
	return string(b), err
}

// silent reports whether a file gives nothing: it is a terminal or another device, closed, or an empty file.
func silent(info fs.FileInfo, err error) bool {
	return err != nil || info.Mode()&os.ModeCharDevice != 0 || info.Mode().IsRegular() && info.Size() == 0
}
