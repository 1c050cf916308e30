package recipients

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// unpack returns the content of a gzip or zstd file; ok is false for other files.
func unpack(name string, magic []byte, in io.Reader) (r io.ReadCloser, ok bool, err error) {
	switch {
	case bytes.HasPrefix(magic, []byte("\x1F\x8B")):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, true, packedFault(name, err)
		}
		return z, true, nil
	case bytes.HasPrefix(magic, []byte("\x28\xB5\x2F\xFD")):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, true, packedFault(name, err)
		}
		return z.IOReadCloser(), true, nil
	}
	return nil, false, nil
}

func packedFault(name string, err error) *Fault {
	text := strings.TrimPrefix(err.Error(), "gzip: ")
	if errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF {
		text = "it is cut off"
	}
	return &Fault{Code: "broken-archive", Place: name, Text: "cannot be unpacked: " + text,
		Hint: "is the file complete? download or pack it again", Final: true}
}

// plainName is a file's name without the extension that compression adds.
func plainName(name string) string {
	switch ext := strings.ToLower(filepath.Ext(name)); ext {
	case ".gz", ".zst", ".gzip", ".zstd":
		return strings.TrimSuffix(name, filepath.Ext(name))
	}
	return name
}
