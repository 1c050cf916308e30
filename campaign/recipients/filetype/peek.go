package filetype

import (
	"bytes"
	"io"
	"os"
)

// Peek returns the first bytes of a file and a reader of the whole: f itself where it can seek. It may have been read
// before.
func Peek(in io.Reader) ([]byte, io.Reader, error) {
	f, regular := in.(*os.File)
	if regular {
		info, err := f.Stat()
		regular = err == nil && info.Mode().IsRegular()
	}
	rewind := func() error {
		if !regular {
			return nil
		}
		_, err := f.Seek(0, io.SeekStart)
		return err
	}
	if err := rewind(); err != nil {
		return nil, nil, err
	}
	magic := make([]byte, 512)
	n, err := io.ReadFull(in, magic)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, nil, err
	}
	if regular {
		return magic[:n], f, rewind()
	}
	return magic[:n], io.MultiReader(bytes.NewReader(magic[:n]), in), nil
}
