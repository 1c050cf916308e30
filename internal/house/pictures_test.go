package house

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image/png"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The pictures of the window: docs/window.md or the README names each of them, each that is named is there, none is
// large, and none holds more than its pixels. TestDrawPictures in cmd/mailshot/web draws them. Their pixels are not
// compared, for they hang on the fonts of a machine. Seen to fail with a picture that nothing names, with a name
// without a picture, with one of 61 kB, and with one that has a tEXt chunk.
func TestWindowPictures(t *testing.T) {
	t.Parallel()
	const most, mostInAll = 60_000, 3_000_000
	named := map[string]bool{}
	for _, document := range []string{"README.md", "docs/window.md"} {
		for _, m := range regexp.MustCompile(`\(((?:docs/)?window/[^)]+\.png)\)`).FindAllStringSubmatch(read(t, document),
			-1) {
			named[path.Base(m[1])] = true
		}
	}
	files, err := os.ReadDir(filepath.Join(root, "docs", "window"))
	if err != nil {
		t.Fatal(err)
	}
	all := 0
	for _, f := range files {
		if !named[f.Name()] {
			t.Errorf("no document names docs/window/%s", f.Name())
		}
		delete(named, f.Name())
		b, err := os.ReadFile(filepath.Join(root, "docs", "window", f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all += len(b)
		c, err := png.DecodeConfig(bytes.NewReader(b))
		wide := strings.HasSuffix(f.Name(), fmt.Sprintf(".%d.png", c.Width)) &&
			slices.Contains([]int{1280, 768, 375}, c.Width)
		if err != nil || !wide || c.Height < 300 || len(b) > most {
			t.Errorf("%s: %d x %d, %d bytes, %v", f.Name(), c.Width, c.Height, len(b), err)
		}
		if extra := chunks(b); len(extra) > 0 {
			t.Errorf("%s has chunks %q", f.Name(), extra)
		}
	}
	for name := range named {
		t.Errorf("there is no docs/window/%s", name)
	}
	if len(files) < 40 || all > mostInAll {
		t.Errorf("%d pictures with %d bytes", len(files), all)
	}
}

// chunks are the kinds of a PNG's chunks that pixels do not need, and what follows its end.
func chunks(b []byte) (extra []string) {
	needed := []string{"IHDR", "PLTE", "tRNS", "IDAT", "IEND"}
	at := 8
	for at+12 <= len(b) {
		kind := string(b[at+4 : at+8])
		if !slices.Contains(needed, kind) {
			extra = append(extra, kind)
		}
		at += 12 + int(binary.BigEndian.Uint32(b[at:]))
		if kind == "IEND" {
			break
		}
	}
	if at != len(b) {
		extra = append(extra, "behind the end")
	}
	return extra
}
