package remains

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Previews is the folder below a campaign's home in which preview --open keeps its gallery.
const Previews = "preview"

// ofGallery reports whether a file is the gallery that preview --open keeps.
func (s *search) ofGallery(path string) bool {
	return strings.HasPrefix(path, filepath.Join(s.Home, Previews)+string(filepath.Separator))
}

// The page of a gallery has its data in elements of one line each: deflated, and in base64.
var (
	galleryMark = []byte(`<meta name="generator" content="mailshot preview">`)
	dataBegin   = []byte(`<script type="text/plain" id="`)
	dataEnd     = []byte(`</script>`)
)

// inGallery reports whether a file is a gallery of messages that has the person.
func (s *search) inGallery(path string) bool {
	if !strings.EqualFold(filepath.Ext(path), ".html") {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<16)
	if head, _ := r.Peek(4 << 10); !bytes.Contains(head, galleryMark) {
		return false
	}
	for {
		line, err := r.ReadBytes('\n')
		if rest, ok := bytes.CutPrefix(line, dataBegin); ok {
			_, data, _ := bytes.Cut(rest, []byte(">"))
			data, _, _ = bytes.Cut(data, dataEnd)
			if s.inData(data) {
				return true
			}
		}
		if err != nil {
			return false
		}
	}
}

// inData reports whether data of a gallery has the person.
func (s *search) inData(data []byte) bool {
	text, err := io.ReadAll(flate.NewReader(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(data))))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false
	}
	lower := s.lower(text)
	for _, n := range s.names {
		if bytes.Contains(lower, []byte(n)) {
			return true
		}
	}
	return false
}
