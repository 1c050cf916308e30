// Package filetype tells what a file is by its first bytes. [Peek] returns these, [Unpack] reads a packed file, and
// [Foreign] names one that is a list to a person and cannot be read here.
package filetype

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"path/filepath"
	"strings"

	"mailshot/campaign/recipients/fault"

	"github.com/klauspost/compress/zstd"
)

// Unpack returns the content of a gzip or zstd file; ok is false for other files.
func Unpack(name string, magic []byte, in io.Reader) (r io.ReadCloser, ok bool, err error) {
	switch {
	case bytes.HasPrefix(magic, []byte("\x1F\x8B")):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, true, Broken(name, err)
		}
		return z, true, nil
	case bytes.HasPrefix(magic, []byte("\x28\xB5\x2F\xFD")):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, true, Broken(name, err)
		}
		return z.IOReadCloser(), true, nil
	}
	return nil, false, nil
}

// Broken is the fault of a packed file that cannot be unpacked.
func Broken(name string, err error) *fault.Fault {
	text := strings.TrimPrefix(err.Error(), "gzip: ")
	if errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF {
		text = "it is cut off"
	}
	return &fault.Fault{Code: "broken-archive", Place: name, Text: "cannot be unpacked: " + text,
		Hint: "is the file complete? download or pack it again", Final: true}
}

// PlainName is a file's name without the extension that compression adds.
func PlainName(name string) string {
	switch ext := strings.ToLower(filepath.Ext(name)); ext {
	case ".gz", ".zst", ".gzip", ".zstd":
		return strings.TrimSuffix(name, filepath.Ext(name))
	}
	return name
}
